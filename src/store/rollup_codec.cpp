// SPDX-License-Identifier: Apache-2.0
#include "store/rollup_codec.h"

#include <bit>

#include "base/check.h"
#include "store/codec.h"

namespace bongsu::store {
namespace {

constexpr std::uint8_t kRollupVersion = 2;
constexpr std::uint8_t kWithoutLanes = 1;  // the version in which each series tells its own windows and counts
// What a series tells in its first octet.
constexpr std::uint8_t kHoles = 1;          // not every window of the day is there; in version 1 alone
constexpr std::uint8_t kMaxIsLast = 2;      // in every window
constexpr std::uint8_t kMinIsLast = 4;      // in every window
constexpr std::uint8_t kSumIsProduct = 8;   // of count and last
constexpr std::uint8_t kGrowthIsStep = 16;  // increase is what last grew by since the window before
constexpr double kMostCount = 1ull << 40;

using Column = std::vector<std::uint64_t>;

double as_double(std::uint64_t bits) { return std::bit_cast<double>(bits); }
Error damaged() { return {Code::Corrupt, "a rollup does not read as it was written"}; }

double step(double before, double now) { return now < before ? now : now - before; }
double product(const Bucket& bucket) { return static_cast<double>(bucket.count) * bucket.last; }

template <class Get>
void put_column(std::string& out, std::span<const Bucket> buckets, const Get& get) {
  Column column;
  column.reserve(buckets.size());
  for (const Bucket& bucket : buckets) column.push_back(as_bits(get(bucket)));
  Bits bits;
  put_values(column, bits);
  put_text(out, bits.view());
}

std::string lane_of(std::span<const Bucket> buckets, Time day, Resolution resolution) {
  const std::size_t windows = windows_in_day(resolution);
  std::string map(buckets.size() < windows ? windows / 8 : 0, '\0');
  for (const Bucket& bucket : buckets) {
    const auto window = static_cast<std::size_t>((bucket.end - day) / span_of(resolution)) - 1;
    if (!map.empty()) map[window / 8] = static_cast<char>(map[window / 8] | 1 << window % 8);
  }
  std::string out;
  put_text(out, map);
  put_column(out, buckets, [](const Bucket& b) { return static_cast<double>(b.count * 2 + (b.stale ? 1 : 0)); });
  return out;
}

void put_series(std::string& out, std::span<const Bucket> buckets) {
  std::uint8_t flags = kMaxIsLast | kMinIsLast | kSumIsProduct | kGrowthIsStep;
  const auto unless = [&](std::uint8_t flag, bool fits) {
    if (!fits) flags &= static_cast<std::uint8_t>(~flag);
  };
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const Bucket& bucket = buckets[i];
    unless(kMaxIsLast, as_bits(bucket.max) == as_bits(bucket.last));
    unless(kMinIsLast, as_bits(bucket.min) == as_bits(bucket.last));
    unless(kSumIsProduct, as_bits(bucket.sum) == as_bits(product(bucket)));
    unless(kGrowthIsStep, i == 0 || as_bits(bucket.increase) == as_bits(step(buckets[i - 1].last, bucket.last)));
  }
  put_u8(out, flags);
  put_column(out, buckets, [](const Bucket& b) { return b.last; });
  if ((flags & kMaxIsLast) == 0) put_column(out, buckets, [](const Bucket& b) { return b.max; });
  if ((flags & kMinIsLast) == 0) put_column(out, buckets, [](const Bucket& b) { return b.min; });
  if ((flags & kSumIsProduct) == 0) put_column(out, buckets, [](const Bucket& b) { return b.sum; });
  if ((flags & kGrowthIsStep) == 0) put_column(out, buckets, [](const Bucket& b) { return b.increase; });
  else put_double(out, buckets[0].increase);
}

}  // namespace

std::string seal_rollup(std::span<const SeriesBuckets> all, Time day, Resolution resolution) {
  BONGSU_CHECK(!all.empty() && all.size() <= kGroupSeries);
  std::uint64_t slots = 0;
  for (const SeriesBuckets& each : all) {
    BONGSU_CHECK(!each.buckets.empty() && each.buckets.size() <= windows_in_day(resolution) && each.slot < kGroupSeries);
    slots |= 1ull << each.slot;
  }
  std::vector<std::string> lanes;
  std::vector<std::size_t> lane_numbers;
  for (const SeriesBuckets& each : all) {
    std::string own = lane_of(each.buckets, day, resolution);
    std::size_t lane = lanes.size();
    while (lane > 0 && lanes[lane - 1] != own) --lane;
    if (lane == 0) {
      lanes.push_back(std::move(own));
      lane = lanes.size();
    }
    lane_numbers.push_back(lane - 1);
  }
  std::string out, bodies;
  put_u8(out, kRollupVersion);
  put_varint(out, lanes.size());
  for (const std::string& lane : lanes) out += lane;
  put_be64(out, slots);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t before = bodies.size();
    put_series(bodies, all[i].buckets);
    if (lanes.size() > 1) put_varint(out, lane_numbers[i]);
    put_varint(out, bodies.size() - before);
  }
  return out + bodies;
}

