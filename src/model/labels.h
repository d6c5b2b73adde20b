// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bongsu {

inline constexpr std::string_view kMetricName = "__name__";

// The labels of a series, its metric name under __name__, sorted by label name; an empty value is no label.
class Labels {
 public:
  using Pair = std::pair<std::string, std::string>;
  Labels() = default;
  Labels(std::initializer_list<Pair> pairs) : Labels(std::vector<Pair>(pairs)) {}
  explicit Labels(std::vector<Pair> pairs);  // in any order; the last of two equal names wins
  // Sorted by name already, no two of a name, no value empty: as it came out of a Labels.
  static Labels from_sorted(std::vector<Pair> pairs) {
    Labels out;
    out.pairs_ = std::move(pairs);
    return out;
  }

  std::string_view get(std::string_view name) const;  // "" when absent
  std::string_view metric() const {                   // nearly always the first
    return !pairs_.empty() && pairs_.front().first == kMetricName ? std::string_view(pairs_.front().second) : get(kMetricName);
  }
  bool has(std::string_view name) const { return !get(name).empty(); }
  void set(std::string_view name, std::string_view value);
  void erase(std::string_view name);
  Labels without(std::string_view name) const;

  auto begin() const { return pairs_.begin(); }
  auto end() const { return pairs_.end(); }
  std::size_t size() const { return pairs_.size(); }
  bool empty() const { return pairs_.empty(); }
  std::uint64_t hash() const;
  // name{a="b", c="d"} as PromQL writes it.
  std::string to_string() const;

  friend bool operator==(const Labels&, const Labels&) = default;
  friend std::strong_ordering operator<=>(const Labels&, const Labels&) = default;

 private:
  std::vector<Pair> pairs_;
};

}  // namespace bongsu

template <>
struct std::hash<bongsu::Labels> {
  std::size_t operator()(const bongsu::Labels& labels) const { return labels.hash(); }
};
