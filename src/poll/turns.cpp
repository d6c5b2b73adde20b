// SPDX-License-Identifier: Apache-2.0
#include "poll/turns.h"

#include <algorithm>
#include <numeric>

namespace bongsu::poll {

std::vector<bool> slow_ones(std::span<const std::optional<Millis>> took, const std::vector<bool>& slow_before, Millis share) {
  std::vector<std::size_t> order(took.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto cost = [&](std::size_t at) { return took[at].value_or(Millis(0)); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return cost(a) < cost(b); });
  std::vector<bool> slow(took.size(), false);
  Millis sum{0};
  for (const std::size_t at : order) {
    sum += cost(at);
    slow[at] = sum > (slow_before[at] ? share * 3 / 4 : share);
  }
  return slow;
}

bool stands_back(const GroupRun& run) {
  return std::any_of(run.rivals.begin(), run.rivals.end(), [](const Rival& rival) { return rival.run->may_give(rival.metric); });
}

bool rests(const GroupRun& run, const Watch& watch) {
  if (run.group->every <= Millis(0) || run.fresh) return false;
  if (!run.values_at || *run.values_at != run.stamp) return false;  // the newest is a gap
  const Millis since = watch.slot - run.begun;
  return since >= Millis(0) && since < run.group->every - watch.spec.interval / 2;
}

std::vector<std::shared_ptr<GroupRun>> due_at_slot(Watch& watch, Millis share) {
  std::vector<std::shared_ptr<GroupRun>> due;
  std::vector<std::optional<Millis>> took;
  std::vector<bool> before;
  for (const auto& run : watch.groups) {
    if (!run->wanted()) continue;
    due.push_back(run);
    took.push_back(run->took);
    before.push_back(run->slow);
  }
  const std::vector<bool> slow = slow_ones(took, before, share);
  for (std::size_t i = 0; i < due.size(); ++i) due[i]->slow = slow[i];
  std::erase_if(due, [&](const auto& run) { return run->slow || run->reading != 0 || rests(*run, watch); });
  std::stable_sort(due.begin(), due.end(),
                   [](const auto& a, const auto& b) { return a->took.value_or(Millis(0)) < b->took.value_or(Millis(0)); });
  return due;
}

std::shared_ptr<GroupRun> next_turn(const Watch& watch) {
  std::shared_ptr<GroupRun> next;
  for (const auto& run : watch.groups) {
    if (!run->slow || run->reading != 0 || !run->wanted() || run->begun == watch.slot || rests(*run, watch) || stands_back(*run))
      continue;
    if (!next || run->ended < next->ended) next = run;
  }
  return next;
}

}  // namespace bongsu::poll
