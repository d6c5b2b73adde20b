// SPDX-License-Identifier: Apache-2.0
#include "run.h"

#include <re2/re2.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <set>

#include "base/text.h"
#include "cases.h"
#include "model/marker.h"
#include "query/engine.h"
#include "query/parse.h"
#include "store/memory.h"

namespace bongsu::promqltest {
namespace {

using query::Answer;
using query::ValueType;

// As Prometheus compares: to a millionth of their sum.
bool same(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  constexpr double kEpsilon = 1e-6;
  constexpr double kLeast = std::numeric_limits<double>::min();
  const double sum = std::abs(a) + std::abs(b);
  const double off = std::abs(a - b);
  if (a == 0 || b == 0 || sum < kLeast) return off < kEpsilon * kLeast;
  return off / std::min(sum, std::numeric_limits<double>::max()) < kEpsilon;
}

// Our errors say what Prometheus says, and then what to do.
bool says(const std::string& got, const std::string& wanted) {
  return got == wanted || got.starts_with(wanted + ";") || got.ends_with(": " + wanted) ||
         got.find(": " + wanted + ";") != std::string::npos;
}

bool matches(const Expectation& expectation, const std::string& text) {
  if (expectation.message) return says(text, *expectation.message);
  if (expectation.regex) return re2::RE2::PartialMatch(text, re2::RE2(*expectation.regex, re2::RE2::Quiet));
  return true;
}

std::string shown(const std::vector<query::Note>& notes) {
  std::string out;
  for (const query::Note& note : notes) out += (out.empty() ? "" : " | ") + note.text;
  return out;
}

std::string check_notes(const Case& test, const Answer& answer) {
  const auto check = [&](const std::vector<query::Note>& notes, Expectation::Kind wanted, Expectation::Kind none,
                         const char* word) -> std::string {
    if (test.expects(none) && !notes.empty()) return std::string("no ") + word + " expected, got " + shown(notes);
    bool particular = false;
    for (const Expectation& expectation : test.expectations) {
      if (expectation.kind != wanted) continue;
      particular = particular || expectation.message || expectation.regex;
      if (std::none_of(notes.begin(), notes.end(), [&](const query::Note& n) { return matches(expectation, n.text); })) {
        return std::string("expected ") + word + " " + expectation.message.value_or(expectation.regex.value_or("of any kind")) +
               ", got " + (notes.empty() ? "none" : shown(notes));
      }
    }
    if (!particular) return {};
    for (const query::Note& note : notes) {
      const bool expected = std::any_of(test.expectations.begin(), test.expectations.end(),
                                        [&](const Expectation& e) { return e.kind == wanted && matches(e, note.text); });
      if (!expected) return std::string(word) + " not expected: " + note.text;
    }
    return {};
  };
  using enum Expectation::Kind;
  const std::string wrong = check(answer.warnings, Warn, NoWarn, "warning");
  return wrong.empty() ? check(answer.infos, Info, NoInfo, "info") : wrong;
}

std::string shown(const std::vector<Sample>& samples) {
  std::string out;
  for (const Sample& sample : samples)
    out += " " + format_number(sample.value) + "@" + std::to_string(static_cast<double>(to_ms(sample.at)) / 1000);
  return out;
}

std::string compare_vector(const Case& test, const std::vector<query::VectorSample>& vector) {
  std::vector<bool> used(vector.size());
  std::string got;
  for (const auto& sample : vector) got += " " + sample.labels->to_string() + "=" + format_number(sample.value);
  std::size_t wanted = 0;
  for (const std::string& text : test.rows) {
    const auto row = read_row(text);
    if (!row) return row.error().text;
    if (row->histograms) return "expects a native histogram";
    if (row->values.size() != 1) return "cannot read the expectation " + text;
    if (!row->values[0]) continue;
    bool found = false;
    for (std::size_t k = 0; k < vector.size() && !found; ++k) {
      if (used[k] || (test.ordered && k != wanted)) continue;
      found = *vector[k].labels == row->labels && same(*row->values[0], vector[k].value);
      used[k] = found;
    }
    ++wanted;
    if (!found) return "expected " + text + ", got" + (got.empty() ? " nothing" : got);
  }
  if (wanted != vector.size())
    return "expected " + std::to_string(wanted) + " elements, got " + std::to_string(vector.size()) + ":" + got;
  return {};
}

std::string compare_scalar(const Case& test, double scalar) {
  const auto row = test.rows.size() == 1 ? read_row(test.rows[0]) : Result<Row>(Error{});
  if (!row || row->values.size() != 1 || !row->values[0])
    return "a scalar, " + format_number(scalar) + ", is not what is expected";
  return same(*row->values[0], scalar) ? "" : "expected " + test.rows[0] + ", got " + format_number(scalar);
}

std::string compare_matrix(const Case& test, const std::vector<Series>& matrix) {
  Case::Span span{test.from, test.to, test.step};
  if (test.matrix) span = *test.matrix;
  std::size_t wanted = 0;
  for (const std::string& text : test.rows) {
    const auto row = read_row(text);
    if (!row) return row.error().text;
    if (row->histograms) return "expects a native histogram";
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < row->values.size(); ++i) {
      if (row->values[i]) samples.push_back({Time(span.from + span.step * static_cast<int>(i)), *row->values[i]});
    }
    if (samples.empty()) continue;
    ++wanted;
    const auto found = std::find_if(matrix.begin(), matrix.end(), [&](const Series& s) { return *s.labels == row->labels; });
    if (found == matrix.end()) return "no series " + text + " among " + std::to_string(matrix.size());
    const auto equal = [](const Sample& a, const Sample& b) { return a.at == b.at && same(a.value, b.value); };
    if (!std::equal(samples.begin(), samples.end(), found->samples.begin(), found->samples.end(), equal))
      return "expected " + text + ", got" + shown(found->samples);
  }
  if (wanted != matrix.size()) return "expected " + std::to_string(wanted) + " series, got " + std::to_string(matrix.size());
  return {};
}

std::string compare(const Case& test, const Answer& answer) {
  if (answer.kind == ValueType::String)
    return test.text && *test.text == answer.text ? "" : "the string \"" + answer.text + "\" is not what is expected";
  if (test.range || answer.kind == ValueType::Matrix) return compare_matrix(test, answer.matrix);
  if (answer.kind == ValueType::Scalar) return compare_scalar(test, answer.scalar);
  return compare_vector(test, answer.vector);
}

class Runner {
 public:
  explicit Runner(std::string file) : file_(std::move(file)) {}

