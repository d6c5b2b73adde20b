// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "poll/watch.h"

// Which of a device's tables are read at its slots, and which take turns beside them. Pure.
namespace bongsu::poll {

// For each table, by what its newest reading took (nothing: not known yet, which costs nothing): true when it has no place
// in `share` of a slot. The quickest come first, so that the sum of the others fits. A table that was slow before comes
// back only into three quarters of the share: it does not change sides at each slot.
std::vector<bool> slow_ones(std::span<const std::optional<Millis>> took, const std::vector<bool>& slow_before, Millis share);

// True when an earlier group gives, or may yet give, a metric that `run` stands back for.
bool stands_back(const GroupRun& run);

// True when the group was read lately enough (`every`); its values stand.
bool rests(const GroupRun& run, const Watch& watch);

// What is to be read in a slot, the quickest first and otherwise in their order, less what is slow or under way. Sets
// GroupRun::slow by `share`.
std::vector<std::shared_ptr<GroupRun>> due_at_slot(Watch& watch, Millis share);

// The slow table that waits longest; none that was begun in this slot.
std::shared_ptr<GroupRun> next_turn(const Watch& watch);

}  // namespace bongsu::poll
