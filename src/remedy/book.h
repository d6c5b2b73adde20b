// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "model/alarm_news.h"
#include "model/event.h"
#include "model/state.h"
#include "remedy/run.h"
#include "remedy/spec.h"

namespace bongsu::remedy {

// What a run's beginning and end mean for others, to be taken upwards.
struct Effect {
  std::uint64_t alarm = 0;
  std::string device;
  std::string repaired_by;  // who, should the alarm end before `until`; empty: nobody any more
  Time until;
  bool poll = false;  // the device is to be asked at once
  friend bool operator==(const Effect&, const Effect&) = default;
};

// Decides which script runs for which alarm, and when. Knows no store, no runner, no lock and no clock.
class Book {
 public:
  explicit Book(std::shared_ptr<const Spec> spec) : spec_(std::move(spec)) {}
  void use(std::shared_ptr<const Spec> spec) { spec_ = std::move(spec); }
  const Spec& spec() const { return *spec_; }
  // What was kept. A run that had been started may have run, and nobody knows: it is told, and not run again.
  void restore(Run run, Time now);
  void restore(std::string name, Tally tally);

  void take(const AlarmNews& news, const Tags& tags, Time now);
  // Errors: NotFound, Refused.
  Status approve(std::uint64_t run, const std::string& by, bool yes, Time now);
  Status resume(const std::string& remedy, const std::string& by, Time now);
  // By hand: limits by the hour and failures do not count. Gives the run.
  Result<std::uint64_t> order(const std::string& remedy, const Alarm& alarm, const std::string& by, Time now);

  // Runs that begin now; each is Started, and handed over only after what changed was saved.
  std::vector<Run> start(Time now);
  void not_begun(std::uint64_t run, const Error& error, Time now);
  void ended(std::uint64_t run, Result<Outcome> outcome, Time now);

  // What changed since saved().
  StateBatch unsaved() const;
  void saved();
  std::vector<Effect> take_effects() { return std::exchange(effects_, {}); }

  const std::map<std::uint64_t, Run>& runs() const { return runs_; }
  Tally tally(std::string_view remedy) const;
  int within_hour(std::string_view remedy, Time now) const;

 private:
  Run& add(const Remedy& remedy, const Alarm& alarm, RunState state, std::string why, Time now);
  void finish(Run& run, RunState state, std::string why, Time now);
  void count(const Run& run, bool good, Time now);
  void tell(const Run& run, Severity severity, const std::string& text, Time now);
  void trim(Time now);

  std::shared_ptr<const Spec> spec_;
  std::map<std::uint64_t, Run> runs_;
  std::map<std::string, Tally, std::less<>> tallies_;
  std::set<std::uint64_t> dirty_;
  std::set<std::string> dirty_tallies_;
  std::vector<Event> events_;
  std::vector<Effect> effects_;
  std::uint64_t next_ = 1;
};

}  // namespace bongsu::remedy
