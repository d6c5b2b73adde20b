// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/lock.h"
#include "base/result.h"
#include "base/time.h"
#include "http/server.h"
#include "model/device.h"
#include "model/state.h"
#include "notify/notifier.h"
#include "remedy/engine.h"
#include "rule/engine.h"

namespace bongsu::app {

// Drills: a fault that is none is judged on a clock that runs ahead, told to whoever would be told of a true one, marked as a
// drill, and ended as soon as all of them have been reached or will not be. No point is written, no script runs, and no alarm is
// counted. One at a time; what became of the last ones is known until the end of this run, and is an audit event each.
class Drills {
 public:
  // All must outlive it.
  Drills(rule::Engine& rules, notify::Notifier& notifier, const DeviceSource& devices, const remedy::Engine& remedies,
         StateStore& store)
      : rules_(rules), notifier_(notifier), devices_(devices), remedies_(remedies), store_(store) {}

  // Errors: NotFound, Invalid (rule::Engine::rehearse), Refused (another is under way), Unavailable (disk). Thread: any but a
  // reactor's.
  Result<http::Drill> begin(const http::DrillWish& wish, Time now);
  // Looks how it goes, once a second after the notifier's step. Thread: one at a time, not a reactor's.
  void step(Time now);
  std::vector<http::Drill> all() const;  // newest first. Thread: any.

 private:
  enum class Phase { Starting, Telling, Ending, Over };
  struct Current {
    http::Drill drill;
    Alarm alarm;
    Phase phase = Phase::Starting;
    Time since;  // of the phase
  };
  void follow(Current& one, const std::vector<notify::DrillStep>& steps, Time now);
  void finish(Current& one, Time now);
  void repairs(Current& one, const Tags& tags, Time now) const;

  rule::Engine& rules_;
  notify::Notifier& notifier_;
  const DeviceSource& devices_;
  const remedy::Engine& remedies_;
  StateStore& store_;
  Guarded<std::deque<Current>> drills_;  // oldest first
};

}  // namespace bongsu::app
