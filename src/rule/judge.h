// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "model/alarm.h"
#include "rule/spec.h"

namespace bongsu::rule {

// What one level remembers of one label set.
struct LevelClock {
  std::optional<Time> since;  // beyond the limit at every evaluation from here on
  std::uint64_t history = 0;  // beyond the limit: the last evaluations, the newest in bit 0
  bool reached = false;
  friend bool operator==(const LevelClock&, const LevelClock&) = default;
};
using Clocks = std::array<LevelClock, 5>;  // by severity, Harmless first
inline LevelClock& clock_of(Clocks& clocks, Severity severity) {
  return clocks[static_cast<std::size_t>(to_number(severity) - 1)];
}

struct Verdict {
  const Level* level = nullptr;  // the worst that is reached
  bool pending = false;          // beyond a limit whose level is not reached
  bool changed = false;          // a clock is not what it was: worth keeping
};

// One evaluation of one label set at `now`, by `levels` of the item (rule/limits.h), to which the verdict refers. `value` is not
// NaN.
Verdict judge(const ItemSpec& item, std::span<const Level> levels, Clocks& clocks, double value, Time now);
// How a level comes and goes. One way through several levels is one turn: a long rise and a long fall are two.
struct Unrest {
  Severity stood = Severity::Normal;  // as last judged; an alarm that flaps may show another
  bool rising = false;                // the way it last went
  std::vector<Time> turns{};          // when that changed, the newest last
  bool flapping = false;              // too often
};
// Notes that the level is `next`. True when something is to be kept.
bool turn(const ItemSpec& item, Unrest& unrest, Severity next, Time now);
// After a silence: what was pending has not lasted. Levels that are reached stay. True when something changed.
bool forget_pending(Clocks& clocks);

}  // namespace bongsu::rule
