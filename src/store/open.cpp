// SPDX-License-Identifier: Apache-2.0
#include "store/open.h"

#include <algorithm>
#include <cmath>

namespace bongsu::store {
namespace {

constexpr std::size_t kMaxPolls = 32'000;  // numbers and strides fit 16 bits
constexpr std::int64_t kMaxStride = kMaxPolls;
constexpr unsigned kPollBits = 15;               // of the first sample's poll
constexpr unsigned kStrideBits = 17;             // of a stride that changed, zigzag
constexpr std::uint32_t kMaxOpenSamples = 1024;  // of one series, so that it is read fast
constexpr std::size_t kPollsLookedAt = 4;        // where hosts' polls mingle
constexpr std::size_t kPollOctets = sizeof(std::int32_t);

}  // namespace

bool OpenGroup::takes(std::uint32_t slot, Time at) const {
  if (empty()) return true;
  return std::max(last_, at) - std::min(first_, at) <= kMaxGroupSpan &&
         (!has(slot) || (*chunks_)[slot].count < kMaxOpenSamples) && polls_.size() < kMaxPolls;
}

std::size_t OpenGroup::memory() const {
  // Bits grow by a quarter.
  return (chunks_ == nullptr ? 0 : sizeof(Chunks)) + octets_ + octets_ / 8;
}

OpenChunk& OpenGroup::chunk(std::uint32_t slot) {
  if (chunks_ == nullptr) chunks_ = std::make_unique<Chunks>();
  return (*chunks_)[slot];
}

Time OpenGroup::first(std::uint32_t slot) const {
  return time_of(static_cast<std::uint16_t>(BitReader((*chunks_)[slot].bits.view()).take(kPollBits)));
}

Sample OpenGroup::last(std::uint32_t slot) const {
  return {time_of((*chunks_)[slot].poll), std::bit_cast<double>((*chunks_)[slot].state.bits)};
}

std::uint16_t OpenGroup::poll_at(Time at) {
  if (polls_.empty()) base_ = first_ = last_ = at;
  first_ = std::min(first_, at);
  last_ = std::max(last_, at);
  const auto offset = static_cast<std::int32_t>((at - base_).count());
  for (std::size_t back = 1; back <= std::min(kPollsLookedAt, polls_.size()); ++back) {
    if (polls_[polls_.size() - back] == offset) return static_cast<std::uint16_t>(polls_.size() - back);
  }
  if (polls_.size() == polls_.capacity()) polls_.reserve(polls_.size() + polls_.size() / 4 + 16);
  polls_.push_back(offset);
  octets_ += kPollOctets;
  return static_cast<std::uint16_t>(polls_.size() - 1);
}

// True when the value did not fit the chunk's form.
bool OpenGroup::put(OpenChunk& chunk, const Packed& sample) {
  const std::uint32_t before = chunk.bits.octets();
  if (chunk.count == 0) {
    chunk.bits.put(sample.poll, kPollBits);
  } else if (const int stride = sample.poll - chunk.poll; chunk.even) {
    chunk.stride = static_cast<std::int16_t>(stride);
  } else if (stride == chunk.stride) {
    chunk.bits.put(0, 1);
  } else {
    chunk.bits.put(1 | zigzag(stride) << 1, 1 + kStrideBits);
    chunk.stride = static_cast<std::int16_t>(stride);
  }
  chunk.poll = sample.poll;
  ++chunk.count;
  const bool strange = put_value(ValueForm::from_octet(chunk.form), chunk.state, sample.bits, chunk.bits);
  octets_ += chunk.bits.octets() - before;
  return strange;
}

template <class Take>
void OpenGroup::unpack(std::uint32_t slot, const Take& take) const {
  const OpenChunk& chunk = (*chunks_)[slot];
  const ValueForm form = ValueForm::from_octet(chunk.form);
  BitReader in(chunk.bits.view());
  ValueState state;
  std::int64_t poll = 0, stride = chunk.even ? chunk.stride : 0;
  for (std::uint32_t i = 0; i < chunk.count; ++i) {
    if (i == 0) {
      poll = static_cast<std::int64_t>(in.take(kPollBits));
    } else {
      if (!chunk.even && in.take(1) != 0) stride = unzigzag(in.take(kStrideBits));
      poll += stride;
    }
    take(Packed{static_cast<std::uint16_t>(poll), take_value(form, state, in)});
  }
}

std::vector<OpenGroup::Packed> OpenGroup::unpacked(std::uint32_t slot) const {
  std::vector<Packed> samples;
  samples.reserve((*chunks_)[slot].count);
  unpack(slot, [&](const Packed& sample) { samples.push_back(sample); });
  return samples;
}

void OpenGroup::refill(std::uint32_t slot, const std::vector<Packed>& samples, std::uint8_t form) {
  OpenChunk& chunk = this->chunk(slot);
  octets_ -= chunk.bits.octets();
  chunk = OpenChunk();
  chunk.form = form;
  for (std::size_t i = 2; i < samples.size() && chunk.even; ++i) {
    chunk.even = samples[i].poll - samples[i - 1].poll == samples[1].poll - samples[0].poll;
  }
  for (const Packed& sample : samples) put(chunk, sample);
}

void OpenGroup::append(std::uint32_t slot, Time at, double value, std::uint8_t hint) {
  OpenChunk& chunk = this->chunk(slot);
  const std::uint64_t bits = as_bits(value);
  if (chunk.count == 0) {
    std::int64_t k = 0;
    const ValueForm hinted = ValueForm::from_octet(hint);
    const bool fits = hinted.kind == ValueForm::Kind::Pattern || as_scaled(bits, hinted.scale, k) || !std::isfinite(value);
    chunk.form = fits ? hint : first_form(bits).octet();
  }
  const Packed next{poll_at(at), bits};
  if (chunk.even && chunk.count > 1 && next.poll - chunk.poll != chunk.stride) {
    std::vector<Packed> samples = unpacked(slot);
    samples.push_back(next);
    return refill(slot, samples, chunk.form);
  }
  if (!put(chunk, next) || !std::isfinite(value)) return;
  if (++chunk.strange < 8 + chunk.count / 8) return;
  // The form was a wrong guess; what there is by now tells a better one.
  const std::vector<Packed> samples = unpacked(slot);
  std::vector<std::uint64_t> values;
  for (const Packed& sample : samples) values.push_back(sample.bits);
  ValueForm better;
  Bits unused;
  put_values(values, unused, &better);
  refill(slot, samples, better.octet());
}

void OpenGroup::insert(std::uint32_t slot, Time at, double value) {
  std::vector<Packed> samples = unpacked(slot);
  const auto place =
      std::partition_point(samples.begin(), samples.end(), [&](const Packed& each) { return time_of(each.poll) < at; });
  if (place != samples.end() && time_of(place->poll) == at) {
    if (place->bits == as_bits(value)) return;
    place->bits = as_bits(value);
  } else {
    samples.insert(place, {poll_at(at), as_bits(value)});
  }
  refill(slot, samples, chunk(slot).form);
}

void OpenGroup::read(std::uint32_t slot, std::vector<Sample>& out) const {
  out.reserve(std::max(out.capacity(), out.size() + (*chunks_)[slot].count));
  unpack(slot, [&](const Packed& each) { out.push_back({time_of(each.poll), std::bit_cast<double>(each.bits)}); });
}

void OpenGroup::forget(std::uint32_t slot) {
  if (!has(slot)) return;
  octets_ -= chunk(slot).bits.octets();
  chunk(slot) = OpenChunk();
  if (std::all_of(chunks_->begin(), chunks_->end(), [](const OpenChunk& each) { return each.count == 0; })) *this = OpenGroup();
}

void OpenGroup::save(std::string& out) const {
  put_signed(out, to_ms(base_));
  put_varint(out, polls_.size());
  std::int64_t before = 0;
  for (const std::int32_t poll : polls_) {
    put_signed(out, poll - before);
    before = poll;
  }
  std::uint64_t slots = 0;
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) slots |= static_cast<std::uint64_t>(has(slot)) << slot;
  put_be64(out, slots);
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
    if (!has(slot)) continue;
    const OpenChunk& chunk = (*chunks_)[slot];
    put_u8(out, chunk.form);
    put_varint(out, static_cast<std::uint64_t>(chunk.count) << 1 | (chunk.even ? 1 : 0));
    if (chunk.even) put_signed(out, chunk.stride);
    put_text(out, chunk.bits.view());
  }
}

