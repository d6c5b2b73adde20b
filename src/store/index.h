// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/lock.h"
#include "base/result.h"
#include "model/labels.h"
#include "model/source.h"

namespace bongsu::store {

// Which series there are: labels to a dense number, and for each label value the numbers that carry it.
// Thread: one writer or many readers; the owner locks.
class SeriesIndex {
 public:
  using Id = std::uint32_t;

  std::optional<Id> find(const Labels& labels) const;
  // A number never used before. The labels must not be there yet.
  Id add(std::shared_ptr<const Labels> labels);
  // As it was kept: numbers rise from call to call.
  void restore(Id id, std::shared_ptr<const Labels> labels);
  void remove(Id id);
  // Numbers below this one are taken for good, also those of removed series.
  Id next() const { return next_; }
  void skip_to(Id next) { next_ = std::max(next_, next); }

  std::size_t size() const { return labels_.size(); }
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
    void keep(Kept next, std::size_t most_ids);
    void forget(const Labels& labels);  // that came or went
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Postings = std::unordered_map<std::string, std::vector<Id>, TextHash, std::equal_to<>>;
  void insert(Id id, std::shared_ptr<const Labels> labels);

  std::unordered_map<Id, std::shared_ptr<const Labels>> labels_;
  std::unordered_multimap<std::uint64_t, Id> by_hash_;
  std::map<std::string, Postings, std::less<>> postings_;
  Guarded<Lately> lately_;
  Id next_ = 0;
};

}  // namespace bongsu::store
