// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/lock.h"
#include "base/result.h"
#include "model/labels.h"
#include "model/source.h"
#include "store/label_pool.h"

namespace bongsu::store {

// Which series there are: labels to a dense number, and for each pair of label name and value the numbers that carry it.
// A series is kept as the numbers of its pairs; Labels are made on the way out.
// Thread: one writer or many readers; the owner locks.
class SeriesIndex {
 public:
  using Id = std::uint32_t;
  using Pair = LabelPool::Pair;
  static constexpr Id kNumbers = UINT32_MAX - 63;  // series are numbered below this: the last whole block of 64
  static constexpr Id kGroup = 256;  // series with numbers in a row that stand together, also in the catalogue on disk

  std::optional<Id> find(const Labels& labels) const;
  // A number never used before. The labels must not be there yet.
  Id add(const Labels& labels);
  // As it was kept. The pairs are sorted by name, no two of a name. False when the number or the labels are taken.
  bool restore(Id id, std::span<const Pair> pairs);
  Pair intern(std::string_view name, std::string_view value) { return pool_.intern(name, value); }
  void remove(Id id);
  // Numbers below this one are taken for good, also those of removed series.
  Id next() const { return next_; }
  void skip_to(Id next) { next_ = std::max(next_, next); }

  std::size_t size() const { return size_; }
  // Sorted by name; empty for a number without a series.
  std::span<const Pair> pairs(Id id) const;
  const LabelPool& pool() const { return pool_; }
  // Null for a number without a series.
  std::shared_ptr<const Labels> labels(Id id) const;

  // Numbers of the series that satisfy all matchers, rising. Error: Invalid (a regular expression that RE2 does not take).
  Result<std::vector<Id>> select(std::span<const Matcher> matchers) const;
  // The same with their labels, sorted by these. What was asked lately is kept until a series comes or goes that it matches:
  // rules ask the same each time.
  struct Selection {
    std::vector<Id> ids;
    std::vector<std::shared_ptr<const Labels>> labels;  // as ids
  };
  Result<std::shared_ptr<const Selection>> sorted(std::span<const Matcher> matchers) const;
  std::vector<std::string> label_names() const;
  std::vector<std::string> label_values(std::string_view name) const;
  Cardinality cardinality(std::size_t top) const;
  std::size_t octets() const;  // of memory, about

 private:
  struct Kept {
    std::vector<Matcher> matchers;
    std::shared_ptr<const Selection> selection;
    std::uint64_t used = 0;
  };
  struct Lately {
    std::vector<Kept> kept;
    std::size_t ids = 0;  // in all of them
    std::uint64_t clock = 0;
    void keep(Kept next);
  };
  struct Group {
    std::vector<Pair> pairs;
    std::array<std::uint32_t, kGroup> first{};
    std::array<std::uint16_t, kGroup> count{};
    std::uint32_t alive = 0;
  };
  // Numbers that were given long ago and whose series are gone cost nothing.
  using Page = std::array<std::unique_ptr<Group>, 1024>;
  static constexpr std::size_t kPage = std::tuple_size_v<Page>;
  const Group* group(Id id) const {  // null where no series is left
    const std::size_t number = id / kGroup;
    return number / kPage < pages_.size() && pages_[number / kPage] != nullptr ? (*pages_[number / kPage])[number % kPage].get()
                                                                               : nullptr;
  }
  template <class Visit>  // (first number, group), rising
  void each_group(const Visit& visit) const;
  void insert(Id id, std::span<const Pair> pairs);
  void forget_selections(Id id);  // that the series may be in
  void sort(std::vector<Id>& ids) const;
  bool before(Id a, Id b) const;

  LabelPool pool_;
  std::vector<std::unique_ptr<Page>> pages_;
  IdTable by_pairs_;
  Guarded<Lately> lately_;
  std::size_t size_ = 0;
  Id next_ = 0;
};

template <class Visit>
void SeriesIndex::each_group(const Visit& visit) const {
  for (std::size_t page = 0; page < pages_.size(); ++page) {
    if (pages_[page] == nullptr) continue;
    for (std::size_t i = 0; i < kPage; ++i) {
      if (const Group* group = (*pages_[page])[i].get()) visit(static_cast<Id>((page * kPage + i) * kGroup), *group);
    }
  }
}

}  // namespace bongsu::store
