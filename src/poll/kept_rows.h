// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "poll/rows.h"

// A group's rows as a record that outlives a restart: which row is which thing, and where its counters and series stand.
// Its form is in FORMAT.md.
namespace bongsu::poll {

// What the numbers in a record mean: leaves and metrics of a group.
struct GroupLayout {
  std::uint64_t print = 0;  // a record of another print gives its rows' identity alone
  std::uint32_t leaves = 0;
  std::uint32_t metrics = 0;
};
GroupLayout layout_of(const Group& group);

// One moment on both clocks: the wall clock outlives a restart, the steady clock does not.
struct ClockPair {
  Time wall;
  SteadyTime steady;
};
std::string encode_rows(const GroupLayout& layout, const GroupState& state, const ClockPair& now);
// The times of readings come back on the steady clock of `now`. Errors: Corrupt, Truncated, Unsupported (a newer version).
Result<GroupState> decode_rows(std::string_view record, const GroupLayout& layout, const ClockPair& now);

}  // namespace bongsu::poll
