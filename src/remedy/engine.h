// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "model/alarm.h"
#include "model/device.h"
#include "model/state.h"
#include "remedy/book.h"
#include "remedy/hands.h"
#include "remedy/spec.h"

namespace bongsu::remedy {

// A remedy as it stands now.
struct RemedyState {
  Remedy remedy;
  Tally tally;
  int within_hour = 0;  // runs
  std::optional<Run> last;
};

// What the script of `remedy` gets for an alarm: JSON on its input, and BONGSU_* in its environment, without control characters
// and bounded. `device` may be unknown.
Order order_of(const Remedy& remedy, std::uint64_t run, const Alarm& alarm, const std::optional<DeviceState>& device);

// Runs scripts on news of alarms (kRemedyNewsTable), at most once for each alarm: that a script is handed over is kept before
// it is, so that a crash in between leaves one whose outcome is unknown, which is told and not run again.
// Kept records: src/remedy/FORMAT.md. Metrics: bongsu_remedy_runs_total{remedy,outcome="good|bad|unknown|failed"},
// bongsu_remedy_commit_failures_total, bongsu_remedy_stopped.
class Engine {
 public:
  // Restores what was kept. All parts must outlive it. Errors: Corrupt, Unavailable.
  static Result<std::unique_ptr<Engine>> open(Spec spec, StateStore& state, const DeviceSource& devices, Hands& hands,
                                              Metrics& metrics, Time now);
  ~Engine();

  // Takes the next list of remedies; runs under way go on. Thread: any.
  void reload(Spec spec);
  // Takes news, wishes and outcomes, keeps what follows from them, and hands over what is due. Waits for the disk when something
  // changed. Gives what others have to do. Thread: one at a time, not a reactor's.
  std::vector<Effect> step(Time now);

  // Thread: any.
  std::vector<RemedyState> remedies(Time now) const;                        // by name
  std::vector<Run> runs() const;                                            // newest first
  std::vector<Run> runs_of(std::uint64_t alarm) const;                      // oldest first
  Result<Order> show(const std::string& remedy, const Alarm& alarm) const;  // what would be handed over. Error: NotFound

  // Wishes; the next step takes them, and answers once they are kept. Errors: NotFound, Refused, Unavailable. Thread: any.
  std::future<Status> approve(std::uint64_t run, std::string by, bool yes);
  std::future<Status> resume(std::string remedy, std::string by);
  std::future<Result<std::uint64_t>> order(std::string remedy, Alarm alarm, std::string by);  // gives the run

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bongsu::remedy