Result<RollupReader> RollupReader::open(std::string_view value) {
  RollupReader rollup;
  Reader in(value);
  const std::uint8_t version = in.u8();
  if (version != kRollupVersion && version != kWithoutLanes) return damaged();
  const std::uint64_t lanes = version == kRollupVersion ? in.varint() : 0;
  if (!in.ok() || lanes > kGroupSeries || (version == kRollupVersion && lanes == 0)) return damaged();
  for (std::uint64_t i = 0; i < lanes; ++i) {
    const std::string_view map = in.text();
    rollup.lanes_.push_back({map, in.text()});
  }
  rollup.slots_ = in.be64();
  std::array<std::uint64_t, kGroupSeries> lengths{};
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
    if (!rollup.has(slot)) continue;
    const std::uint64_t lane = lanes > 1 ? in.varint() : 0;
    if (lanes > 0 && lane >= lanes) return damaged();
    rollup.lane_of_[slot] = static_cast<std::uint8_t>(lane);
    lengths[slot] = in.varint();
  }
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
    if (rollup.has(slot)) rollup.bodies_[slot] = in.take(lengths[slot]);
  }
  if (rollup.slots_ == 0 || !in.done()) return damaged();
  return rollup;
}

Status RollupReader::read_counts(const Lane& lane, Time day, Resolution resolution, std::vector<Bucket>& out) {
  const std::size_t windows = windows_in_day(resolution);
  if (!lane.map.empty() && lane.map.size() != windows / 8) return damaged();
  for (std::size_t window = 0; window < windows; ++window) {
    if (!lane.map.empty() && (lane.map[window / 8] >> window % 8 & 1) == 0) continue;
    out.push_back({.end = day + span_of(resolution) * (window + 1)});
  }
  if (out.empty() || (!lane.map.empty() && out.size() == windows)) return damaged();
  Column counts;
  BONGSU_TRY_OK(take_values(lane.counts, out.size(), counts));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double told = as_double(counts[i]);
    if (!(told >= 2 && told <= kMostCount)) return damaged();
    out[i].count = static_cast<std::uint64_t>(told) / 2;
    out[i].stale = static_cast<std::uint64_t>(told) % 2 != 0;
  }
  return {};
}

Status RollupReader::read(std::uint32_t slot, Time day, Resolution resolution, std::vector<Bucket>& out) const {
  if (slot >= kGroupSeries || !has(slot)) return {};
  Reader in(bodies_[slot]);
  const std::uint8_t flags = in.u8();
  if (flags >= 2 * kGrowthIsStep) return damaged();
  Lane lane;
  if (!lanes_.empty()) {
    if ((flags & kHoles) != 0) return damaged();
    lane = lanes_[lane_of_[slot]];
  } else {
    if ((flags & kHoles) != 0 && (lane.map = in.take(windows_in_day(resolution) / 8)).empty()) return damaged();
    lane.counts = in.text();
    if (!in.ok()) return damaged();
  }
  std::vector<Bucket> buckets;
  BONGSU_TRY_OK(read_counts(lane, day, resolution, buckets));

  Column column;
  const auto take = [&]() -> Status {
    column.clear();
    BONGSU_TRY_OK(take_values(in.text(), buckets.size(), column));
    return in.ok() ? Status() : Status(damaged());
  };
  const auto take_into = [&](double Bucket::*member) -> Status {
    BONGSU_TRY_OK(take());
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i].*member = as_double(column[i]);
    return {};
  };
  BONGSU_TRY_OK(take_into(&Bucket::last));
  for (Bucket& bucket : buckets) {
    bucket.min = bucket.max = bucket.last;
    bucket.sum = product(bucket);
  }
  if ((flags & kMaxIsLast) == 0) BONGSU_TRY_OK(take_into(&Bucket::max));
  if ((flags & kMinIsLast) == 0) BONGSU_TRY_OK(take_into(&Bucket::min));
  if ((flags & kSumIsProduct) == 0) BONGSU_TRY_OK(take_into(&Bucket::sum));
  if ((flags & kGrowthIsStep) == 0) {
    BONGSU_TRY_OK(take_into(&Bucket::increase));
  } else {
    buckets[0].increase = in.number();
    for (std::size_t i = 1; i < buckets.size(); ++i) buckets[i].increase = step(buckets[i - 1].last, buckets[i].last);
  }
  if (!in.done()) return damaged();
  out.insert(out.end(), buckets.begin(), buckets.end());
  return {};
}

}  // namespace bongsu::store