// Reads a saved chunk to its end, and leaves it as it was when the last sample had come. False when it does not read.
bool OpenGroup::resume(OpenChunk& chunk, std::string_view octets) const {
  const ValueForm form = ValueForm::from_octet(chunk.form);
  ValueState state;
  BitReader in(octets);
  std::int64_t poll = 0, stride = chunk.even ? chunk.stride : 0;
  Time before = Time::min();
  for (std::uint32_t i = 0; i < chunk.count; ++i) {
    if (i == 0) {
      poll = static_cast<std::int64_t>(in.take(kPollBits));
    } else {
      if (!chunk.even && in.take(1) != 0) stride = unzigzag(in.take(kStrideBits));
      poll += stride;
    }
    if (poll < 0 || poll >= std::ssize(polls_)) return false;
    const Time at = time_of(static_cast<std::uint16_t>(poll));
    if (at <= before) return false;
    before = at;
    const double value = std::bit_cast<double>(take_value(form, state, in));
    if (state.strange && std::isfinite(value) && chunk.strange < UINT8_MAX) ++chunk.strange;
  }
  if (!in.done() || !in.rest_is_zero()) return false;
  chunk.state = state;
  chunk.poll = static_cast<std::uint16_t>(poll);
  chunk.stride = static_cast<std::int16_t>(stride);
  chunk.bits.assign(octets, static_cast<std::uint32_t>(in.at()));
  return true;
}

