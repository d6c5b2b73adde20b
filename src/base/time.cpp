// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "base/text.h"

namespace bongsu {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t ms;
};
constexpr std::array<Unit, 7> kUnits{
    {{"y", 31'536'000'000}, {"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

Error bad_duration(std::string_view text) {
  return {Code::Invalid, "not a duration: \"" + std::string(text) + "\"; write 30s, 5m, 1h30m, 7d, 4w or 3y"};
}

// Reads exactly `digits` decimal digits.
bool read_digits(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return true;
}
bool read_mark(std::string_view& text, char mark) {
  if (text.empty() || text.front() != mark) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Result<Millis> parse_duration(std::string_view text) {
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  std::string_view rest = text;
  if (rest.empty()) return bad_duration(text);
  while (!rest.empty()) {
    std::size_t digits = 0;
    std::int64_t number = 0;
    while (digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9') {
      number = number * 10 + (rest[digits] - '0');
      if (++digits > 12) return bad_duration(text);
    }
    if (digits == 0) return bad_duration(text);
    rest.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < rest.size() && rest[letters] >= 'a' && rest[letters] <= 'z') ++letters;
    std::size_t unit = next_unit;
    while (unit < kUnits.size() && kUnits[unit].name != rest.substr(0, letters)) ++unit;
    if (unit == kUnits.size()) return bad_duration(text);
    if (number > std::int64_t{9'000'000'000'000'000} / kUnits[unit].ms) return bad_duration(text);
    total += number * kUnits[unit].ms;
    next_unit = unit + 1;
    rest.remove_prefix(letters);
  }
  return Millis(total);
}

std::string format_duration(Millis span) {
  std::int64_t left = span.count();
  if (left == 0) return "0s";
  std::string text;
  if (left < 0) {
    text = "-";
    left = -left;
  }
  // Years and weeks are left to their owners' taste: 90d reads better than 12w6d.
  for (const Unit& unit : kUnits) {
    if (unit.name == "y" || unit.name == "w") {
      if (left % unit.ms != 0) continue;
    }
    if (const std::int64_t count = left / unit.ms; count > 0) {
      text += std::to_string(count) + std::string(unit.name);
      left -= count * unit.ms;
    }
  }
  return text;
}

std::string format_time(Time at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(at - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                  static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds().count() != 0) text += fmt::format(".{:03}", clock.subseconds().count());
  return text + "Z";
}

Result<Time> parse_time(std::string_view text) {
  const Error bad{Code::Invalid, "not a time: \"" + std::string(text) +
                                     "\"; write RFC 3339 such as 2026-11-23T09:30:00Z, or seconds since 1970"};
  if (const auto seconds = parse_number(text)) {
    if (!(std::abs(*seconds) < 1e13)) return bad;
    return time_from_ms(std::llround(*seconds * 1000));
  }
  std::string_view rest = text;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!read_digits(rest, 4, year) || !read_mark(rest, '-') || !read_digits(rest, 2, month) || !read_mark(rest, '-') ||
      !read_digits(rest, 2, day) || rest.empty() || (rest[0] != 'T' && rest[0] != 't' && rest[0] != ' ')) {
    return bad;
  }
  rest.remove_prefix(1);
  if (!read_digits(rest, 2, hour) || !read_mark(rest, ':') || !read_digits(rest, 2, minute) || !read_mark(rest, ':') ||
      !read_digits(rest, 2, second)) {
    return bad;
  }
  const std::chrono::year_month_day date(std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return bad;
  std::int64_t fraction = 0;
  if (read_mark(rest, '.')) {
    std::size_t digits = 0;
    for (; !rest.empty() && rest[0] >= '0' && rest[0] <= '9'; rest.remove_prefix(1), ++digits) {
      if (digits < 3) fraction = fraction * 10 + (rest[0] - '0');
    }
    if (digits == 0 || digits > 12) return bad;
    for (; digits < 3; ++digits) fraction *= 10;
  }
  Millis offset{0};
  if (rest == "Z" || rest == "z") {
    rest = {};
  } else {
    if (rest.empty() || (rest[0] != '+' && rest[0] != '-')) return bad;
    const int sign = rest[0] == '+' ? 1 : -1;
    rest.remove_prefix(1);
    int hours = 0, minutes = 0;
    if (!read_digits(rest, 2, hours) || !read_mark(rest, ':') || !read_digits(rest, 2, minutes) || hours > 23 || minutes > 59)
      return bad;
    offset = sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
  }
  if (!rest.empty()) return bad;
  return Time(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + Millis(fraction) - offset;
}

}  // namespace bongsu
