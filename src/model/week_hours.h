// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bongsu {

// Hours of the week on somebody's clock: "Mon-Fri 08:00-19:00, Sat 09:00-12:00", "daily 22:00-06:00", "always". A span that
// ends before it begins runs into the next day. Across a change to or from summer time the wall clock decides, and a span
// stays one piece: where an hour comes twice it goes from the first of its beginnings to the last of its ends.
class WeekHours {
 public:
  WeekHours() = default;  // always, in UTC
  // Zones are those of the system's tz database ("Asia/Seoul"); an empty one is UTC. Error: Invalid, naming the word.
  static Result<WeekHours> parse(std::string_view text, std::string_view zone);

  // Days on which it is not: "2026-12-25", or "12-25" of every year, on the zone's clock. Error: Invalid, naming the word.
  Status close_on(const std::vector<std::string>& days);

  bool always() const { return spans_.empty() && closed_.empty(); }
  bool contains(Time at) const;
  // The end of the span that `at` is in; nothing outside of all, and where there are none. Days off do not cut a span.
  std::optional<Time> until(Time at) const;
  // The first minute at or after `at` that is within; `at` itself when it is. After 366 days without one: their end, outside.
  Time next(Time at) const;
  const std::string& zone() const { return zone_; }
  const std::string& text() const { return text_; }
  friend bool operator==(const WeekHours&, const WeekHours&) = default;

 private:
  struct Span {
    std::uint8_t days = 0;  // bit 0 is Sunday: on which it begins
    int from = 0;           // minutes of the day
    int to = 0;             // more than a day's minutes where it runs into the next
    friend bool operator==(const Span&, const Span&) = default;
  };
  std::vector<Span> spans_;
  std::vector<std::string> closed_;  // as given
  std::string text_ = "always";
  std::string zone_;
};

// "2026-11-23 14:05" on the clock of `zone` (empty: UTC), for a person.
std::string show_local(Time at, std::string_view zone);
// "2026-11-23 14:05" on the clock of `zone`, or any RFC 3339 time. Where the clock skips it the moment of the skip, where it
// comes twice the first. Error: Invalid.
Result<Time> parse_local(std::string_view text, std::string_view zone);
bool is_zone(std::string_view zone);

}  // namespace bongsu
