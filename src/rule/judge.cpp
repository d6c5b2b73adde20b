// SPDX-License-Identifier: Apache-2.0
#include "rule/judge.h"

#include <bit>

namespace bongsu::rule {

Verdict judge(const ItemSpec& item, Clocks& clocks, double value, Time now) {
  Verdict verdict;
  for (const Level& level : item.levels) {
    LevelClock& clock = clock_of(clocks, level.severity);
    const LevelClock before = clock;
    const bool beyond = item.below ? value < level.limit : value > level.limit;
    const bool ended = item.below ? value >= level.limit + item.clear : value <= level.limit - item.clear;
    if (level.count.of > 1) {
      const std::uint64_t mask = level.count.of >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << level.count.of) - 1;
      clock.history = (clock.history << 1 | (beyond ? 1U : 0U)) & mask;
    } else {
      clock.history = 0;
    }
    if (!beyond) clock.since.reset();
    else if (!clock.since || *clock.since > now) clock.since = now;  // later than now: the wall clock was set back
    if (clock.reached) {
      clock.reached = !ended;
    } else if (beyond && now - *clock.since >= level.hold) {
      clock.reached = level.count.of <= 1 || std::popcount(clock.history) >= level.count.needed;
    }
    if (clock.reached) verdict.level = &level;
    verdict.pending = verdict.pending || (beyond && !clock.reached);
    verdict.changed = verdict.changed || clock != before;
  }
  return verdict;
}

bool forget_pending(Clocks& clocks) {
  bool changed = false;
  for (LevelClock& clock : clocks) {
    const LevelClock before = clock;
    clock.since.reset();
    clock.history = 0;
    changed = changed || clock != before;
  }
  return changed;
}

}  // namespace bongsu::rule
