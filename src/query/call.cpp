// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include "base/text.h"
#include "query/eval.h"
#include "query/functions.h"

namespace bongsu::query {
namespace {

constexpr double kPi = 3.141592653589793;

struct Mapping {
  std::string_view name;
  double (*function)(double);
};
constexpr std::array kMappings{
    Mapping{"abs", [](double v) { return std::fabs(v); }},
    Mapping{"acos", [](double v) { return std::acos(v); }},
    Mapping{"acosh", [](double v) { return std::acosh(v); }},
    Mapping{"asin", [](double v) { return std::asin(v); }},
    Mapping{"asinh", [](double v) { return std::asinh(v); }},
    Mapping{"atan", [](double v) { return std::atan(v); }},
    Mapping{"atanh", [](double v) { return std::atanh(v); }},
    Mapping{"ceil", [](double v) { return std::ceil(v); }},
    Mapping{"cos", [](double v) { return std::cos(v); }},
    Mapping{"cosh", [](double v) { return std::cosh(v); }},
    Mapping{"deg", [](double v) { return v * 180 / kPi; }},
    Mapping{"exp", [](double v) { return std::exp(v); }},
    Mapping{"floor", [](double v) { return std::floor(v); }},
    Mapping{"ln", [](double v) { return std::log(v); }},
    Mapping{"log10", [](double v) { return std::log10(v); }},
    Mapping{"log2", [](double v) { return std::log2(v); }},
    Mapping{"rad", [](double v) { return v * kPi / 180; }},
    Mapping{"sgn", [](double v) { return v < 0 ? -1.0 : v > 0 ? 1.0 : v; }},
    Mapping{"sin", [](double v) { return std::sin(v); }},
    Mapping{"sinh", [](double v) { return std::sinh(v); }},
    Mapping{"sqrt", [](double v) { return std::sqrt(v); }},
    Mapping{"tan", [](double v) { return std::tan(v); }},
    Mapping{"tanh", [](double v) { return std::tanh(v); }},
};

// Parts of a UTC date, of a value in seconds since 1970.
enum class Part { Minute, Hour, DayOfWeek, DayOfMonth, DayOfYear, DaysInMonth, Month, Year };
struct NamedPart {
  std::string_view name;
  Part part;
};
constexpr std::array kParts{NamedPart{"minute", Part::Minute},         NamedPart{"hour", Part::Hour},
                            NamedPart{"day_of_week", Part::DayOfWeek}, NamedPart{"day_of_month", Part::DayOfMonth},
                            NamedPart{"day_of_year", Part::DayOfYear}, NamedPart{"days_in_month", Part::DaysInMonth},
                            NamedPart{"month", Part::Month},           NamedPart{"year", Part::Year}};

double part_of(Part part, double value) {
  using namespace std::chrono;
  // Years 1 to 9999 and then some; chrono's calendar ends at 32767.
  if (!(std::fabs(value) < 9e11)) return std::nan("");
  const sys_seconds at{seconds(static_cast<std::int64_t>(std::floor(value)))};
  const sys_days day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  switch (part) {
    case Part::Minute:
      return static_cast<double>(clock.minutes().count());
    case Part::Hour:
      return static_cast<double>(clock.hours().count());
    case Part::DayOfWeek:
      return weekday(day).c_encoding();
    case Part::DayOfMonth:
      return static_cast<unsigned>(date.day());
    case Part::DayOfYear:
      return static_cast<double>((day - sys_days(date.year() / January / 1)).count() + 1);
    case Part::DaysInMonth:
      return static_cast<unsigned>((date.year() / date.month() / last).day());
    case Part::Month:
      return static_cast<unsigned>(date.month());
    case Part::Year:
      return static_cast<int>(date.year());
  }
  return std::nan("");
}

template <class Table>
const auto* find_in(const Table& table, std::string_view name) {
  const auto at = std::find_if(table.begin(), table.end(), [&](const auto& entry) { return entry.name == name; });
  return at == table.end() ? nullptr : &*at;
}

constexpr std::string_view kOthers[] = {"absent",     "absent_over_time", "clamp", "clamp_max", "clamp_min",
                                        "label_join", "label_replace",    "pi",    "round",     "scalar",
                                        "sort",       "sort_desc",        "time",  "timestamp", "vector"};

// What absent() can say of a selector: the labels that exactly one = matcher names.
LabelsPtr absent_labels(const Expr& expr) {
  const Expr& inner = strip(expr);
  const Selector* selector = std::get_if<Selector>(&inner.node);
  if (const auto* range = std::get_if<RangeSelector>(&inner.node)) selector = &range->selector;
  std::vector<Labels::Pair> pairs;
  if (selector != nullptr) {
    for (const Matcher& matcher : selector->matchers) {
      const auto same = std::count_if(selector->matchers.begin(), selector->matchers.end(),
                                      [&](const Matcher& m) { return m.name == matcher.name; });
      if (matcher.name != kMetricName && matcher.op == Matcher::Op::Equal && same == 1)
        pairs.emplace_back(matcher.name, matcher.value);
    }
  }
  return std::make_shared<const Labels>(std::move(pairs));
}

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

// $1, ${1}, $name, ${name}, $$ in a replacement; what the expression does not have is empty.
std::string expand(std::string_view text, const re2::RE2& regex, std::span<const re2::StringPiece> groups) {
  std::string out;
  while (!text.empty()) {
    const std::size_t mark = text.find('$');
    out += text.substr(0, mark);
    if (mark == std::string_view::npos) break;
    text.remove_prefix(mark + 1);
    if (!text.empty() && text[0] == '$') {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    std::string_view name;
    std::size_t taken = 0;
    if (!text.empty() && text[0] == '{') {
      const std::size_t end = text.find('}');
      if (end != std::string_view::npos) {
        name = text.substr(1, end - 1);
        taken = end + 1;
      }
    } else {
      while (taken < text.size() && is_word(text[taken])) ++taken;
      name = text.substr(0, taken);
    }
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_word)) {
      out += '$';
      continue;
    }
    text.remove_prefix(taken);
    std::size_t group = groups.size();
    if (const auto number = parse_unsigned(name)) {
      group = static_cast<std::size_t>(*number);
    } else if (const auto at = regex.NamedCapturingGroups().find(std::string(name)); at != regex.NamedCapturingGroups().end()) {
      group = static_cast<std::size_t>(at->second);
    }
    if (group < groups.size()) out.append(groups[group].data(), groups[group].size());
  }
  return out;
}

Error same_labels() {
  return {Code::Invalid, "vector cannot contain metrics with the same labelset; keep a label that tells the series apart"};
}

}  // namespace

