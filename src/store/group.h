// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/point.h"
#include "store/values.h"

namespace bongsu::store {

// Sealed samples of neighbouring series, one value of the database (FORMAT.md): the times of a poll stand once for all series
// that have the same, the values of each series by themselves.
inline constexpr std::uint32_t kGroupSeries = 64;
inline constexpr std::uint32_t kMaxSeriesSamples = 4096;        // of one series in a group
inline constexpr Millis kMaxGroupSpan = std::chrono::hours(8);  // from its first to its last sample

// The samples of one series, rising in time, on their way into a group.
struct SeriesSamples {
  std::uint32_t slot = 0;  // of the series in its block
  std::vector<Sample> samples;
  ValueForm form{};  // told back: what the next samples of the series are likely to fit
};

// `all` by rising slot, none of them empty. Error: none; a broken promise stops.
std::string seal_group(std::span<SeriesSamples> all);

// Reads a group without copying it: `value` must outlive it.
class GroupReader {
 public:
  // Error: Corrupt.
  static Result<GroupReader> open(std::string_view value);
  Millis span() const { return span_; }  // from the first to the last sample
  std::uint64_t samples() const;         // of all series
  bool has(std::uint32_t slot) const { return (slots_ >> slot & 1) != 0; }
  // Appends the samples of a series that it has; `first` is that of the group, which its key tells. Error: Corrupt.
  Status read(std::uint32_t slot, Time first, std::vector<Sample>& out);

 private:
  struct Lane {
    std::uint32_t count = 0;
    std::int64_t first = 0;  // ms after the group's
    std::string_view steps;
  };
  struct Place {
    std::uint32_t lane = 0;
    std::string_view values;
  };
  Status read_times(const Lane& lane);

  Millis span_{0};
  std::uint64_t slots_ = 0;
  std::vector<Lane> lanes_;
  std::vector<Place> places_;  // by rising slot
  std::size_t lane_at_hand_ = SIZE_MAX;
  std::vector<std::int64_t> times_;  // of the lane at hand, ms after the group's first
  std::vector<std::uint64_t> values_;
};

}  // namespace bongsu::store
