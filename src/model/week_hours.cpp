// SPDX-License-Identifier: Apache-2.0
#include "model/week_hours.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <array>
#include <optional>
#include <vector>

#include "base/text.h"

namespace bongsu {
namespace {

constexpr int kDay = 24 * 60;
constexpr std::array<std::string_view, 7> kDays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

const date::time_zone* find_zone(std::string_view name) {
  if (name.empty()) name = "UTC";
  try {
    return date::locate_zone(std::string(name));
  } catch (const std::exception&) {
    return nullptr;
  }
}

Error no_zone(std::string_view name) {
  std::vector<std::string_view> known;
  for (const auto& zone : date::get_tzdb().zones) known.push_back(zone.name());
  const auto near = nearest(name, known);
  return Error{Code::Invalid,
               "no such time zone: \"" + std::string(name) +
                   (near ? "\"; did you mean \"" + std::string(*near) + "\"?" : "\"; take a name as \"Asia/Seoul\" or \"UTC\"")};
}

std::optional<unsigned> day_of(std::string_view word) {
  const std::string lower = to_lower(word.substr(0, 3));
  for (unsigned i = 0; i < kDays.size(); ++i) {
    if (lower == kDays[i] && word.size() >= 3) return i;
  }
  return std::nullopt;
}

// "08:00", "8", "24:00": minutes of the day.
std::optional<int> minutes_of(std::string_view word) {
  const auto parts = split(word, ':');
  if (parts.size() > 2) return std::nullopt;
  const auto hours = parse_unsigned(parts[0]);
  const auto minutes = parts.size() == 2 ? parse_unsigned(parts[1]) : std::optional<std::uint64_t>(0);
  if (!hours || !minutes || *hours > 24 || *minutes > 59 || (*hours == 24 && *minutes != 0)) return std::nullopt;
  return static_cast<int>(*hours * 60 + *minutes);
}

std::optional<std::uint8_t> days_of(std::string_view words) {
  if (to_lower(words) == "daily") return static_cast<std::uint8_t>(0x7f);
  const auto ends = split(words, '-');
  const auto first = day_of(ends[0]);
  const auto last = ends.size() == 2 ? day_of(ends[1]) : first;
  if (ends.size() > 2 || !first || !last) return std::nullopt;
  std::uint8_t days = 0;
  for (unsigned day = *first;; day = (day + 1) % 7) {
    days = static_cast<std::uint8_t>(days | 1U << day);
    if (day == *last) return days;
  }
}

}  // namespace

Result<WeekHours> WeekHours::parse(std::string_view text, std::string_view zone) {
  WeekHours out;
  out.zone_ = zone;
  out.text_ = trim(text);
  if (find_zone(zone) == nullptr) return no_zone(zone);
  if (to_lower(out.text_) == "always") return out;
  for (const std::string_view part : split(text, ',')) {
    const std::string_view words = trim(part);
    const auto refuse = [&] {
      return Error{Code::Invalid, "not hours: \"" + std::string(words) + "\"; write \"Mon-Fri 08:00-19:00, Sat 09:00-12:00\", " +
                                      "\"daily 22:00-06:00\" or \"always\""};
    };
    const std::size_t gap = words.find(' ');
    // Days alone are whole days, hours alone are every day.
    const bool hours_alone = !words.empty() && words[0] >= '0' && words[0] <= '9';
    const auto days = hours_alone ? std::optional<std::uint8_t>(0x7f) : days_of(words.substr(0, gap));
    if (!days) return refuse();
    Span span{.days = *days, .from = 0, .to = kDay};
    if (hours_alone || gap != std::string_view::npos) {
      const auto ends = split(hours_alone ? words : trim(words.substr(gap)), '-');
      if (ends.size() != 2) return refuse();
      const auto from = minutes_of(trim(ends[0]));
      const auto to = minutes_of(trim(ends[1]));
      if (!from || !to || *from == *to || *from == kDay) return refuse();
      span.from = *from;
      span.to = *to > *from ? *to : *to + kDay;
    }
    out.spans_.push_back(span);
  }
  return out;
}

std::optional<Time> WeekHours::until(Time at) const {
  const date::time_zone* zone = find_zone(zone_);
  if (zone == nullptr) return Time::max();  // the tz database lost it: better a notice too many
  const auto today = std::chrono::floor<date::days>(zone->to_local(at));
  std::optional<Time> end;
  for (const Span& span : spans_) {
    for (int back = 2; back >= 0; --back) {
      const auto day = today - date::days(back);
      if ((span.days >> date::weekday(day).c_encoding() & 1) == 0) continue;
      const auto from = zone->to_sys(day + std::chrono::minutes(span.from), date::choose::earliest);
      const auto to = zone->to_sys(day + std::chrono::minutes(span.to), date::choose::latest);
      if (at >= from && at < to) end = std::max<Time>(end.value_or(at), std::chrono::time_point_cast<Millis>(to));
    }
  }
  return end;
}

Status WeekHours::close_on(const std::vector<std::string>& days) {
  for (const std::string& day : days) {
    // 2024 had a 29th of February.
    const std::string whole = day.size() == 5 ? "2024-" + day : day;
    if (whole.size() != 10 || !parse_local(whole, ""))
      return Error{Code::Invalid, "not a day: \"" + day + "\"; write 2026-12-25, or 12-25 for every year"};
  }
  closed_ = days;
  return {};
}

bool WeekHours::contains(Time at) const {
  if (!closed_.empty()) {
    const std::string today = show_local(at, zone_).substr(0, 10);
    for (const std::string& day : closed_) {
      if (std::string_view(today).ends_with(day)) return false;
    }
  }
  return spans_.empty() || until(at).has_value();
}

Time WeekHours::next(Time at) const {
  constexpr date::days kFar(366);
  const date::time_zone* zone = find_zone(zone_);
  if (zone == nullptr || contains(at)) return at;
  // They can begin with a span, or with the day after a day off.
  const auto today = std::chrono::floor<date::days>(zone->to_local(at));
  for (auto day = today; day <= today + kFar; day += date::days(1)) {
    std::optional<Time> first;
    const auto try_at = [&](int minutes) {
      const auto begin = zone->to_sys(day + std::chrono::minutes(minutes), date::choose::earliest);
      const Time moment = std::chrono::time_point_cast<Millis>(begin);
      if (moment > at && (!first || moment < *first) && contains(moment)) first = moment;
    };
    try_at(0);
    for (const Span& span : spans_) {
      if ((span.days >> date::weekday(day).c_encoding() & 1) != 0) try_at(span.from);
    }
    if (first) return *first;
  }
  return at + kFar;
}

std::string show_local(Time at, std::string_view zone) {
  const date::time_zone* where = find_zone(zone);
  if (where == nullptr) return format_time(at);
  const auto local = where->to_local(at);
  const auto day = std::chrono::floor<date::days>(local);
  const date::year_month_day ymd(day);
  const auto minute = std::chrono::floor<std::chrono::minutes>(local - day).count();
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}{}", static_cast<int>(ymd.year()), static_cast<unsigned>(ymd.month()),
                     static_cast<unsigned>(ymd.day()), minute / 60, minute % 60, zone.empty() ? " UTC" : "");
}

