// SPDX-License-Identifier: Apache-2.0
#include "syslog/timestamp.h"

#include <algorithm>
#include <array>

namespace bongsu::syslog {
namespace {

using std::chrono::microseconds;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool take_char(std::string_view& in, char c) {
  if (in.empty() || in.front() != c) return false;
  in.remove_prefix(1);
  return true;
}

// Between `least` and `most` digits with no further one behind them.
std::optional<int> take_number(std::string_view& in, std::size_t least, std::size_t most) {
  std::size_t n = 0;
  int value = 0;
  while (n < in.size() && n <= most && is_digit(in[n])) value = value * 10 + (in[n++] - '0');
  if (n < least || n > most) return std::nullopt;
  in.remove_prefix(n);
  return value;
}

struct Clock24 {
  microseconds since_midnight{};
  std::size_t fraction_digits = 0;
};

// 22:14:15, 22:14:15.003, 22:14:15,003. Second 60 is a leap second, which ends with the next one.
std::optional<Clock24> take_clock(std::string_view& in) {
  std::string_view rest = in;
  const auto hour = take_number(rest, 1, 2);
  if (!hour || !take_char(rest, ':')) return std::nullopt;
  const auto minute = take_number(rest, 2, 2);
  if (!minute || !take_char(rest, ':')) return std::nullopt;
  const auto second = take_number(rest, 2, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  Clock24 clock;
  clock.since_midnight = std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
  if (rest.size() > 1 && (rest[0] == '.' || rest[0] == ',') && is_digit(rest[1])) {
    rest.remove_prefix(1);
    std::int64_t fraction = 0;
    std::size_t& digits = clock.fraction_digits;
    for (; !rest.empty() && is_digit(rest[0]); rest.remove_prefix(1), ++digits) {
      if (digits < 6) fraction = fraction * 10 + (rest[0] - '0');
    }
    for (std::size_t i = digits; i < 6; ++i) fraction *= 10;
    clock.since_midnight += microseconds(fraction);
  }
  in = rest;
  return clock;
}

std::optional<unsigned> take_month(std::string_view& in) {
  static constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                            "jul", "aug", "sep", "oct", "nov", "dec"};
  if (in.size() < 4 || in[3] != ' ') return std::nullopt;
  std::array<char, 3> word{};
  for (std::size_t i = 0; i < 3; ++i) word[i] = static_cast<char>(in[i] | 0x20);
  for (unsigned i = 0; i < kMonths.size(); ++i) {
    if (kMonths[i] == std::string_view(word.data(), 3)) {
      in.remove_prefix(4);
      return i + 1;
    }
  }
  return std::nullopt;
}

// Z, +09:00, +0900, +09; nothing is taken when none of them stands here.
std::optional<std::chrono::minutes> take_offset(std::string_view& in, bool& strict) {
  std::string_view rest = in;
  if (!rest.empty() && (rest[0] == 'Z' || rest[0] == 'z')) {
    strict = rest[0] == 'Z';
    in.remove_prefix(1);
    return std::chrono::minutes(0);
  }
  if (rest.size() < 3 || (rest[0] != '+' && rest[0] != '-') || !is_digit(rest[1]) || !is_digit(rest[2])) return std::nullopt;
  const int sign = rest[0] == '+' ? 1 : -1;
  const int hours = (rest[1] - '0') * 10 + (rest[2] - '0');
  rest.remove_prefix(3);
  strict = take_char(rest, ':');
  int minutes = 0;
  if (rest.size() >= 2 && is_digit(rest[0]) && is_digit(rest[1])) {
    minutes = (rest[0] - '0') * 10 + (rest[1] - '0');
    rest.remove_prefix(2);
  } else if (strict) {
    return std::nullopt;
  }
  if (hours > 23 || minutes > 59) return std::nullopt;
  in = rest;
  return sign * (std::chrono::hours(hours) + std::chrono::minutes(minutes));
}

// Names that devices print after the time. Some mean several zones (IST, CST, BST), so only UTC's own are believed.
bool is_zone_name(std::string_view word) {
  static constexpr std::array<std::string_view, 58> kNames{
      "ACDT", "ACST", "ADT",  "AEDT", "AEST", "AKDT", "AKST", "AST", "AWST", "BRT", "BST",  "CAT",  "CDT", "CEST", "CET",
      "CST",  "CT",   "EAT",  "EDT",  "EEST", "EET",  "EST",  "ET",  "GMT",  "GST", "HDT",  "HKT",  "HST", "ICT",  "IDT",
      "IST",  "JST",  "KST",  "MDT",  "MSK",  "MST",  "MT",   "MYT", "NDT",  "NST", "NZDT", "NZST", "PDT", "PHT",  "PKT",
      "PST",  "PT",   "SAST", "SGT",  "SST",  "TRT",  "UTC",  "WAT", "WEST", "WET", "WIB",  "WITA", "Z"};
  return std::binary_search(kNames.begin(), kNames.end(), word);
}

// " KST", " +09:00" behind a time. A capital word is a zone when its name is known, or when a colon and a mnemonic follow.
std::chrono::minutes take_zone(std::string_view& in) {
  if (in.size() < 2 || in[0] != ' ') return std::chrono::minutes(0);
  std::string_view rest = in.substr(1);
  bool strict = false;
  if (rest[0] == '+' || rest[0] == '-') {
    if (const auto offset = take_offset(rest, strict); offset && (rest.empty() || rest[0] == ' ' || rest[0] == ':')) {
      in = rest;
      return *offset;
    }
    return std::chrono::minutes(0);
  }
  std::size_t letters = 0;
  while (letters < rest.size() && letters < 6 && rest[letters] >= 'A' && rest[letters] <= 'Z') ++letters;
  if (letters == 0 || letters > 5 || letters >= rest.size()) return std::chrono::minutes(0);
  const std::string_view word = rest.substr(0, letters);
  const std::string_view behind = rest.substr(letters);
  const bool colon_and_mnemonic = letters >= 2 && (behind.starts_with(": %") || behind.starts_with(":%"));
  if (colon_and_mnemonic || ((behind[0] == ' ' || behind[0] == ':') && is_zone_name(word))) in = behind;
  return std::chrono::minutes(0);
}

std::optional<int> take_year_behind(std::string_view& in) {
  std::string_view rest = in;
  if (!take_char(rest, ' ')) return std::nullopt;
  const auto year = take_number(rest, 4, 4);
  if (!year || *year < 1970 || *year > 2099) return std::nullopt;
  if (!rest.empty() && rest[0] != ' ' && rest[0] != ':') return std::nullopt;
  in = rest;
  return year;
}

std::optional<std::chrono::sys_days> day_of(int year, unsigned month, int day) {
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

// The latest year that does not put the time more than a week ahead of the receipt: clocks run fast by minutes, not by months,
// and a relay may have kept the message for long. 29 February may be up to eight years back.
std::optional<Micros> year_before(unsigned month, int day, microseconds since_midnight, Time received) {
  const int year = static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(received)).year());
  for (int candidate = year + 1; candidate >= year - 8; --candidate) {
    const auto date = day_of(candidate, month, day);
    if (date && *date + since_midnight <= received + std::chrono::days(7)) return *date + since_midnight;
  }
  return std::nullopt;
}

void skip_weekday(std::string_view& in) {
  static constexpr std::array<std::string_view, 7> kDays{"Sun ", "Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat "};
  for (const std::string_view day : kDays) {
    if (in.starts_with(day)) return in.remove_prefix(4);
  }
}

}  // namespace

