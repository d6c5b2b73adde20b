// SPDX-License-Identifier: Apache-2.0
// The writer's part for memory: what series take is counted, and kept below the bound by sealing early.
#include <algorithm>
#include <utility>

#include "store/core.h"

namespace bongsu::store {
namespace {
constexpr Millis kLookEvery = std::chrono::seconds(1);
constexpr std::size_t kWorthSealing = 1 << 10;  // octets of open samples of a block
}  // namespace

void Store::Core::look_at_memory() {
  const SteadyTime now = clock_.steady();
  if (now - last_memory_ < kLookEvery) return;
  last_memory_ = now;
  struct Open {
    std::uint32_t number;
    std::size_t octets;
  };
  std::vector<Open> open;
  Memory used;
  for (Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
    const std::uint32_t number = block->number();
    std::lock_guard hold(block->mutex);
    used.series += block->memory();
    if (options_.series_memory != 0 && block->open_octets() >= kWorthSealing) open.push_back({number, block->open_octets()});
  }
  {
    std::shared_lock hold(index_mutex_);
    used.labels = index_.octets();
  }
  if (const auto rocks = this->rocks()) used.cache = rocks->cache_octets();
  used.pending = waiting_points_.load() * sizeof(Point);
  count_.memory_series.set(static_cast<double>(used.series));
  count_.memory_labels.set(static_cast<double>(used.labels));
  count_.memory_cache.set(static_cast<double>(used.cache));
  count_.memory_pending.set(static_cast<double>(used.pending));
  *memory_.lock() = used;

  std::uint64_t taken = used.series + used.labels;
  if (options_.series_memory == 0 || !usable()) return;
  if (taken > options_.series_memory) {
    // The fullest first: what is sealed late packs best.
    std::sort(open.begin(), open.end(), [](const Open& a, const Open& b) { return a.octets > b.octets; });
    const std::uint64_t wanted = options_.series_memory - options_.series_memory / 16;
    std::vector<std::uint32_t> sealed;
    for (auto at = open.begin(); at != open.end() && taken > wanted; ++at) {
      Block& block = *blocks_.find(at->number);
      std::lock_guard hold(block.mutex);
      block.seal_early();
      count_.sealed_early.add();
      taken -= std::min<std::uint64_t>(taken, at->octets);
      if (!std::exchange(block.listed, true)) sealed.push_back(at->number);
    }
    std::lock_guard hold(inbox_mutex_);
    inbox_.blocks.insert(inbox_.blocks.end(), sealed.begin(), sealed.end());
  }
  series_full_ = taken > options_.series_memory;
}

}  // namespace bongsu::store