bool is_answered(const Function& function) {
  return find_range_function(function.name) != nullptr || find_in(kMappings, function.name) != nullptr ||
         find_in(kParts, function.name) != nullptr ||
         std::find(std::begin(kOthers), std::end(kOthers), function.name) != std::end(kOthers);
}

Result<Vector> Evaluation::over_range(const Call& node, Time at) {
  RangeCall range{.at = at};
  const Expr* argument = nullptr;
  std::size_t params = 0;
  for (const ExprPtr& arg : node.args) {
    if (arg->type == ValueType::Matrix) {
      argument = arg.get();
    } else {
      BONGSU_TRY(range.params[params++], scalar(*arg, at));
    }
  }
  if (node.function->name == "double_exponential_smoothing") {
    for (const double weight : range.params) {
      if (!(weight > 0 && weight < 1))
        return Error{Code::Invalid,
                     "double_exponential_smoothing: factors must be above 0 and below 1, not " + format_number(weight)};
    }
  }
  BONGSU_TRY(const RangeVector found, matrix(*argument, at));
  range.from = found.from;
  range.to = found.to;
  const RangeFunction function = find_range_function(node.function->name);
  Vector out;
  out.reserve(found.elements.size());
  for (const RangeElement& element : found.elements) {
    if (const auto value = function(element.samples, range)) out.push_back({element.labels, *value});
  }
  const bool keeps_name = node.function->name == "last_over_time" || node.function->name == "first_over_time";
  if (keeps_name) return out;
  return drop_names(std::move(out));
}

Result<Vector> Evaluation::label_replace(const Call& node, Time at) {
  BONGSU_TRY(Vector input, vector(*node.args[0], at));
  const std::string& target = text_of(*node.args[1]);
  const std::string& replacement = text_of(*node.args[2]);
  const std::string& source = text_of(*node.args[3]);
  const re2::RE2 regex("(?s:" + text_of(*node.args[4]) + ")", re2::RE2::Quiet);
  if (!regex.ok())
    return Error{Code::Invalid, "label_replace: bad regular expression \"" + text_of(*node.args[4]) + "\": " + regex.error()};
  if (target.empty() || !is_valid_utf8(target))
    return Error{Code::Invalid, "label_replace: invalid destination label name \"" + escape_terminal(target) + "\""};
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) + 1);
  for (Element& element : input) {
    const std::string_view value = element.labels->get(source);
    if (!regex.Match(re2::StringPiece(value.data(), value.size()), 0, value.size(), re2::RE2::ANCHOR_BOTH, groups.data(),
                     static_cast<int>(groups.size())))
      continue;
    const std::string text = expand(replacement, regex, groups);
    if (element.labels->get(target) == text) continue;
    Labels labels = *element.labels;
    labels.set(target, text);
    element.labels = std::make_shared<const Labels>(std::move(labels));
  }
  if (has_duplicates(input)) return same_labels().context("label_replace");
  return input;
}

