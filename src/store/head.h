// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/chunk.h"

namespace bongsu::store {

// A chunk that takes no more samples, on its way to the disk.
struct SealedChunk {
  std::uint32_t series = 0;
  bool late = false;        // its samples came after later ones; they win over a chunk in time order
  std::uint64_t order = 0;  // of a late one on disk; rises with arrival
  Time first{};
  Time last{};
  std::shared_ptr<const std::string> value;
};

// The newest samples of one series. In time order they fill `open`; a sample older than the first of `open`, or one that
// would make a full `open` longer, goes to the block's late list. So chunks in order never overlap each other, and where a
// late one overlaps, its samples came later and win.
struct Head {
  bool alive = false;
  Time newest = Time::min();
  Time newest_late = Time::min();  // of all that ever came late
  Chunk open{};
};

// 256 series with numbers in a row: the unit of locking, and of saving the open chunks.
class Block {
 public:
  static constexpr std::uint32_t kSeries = 256;
  explicit Block(std::uint32_t number) : number_(number) {}

  std::uint32_t number() const { return number_; }

  std::mutex mutex;  // around everything below

  Head& head(std::uint32_t series) { return heads_[series % kSeries]; }
  // What append does with a sample, once it is accepted; true when a chunk was sealed.
  bool put(std::uint32_t series, const Sample& sample);
  // What is in memory of a series. At equal times chunks in order lose to `open`, all of these to late chunks in their
  // order, and these to `late`.
  struct Parts {
    std::vector<SealedChunk> sealed;
    std::vector<Sample> open;
    std::vector<Sample> late;
    Time complete_from = Time::max();  // from here on, no sample of the series is on disk alone
  };
  void copy(std::uint32_t series, Time from, Time to, Parts& out);
  // The open chunk where it holds all samples from `from` on; else null.
  const Chunk* recent(std::uint32_t series, Time from) const;
  // The open chunk where its last sample is the newest of all up to `to`; else null.
  const Chunk* newest(std::uint32_t series, Time to) const;
  void forget(std::uint32_t series);

  // Sealed chunks not yet known to be on disk, oldest first.
  const std::vector<SealedChunk>& sealed() const { return sealed_; }
  std::size_t taken = 0;  // of these, how many the writer has in hand
  void drop_taken();
  bool listed = false;  // stands in the writer's list

  bool dirty = false;           // changed since it was saved
  std::uint64_t saved_seq = 0;  // journal records up to here are in what was saved
  std::string save() const;
  // Error: Corrupt. Series that are not alive are left out.
  Status load(std::string_view value);

 private:
  void seal(std::uint32_t series, Head& head);
  void seal_late(std::uint32_t series);
  std::uint32_t number_;
  std::array<Head, kSeries> heads_;
  std::map<std::uint32_t, std::vector<Sample>> late_;  // by series, in order of arrival
  std::vector<SealedChunk> sealed_;
};

// Sorts by time; of equal times the one that stood last stays.
void keep_last_of_equal(std::vector<Sample>& samples);

}  // namespace bongsu::store
