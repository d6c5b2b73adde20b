// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "store/head.h"

namespace bongsu::store {

// The blocks of all series that have ever been, by number. A block, once made, stays until the end; one whose series are all
// gone takes 17 octets for each. Thread: find and bound any; make one at a time.
class BlockTable {
 public:
  BlockTable() : pages_(std::make_unique<Pages>()) {}
  ~BlockTable() {
    for (auto& page : *pages_) {
      if (Page* own = page.load(); own != nullptr) {
        for (auto& block : *own) delete block.load();
        delete own;
      }
    }
  }
  BlockTable(const BlockTable&) = delete;
  BlockTable& operator=(const BlockTable&) = delete;

  Block* find(std::uint64_t number) const {  // null for one that was not made
    if (number >= kPageBlocks * kPages) return nullptr;
    const Page* page = (*pages_)[static_cast<std::size_t>(number / kPageBlocks)].load(std::memory_order_acquire);
    return page == nullptr ? nullptr : (*page)[static_cast<std::size_t>(number % kPageBlocks)].load(std::memory_order_acquire);
  }
  // The first from this number on; null behind the last.
  Block* from(std::uint64_t number) const {
    number = std::max<std::uint64_t>(number, least_.load());
    while (number < bound_.load()) {
      const Page* page = (*pages_)[static_cast<std::size_t>(number / kPageBlocks)].load(std::memory_order_acquire);
      if (page == nullptr) {
        number = (number / kPageBlocks + 1) * kPageBlocks;
        continue;
      }
      if (Block* block = (*page)[static_cast<std::size_t>(number % kPageBlocks)].load(std::memory_order_acquire)) return block;
      ++number;
    }
    return nullptr;
  }
  // Which must not be there yet.
  void make(std::unique_ptr<Block> block) {
    const std::uint32_t number = block->number();
    std::atomic<Page*>& page = (*pages_)[number / kPageBlocks];
    if (page.load() == nullptr) page.store(new Page(), std::memory_order_release);
    (*page.load())[number % kPageBlocks].store(block.release(), std::memory_order_release);
    if (number < least_.load()) least_.store(number);
    if (number >= bound_.load()) bound_.store(number + 1);
    ++size_;
  }
  std::uint32_t size() const { return size_.load(); }

 private:
  static constexpr std::uint64_t kPageBlocks = 1024;
  static constexpr std::uint64_t kPages = (std::uint64_t{1} << 32) / Block::kSeries / kPageBlocks;
  using Page = std::array<std::atomic<Block*>, kPageBlocks>;
  using Pages = std::array<std::atomic<Page*>, kPages>;
  std::unique_ptr<Pages> pages_;
  std::atomic<std::uint32_t> least_{UINT32_MAX};
  std::atomic<std::uint32_t> bound_{0};  // numbers are below
  std::atomic<std::uint32_t> size_{0};
};

}  // namespace bongsu::store
