// SPDX-License-Identifier: Apache-2.0
// What of a group is read seldom.
#include <algorithm>
#include <span>

#include "base/hash.h"
#include "poll/rows.h"

namespace bongsu::poll {

static std::uint64_t hash_of(std::span<const std::uint32_t> index) {
  return hash_bytes({reinterpret_cast<const char*>(index.data()), index.size_bytes()});
}

std::vector<std::uint64_t> row_hashes(const GroupData& data) {
  std::vector<std::uint64_t> all;
  all.reserve(data.rows.size());
  for (const GroupData::Row& row : data.rows) all.push_back(hash_of(row.index));
  std::sort(all.begin(), all.end());
  return all;
}

Wanted wanted_now(const Group& group, const GroupState& state, SteadyTime now) {
  const auto seldom = [](const Leaf& leaf) { return leaf.seldom; };
  Wanted wanted{.leaves = state.used};
  if (std::none_of(group.leaves.begin(), group.leaves.end(), seldom)) return wanted;
  wanted.whole = !state.seldom.at || state.seldom.restless || now - *state.seldom.at >= kSeldom;
  if (wanted.whole) return wanted;
  wanted.leaves.resize(group.leaves.size(), true);
  for (std::size_t leaf = 0; leaf < group.leaves.size(); ++leaf) {
    if (group.leaves[leaf].seldom) wanted.leaves[leaf] = false;
  }
  return wanted;
}

bool has_new_rows(const GroupState& state, const GroupData& data) {
  return std::any_of(data.rows.begin(), data.rows.end(), [&](const GroupData::Row& row) {
    return !std::binary_search(state.seldom.rows.begin(), state.seldom.rows.end(), hash_of(row.index));
  });
}

}  // namespace bongsu::poll
