// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/rollup.h"
#include "store/group.h"

namespace bongsu::store {

// The windows of a UTC day of neighbouring series, one value of the database (FORMAT.md).
inline constexpr Millis kDaySpan = std::chrono::hours(24);
constexpr std::size_t windows_in_day(Resolution resolution) { return static_cast<std::size_t>(kDaySpan / span_of(resolution)); }

struct SeriesBuckets {
  std::uint32_t slot = 0;  // of the series in its block
  std::vector<Bucket> buckets;
};

// `all` by rising slot, none empty, each bucket's end in (day, day + 24 h]. Error: none; a broken promise stops.
std::string seal_rollup(std::span<const SeriesBuckets> all, Time day, Resolution resolution);

// Reads such a value without copying it: `value` must outlive it.
class RollupReader {
 public:
  // Error: Corrupt.
  static Result<RollupReader> open(std::string_view value);
  bool has(std::uint32_t slot) const { return (slots_ >> slot & 1) != 0; }
  // Appends the windows of a series that it has. Error: Corrupt.
  Status read(std::uint32_t slot, Time day, Resolution resolution, std::vector<Bucket>& out) const;

 private:
  // Which windows there are, and how many values each holds; shared by the series for which both are the same.
  struct Lane {
    std::string_view map;  // empty when all are there
    std::string_view counts;
  };
  static Status read_counts(const Lane& lane, Time day, Resolution resolution, std::vector<Bucket>& out);

  std::uint64_t slots_ = 0;
  std::vector<Lane> lanes_;  // none in version 1, where each body begins with its own
  std::array<std::uint8_t, kGroupSeries> lane_of_{};
  std::array<std::string_view, kGroupSeries> bodies_{};
};

}  // namespace bongsu::store
