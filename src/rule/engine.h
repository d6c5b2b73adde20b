// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "model/alarm.h"
#include "model/alarm_news.h"
#include "model/device.h"
#include "model/sink.h"
#include "model/source.h"
#include "model/state.h"
#include "query/engine.h"
#include "rule/spec.h"
#include "rule/window.h"

namespace bongsu::rule {

class Ledger;
struct Item;

struct EngineOptions {
  query::EngineOptions query;
  std::size_t max_closed = 10'000;        // recovered alarms kept, the newest
  std::size_t max_watches = 1'000'000;    // item x label set
  Millis forget{std::chrono::hours(24)};  // a label set that is silent so long on a device that answers is gone
  bool log_changes = true;                // of alarms, for whoever reads the daemon's log
  // Where bongsu_uplink_up is written, every ten seconds while there are devices: 0 while none of them can be reached. Must
  // outlive the engine.
  PointSink* own_points = nullptr;
  Prober* prober = nullptr;  // asks devices above one before its alarm is told; must outlive the engine
};

struct Acknowledgement {
  std::string by;
  std::string note;
  std::optional<Time> until;  // ends by itself
  bool until_worse = false;   // ends when the level rises
};

// Judges watch items and keeps their alarms. What changes is committed with the alarm events and news (model/alarm_news.h) that
// belong to it, so that a restart neither repeats nor loses one; alarms are shown once the store has answered. An open alarm
// is suppressed, which means that nobody is told of it, while a maintenance window is open for it, or while all parents of
// its device are down: before a child's alarm is told, all devices above it are asked. Where a device with none above it is down,
// some others are asked: when none answers, Bongsu's own connection is at fault, and bongsu_uplink_up alone tells. Kept records:
// src/rule/FORMAT.md. Metrics: bongsu_rule_evaluations_total, bongsu_rule_failures_total, bongsu_rule_commit_failures_total,
// bongsu_rule_watches_refused_total, bongsu_rule_lateness_seconds, bongsu_alarms_active{level}, bongsu_watches.
class Engine final : public AlarmSource {
 public:
  // Restores what `state` kept. Points, devices, state and metrics must outlive it. Errors: Corrupt, Unavailable.
  static Result<std::unique_ptr<Engine>> open(std::vector<ItemSpec> items, const PointSource& points, const DeviceSource& devices,
                                              StateStore& state, Metrics& metrics, EngineOptions options = {});
  ~Engine() override;

  // Takes the next list of items; what an item remembers stays with its name, level by level. Alarms of items that are gone or
  // switched off recover at the next evaluation. Thread: any.
  void reload(std::vector<ItemSpec> items);

  // Judges every item that is due at `now`: once in each of its intervals. Waits for the disk when something changed; a
  // commit that fails is tried again at the next call. Thread: one at a time, not a reactor's.
  void evaluate(Time now);

  // Maintenance. Those of the configuration are set as a whole; the others are kept, and leave when they are over. What they
  // change shows at the next evaluation. Errors: Invalid (check_window), Exists (the name), NotFound, Refused (it is
  // of the configuration), Unavailable (disk). Thread: any; begin and end not a reactor's.
  void set_windows(std::vector<Window> windows);
  Result<std::string> begin_window(Window window, Time now);  // its name; one is made where it has none
  Status end_window(const std::string& name, const std::string& by, Time now);
  struct WindowState {
    Window window;
    bool open = false;
    std::optional<Time> ends{};  // of an open one, if it does
    std::size_t alarms = 0;      // that it suppresses
  };
  std::vector<WindowState> windows(Time now) const;  // by name

  std::vector<Alarm> alarms(const AlarmQuery& query) const override;
  std::optional<Alarm> alarm(std::uint64_t id) const override;
  std::vector<ItemState> items(std::string_view device) const override;
  std::vector<DeviceLevels> levels() const override;
  std::vector<ItemState> of_item(std::string_view item) const override;

  // Every item by name, when it was judged last, and whether its expression could not be evaluated then. Thread: any.
  struct Health {
    std::shared_ptr<const ItemSpec> item;
    std::optional<Time> judged;
    bool failing = false;
  };
  std::vector<Health> health() const;

  // Errors: NotFound, Refused (the alarm has recovered), Unavailable (disk; then nothing changed). Thread: any, not a reactor's.
  Status acknowledge(std::uint64_t id, const Acknowledgement& acknowledgement, Time now);
  // Who repaired the alarm, should it recover before `until`; nobody where `by` is empty. Not kept. Thread: any.
  void credit(std::uint64_t alarm, std::string by, Time until);
  Status unacknowledge(std::uint64_t id, const std::string& by, Time now);

  // What a fault of the item would come to, on one label set of the device (empty: of none): it is judged as it is judged there,
  // on a clock that runs ahead, and nothing of it is kept. `level`: which; nothing: the worst. Errors: NotFound (no such item, or
  // it is not judged there), Invalid (it has no such level). Thread: any.
  struct Rehearsal {
    std::optional<double> value{};  // of the item there now
    std::string cause;              // where there is none
    Alarm alarm;                    // as it would be raised
    Millis after{0};                // from the fault's beginning
    std::string problem;            // why it would not be raised, or would not end; empty: it would
    std::string hidden;             // why nobody would be told; empty: they would
  };
  Result<Rehearsal> rehearse(const std::string& item, const std::string& device, std::optional<Severity> level, Time now) const;
  // Hands on that a drill's alarm began or ended, as the news of a true one: to those who tell, not to those who repair. Error:
  // Unavailable (disk). Thread: any, not a reactor's.
  Status tell_drill(const AlarmNews& news);

 private:
  struct State;
  struct Round;
  std::vector<ItemState> states(std::string_view device, std::string_view item) const;
  Engine(const PointSource& points, const DeviceSource& devices, StateStore& state, Metrics& metrics, EngineOptions options);
  Status restore();
  std::string silence_cause(const ItemSpec& item, const std::string& device, Time now,
                            const std::optional<DeviceState>& known) const;
  void apply(Ledger& ledger, Item& item, const query::Answer& answer, Round& round);
  void miss(Ledger& ledger, Item& item, const Labels& labels, Round& round);
  void suppress(Round& round, bool judged);
  void write_uplink(Round& round);
  void commit();
  void save();
  static void put_news(StateBatch& batch, AlarmChange change, Alarm alarm, const std::string& by, const std::string& note,
                       Time now);

  const PointSource& points_;
  const DeviceSource& devices_;
  StateStore& store_;
  Metrics& metrics_;
  const EngineOptions options_;
  std::unique_ptr<State> state_;
};

}  // namespace bongsu::rule
