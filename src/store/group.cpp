// SPDX-License-Identifier: Apache-2.0
#include "store/group.h"

#include <algorithm>

#include "base/check.h"
#include "store/codec.h"

namespace bongsu::store {
namespace {

constexpr std::uint8_t kGroupVersion = 2;

bool same_times(const std::vector<Sample>& a, const std::vector<Sample>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Sample& x, const Sample& y) { return x.at == y.at; });
}

Error damaged() { return {Code::Corrupt, "a group of samples does not read as it was written"}; }

}  // namespace

std::string seal_group(std::span<SeriesSamples> all) {
  BONGSU_CHECK(!all.empty() && all.size() <= kGroupSeries);
  Time first = Time::max(), last = Time::min();
  std::uint64_t slots = 0;
  for (const SeriesSamples& each : all) {
    BONGSU_CHECK(!each.samples.empty() && each.samples.size() <= kMaxSeriesSamples && each.slot < kGroupSeries);
    first = std::min(first, each.samples.front().at);
    last = std::max(last, each.samples.back().at);
    slots |= 1ull << each.slot;
  }

  std::vector<const std::vector<Sample>*> lanes;
  std::vector<std::size_t> lane_of;
  for (const SeriesSamples& each : all) {
    std::size_t lane = lanes.size();
    while (lane > 0 && !same_times(*lanes[lane - 1], each.samples)) --lane;
    if (lane == 0) {
      lanes.push_back(&each.samples);
      lane = lanes.size();
    }
    lane_of.push_back(lane - 1);
  }

  std::string out;
  put_u8(out, kGroupVersion);
  put_varint(out, static_cast<std::uint64_t>((last - first).count()));
  put_varint(out, lanes.size());
  Bits bits;
  std::vector<std::uint64_t> values;
  for (const std::vector<Sample>* lane : lanes) {
    values.clear();
    for (std::size_t i = 1; i < lane->size(); ++i) {
      values.push_back(as_bits(static_cast<double>(((*lane)[i].at - (*lane)[i - 1].at).count())));
    }
    bits.clear();
    if (!values.empty()) put_values(values, bits);
    put_varint(out, lane->size());
    put_varint(out, static_cast<std::uint64_t>((lane->front().at - first).count()));
    put_text(out, bits.view());
  }

  put_be64(out, slots);
  std::string bodies;
  for (std::size_t i = 0; i < all.size(); ++i) {
    values.clear();
    for (const Sample& sample : all[i].samples) values.push_back(as_bits(sample.value));
    bits.clear();
    put_values(values, bits, &all[i].form);
    if (lanes.size() > 1) put_varint(out, lane_of[i]);
    put_varint(out, bits.octets());
    bodies += bits.view();
  }
  return out + bodies;
}

Result<GroupReader> GroupReader::open(std::string_view value) {
  GroupReader group;
  Reader in(value);
  if (in.u8() != kGroupVersion) return Error{Code::Corrupt, "a group of samples has a form that this version cannot read"};
  group.span_ = Millis(static_cast<std::int64_t>(in.varint()));
  const std::uint64_t lanes = in.varint();
  if (!in.ok() || group.span_ < Millis(0) || group.span_ > kMaxGroupSpan || lanes == 0 || lanes > kGroupSeries) return damaged();
  for (std::uint64_t i = 0; i < lanes; ++i) {
    Lane lane;
    const std::uint64_t count = in.varint();
    lane.first = static_cast<std::int64_t>(in.varint());
    lane.steps = in.text();
    if (!in.ok() || count == 0 || count > kMaxSeriesSamples || lane.first < 0 || lane.first > group.span_.count())
      return damaged();
    lane.count = static_cast<std::uint32_t>(count);
    group.lanes_.push_back(lane);
  }
  group.slots_ = in.be64();
  std::array<std::uint64_t, kGroupSeries> lengths{};
  const auto series = static_cast<std::size_t>(std::popcount(group.slots_));
  group.places_.resize(series);
  for (std::size_t i = 0; i < series; ++i) {
    const std::uint64_t lane = lanes > 1 ? in.varint() : 0;
    if (lane >= lanes) return damaged();
    group.places_[i].lane = static_cast<std::uint32_t>(lane);
    lengths[i] = in.varint();
  }
  for (std::size_t i = 0; i < series; ++i) group.places_[i].values = in.take(lengths[i]);
  if (!in.done()) return damaged();
  return group;
}

std::uint64_t GroupReader::samples() const {
  std::uint64_t all = 0;
  for (const Place& place : places_) all += lanes_[place.lane].count;
  return all;
}

Status GroupReader::read_times(const Lane& lane) {
  values_.clear();
  BONGSU_TRY_OK(take_values(lane.steps, lane.count - 1, values_));
  times_.clear();
  times_.push_back(lane.first);
  for (const std::uint64_t bits : values_) {
    const double step = std::bit_cast<double>(bits);
    if (!(step > 0 && step <= static_cast<double>(span_.count()))) return damaged();
    times_.push_back(times_.back() + static_cast<std::int64_t>(step));
  }
  return times_.back() <= span_.count() ? Status() : Status(damaged());
}

Status GroupReader::read(std::uint32_t slot, Time first, std::vector<Sample>& out) {
  if (slot >= kGroupSeries || !has(slot)) return {};
  const Place& place = places_[static_cast<std::size_t>(std::popcount(slots_ & Bits::mask(slot)))];
  if (lane_at_hand_ != place.lane) {
    lane_at_hand_ = SIZE_MAX;
    BONGSU_TRY_OK(read_times(lanes_[place.lane]));
    lane_at_hand_ = place.lane;
  }
  values_.clear();
  BONGSU_TRY_OK(take_values(place.values, times_.size(), values_));
  const std::size_t before = out.size();
  if (out.capacity() < before + values_.size()) out.reserve(std::max(before + values_.size(), 2 * before));
  out.resize(before + values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i)
    out[before + i] = {first + Millis(times_[i]), std::bit_cast<double>(values_[i])};
  return {};
}

}  // namespace bongsu::store
