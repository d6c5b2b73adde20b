// SPDX-License-Identifier: Apache-2.0
#include "cases.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <regex>

#include "base/hash.h"
#include "base/text.h"
#include "model/marker.h"
#include "query/parse.h"

namespace bongsu::promqltest {
namespace {

constexpr std::size_t kMostValues = 5'000'000;  // of one row

bool is_space(char c) { return c == ' ' || c == '\t'; }

// The number at the start of `text`, taken off: 1, -1.5e3, 0x1f, Inf, NaN.
std::optional<double> take_number(std::string_view& text) {
  std::string_view rest = text;
  double sign = 1;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    sign = rest[0] == '-' ? -1 : 1;
    rest.remove_prefix(1);
  }
  const std::string lower = to_lower(rest.substr(0, 3));
  double value = 0;
  if (lower == "inf" || lower == "nan") {
    value = lower == "inf" ? HUGE_VAL : std::nan("");
    rest.remove_prefix(3);
  } else {
    if (rest.empty() || !((rest[0] >= '0' && rest[0] <= '9') || rest[0] == '.')) return std::nullopt;
    // 0x3 is a zero and three more.
    const auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (ec != std::errc{} && ec != std::errc::result_out_of_range) return std::nullopt;
    if (ec == std::errc::result_out_of_range) value = HUGE_VAL;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  }
  text = rest;
  return sign * value;
}

Error bad_value(std::string_view item) {
  return {Code::Invalid, "cannot read the value \"" + std::string(item.substr(0, 60)) + "\""};
}

Status add_item(std::string_view item, Row& row) {
  const auto repeat = [&](std::string_view times) -> Result<std::size_t> {
    const auto count = parse_unsigned(times);
    if (!count || *count > kMostValues || row.values.size() > kMostValues) return bad_value(item);
    return static_cast<std::size_t>(*count);
  };
  if (item.starts_with("{{")) {
    row.histograms = true;
    const std::size_t last = item.rfind("}}");
    const std::string_view tail = last == std::string_view::npos ? std::string_view() : item.substr(last + 2);
    std::size_t count = 0;
    if (tail.starts_with("x")) {
      BONGSU_TRY(count, repeat(tail.substr(1)));
    }
    row.values.insert(row.values.end(), count + 1, std::nullopt);
    return {};
  }
  if (item[0] == '_') {
    std::size_t count = 1;
    if (item.size() > 1) {
      if (item[1] != 'x') return bad_value(item);
      BONGSU_TRY(count, repeat(item.substr(2)));
    }
    row.values.insert(row.values.end(), count, std::nullopt);
    return {};
  }
  if (item.starts_with("stale")) {
    std::size_t count = 0;
    if (item.size() > 5) {
      if (item[5] != 'x') return bad_value(item);
      BONGSU_TRY(count, repeat(item.substr(6)));
    }
    row.values.insert(row.values.end(), count + 1, stale_marker());
    return {};
  }
  std::string_view rest = item;
  const auto value = take_number(rest);
  if (!value) return bad_value(item);
  double by = 0;
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) {
    const auto step = take_number(rest);
    if (!step) return bad_value(item);
    by = *step;
  }
  std::size_t count = 0;
  if (!rest.empty()) {
    if (rest[0] != 'x') return bad_value(item);
    BONGSU_TRY(count, repeat(rest.substr(1)));
  }
  double now = *value;
  for (std::size_t i = 0; i <= count; ++i, now += by) row.values.emplace_back(now);
  return {};
}

// Where the labels end that stand first in a line.
std::size_t end_of_labels(std::string_view line) {
  char quote = 0;
  int braces = 0;
  std::size_t end = 0;
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
    } else if (is_space(c) && braces == 0) {
      // "metric {a="b"} 1": labels may stand apart from their name.
      std::size_t next = end;
      while (next < line.size() && is_space(line[next])) ++next;
      const bool apart = next + 1 < line.size() && line[next] == '{' && line[next + 1] != '{' &&
                         line.substr(0, end).find('{') == std::string_view::npos;
      if (!apart) break;
      end = next - 1;
    }
  }
  return std::min(end, line.size());
}

