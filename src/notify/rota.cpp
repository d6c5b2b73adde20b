// SPDX-License-Identifier: Apache-2.0
#include "notify/rota.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include "model/week_hours.h"

namespace bongsu::notify {
namespace {

constexpr std::int64_t kDayMinutes = 24 * 60;

// Minutes of a wall clock since the beginning of 1970, were all days of one length; -1 where the text is no such time.
std::int64_t wall_minutes(const std::string& text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0;
  if (std::sscanf(text.c_str(), "%4d-%2d-%2d %2d:%2d", &year, &month, &day, &hour, &minute) != 5) return -1;
  const std::chrono::sys_days date = std::chrono::year(year) / month / day;
  return std::int64_t{date.time_since_epoch().count()} * kDayMinutes + hour * 60 + minute;
}

// The moment at which the zone's clock first shows it.
Time moment_of(std::int64_t minutes, const std::string& zone) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(minutes / kDayMinutes))};
  const std::int64_t rest = minutes % kDayMinutes;
  return parse_local(fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), rest / 60, rest % 60),
                     zone)
      .value_or(Time{});
}

}  // namespace

OnCall on_call(const Rota& rota, Time now) {
  const std::int64_t first = wall_minutes(rota.from);
  std::int64_t shift = std::max<std::int64_t>(wall_minutes(show_local(now, rota.zone)) - first, 0) / rota.every_minutes;
  const auto begins = [&](std::int64_t number) { return moment_of(first + number * rota.every_minutes, rota.zone); };
  // The clock may have been set back over a handover, or forward over one.
  while (begins(shift + 1) <= now) ++shift;
  while (shift > 0 && begins(shift) > now) --shift;
  OnCall out{rota.turns[static_cast<std::size_t>(shift) % rota.turns.size()], begins(shift + 1)};
  for (const Rota::Swap& swap : rota.swaps) {
    if (swap.from <= now && now < swap.until) out = {swap.who, swap.until};
    else if (now < swap.from && swap.from < out.until) out.until = swap.from;
  }
  return out;
}

}  // namespace bongsu::notify