  std::vector<Verdict> run(const std::vector<Command>& commands) {
    for (const Command& command : commands) {
      switch (command.kind) {
        case Command::Kind::Clear:
          store_ = std::make_unique<store::MemoryStore>();
          histograms_.clear();
          break;
        case Command::Kind::Load:
          load(command);
          break;
        case Command::Kind::Eval:
          judge(command.test);
          break;
        case Command::Kind::Wrong:
          wrong(command.line, command.text);
      }
    }
    return std::move(verdicts_);
  }

 private:
  void wrong(std::size_t line, std::string text) { verdicts_.push_back({.file = file_, .line = line, .wrong = std::move(text)}); }

  void load(const Command& command) {
    for (const std::string& text : command.rows) {
      const auto row = read_row(text);
      if (!row) {
        wrong(command.line, row.error().text);
        continue;
      }
      std::string name(row->labels.metric());
      if (row->histograms) histograms_.insert(name);
      if (command.custom_histograms && name.ends_with("_bucket")) histograms_.insert(name.substr(0, name.size() - 7));
      const auto id = store_->series(row->labels);
      if (!id) {
        wrong(command.line, id.error().text);
        continue;
      }
      std::vector<Point> points;
      for (std::size_t i = 0; i < row->values.size(); ++i) {
        if (row->values[i]) points.push_back({*id, {Time(command.step * static_cast<std::int64_t>(i)), *row->values[i]}});
      }
      if (const auto kept = store_->append(points); !kept) wrong(command.line, kept.error().text);
    }
  }

  void judge(const Case& test) {
    Verdict verdict{file_, test.line, test.number, test.key, test.query, {}, {}};
    verdict.histograms = test.query.find("histogram") != std::string::npos ||
                         std::any_of(test.rows.begin(), test.rows.end(), [](const auto& r) { return r.find("{{") != r.npos; }) ||
                         std::any_of(histograms_.begin(), histograms_.end(),
                                     [&](const auto& name) { return test.query.find(name) != std::string::npos; });
    verdict.wrong = check(test);
    verdicts_.push_back(std::move(verdict));
  }

  Result<Answer> ask(const std::shared_ptr<const query::Expr>& expr, const Case& test) const {
    const query::Engine engine(*store_, options_);
    return test.range ? engine.range(*expr, Time(test.from), Time(test.to), test.step) : engine.instant(*expr, Time(test.from));
  }

  std::string check(const Case& test) const {
    const auto parsed = query::parse(test.query);
    const Result<Answer> answer = parsed ? ask(*parsed, test) : Result<Answer>(parsed.error());
    if (test.expects(Expectation::Kind::Fail)) {
      if (answer) return "gave an answer where it must fail";
      for (const Expectation& expectation : test.expectations) {
        if (expectation.kind == Expectation::Kind::Fail && !matches(expectation, answer.error().text))
          return "expected the failure " + expectation.message.value_or(expectation.regex.value_or("")) + ", got " +
                 answer.error().text;
      }
      return {};
    }
    if (!answer) return answer.error().text;
    std::string wrong = compare(test, *answer);
    if (wrong.empty()) wrong = check_notes(test, *answer);
    return wrong.empty() ? check_in_range(test, *parsed, *answer) : wrong;
  }

  // The same as the middle step of a range query.
  std::string check_in_range(const Case& test, const std::shared_ptr<const query::Expr>& expr, const Answer& answer) const {
    if (test.range || test.ordered || answer.kind == ValueType::String || answer.kind == ValueType::Matrix) return {};
    for (const char* word : {"start()", "end()", "step()", "range()"}) {
      if (test.query.find(word) != std::string::npos) return {};  // means another time there
    }
    const Time at(test.from);
    using std::chrono::minutes;
    const auto ranged = query::Engine(*store_, options_).range(*expr, at - minutes(1), at + minutes(1), minutes(1));
    if (!ranged) return "as a range query: " + ranged.error().text;
    std::vector<query::VectorSample> middle;
    for (const Series& series : ranged->matrix) {
      for (const Sample& sample : series.samples) {
        if (sample.at == at) middle.push_back({series.labels, at, sample.value});
      }
    }
    std::string wrong;
    if (answer.kind == ValueType::Scalar) wrong = middle.size() == 1 ? compare_scalar(test, middle[0].value) : "no scalar";
    else wrong = compare_vector(test, middle);
    return wrong.empty() ? wrong : "as a range query: " + wrong;
  }

  std::string file_;
  std::unique_ptr<store::MemoryStore> store_ = std::make_unique<store::MemoryStore>();
  std::set<std::string> histograms_;  // names of series that were loaded as native histograms
  const query::EngineOptions options_{.delayed_names = true};
  std::vector<Verdict> verdicts_;
};

}  // namespace

Result<std::vector<Verdict>> run_file(const std::filesystem::path& file) {
  BONGSU_TRY(const std::vector<Command> commands, read_cases(file));
  return Runner(file.stem().string()).run(commands);
}

}  // namespace bongsu::promqltest