std::optional<Stamp> take_iso(std::string_view& in) {
  std::string_view rest = in;
  const auto year = take_number(rest, 4, 4);
  if (!year || rest.empty() || (rest[0] != '-' && rest[0] != '/')) return std::nullopt;
  const char mark = rest[0];
  rest.remove_prefix(1);
  const auto month = take_number(rest, 2, 2);
  if (!month || !take_char(rest, mark)) return std::nullopt;
  const auto day = take_number(rest, 2, 2);
  if (!day || rest.empty() || (rest[0] != 'T' && rest[0] != 't' && rest[0] != ' ')) return std::nullopt;
  const char between = rest[0];
  rest.remove_prefix(1);
  const std::string_view clock_text = rest;
  const auto clock = take_clock(rest);
  const auto date = day_of(*year, static_cast<unsigned>(*month), *day);
  if (!clock || !date) return std::nullopt;
  bool strict_fraction = clock->fraction_digits <= 6 && clock_text[1] != ':' && clock_text.find(',') > 8;
  if (rest.starts_with('.')) {  // "15.Z"
    rest.remove_prefix(1);
    strict_fraction = false;
  }
  bool strict_zone = false;
  const auto offset = take_offset(rest, strict_zone);
  if (!rest.empty() && rest[0] != ' ' && rest[0] != ':') return std::nullopt;
  in = rest;
  const Micros local = *date + clock->since_midnight;
  return Stamp{local - offset.value_or(std::chrono::minutes(0)), mark == '-' && between == 'T' && strict_fraction && strict_zone};
}