Result<Time> parse_local(std::string_view text, std::string_view zone) {
  const auto refuse = [&] {
    return Error{Code::Invalid,
                 "not a time: \"" + std::string(text) + "\"; write 2026-12-01 02:00, or 2026-12-01T02:00:00+09:00"};
  };
  const date::time_zone* where = find_zone(zone);
  if (where == nullptr) return no_zone(zone);
  if (auto absolute = parse_time(text)) return absolute;
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return refuse();
  const auto year = parse_unsigned(text.substr(0, 4)), month = parse_unsigned(text.substr(5, 2)),
             day = parse_unsigned(text.substr(8, 2));
  if (!year || !month || !day) return refuse();
  const date::year_month_day date{date::year(static_cast<int>(*year)), date::month(static_cast<unsigned>(*month)),
                                  date::day(static_cast<unsigned>(*day))};
  std::string_view rest = text.substr(10);
  if (!rest.empty() && rest[0] != ' ' && rest[0] != 'T') return refuse();
  const auto minute = rest.empty() ? std::optional<int>(0) : minutes_of(rest.substr(1));
  if (!date.ok() || !minute || *minute == kDay) return refuse();
  return std::chrono::time_point_cast<Millis>(
      where->to_sys(date::local_days(date) + std::chrono::minutes(*minute), date::choose::earliest));
}

bool is_zone(std::string_view zone) { return find_zone(zone) != nullptr; }

}  // namespace bongsu
