// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "model/marker.h"
#include "model/varbind.h"

// Counters as they are stored: monotonic, 64 bits wide, restarted only when the device did.
namespace bongsu::poll {

// What is known around one reading.
struct Moment {
  SteadyTime at;                        // of the reading
  bool restarted = false;               // the device, or this row's counters, since the reading before
  std::optional<double> since_restart;  // seconds; of a restart
};

// One counter object of one row.
struct CounterState {
  bool known = false;
  ValueType type = ValueType::Null;
  std::uint64_t raw = 0;    // last reading
  std::uint64_t total = 0;  // unwrapped
  double owed = 0;          // growth that was held back at line speed
  int over = 0;             // readings in a row beyond what the line can carry
  SteadyTime at;
};

struct CounterStep {
  std::uint64_t total = 0;
  std::optional<double> growth;  // since the last reading; nothing on the first, after a reset and at a gap
  std::optional<GapCause> gap;   // the reading does not tell: no value now, and the next one goes on from here
  bool reset = false;
};

// Takes one reading. `max_rate` is the largest possible growth a second (line speed), nothing when unknown.
// - A Counter32 that became smaller wrapped (RFC 2578 section 7.1.6) when the growth that this means is possible, or, with
//   no max_rate, is below half the range; else it was cleared and restarts.
// - A Counter32 that could have wrapped more than once is a gap (ambiguous).
// - After a restart the value restarts, unless it is more than could have grown since then: an agent's restart alone.
// - Growth beyond the line is stored at line speed where it is jitter (a cache of the agent), the rest follows; more is a gap.
//   Three of those in a row, and the line speed is not believed any more.
CounterStep step(CounterState& state, ValueType type, std::uint64_t raw, const Moment& moment, std::optional<double> max_rate);

// A series over one or more counters: goes on at its height when its source changes (64 to 32 bit).
struct SeriesContinuity {
  bool known = false;
  std::uint64_t source = 0;
  double last = 0;    // as stored
  double offset = 0;  // stored - computed
};
// Nothing when the source changed: a gap (discontinuity), and the next one goes on.
std::optional<double> carry_on(SeriesContinuity& state, double computed, std::uint64_t source, bool reset);

// Tells a restart from sysUpTime's own wrap at 497 days, and from a poll that came late.
struct UptimeState {
  bool known = false;
  std::uint32_t ticks = 0;  // hundredths of a second
  SteadyTime at;
};
// True when the agent restarted since the reading before. A value that lags behind the time that passed (by more than a
// tenth and 30 s) is a restart too: it may have grown past the last one.
bool restarted(UptimeState& state, std::uint32_t ticks, SteadyTime at);

}  // namespace bongsu::poll