Result<Labels> read_labels(std::string_view text) {
  // `{}` alone is no selector, so it gets one more matcher here.
  static constexpr std::string_view kOther = "__other__=\"x\"";
  std::string selector(text);
  const std::size_t close = selector.rfind('}');
  if (close == std::string::npos) {
    selector += "{" + std::string(kOther) + "}";
  } else {
    std::size_t before = close;
    while (before > 0 && is_space(selector[before - 1])) --before;
    const bool first = before == 0 || selector[before - 1] == '{' || selector[before - 1] == ',';
    selector.insert(close, (first ? "" : ",") + std::string(kOther));
  }
  const auto parsed = query::parse(selector);
  if (!parsed) return Error{Code::Invalid, "cannot read the labels \"" + std::string(text.substr(0, 80)) + "\""};
  const auto* node = std::get_if<query::Selector>(&(*parsed)->node);
  if (node == nullptr) return Error{Code::Invalid, "not a series: \"" + std::string(text.substr(0, 80)) + "\""};
  Labels labels;
  for (const Matcher& matcher : node->matchers) {
    if (matcher.name != "__other__") labels.set(matcher.name, matcher.value);
  }
  return labels;
}

std::string key_of(std::string_view line) {
  std::string plain;  // white space does not make another case
  for (const char c : line) {
    if (!is_space(c)) plain += c;
    else if (!plain.empty() && plain.back() != ' ') plain += ' ';
  }
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(hash_bytes(plain, kHashSeed)));
  return std::string(text.data(), 8);
}

bool is_command(std::string_view line) {
  static const std::regex kCommand(
      R"(^(clear\s*$|clear\s+#|load(_with_nhcb)?\s+\S+\s*$|eval(_fail|_warn|_info|_ordered)?\s+(instant|range)\s))");
  return std::regex_search(line.begin(), line.end(), kCommand);
}

Status read_eval(std::string_view line, Case& test) {
  static const std::regex kInstant(R"(^eval(?:_(fail|warn|info|ordered))?\s+instant\s+(?:at\s+(\S+)\s+)?([\s\S]+)$)");
  static const std::regex kRange(
      R"(^eval(?:_(fail|warn|info))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)\s+([\s\S]+)$)");
  std::cmatch found;
  const char* begin = line.data();
  const char* end = line.data() + line.size();
  if (std::regex_match(begin, end, found, kRange)) {
    test.range = true;
    BONGSU_TRY(test.from, read_span(found[2].str()));
    BONGSU_TRY(test.to, read_span(found[3].str()));
    BONGSU_TRY(test.step, read_span(found[4].str()));
    test.query = found[5].str();
  } else if (std::regex_match(begin, end, found, kInstant)) {
    if (found[2].matched) {
      BONGSU_TRY(test.from, read_span(found[2].str()));
    }
    test.query = found[3].str();
  } else {
    return Error{Code::Invalid, "an eval that is neither instant nor range"};
  }
  const std::string mode = found[1].str();
  if (mode == "fail") test.expectations.push_back({Expectation::Kind::Fail});
  if (mode == "warn") test.expectations.push_back({Expectation::Kind::Warn});
  if (mode == "info") test.expectations.push_back({Expectation::Kind::Info});
  test.ordered = mode == "ordered";
  return {};
}

Status read_expectation(std::string_view line, Case& test) {
  static const std::regex kSpan(R"(^expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$)");
  static const std::regex kWord(R"(^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):\s*(.*))?$)");
  static const std::regex kOld(R"(^expected_fail_(message|regexp)\s+(.+)$)");
  static const std::regex kText(R"(^expect\s+string\s+(.+)$)");
  std::cmatch found;
  const char* begin = line.data();
  const char* end = line.data() + line.size();
  if (std::regex_match(begin, end, found, kSpan)) {
    Case::Span span;
    BONGSU_TRY(span.from, read_span(found[1].str()));
    BONGSU_TRY(span.to, read_span(found[2].str()));
    BONGSU_TRY(span.step, read_span(found[3].str()));
    test.matrix = span;
  } else if (std::regex_match(begin, end, found, kText)) {
    const auto parsed = query::parse(found[1].str());
    const auto* text = parsed ? std::get_if<query::Text>(&(*parsed)->node) : nullptr;
    if (text == nullptr) return Error{Code::Invalid, "expect string needs a string in quotes"};
    test.text = text->value;
  } else if (std::regex_match(begin, end, found, kOld)) {
    Expectation made{Expectation::Kind::Fail};
    (found[1].str() == "message" ? made.message : made.regex) = std::string(trim(found[2].str()));
    std::erase_if(test.expectations,
                  [](const Expectation& e) { return e.kind == Expectation::Kind::Fail && !e.message && !e.regex; });
    test.expectations.push_back(std::move(made));
  } else if (std::regex_match(begin, end, found, kWord)) {
    const std::string word = found[1].str();
    if (word == "ordered") {
      test.ordered = true;
      return {};
    }
    using enum Expectation::Kind;
    Expectation made{word == "fail" ? Fail : word == "warn" ? Warn : word == "info" ? Info : word == "no_warn" ? NoWarn : NoInfo};
    if (found[2].matched) (found[2].str() == "msg" ? made.message : made.regex) = std::string(trim(found[3].str()));
    test.expectations.push_back(std::move(made));
  } else if (line.starts_with("expect ")) {
    return Error{Code::Invalid, "an expectation that is not known: " + std::string(line.substr(0, 80))};
  } else {
    test.rows.emplace_back(line);
  }
  return {};
}

}  // namespace

