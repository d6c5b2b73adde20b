// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/server.h"
#include "model/show.h"

// What pages and API both show.
namespace bongsu::http {

// Worst first, as shown everywhere: fatal .. harmless, unknown, normal.
inline constexpr std::array kWorstFirst{Severity::Fatal,    Severity::Urgent,  Severity::Danger, Severity::Caution,
                                        Severity::Harmless, Severity::Unknown, Severity::Normal};
// Rises with how much an eye should be drawn to it: unknown stands between normal and harmless.
int urgency(Severity level);

using Counts = LevelCounts;
Counts count_all(const std::vector<DeviceLevels>& levels);   // items
Counts count_open(const std::vector<DeviceLevels>& levels);  // open alarms
std::size_t total_of(const Counts& counts);
Counts count_items(const std::vector<ItemState>& items);

struct DeviceCounts {
  std::size_t up = 0;
  std::size_t down = 0;
  std::size_t unknown = 0;
};
DeviceCounts count_devices(const std::vector<DeviceState>& devices);
std::string_view up_word(std::optional<bool> up);  // "up", "down", "unknown"
std::string_view parents_word(ParentsFrom from);   // "configured", "discovered", ""
void write_parents(JsonWriter& json, const DeviceState& device);

// Open alarms as an operator wants them: those nobody has taken yet first, then by level, then newest.
std::vector<Alarm> worst_alarms(const AlarmSource& source, std::size_t limit);

// The last value of each series of a device within the last quarter of an hour, and the one before it.
struct Latest {
  Labels labels;
  Sample last;
  std::optional<Sample> before;
};
inline constexpr Millis kLookBack{15 * 60 * 1000};
Result<std::vector<Latest>> latest_of(const Sources& sources, std::string_view device);

void write_item(JsonWriter& json, const ItemState& item);
void write_counts(JsonWriter& json, const Counts& counts);
void write_alarm_counts(JsonWriter& json, const Counts& open);  // {"total", "harmless" .. "fatal"}

}  // namespace bongsu::http
