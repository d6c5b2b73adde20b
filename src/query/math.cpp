// SPDX-License-Identifier: Apache-2.0
#include <array>
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

struct Date {
  std::int64_t year;
  int month, day;  // from 1
};
std::int64_t floor_div(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }
// Of the proleptic Gregorian calendar, day 0 being 1970-01-01; chrono's own ends with the year 32767. The year begins in March
// here, so that the leap day is its last.
Date date_of(std::int64_t day) {
  constexpr std::int64_t kEra = 146'097;  // days of 400 years
  const std::int64_t shifted = day + 719'468;
  const std::int64_t era = floor_div(shifted, kEra);
  const std::int64_t of_era = shifted - era * kEra;
  const std::int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / (kEra - 1)) / 365;
  const std::int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const std::int64_t month = (5 * of_year + 2) / 153;
  const int calendar = static_cast<int>(month < 10 ? month + 3 : month - 9);
  return {year + era * 400 + (calendar <= 2 ? 1 : 0), calendar, static_cast<int>(of_year - (153 * month + 2) / 5 + 1)};
}
bool is_leap(std::int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }
int days_in(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && is_leap(year) ? 1 : 0);
}

template <Part part>
double part_of(double value) {
  if (!(std::fabs(value) < 9.2e18)) return std::nan("");
  const auto seconds = static_cast<std::int64_t>(value);  // cut towards 1970, as Prometheus cuts
  const std::int64_t day = floor_div(seconds, 86'400);
  const std::int64_t of_day = seconds - day * 86'400;
  if (part == Part::Minute) return static_cast<double>(of_day / 60 % 60);
  if (part == Part::Hour) return static_cast<double>(of_day / 3600);
  if (part == Part::DayOfWeek) return static_cast<double>((day % 7 + 11) % 7);  // 1970 began on a Thursday
  const Date date = date_of(day);
  switch (part) {
    case Part::DayOfMonth:
      return date.day;
    case Part::DayOfYear: {
      int days = date.day;
      for (int month = 1; month < date.month; ++month) days += days_in(date.year, month);
      return days;
    }
    case Part::DaysInMonth:
      return days_in(date.year, date.month);
    case Part::Month:
      return date.month;
    default:
      return static_cast<double>(date.year);
  }
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
