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
  std::vector<std::string> label_names() const;
  std::vector<std::string> label_values(std::string_view name) const;

 private:
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Postings = std::unordered_map<std::string, std::vector<Id>, TextHash, std::equal_to<>>;
  void insert(Id id, std::shared_ptr<const Labels> labels);

  std::unordered_map<Id, std::shared_ptr<const Labels>> labels_;
  std::unordered_multimap<std::uint64_t, Id> by_hash_;
  std::map<std::string, Postings, std::less<>> postings_;
  Id next_ = 0;
};

}  // namespace bongsu::store