std::optional<Stamp> take_legacy(std::string_view& in, Time received) {
  std::string_view rest = in;
  if (!rest.empty() && (rest[0] == '*' || rest[0] == '.')) rest.remove_prefix(1);  // Cisco: clock not set, not in step
  if (rest.empty()) return std::nullopt;
  if (is_digit(rest[0])) {
    if (auto iso = take_iso(rest)) {
      in = rest;
      return Stamp{iso->at, false};
    }
  }
  skip_weekday(rest);
  int year = 0;  // 0: not told
  std::optional<int> day;
  if (!rest.empty() && is_digit(rest[0])) {  // 2026 Oct 11, 11 Oct 2026
    std::string_view ahead = rest;
    year = take_number(ahead, 4, 4).value_or(0);
    if (year == 0) {
      ahead = rest;
      day = take_number(ahead, 1, 2);
    }
    if ((year == 0 && !day) || !take_char(ahead, ' ')) return std::nullopt;
    rest = ahead;
  }
  const auto month = take_month(rest);
  if (!month) return std::nullopt;
  if (!day) {
    while (take_char(rest, ' ')) {}
    day = take_number(rest, 1, 2);
    if (!day || !take_char(rest, ' ')) return std::nullopt;
    while (take_char(rest, ' ')) {}
  }
  if (year == 0) {  // Oct 11 2026 22:14:15
    std::string_view ahead = rest;
    const int told = take_number(ahead, 4, 4).value_or(0);
    if (told != 0 && take_char(ahead, ' ')) {
      year = told;
      rest = ahead;
    }
  }
  const auto clock = take_clock(rest);
  if (!clock || (!rest.empty() && rest[0] != ' ' && rest[0] != ':')) return std::nullopt;
  if (year == 0) year = take_year_behind(rest).value_or(0);
  const auto offset = take_zone(rest);
  if (year == 0) year = take_year_behind(rest).value_or(0);  // Oct 11 22:14:15 UTC 2026
  std::optional<Micros> at;
  if (year != 0) {
    if (const auto date = day_of(year, *month, *day)) at = *date + clock->since_midnight;
  } else {
    at = year_before(*month, *day, clock->since_midnight, received);
  }
  if (!at) return std::nullopt;
  in = rest;
  return Stamp{*at - offset, false};
}

std::optional<Stamp> take_epoch(std::string_view& in) {
  if (in.size() < 10 || !std::all_of(in.begin(), in.begin() + 10, is_digit)) return std::nullopt;
  std::int64_t seconds = 0;
  for (const char c : in.substr(0, 10)) seconds = seconds * 10 + (c - '0');
  std::string_view rest = in.substr(10);
  std::int64_t micros = 0;
  if (rest.size() > 1 && rest[0] == '.' && is_digit(rest[1])) {
    rest.remove_prefix(1);
    std::int64_t scale = 100'000;
    for (; !rest.empty() && is_digit(rest[0]); rest.remove_prefix(1), scale /= 10) micros += (rest[0] - '0') * scale;
  }
  if (!rest.empty() && rest[0] != ' ' && rest[0] != ':') return std::nullopt;
  in = rest;
  return Stamp{Micros(std::chrono::seconds(seconds) + microseconds(micros)), false};
}

}  // namespace bongsu::syslog