Result<Vector> Evaluation::label_join(const Call& node, Time at) {
  BONGSU_TRY(Vector input, vector(*node.args[0], at));
  const std::string& target = text_of(*node.args[1]);
  const std::string& separator = text_of(*node.args[2]);
  if (target.empty() || !is_valid_utf8(target))
    return Error{Code::Invalid, "label_join: invalid destination label name \"" + escape_terminal(target) + "\""};
  for (Element& element : input) {
    std::string text;
    for (std::size_t i = 3; i < node.args.size(); ++i) {
      if (i > 3) text += separator;
      text += element.labels->get(text_of(*node.args[i]));
    }
    Labels labels = *element.labels;
    labels.set(target, text);
    element.labels = std::make_shared<const Labels>(std::move(labels));
  }
  if (has_duplicates(input)) return same_labels().context("label_join");
  return input;
}

Result<Vector> Evaluation::call(const Call& node, Time at) {
  const std::string_view name = node.function->name;
  if (name == "absent_over_time") {
    BONGSU_TRY(const RangeVector found, matrix(*node.args[0], at));
    if (!found.elements.empty()) return Vector{};
    return Vector{{absent_labels(*node.args[0]), 1}};
  }
  if (find_range_function(name) != nullptr) return over_range(node, at);
  if (name == "label_replace") return label_replace(node, at);
  if (name == "label_join") return label_join(node, at);
  if (name == "vector") {
    BONGSU_TRY(const double value, scalar(*node.args[0], at));
    return Vector{{std::make_shared<const Labels>(), value}};
  }
  Vector input;
  if (node.args.empty()) {  // day_of_week() and its like: of now
    input.push_back({std::make_shared<const Labels>(), static_cast<double>(to_ms(at)) / 1000});
  } else {
    BONGSU_TRY(input, vector(*node.args[0], at));
  }
  double params[2]{};
  for (std::size_t i = 1; i < node.args.size() && i < 3; ++i) {
    BONGSU_TRY(params[i - 1], scalar(*node.args[i], at));
  }
  if (name == "absent") {
    if (!input.empty()) return Vector{};
    return Vector{{absent_labels(*node.args[0]), 1}};
  }
  if (name == "sort" || name == "sort_desc") {
    const bool down = name == "sort_desc";
    std::stable_sort(input.begin(), input.end(), [&](const Element& a, const Element& b) {
      if (std::isnan(b.value)) return !std::isnan(a.value);
      return down ? a.value > b.value : a.value < b.value;
    });
    return input;
  }
  const auto each = [&](auto function) {
    for (Element& element : input) element.value = function(element.value);
    return drop_names(std::move(input));
  };
  if (const auto* mapping = find_in(kMappings, name)) return each(mapping->function);
  if (const auto* part = find_in(kParts, name)) return each([&](double v) { return part_of(part->part, v); });
  if (name == "timestamp") return each([&](double) { return static_cast<double>(to_ms(at)) / 1000; });
  if (name == "clamp_min")
    return each([&](double v) { return std::isnan(v) || std::isnan(params[0]) ? std::nan("") : std::max(v, params[0]); });
  if (name == "clamp_max")
    return each([&](double v) { return std::isnan(v) || std::isnan(params[0]) ? std::nan("") : std::min(v, params[0]); });
  if (name == "clamp") {
    if (params[1] < params[0]) return Vector{};
    const bool bad = std::isnan(params[0]) || std::isnan(params[1]);
    return each([&](double v) { return bad || std::isnan(v) ? std::nan("") : std::clamp(v, params[0], params[1]); });
  }
  if (name == "round") {
    // The inverse first: 0.1 cannot be said exactly, 10 can.
    const double inverse = 1 / (node.args.size() > 1 ? params[0] : 1.0);
    return each([&](double v) { return std::floor(v * inverse + 0.5) / inverse; });
  }
  return Error{Code::Unsupported, std::string(name) + "() is known but not answered by this version"};
}

}  // namespace bongsu::query
