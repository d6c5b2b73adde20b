// SPDX-License-Identifier: Apache-2.0
#include "store/head.h"

#include <algorithm>

#include "store/codec.h"

namespace bongsu::store {
namespace {
constexpr std::uint8_t kBlockVersion = 1;
}

void keep_last_of_equal(std::vector<Sample>& samples) {
  const auto earlier = [](const Sample& a, const Sample& b) { return a.at < b.at; };
  if (!std::is_sorted(samples.begin(), samples.end(), earlier)) std::stable_sort(samples.begin(), samples.end(), earlier);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (kept > 0 && samples[kept - 1].at == samples[i].at) samples[kept - 1] = samples[i];
    else samples[kept++] = samples[i];
  }
  samples.resize(kept);
}

bool Block::put(std::uint32_t series, const Sample& sample) {
  Head& own = head(series);
  dirty = true;
  bool sealed = false;
  if (sample.at > own.newest) {
    if (!own.open.empty() && (own.open.full() || sample.at - own.open.first() > Chunk::kMaxSpan)) {
      seal(series, own);
      sealed = true;
    }
    own.open.append(sample);
    own.newest = sample.at;
  } else if (!own.open.empty() && sample.at >= own.open.first() && (!own.open.full() || sample.at == own.open.last())) {
    std::vector<Sample> samples = own.open.samples();
    samples.push_back(sample);
    keep_last_of_equal(samples);
    own.open = Chunk();
    for (const Sample& each : samples) own.open.append(each);
  } else {
    auto& late = late_[series];
    late.push_back(sample);
    own.newest_late = std::max(own.newest_late, sample.at);
    if (late.size() >= Chunk::kMaxSamples) {
      seal_late(series);
      sealed = true;
    }
  }
  return sealed;
}

void Block::seal(std::uint32_t series, Head& own) {
  sealed_.push_back({.series = series,
                     .first = own.open.first(),
                     .last = own.open.last(),
                     .value = std::make_shared<const std::string>(own.open.sealed())});
  own.open = Chunk();
  seal_late(series);
}

void Block::seal_late(std::uint32_t series) {
  const auto found = late_.find(series);
  if (found == late_.end()) return;
  std::vector<Sample> samples = std::move(found->second);
  late_.erase(found);
  keep_last_of_equal(samples);
  // A late chunk spans no more than one in order, so that a reader knows how far back to look.
  for (std::size_t i = 0; i < samples.size();) {
    Chunk chunk;
    for (; i < samples.size() && (chunk.empty() || samples[i].at - chunk.first() <= Chunk::kMaxSpan); ++i)
      chunk.append(samples[i]);
    sealed_.push_back({.series = series,
                       .late = true,
                       .first = chunk.first(),
                       .last = chunk.last(),
                       .value = std::make_shared<const std::string>(chunk.sealed())});
  }
}

void Block::copy(std::uint32_t series, Time from, Time to, Parts& out) {
  const Head& own = head(series);
  for (const SealedChunk& chunk : sealed_) {
    if (chunk.series == series && chunk.first <= to && chunk.last >= from) out.sealed.push_back(chunk);
  }
  if (!own.open.empty()) {
    out.complete_from = std::max(own.open.first(), own.newest_late == Time::min() ? Time::min() : own.newest_late + Millis(1));
    if (own.open.first() <= to && own.open.last() >= from) out.open = own.open.samples();
  }
  if (const auto late = late_.find(series); late != late_.end()) out.late = late->second;
}

const Chunk* Block::recent(std::uint32_t series, Time from) const {
  const Head& own = heads_[series % kSeries];
  return !own.open.empty() && own.open.first() <= from && own.newest_late < from ? &own.open : nullptr;
}

const Chunk* Block::newest(std::uint32_t series, Time to) const {
  const Head& own = heads_[series % kSeries];
  return !own.open.empty() && own.open.last() <= to && own.newest_late < own.open.last() ? &own.open : nullptr;
}

void Block::forget(std::uint32_t series) {
  head(series) = Head();
  late_.erase(series);
  dirty = true;
}

void Block::drop_taken() {
  sealed_.erase(sealed_.begin(), sealed_.begin() + static_cast<std::ptrdiff_t>(taken));
  taken = 0;
}

std::string Block::save() const {
  std::string out;
  put_u8(out, kBlockVersion);
  put_varint(out, saved_seq);
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    const Head& own = heads_[slot];
    if (!own.alive || own.newest == Time::min()) continue;
    put_u8(out, static_cast<std::uint8_t>(slot));
    put_signed(out, to_ms(own.newest));
    put_signed(out, to_ms(own.newest_late));
    put_text(out, own.open.empty() ? std::string() : own.open.sealed());
    const auto late = late_.find(number_ * kSeries + slot);
    put_varint(out, late == late_.end() ? 0 : late->second.size());
    if (late == late_.end()) continue;
    for (const Sample& sample : late->second) {
      put_signed(out, to_ms(sample.at));
      put_double(out, sample.value);
    }
  }
  put_checksum(out);
  return out;
}

Status Block::load(std::string_view value) {
  const Error damaged{Code::Corrupt,
                      "the saved open chunks of series " + std::to_string(number_ * kSeries) + " and up do not pass their check"};
  if (!take_checksum(value)) return damaged;
  Reader in(value);
  if (in.u8() != kBlockVersion) return damaged;
  saved_seq = in.varint();
  while (in.ok() && !in.done()) {
    const std::uint32_t slot = in.u8();
    const Time newest = time_from_ms(in.signed_varint());
    const Time newest_late = time_from_ms(in.signed_varint());
    const std::string_view open = in.text();
    std::vector<Sample> late;
    for (std::uint64_t left = in.varint(); in.ok() && left > 0; --left) {
      const Time at = time_from_ms(in.signed_varint());
      late.push_back({at, in.number()});
    }
    if (!in.ok()) return damaged;
    if (!heads_[slot].alive) continue;
    heads_[slot].newest = newest;
    heads_[slot].newest_late = newest_late;
    if (!open.empty()) {
      BONGSU_TRY(heads_[slot].open, reopen_chunk(open));
    }
    if (!late.empty()) late_[number_ * kSeries + slot] = std::move(late);
  }
  return in.ok() ? Status() : Status(damaged);
}

}  // namespace bongsu::store