Status OpenGroup::load(Reader& in) {
  const Error damaged{Code::Corrupt, "saved open samples do not read as they were written"};
  OpenGroup saved;
  saved.base_ = time_from_ms(in.time_after(0));
  const std::uint64_t polls = in.varint();
  if (!in.ok() || polls > kMaxPolls || polls > in.left()) return damaged;
  std::int64_t offset = 0;
  for (std::uint64_t i = 0; i < polls; ++i) {
    offset = in.time_after(offset);
    if (std::abs(offset) > kMaxGroupSpan.count()) return damaged;
    saved.polls_.push_back(static_cast<std::int32_t>(offset));
  }
  const std::uint64_t slots = in.be64();
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
    if ((slots >> slot & 1) == 0) continue;
    OpenChunk& chunk = saved.chunk(slot);
    chunk.form = in.u8();
    const std::uint64_t count_and_even = in.varint();
    const std::uint64_t count = count_and_even >> 1;
    chunk.even = (count_and_even & 1) != 0;
    const std::int64_t stride = chunk.even ? in.signed_varint() : 0;
    const std::string_view octets = in.text();
    if (!in.ok() || count == 0 || count > kMaxOpenSamples || stride < -kMaxStride || stride > kMaxStride) return damaged;
    if (count == 1 && stride != 0) return damaged;
    chunk.stride = static_cast<std::int16_t>(stride);
    chunk.count = static_cast<std::uint16_t>(count);
    if (!saved.resume(chunk, octets)) return damaged;
    saved.octets_ += chunk.bits.octets();
  }
  if (!in.ok()) return damaged;
  if (polls > 0) {
    const auto [least, most] = std::minmax_element(saved.polls_.begin(), saved.polls_.end());
    saved.first_ = saved.base_ + Millis(*least);
    saved.last_ = saved.base_ + Millis(*most);
    if (saved.last_ - saved.first_ > kMaxGroupSpan) return damaged;
  }
  saved.octets_ += saved.polls_.size() * kPollOctets;
  *this = std::move(saved);
  return {};
}

}  // namespace bongsu::store
