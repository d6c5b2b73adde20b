// SPDX-License-Identifier: Apache-2.0
#include "rule/judge.h"

#include <bit>
#include <utility>

namespace bongsu::rule {

Verdict judge(const ItemSpec& item, std::span<const Level> levels, Clocks& clocks, double value, Time now) {
  Verdict verdict;
  for (const Level& level : levels) {
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

bool turn(const ItemSpec& item, Unrest& unrest, Severity next, Time now) {
  auto& [stood, rising, turns, flapping] = unrest;
  const std::size_t most = item.flapping.changes;
  const bool moved = next != stood;
  const bool turned = moved && std::exchange(rising, stood < next) != (stood < next);
  stood = next;
  if (turned) turns.push_back(now);
  if (turns.size() > Flapping::kMostTurns) turns.erase(turns.begin());
  const bool before = flapping;
  const Millis within = item.flapping.within.value_or(32 * item.interval);
  const auto since = [&](std::size_t changes) { return turns.size() >= changes && now - turns[turns.size() - changes] < within; };
  if (most == 0) flapping = false;
  else if (flapping) flapping = since(2);
  else if (turned && next != Severity::Normal) flapping = since(most);
  return moved || flapping != before;
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
