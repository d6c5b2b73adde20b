// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/time.h"
#include "model/labels.h"
#include "model/point.h"

namespace bongsu {

// How finely time is told: each sample, or windows of five minutes or an hour.
enum class Resolution : std::uint8_t { Raw, FiveMinutes, Hour };
constexpr Millis span_of(Resolution resolution) {  // zero for Raw
  return resolution == Resolution::Hour          ? std::chrono::hours(1)
         : resolution == Resolution::FiveMinutes ? std::chrono::minutes(5)
                                                 : Millis(0);
}
// The end of the window that holds `at`. Windows hold what is later than their begin and not later than their end, as
// PromQL's ranges do, and end at whole multiples of their span since 1970.
Time window_end(Time at, Resolution resolution);

// The samples of one series in one window; there is none for a window without values. Markers are no values.
struct Bucket {
  Time end{};
  double min = 0, max = 0;  // NaN only when every value is
  double sum = 0;           // of an hour: the sum of its five-minute sums
  double last = 0;
  // Growth of a counter: over each value and the one before it, also where that stands in a window before, the difference, or
  // where it fell (a reset) the value itself. Nothing is counted over more than kCounterReach and with NaN or infinities.
  double increase = 0;
  std::uint64_t count = 0;  // of values, at least 1
  bool stale = false;       // a marker came after the last value
};
inline constexpr Millis kCounterReach = std::chrono::hours(24);

struct RollupSeries {
  std::shared_ptr<const Labels> labels;
  std::vector<Bucket> buckets;  // rising, none empty
};

// (from, to] as whole hours that hold it, within the years 1970 to 9999.
struct Hours {
  Hours(Time wanted_from, Time wanted_to);
  Time from, to;
  bool empty() const { return from >= to; }
};

// Samples that rise in time, into the windows that end in (from, to], which are multiples of an hour. What stands before
// counts as the predecessor of the first value alone.
std::vector<Bucket> roll_up(std::span<const Sample> samples, Time from, Time to, Resolution resolution);
// Hours from the five-minute buckets of the same samples.
std::vector<Bucket> roll_up_hours(std::span<const Bucket> buckets, std::span<const Sample> samples);
// Several windows as one; false when the span is empty. The end is that of the last.
bool merge(std::span<const Bucket> buckets, Bucket& out);

}  // namespace bongsu
