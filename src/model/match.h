// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/alarm.h"
#include "model/week_hours.h"

namespace bongsu {

using Tags = std::map<std::string, std::string>;  // of a device

// Which alarms a route, a maintenance window or a script is for. All that is given must hold; of a list, one. Names may
// hold `*`.
struct Match {
  std::optional<Severity> from;  // the alarm's level
  std::vector<std::string> items;
  std::vector<std::string> devices;
  std::map<std::string, std::vector<std::string>> tags;    // of the device
  std::map<std::string, std::vector<std::string>> labels;  // of the alarm
  WeekHours hours;
  friend bool operator==(const Match&, const Match&) = default;
};

// `*` stands for any text.
bool fits(std::string_view pattern, std::string_view text);
// Whether items, devices, tags and labels hold; level and hours are not asked.
bool covers(const Match& match, std::string_view item, std::string_view device, const Labels& labels, const Tags& tags);
// Why it is not for the alarm at `now`; nothing when it is.
std::optional<std::string> refuses(const Match& match, const Alarm& alarm, const Tags& tags, Time now);

}  // namespace bongsu
