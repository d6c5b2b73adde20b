// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/lock.h"
#include "model/alarm_news.h"
#include "model/state.h"
#include "rule/engine.h"
#include "rule/judge.h"
#include "rule/record.h"

namespace bongsu::rule {

// One item on one label set.
struct Watch {
  std::string device;
  std::uint64_t expr = 0;
  AlarmState state = AlarmState::Normal;
  bool had_value = false;
  bool silent = false;
  std::optional<double> value;     // of the last evaluation
  std::optional<Time> last_value;  // when there was one
  bool missing = false;            // had none at the last evaluation
  Time changed;
  std::uint64_t alarm = 0;
  std::uint64_t round = 0;          // of the item, in which it last had a value
  std::optional<Severity> counted;  // as what, in Ledger::levels
  std::string cause;
  Clocks clocks;
  Unrest unrest;
};
using Watches = std::unordered_map<Labels, Watch>;

struct Item {
  std::shared_ptr<const ItemSpec> spec;
  std::uint64_t expr = 0;
  std::int64_t slot = INT64_MIN;  // the interval since 1970 that was judged last
  std::uint64_t round = 0;
  Time judged;
  bool failing = false;  // its last query gave an error
  Watches watches;
  std::map<std::string, std::uint32_t, std::less<>> per_device;  // watches
};

// What the next commit holds; a record that changes twice before it is written once.
struct Unsaved {
  std::map<std::pair<std::string_view, std::string>, std::optional<std::string>> records;  // by table and key
  std::vector<Event> events;
  bool empty() const { return records.empty() && events.empty(); }
};

// Everything judged, and how it changes. Knows no store and no lock.
class Ledger {
 public:
  explicit Ledger(std::size_t max_closed) : max_closed_(max_closed) {}

  std::map<std::string, Item, std::less<>> items;
  std::vector<Item> gone;  // whose alarms recover at the next evaluation
  std::map<std::uint64_t, Alarm> alarms;
  std::map<std::uint64_t, Alarm> shown;  // as of the last commit, which is what others see
  std::set<std::uint64_t> shown_open;    // of those
  std::unordered_map<std::uint64_t, KeptAcknowledgement> acknowledgements;
  std::set<std::uint64_t> open;   // alarms
  std::set<std::uint64_t> fresh;  // of them, those that were raised since they were last looked at for suppression
  std::unordered_map<std::uint64_t, Hush> hushes;
  std::map<std::string, Window, std::less<>> windows;       // kept
  std::map<std::string, Window, std::less<>> file_windows;  // of the configuration
  std::set<std::string, std::less<>> windows_begun;         // names of those that are being kept
  bool windows_changed = false;
  int windows_named = 0;  // by a number, since the start
  bool uplink_lost = false;
  struct Credit {
    std::string by;
    Time until;
  };
  std::unordered_map<std::uint64_t, Credit> credits;  // who repaired the alarm, should it end in time
  std::size_t watch_count = 0;
  std::array<int, 7> active{};                             // alarms by severity + 1
  std::map<std::string, LevelCounts, std::less<>> levels;  // of the watches of `items`, by device

  Severity level(const Watch& watch) const;
  void count(Watch& watch, std::optional<Severity> level);  // nothing: not counted any more
  void leave(Item item);                                    // the item is gone

  void restore(Alarm alarm);
  void show();  // what changed since it was last called
  // `spec` is the item's, or that of an override, and `judged_by` its levels there; `device` its device, where it is known.
  void with_value(Item& item, const ItemSpec& spec, std::span<const Level> judged_by, const DeviceState* device,
                  const Labels& labels, Watch& watch, double value, Time now, Unsaved& out);
  // True when the watch has just become silent: its cause is to be found.
  bool without_value(Item& item, const Labels& labels, Watch& watch, Time now, Unsaved& out);
  void set_cause(const Item& item, const Labels& labels, Watch& watch, std::string cause, Unsaved& out);
  Watch& add(Item& item, const Labels& labels, Time now);
  // Ends its alarm, saying why, and forgets it.
  void drop(Item& item, const Labels& labels, const std::string& reason, Time now, Unsaved& out);
  void drop_all(Item& item, const std::string& reason, Time now, Unsaved& out);
  // Whether its item had a value of late. Of a device that is down only those speak that tell of it: the others fell silent.
  bool speaks(const Alarm& alarm) const;
  // Suppresses an open alarm, or, with nothing, does so no longer.
  void hush(std::uint64_t alarm, const std::optional<Hush>& how, Time now, Unsaved& out);
  // Names of the windows that are open; those that are over leave.
  std::vector<std::string> open_windows(Time now, Unsaved& out);
  void expire_acknowledgements(Time now, Unsaved& out);
  // Says of an open alarm that nobody has it in hand any more.
  void unacknowledge(Alarm& alarm, Time now, Unsaved& out);
  // Alarms that no watch holds: kept by a run that ended in between, or of items that left.
  void end_strays(Time now, Unsaved& out);

 private:
  void settle(const ItemSpec& spec, const DeviceState* device, const Labels& labels, Watch& watch, const Verdict& verdict,
              Time now, Unsaved& out);
  void raise(const ItemSpec& spec, const DeviceState* device, const Labels& labels, Watch& watch, const Level& level, Time now,
             Unsaved& out);
  void flap(Watch& watch, bool on, Time now, Unsaved& out);
  void change(const ItemSpec& spec, Alarm& alarm, const Level& level, double value, Time now, Unsaved& out);
  void recover(std::uint64_t id, std::optional<double> value, const std::string& reason, Time now, Unsaved& out);
  void close(std::uint64_t id, Unsaved& out);
  void tell(const AlarmNews& news, Unsaved& out);
  void keep(const Item& item, const Labels& labels, const Watch& watch, Unsaved& out);

  std::size_t max_closed_;
  std::uint64_t next_id_ = 1;
  std::set<std::uint64_t> closed_;
  std::set<std::uint64_t> unshown_;
};

// The event of a change: "active" (raised, or at another level), "recovered", "acknowledged", "unacknowledged".
Event alarm_event(const Alarm& alarm, std::string_view what, const std::string& text, Time now);

struct Engine::State {
  explicit State(std::size_t max_closed) : ledger(Ledger(max_closed)) {}
  Guarded<Ledger> ledger;
  // The evaluating thread's own.
  Unsaved unsaved;
  std::set<std::string, std::less<>> known_devices;
  bool refused = false;  // the last commit
  std::vector<std::string> open_windows;
  Time uplink_written;
  bool waiting = true;  // an alarm waits for what becomes of devices above its own; true until it is known
};

}  // namespace bongsu::rule
