// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "model/labels.h"
#include "model/severity.h"

namespace bongsu {

enum class AlarmState : std::uint8_t { Normal, Pending, Active, Recovered };
std::string_view to_string(AlarmState state);  // "active"

// Ids of drills' alarms begin here, beyond all others: what is told of them says so, and they are counted nowhere.
inline constexpr std::uint64_t kFirstDrill = std::uint64_t{1} << 52;

// One per item and label set, from the first time a level was reached until it recovered.
struct Alarm {
  std::uint64_t id = 0;  // unique in a store, rising
  std::string item;      // name of the watch item
  std::string title;
  Labels labels;       // of the judged series, without __name__
  std::string device;  // labels["device"]
  AlarmState state = AlarmState::Active;
  Severity level = Severity::Normal;  // now
  Severity peak = Severity::Normal;   // the highest it was
  double value = 0;                   // at the last change
  double limit = 0;                   // of the level
  std::string unit;
  std::string meaning;  // of the value, where the item names its values: "no answer"; else empty
  std::string asked;    // the device's address, and what it answered of late where it did not: "192.0.2.7: no answer to ping"
  std::string why;
  Time since;    // first reached any level
  Time changed;  // last change of level or state
  std::optional<Time> ended;
  bool acknowledged = false;
  bool suppressed = false;    // nobody is told while it is
  std::string suppressed_by;  // what hides it, for a person: "maintenance patch-night", "core-sw1 is down"
  bool flapping = false;      // its level changes all the time: told once, until it comes to rest
  bool drill() const { return id >= kFirstDrill; }
  friend bool operator==(const Alarm&, const Alarm&) = default;
};

// A watch item on one label set, as it stands now.
struct ItemState {
  std::string item;
  std::string title;
  Labels labels;
  std::string device;
  AlarmState state = AlarmState::Normal;
  Severity level = Severity::Normal;  // Unknown when there is no data
  std::optional<double> value;        // of the last evaluation
  std::string unit;
  std::string meaning{};  // as Alarm::meaning
  std::string why;
  std::string cause;  // of Unknown: "timeout", "no data", ...
  Time changed;
  std::uint64_t alarm = 0;  // id of the open alarm, 0 for none
};

// How many of each level.
struct LevelCounts {
  std::array<std::size_t, 7> of{};  // by to_number + 1
  std::size_t& operator[](Severity level) { return of[static_cast<std::size_t>(to_number(level) + 1)]; }
  std::size_t operator[](Severity level) const { return of[static_cast<std::size_t>(to_number(level) + 1)]; }
  friend bool operator==(const LevelCounts&, const LevelCounts&) = default;
};
struct DeviceLevels {
  std::string device;
  LevelCounts items;
  LevelCounts alarms{};  // open ones
  friend bool operator==(const DeviceLevels&, const DeviceLevels&) = default;
};

struct AlarmQuery {
  bool active_only = true;
  std::optional<Severity> min_level;
  std::string device;  // empty for any
  std::size_t limit = 1000;
  std::uint64_t before_id = 0;  // older than this id; 0 for no bound
};

// What is judged. Thread: any; answers are copies.
class AlarmSource {
 public:
  virtual ~AlarmSource() = default;
  // Newest first.
  virtual std::vector<Alarm> alarms(const AlarmQuery& query) const = 0;
  virtual std::optional<Alarm> alarm(std::uint64_t id) const = 0;
  // All items of a device, or of every device when the name is empty; sorted by device, item, labels.
  virtual std::vector<ItemState> items(std::string_view device) const = 0;
  // The items and open alarms of every device, counted: sorted by device, without those that have none. They differ: the
  // items of a device that fell silent are unknown while its alarms stay open. What a source can do without making all of
  // items() it overrides.
  virtual std::vector<DeviceLevels> levels() const;
  // One item's, of every device, in the same order; likewise.
  virtual std::vector<ItemState> of_item(std::string_view item) const;
};

}  // namespace bongsu
