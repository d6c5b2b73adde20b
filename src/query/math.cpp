// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <chrono>
#include <cmath>

#include "query/eval.h"

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

template <Part part>
double part_of(double value) {
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

constexpr std::array kParts{
    Mapping{"minute", part_of<Part::Minute>},         Mapping{"hour", part_of<Part::Hour>},
    Mapping{"day_of_week", part_of<Part::DayOfWeek>}, Mapping{"day_of_month", part_of<Part::DayOfMonth>},
    Mapping{"day_of_year", part_of<Part::DayOfYear>}, Mapping{"days_in_month", part_of<Part::DaysInMonth>},
    Mapping{"month", part_of<Part::Month>},           Mapping{"year", part_of<Part::Year>}};

}  // namespace

ValueFunction find_value_function(std::string_view name) {
  for (const Mapping& mapping : kMappings) {
    if (mapping.name == name) return mapping.function;
  }
  for (const Mapping& mapping : kParts) {
    if (mapping.name == name) return mapping.function;
  }
  return nullptr;
}

}  // namespace bongsu::query
