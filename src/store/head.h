// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/group.h"
#include "store/open.h"

namespace bongsu::store {

// What takes no more samples, on its way to the disk. Its late samples win over others of the same time.
struct Frozen {
  OpenGroup open;
  std::map<std::uint32_t, std::vector<Sample>> late;  // by slot, in order of arrival
  std::uint64_t number = 0;                           // of its block; rises
};

// A group on its way to the disk, or from it.
struct SealedGroup {
  Time first{};
  bool late = false;
  std::string value;
};
// Error: none. `learned`: for each slot in `frozen.open`, the form that suits its values.
std::vector<SealedGroup> seal(const Frozen& frozen, std::array<std::uint8_t, kGroupSeries>& learned);

// 64 series with numbers in a row: the unit of locking, of sealing, and of saving what is not sealed yet. The newest sample of
// each series stands ready. In time order samples fill the open group; one that is older than what the series has there goes to
// the late list. So groups in order hold each series' samples in order, and where a late one overlaps, its samples came later.
class Block {
 public:
  static constexpr std::uint32_t kSeries = kGroupSeries;
  explicit Block(std::uint32_t number) : number_(number) {}

  std::uint32_t number() const { return number_; }

  std::mutex mutex;  // around everything below

  bool alive(std::uint32_t series) const { return (alive_ >> series % kSeries & 1) != 0; }
  void set_alive(std::uint32_t series) { alive_ |= 1ull << series % kSeries; }
  // Time::min() for a series without samples.
  Time newest(std::uint32_t series) const { return newest_[series % kSeries]; }
  Sample last(std::uint32_t series) const { return {newest_[series % kSeries], last_[series % kSeries]}; }
  // What append does with a sample, once it is accepted.
  void put(std::uint32_t series, const Sample& sample);

  // What is in memory of a series. At equal times samples in order lose to late ones; memory wins over the disk.
  struct Parts {
    std::vector<Sample> in_order;
    std::vector<Sample> late;          // in order of arrival
    Time complete_from = Time::max();  // from here on, no sample of the series is on disk alone
  };
  void copy(std::uint32_t series, Time from, Time to, Parts& out) const;
  // Appends the open samples when they are all that the series has from `from` on; else false.
  bool read_recent(std::uint32_t series, Time from, std::vector<Sample>& out) const;
  void forget(std::uint32_t series);
  // Lets go of the samples of a series whose newest is older than what is kept; only its newest value stays.
  void shed(std::uint32_t series);
  // Frozen groups get no number below this one.
  void number_from(std::uint64_t least) { next_frozen_ = std::max(next_frozen_, least); }
  // The form that suited the samples sealed last.
  void learn(std::uint32_t slot, std::uint8_t form) { forms_[slot] = form; }

  // Not yet known to be on disk, oldest first.
  const std::vector<std::shared_ptr<const Frozen>>& frozen() const { return frozen_; }
  std::size_t taken = 0;                                     // of these, how many the writer has in hand
  std::vector<std::shared_ptr<const Frozen>> take_frozen();  // those not yet taken
  void drop_taken();
  bool listed = false;  // stands in the writer's list

  bool dirty = false;           // changed since it was saved
  std::uint64_t saved_seq = 0;  // journal records up to here are in what was saved
  // Without what is frozen.
  std::string save() const;
  // Error: Corrupt; then the block is as it was. Series that are not alive are left out.
  Status load(std::string_view value);
  bool empty() const;          // no series has a sample
  std::size_t memory() const;  // octets, about, of all but what is frozen
  std::size_t open_octets() const { return open_->octets(); }
  void seal_early() { freeze(); }  // for want of memory

 private:
  struct Late {
    Time newest = Time::min();  // of all that came late and may still matter
    std::vector<Sample> samples;
  };
  void freeze();
  std::size_t limit() const;

  const std::uint32_t number_;
  std::uint64_t alive_ = 0;
  std::array<Time, kSeries> newest_ = [] {
    std::array<Time, kSeries> none;
    none.fill(Time::min());
    return none;
  }();
  std::array<double, kSeries> last_{};
  std::array<std::uint8_t, kSeries> forms_{};
  std::unique_ptr<OpenGroup> open_ = std::make_unique<OpenGroup>();
  std::map<std::uint32_t, Late> late_;  // by slot
  std::size_t late_count_ = 0;
  std::uint64_t next_frozen_ = 1;
  bool whole_groups_ = false;  // the first one was sealed, or was begun in an earlier life
  std::vector<std::shared_ptr<const Frozen>> frozen_;
};

// Sorts by time; of equal times the one that stood last stays.
void keep_last_of_equal(std::vector<Sample>& samples);

}  // namespace bongsu::store
