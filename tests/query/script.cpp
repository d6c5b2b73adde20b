// SPDX-License-Identifier: Apache-2.0
#include "query/script.h"

#include <cmath>
#include <fstream>
#include <memory>
#include <optional>
#include <regex>
#include <set>

#include "base/text.h"
#include "base/time.h"
#include "model/marker.h"
#include "query/engine.h"
#include "query/parse.h"
#include "store/memory.h"

namespace bongsu::query {
namespace {

using Values = std::vector<std::optional<double>>;
struct Row {
  Labels labels;
  Values values;
};

Millis duration_of(std::string_view text) {
  if (const auto number = parse_number(text)) return Millis(std::llround(*number * 1000));
  const auto span = parse_duration(text);
  return span ? *span : Millis(-1);
}

double number_of(std::string_view text) {
  const std::string lower = to_lower(text);
  if (lower == "inf" || lower == "+inf") return HUGE_VAL;
  if (lower == "-inf") return -HUGE_VAL;
  if (lower == "nan") return std::nan("");
  return parse_number(text).value_or(std::nan(""));
}

// "1 2 _ stale 0+10x5 7x3"
Values values_of(std::string_view text) {
  static const std::regex kSteps(R"(^([-+]?[0-9.eE]+(?:[eE][-+]?[0-9]+)?)([-+][0-9.]+(?:[eE][-+]?[0-9]+)?)x([0-9]+)$)");
  static const std::regex kRepeat(R"(^(.*)x([0-9]+)$)");
  Values out;
  std::string normal;
  for (const char c : text) normal += c == '\t' ? ' ' : c;
  for (const std::string_view word : split(normal, ' ')) {
    if (word.empty()) continue;
    const std::string item(word);
    std::smatch found;
    if (item == "_") {
      out.emplace_back();
    } else if (item == "stale") {
      out.emplace_back(stale_marker());
    } else if (std::regex_match(item, found, kSteps)) {
      const double from = number_of(found[1].str());
      const double by = number_of(found[2].str());
      for (int i = 0; i <= std::stoi(found[3].str()); ++i) out.emplace_back(from + by * i);
    } else if (std::regex_match(item, found, kRepeat)) {
      const std::string value = found[1].str();
      for (int i = 0; i <= std::stoi(found[2].str()) - (value == "_" ? 1 : 0); ++i) {
        if (value == "_") out.emplace_back();
        else out.emplace_back(value == "stale" ? stale_marker() : number_of(value));
      }
    } else {
      out.emplace_back(number_of(item));
    }
  }
  return out;
}

// The labels of a series as it is written in PromQL, and what follows.
std::optional<Row> row_of(std::string_view line) {
  std::size_t end = 0;
  char quote = 0;
  int braces = 0;
  for (; end < line.size(); ++end) {
    const char c = line[end];
    if (quote != 0) {
      if (c == '\\' && quote != '`') ++end;
      else if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'' || c == '`') {
      quote = c;
    } else if (c == '{') {
      ++braces;
    } else if (c == '}') {
      --braces;
    } else if ((c == ' ' || c == '\t') && braces == 0) {
      break;
    }
  }
  Row row;
  // `{}` alone is no selector, so it gets one more matcher here.
  std::string text(line.substr(0, end));
  const std::size_t close = text.rfind('}');
  if (close == std::string::npos) text += "{__other__=\"x\"}";
  else
    text.insert(close, text.find('{') + 1 == close ? "__other__=\"x\""
                       : text[close - 1] == ','    ? "__other__=\"x\""
                                                   : ",__other__=\"x\"");
  const auto parsed = parse(text);
  if (!parsed) return std::nullopt;
  const auto* selector = std::get_if<Selector>(&(*parsed)->node);
  if (selector == nullptr) return std::nullopt;
  for (const Matcher& matcher : selector->matchers) {
    if (matcher.name != "__other__") row.labels.set(matcher.name, matcher.value);
  }
  row.values = values_of(line.substr(end));
  return row;
}

bool same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= 1e-6 * std::max(std::abs(a), std::abs(b)) || std::abs(a - b) < 1e-12;
}

struct Case {
  std::size_t line = 0;
  std::string query;
  bool range = false;
  Millis from{0}, to{0}, step{0};
  bool fails = false;
  bool ordered = false;
  bool out_of_scope = false;
  std::optional<std::string> message;
  std::optional<std::string> text;
  struct Span {
    Millis from, to, step;
  };
  std::optional<Span> matrix;  // a range vector asked at an instant
  std::vector<std::string> rows;
};

class Runner {
 public:
  explicit Runner(const std::filesystem::path& file) : name_(file.filename().string()) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) lines_.push_back(line);
    store_ = std::make_unique<store::MemoryStore>();
  }

  ScriptOutcome run() {
    while (at_ < lines_.size()) {
      const std::string line(trim(lines_[at_]));
      if (line.empty() || line[0] == '#') {
        ++at_;
      } else if (line.starts_with("clear")) {
        store_ = std::make_unique<store::MemoryStore>();
        histograms_.clear();
        ++at_;
      } else if (line.starts_with("load")) {
        load(line);
      } else if (line.starts_with("eval")) {
        eval(line);
      } else {
        fail(at_, line, "a line that is no command");
        ++at_;
      }
    }
    return std::move(outcome_);
  }

 private:
  void fail(std::size_t line, const std::string& query, const std::string& what) {
    outcome_.failures.push_back(name_ + ":" + std::to_string(line + 1) + ": " + query + ": " + what);
  }

  // The indented lines below a command.
  std::vector<std::string> block() {
    std::vector<std::string> out;
    while (++at_ < lines_.size()) {
      const std::string& line = lines_[at_];
      if (trim(line).empty()) break;
      if (trim(line)[0] == '#') continue;
      if (line[0] != ' ' && line[0] != '\t') break;
      out.emplace_back(trim(line));
    }
    return out;
  }

  void load(const std::string& line) {
    const Millis step = duration_of(trim(std::string_view(line).substr(line.find(' '))));
    for (const std::string& series : block()) {
      if (line.starts_with("load_with_nhcb") || series.find("{{") != std::string::npos) {
        std::string name = series.substr(0, series.find_first_of("{ \t"));
        if (name.ends_with("_bucket")) name.resize(name.size() - 7);
        histograms_.insert(std::move(name));
        continue;
      }
      const auto row = row_of(series);
      if (!row) {
        fail(at_, series, "not a series");
        continue;
      }
      const auto id = store_->series(row->labels);
      if (!id) {
        fail(at_, series, id.error().text);
        continue;
      }
      std::vector<Point> points;
      for (std::size_t i = 0; i < row->values.size(); ++i) {
        if (row->values[i]) points.push_back({*id, {Time(step * static_cast<int>(i)), *row->values[i]}});
      }
      if (!store_->append(points)) fail(at_, series, "not stored");
    }
  }

  void eval(const std::string& line) {
    static const std::regex kInstant(R"(^eval(_fail|_warn|_info|_ordered)? instant at (\S+)\s+(.*)$)");
    static const std::regex kRange(R"(^eval(_fail|_warn|_info)? range from (\S+) to (\S+) step (\S+)\s+(.*)$)");
    Case test;
    test.line = at_;
    std::smatch found;
    if (std::regex_match(line, found, kInstant)) {
      test.from = duration_of(found[2].str());
      test.query = found[3].str();
    } else if (std::regex_match(line, found, kRange)) {
      test.range = true;
      test.from = duration_of(found[2].str());
      test.to = duration_of(found[3].str());
      test.step = duration_of(found[4].str());
      test.query = found[5].str();
    } else {
      block();
      return fail(test.line, line, "an eval that is not known");
    }
    test.fails = found[1].str() == "_fail";
    test.ordered = found[1].str() == "_ordered";
    for (const std::string& row : block()) expectation(test, row);
    test.out_of_scope = test.out_of_scope || test.query.find("histogram") != std::string::npos ||
                        test.query.find("limitk") != std::string::npos || test.query.find("limit_ratio") != std::string::npos;
    for (const std::string& name : histograms_)
      test.out_of_scope = test.out_of_scope || test.query.find(name) != std::string::npos;
    judge(test);
  }

  static void expectation(Case& test, const std::string& row) {
    if (row.find("{{") != std::string::npos) test.out_of_scope = true;
    if (row.starts_with("expect range vector")) {
      static const std::regex kSpan(R"(^expect range vector from (\S+) to (\S+) step (\S+)$)");
      std::smatch found;
      if (std::regex_match(row, found, kSpan))
        test.matrix = Case::Span{duration_of(found[1].str()), duration_of(found[2].str()), duration_of(found[3].str())};
    } else if (row.starts_with("expect string")) {
      const auto parsed = parse(trim(std::string_view(row).substr(13)));
      test.text = parsed ? std::get<Text>((*parsed)->node).value : "?";
    } else if (row.starts_with("expect fail") || row.starts_with("expected_fail")) {
      test.fails = true;
    } else if (row.starts_with("expect ordered")) {
      test.ordered = true;
    } else if (!row.starts_with("expect ")) {
      test.rows.push_back(row);
    }
  }

  void judge(const Case& test) {
    const auto parsed = parse(test.query);
    Result<Answer> answer = Error{};
    if (parsed) {
      const Engine engine(*store_);
      answer = test.range ? engine.range(**parsed, Time(test.from), Time(test.to), test.step)
                          : engine.instant(**parsed, Time(test.from));
    } else {
      answer = parsed.error();
    }
    if (test.out_of_scope) return void(++outcome_.skipped);
    if (!answer && answer.error().code == Code::Unsupported) return void(++outcome_.unsupported);
    if (test.fails) {
      if (answer) fail(test.line, test.query, "gave an answer where it must fail");
      else ++outcome_.passed;
      return;
    }
    if (!answer) return fail(test.line, test.query, answer.error().text);
    const std::string wrong = test.range || test.matrix ? compare_matrix(test, *answer) : compare_instant(test, *answer);
    if (wrong.empty()) ++outcome_.passed;
    else fail(test.line, test.query, wrong);
  }

  static std::string compare_instant(const Case& test, const Answer& answer) {
    if (answer.kind == ValueType::String) return test.text && *test.text == answer.text ? "" : "string \"" + answer.text + "\"";
    if (answer.kind == ValueType::Scalar) {
      if (test.rows.size() != 1) return "a scalar where " + std::to_string(test.rows.size()) + " rows are expected";
      const double wanted = number_of(test.rows[0]);
      return same(wanted, answer.scalar) ? "" : "got " + format_number(answer.scalar) + ", expected " + test.rows[0];
    }
    std::vector<bool> used(answer.vector.size());
    std::string got;
    for (const VectorSample& sample : answer.vector) got += " " + sample.labels->to_string() + "=" + format_number(sample.value);
    if (answer.vector.size() != test.rows.size())
      return "got " + std::to_string(answer.vector.size()) + " elements:" + got + ", expected " +
             std::to_string(test.rows.size());
    for (std::size_t i = 0; i < test.rows.size(); ++i) {
      const auto row = row_of(test.rows[i]);
      if (!row || row->values.size() != 1 || !row->values[0]) return "cannot read the expectation " + test.rows[i];
      bool found = false;
      for (std::size_t k = 0; k < answer.vector.size() && !found; ++k) {
        if (used[k] || (test.ordered && k != i)) continue;
        found = *answer.vector[k].labels == row->labels && same(answer.vector[k].value, *row->values[0]);
        used[k] = found;
      }
      if (!found) return "expected " + test.rows[i] + ", got" + got;
    }
    return "";
  }

  static std::string compare_matrix(const Case& test, const Answer& answer) {
    Case::Span span{test.from, test.to, test.step};
    if (test.matrix) span = *test.matrix;
    std::size_t wanted = 0;
    for (const std::string& text : test.rows) {
      auto row = row_of(text);
      if (!row && number_of(text.substr(0, text.find(' '))) == number_of(text.substr(0, text.find(' '))))
        row = Row{{}, values_of(text)};
      if (!row) return "cannot read the expectation " + text;
      if (row->labels.empty() && text[0] != '{') row->values = values_of(text);
      std::vector<Sample> samples;
      for (std::size_t i = 0; i < row->values.size(); ++i) {
        if (row->values[i]) samples.push_back({Time(span.from + span.step * static_cast<int>(i)), *row->values[i]});
      }
      if (samples.empty()) continue;
      ++wanted;
      const Series* found = nullptr;
      for (const Series& series : answer.matrix) {
        if (*series.labels == row->labels) found = &series;
      }
      if (found == nullptr) return "no series " + text + " of " + std::to_string(answer.matrix.size());
      std::string got;
      for (const Sample& sample : found->samples)
        got += " " + format_number(sample.value) + "@" + format_duration(sample.at.time_since_epoch());
      if (found->samples.size() != samples.size()) return "expected " + text + ", got" + got;
      for (std::size_t i = 0; i < samples.size(); ++i) {
        if (samples[i].at != found->samples[i].at || !same(samples[i].value, found->samples[i].value))
          return "expected " + text + ", got" + got;
      }
    }
    if (wanted != answer.matrix.size())
      return "got " + std::to_string(answer.matrix.size()) + " series, expected " + std::to_string(wanted);
    return "";
  }

  std::string name_;
  std::vector<std::string> lines_;
  std::size_t at_ = 0;
  std::set<std::string> histograms_;  // names of series that we did not load
  std::unique_ptr<store::MemoryStore> store_;
  ScriptOutcome outcome_;
};

}  // namespace

ScriptOutcome run_script(const std::filesystem::path& file) { return Runner(file).run(); }

}  // namespace bongsu::query
