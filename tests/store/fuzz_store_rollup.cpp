// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstdlib>

#include "store/rollup_codec.h"

// A day of windows, the first octet telling which: refused, or rising windows of that day that are written and read again alike.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  using namespace bongsu::store;
  if (size == 0) return 0;
  const Resolution resolution = data[0] % 2 == 0 ? Resolution::FiveMinutes : Resolution::Hour;
  const auto rollup = RollupReader::open({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!rollup) return 0;
  const Time day = time_from_ms(20'000 * std::int64_t{86'400'000});
  std::vector<SeriesBuckets> all;
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
    std::vector<Bucket> buckets;
    if (!rollup->read(slot, day, resolution, buckets)) return 0;
    if (rollup->has(slot) == buckets.empty()) std::abort();
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      if (buckets[i].end <= (i == 0 ? day : buckets[i - 1].end) || buckets[i].end > day + kDaySpan) std::abort();
      if (buckets[i].end != window_end(buckets[i].end, resolution) || buckets[i].count == 0) std::abort();
    }
    if (!buckets.empty()) all.push_back({slot, std::move(buckets)});
  }
  const std::string again = seal_rollup(all, day, resolution);
  const auto reread = RollupReader::open(again);
  if (!reread) std::abort();
  const auto same = [](double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (a != a && b != b);
  };
  for (const SeriesBuckets& each : all) {
    std::vector<Bucket> buckets;
    if (!reread->read(each.slot, day, resolution, buckets) || buckets.size() != each.buckets.size()) std::abort();
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      const Bucket &a = buckets[i], &b = each.buckets[i];
      if (a.end != b.end || a.count != b.count || a.stale != b.stale || !same(a.min, b.min) || !same(a.max, b.max) ||
          !same(a.sum, b.sum) || !same(a.last, b.last) || !same(a.increase, b.increase))
        std::abort();
    }
  }
  return 0;
}