Result<Millis> read_span(std::string_view text) {
  double sign = 1;
  if (text.starts_with("-") || text.starts_with("+")) {
    sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  if (const auto number = parse_number(text)) return Millis(std::llround(sign * *number * 1000));
  BONGSU_TRY(const Millis span, parse_duration(text));
  return sign < 0 ? -span : span;
}

Result<Row> read_row(std::string_view line) {
  Row row;
  line = trim(line);
  std::size_t values = 0;
  {
    std::string_view rest = line;
    const auto number = take_number(rest);
    row.bare = number.has_value() && (rest.empty() || is_space(rest[0]) || rest[0] == 'x' || rest[0] == '+' || rest[0] == '-');
    row.bare = row.bare || line.starts_with("_ ") || line.starts_with("{{");
  }
  if (!row.bare) {
    values = end_of_labels(line);
    BONGSU_TRY(row.labels, read_labels(line.substr(0, values)));
  }
  std::string_view rest = line.substr(values);
  while (!(rest = trim(rest)).empty()) {
    std::size_t end = 0;
    int braces = 0;
    for (; end < rest.size() && (braces > 0 || !is_space(rest[end])); ++end) {
      if (rest[end] == '{') ++braces;
      if (rest[end] == '}') --braces;
    }
    BONGSU_TRY_OK(add_item(rest.substr(0, end), row));
    rest.remove_prefix(end);
  }
  return row;
}

bool Case::expects(Expectation::Kind kind) const {
  return std::any_of(expectations.begin(), expectations.end(), [&](const Expectation& e) { return e.kind == kind; });
}

Result<std::vector<Command>> read_cases(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return Error{Code::NotFound, file.string() + ": cannot be opened; give a file of cases"};
  std::vector<Command> all;
  std::size_t number = 0, cases = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    const std::string_view line = trim(text);
    if (line.empty() || line[0] == '#') continue;
    if (is_command(line)) {
      Command& command = all.emplace_back();
      command.line = number;
      if (line.starts_with("clear")) {
        command.kind = Command::Kind::Clear;
      } else if (line.starts_with("load")) {
        command.kind = Command::Kind::Load;
        command.custom_histograms = line.starts_with("load_with_nhcb");
        const auto step = read_span(trim(line.substr(line.find_first_of(" \t"))));
        if (step) command.step = *step;
        else command = {.line = number, .text = step.error().text};
      } else {
        command.kind = Command::Kind::Eval;
        command.test.line = number;
        command.test.number = ++cases;
        command.test.key = key_of(line);
        if (const auto read = read_eval(line, command.test); !read) command = {.line = number, .text = read.error().text};
      }
      continue;
    }
    const bool within = !all.empty() && (all.back().kind == Command::Kind::Load || all.back().kind == Command::Kind::Eval);
    if (!within) {
      all.push_back({.line = number, .text = "a line that is no command: " + std::string(line.substr(0, 80))});
    } else if (all.back().kind == Command::Kind::Load) {
      all.back().rows.emplace_back(line);
    } else if (const auto read = read_expectation(line, all.back().test); !read) {
      all.push_back({.line = number, .text = read.error().text});
    }
  }
  return all;
}

}  // namespace bongsu::promqltest
