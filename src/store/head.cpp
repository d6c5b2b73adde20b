// SPDX-License-Identifier: Apache-2.0
#include "store/head.h"

#include <algorithm>
#include <bit>

#include "store/codec.h"

namespace bongsu::store {
namespace {

constexpr std::uint8_t kBlockVersion = 3;
constexpr std::uint8_t kAllTold = 2;  // the version in which each series tells its newest sample and its form
// A group is sealed when its packed samples take this much: memory is bounded whatever the interval and the values.
constexpr std::size_t kSealOctets = 12 << 10;
constexpr std::size_t kMaxLate = 1024;

bool same_sample(const Sample& a, const Sample& b) {
  return a.at == b.at && std::bit_cast<std::uint64_t>(a.value) == std::bit_cast<std::uint64_t>(b.value);
}

}  // namespace

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

// The first group of each block ends sooner or later than its neighbours', so that they are not all sealed in one second.
std::size_t Block::limit() const {
  if (whole_groups_) return kSealOctets;
  return kSealOctets / 4 + (number_ * 0x9e3779b1u >> 16) % (kSealOctets * 3 / 4);
}

void Block::put(std::uint32_t series, const Sample& sample) {
  const std::uint32_t slot = series % kSeries;
  dirty = true;
  if (sample.at > newest_[slot]) {
    if (open_->octets() >= limit() || !open_->takes(slot, sample.at)) freeze();
    open_->append(slot, sample.at, sample.value, forms_[slot]);
  } else if (open_->has(slot) && sample.at >= open_->first(slot) && open_->takes(slot, sample.at)) {
    open_->insert(slot, sample.at, sample.value);
  } else {
    Late& late = late_[slot];
    late.samples.push_back(sample);
    late.newest = std::max(late.newest, sample.at);
    if (++late_count_ >= kMaxLate) freeze();
  }
  if (sample.at >= newest_[slot]) {
    newest_[slot] = sample.at;
    last_[slot] = sample.value;
  }
}

void Block::freeze() {
  auto frozen = std::make_shared<Frozen>();
  frozen->number = next_frozen_++;
  whole_groups_ = true;
  for (auto at = late_.begin(); at != late_.end();) {
    if (!at->second.samples.empty()) frozen->late.emplace(at->first, std::move(at->second.samples));
    at->second.samples.clear();
    // Readers ask for it no more once all that is open is later.
    at = open_->has(at->first) && open_->first(at->first) > at->second.newest ? late_.erase(at) : std::next(at);
  }
  late_count_ = 0;
  frozen->open = std::move(*open_);
  *open_ = OpenGroup();
  frozen_.push_back(std::move(frozen));
}

void Block::copy(std::uint32_t series, Time from, Time to, Parts& out) const {
  const std::uint32_t slot = series % kSeries;
  const auto read = [&](const OpenGroup& group) {
    if (!group.has(slot)) return;
    out.complete_from = std::min(out.complete_from, group.first(slot));
    if (group.first(slot) <= to && newest_[slot] >= from) group.read(slot, out.in_order);
  };
  for (const auto& frozen : frozen_) {
    read(frozen->open);
    if (const auto late = frozen->late.find(slot); late != frozen->late.end())
      out.late.insert(out.late.end(), late->second.begin(), late->second.end());
  }
  read(*open_);
  if (const auto late = late_.find(slot); late != late_.end()) {
    out.late.insert(out.late.end(), late->second.samples.begin(), late->second.samples.end());
    if (out.complete_from != Time::max()) out.complete_from = std::max(out.complete_from, late->second.newest + Millis(1));
  }
}

bool Block::read_recent(std::uint32_t series, Time from, std::vector<Sample>& out) const {
  const std::uint32_t slot = series % kSeries;
  if (!open_->has(slot) || open_->first(slot) > from) return false;
  if (const auto late = late_.find(slot); late != late_.end() && late->second.newest >= from) return false;
  if (newest_[slot] >= from) open_->read(slot, out);
  return true;
}

void Block::shed(std::uint32_t series) {
  const std::uint32_t slot = series % kSeries;
  if (!open_->has(slot) && !late_.contains(slot)) return;
  open_->forget(slot);
  if (const auto late = late_.find(slot); late != late_.end()) {
    late_count_ -= late->second.samples.size();
    late_.erase(late);
  }
  dirty = true;
}

void Block::forget(std::uint32_t series) {
  const std::uint32_t slot = series % kSeries;
  alive_ &= ~(1ull << slot);
  newest_[slot] = Time::min();
  forms_[slot] = 0;
  shed(series);
  dirty = true;
}

std::vector<std::shared_ptr<const Frozen>> Block::take_frozen() {
  std::vector<std::shared_ptr<const Frozen>> some(frozen_.begin() + static_cast<std::ptrdiff_t>(taken), frozen_.end());
  taken = frozen_.size();
  return some;
}

void Block::drop_taken() {
  frozen_.erase(frozen_.begin(), frozen_.begin() + static_cast<std::ptrdiff_t>(taken));
  taken = 0;
}

bool Block::empty() const {
  return std::all_of(newest_.begin(), newest_.end(), [](Time each) { return each == Time::min(); });
}

std::size_t Block::memory() const { return sizeof(Block) + sizeof(OpenGroup) + open_->memory() + late_count_ * sizeof(Sample); }

std::string Block::save() const {
  std::string out;
  put_u8(out, kBlockVersion);
  put_varint(out, saved_seq);
  put_varint(out, next_frozen_);
  std::uint64_t slots = 0;
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    if (alive(slot) && newest_[slot] != Time::min()) slots |= 1ull << slot;
  }
  put_be64(out, slots);
  // Most series' newest sample is the last of their open ones, and most of these are told in the form that suited the last
  // sealed.
  std::uint64_t newest_told = 0, form_told = 0;
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    if ((slots >> slot & 1) == 0) continue;
    const bool open = open_->has(slot);
    newest_told |= (open && same_sample(open_->last(slot), last(slot)) ? 0ull : 1ull) << slot;
    form_told |= (open && open_->form(slot) == forms_[slot] ? 0ull : 1ull) << slot;
  }
  put_be64(out, newest_told);
  std::int64_t before = 0;
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    if ((newest_told >> slot & 1) == 0) continue;
    put_signed(out, to_ms(newest_[slot]) - before);
    before = to_ms(newest_[slot]);
    put_double(out, last_[slot]);
  }
  put_be64(out, form_told);
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    if ((form_told >> slot & 1) != 0) put_u8(out, forms_[slot]);
  }
  open_->save(out);
  put_varint(out, late_.size());
  for (const auto& [slot, late] : late_) {
    put_u8(out, static_cast<std::uint8_t>(slot));
    put_signed(out, to_ms(late.newest));
    put_varint(out, late.samples.size());
    for (const Sample& sample : late.samples) {
      put_signed(out, to_ms(sample.at));
      put_double(out, sample.value);
    }
  }
  put_sum(out);
  return out;
}

Status Block::load(std::string_view value) {
  const Error damaged{
      Code::Corrupt, "the saved open samples of series " + std::to_string(number_ * kSeries) + " and up do not pass their check"};
  if (!take_sum(value)) return damaged;
  Reader in(value);
  const std::uint8_t version = in.u8();
  if (version != kBlockVersion && version != kAllTold) return damaged;
  Block saved(number_);
  saved.saved_seq = in.varint();
  saved.next_frozen_ = in.varint();
  const std::uint64_t slots = in.be64();
  const std::uint64_t newest_told = version == kAllTold ? slots : in.be64();
  std::int64_t newest = 0;
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    if ((newest_told >> slot & 1) == 0) continue;
    newest = in.time_after(newest);
    saved.newest_[slot] = time_from_ms(newest);
    saved.last_[slot] = in.number();
    if (version == kAllTold) saved.forms_[slot] = in.u8();
  }
  const std::uint64_t form_told = version == kAllTold ? slots : in.be64();
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    if (version != kAllTold && (form_told >> slot & 1) != 0) saved.forms_[slot] = in.u8();
  }
  if (((newest_told | form_told) & ~slots) != 0) return damaged;
  BONGSU_TRY_OK(saved.open_->load(in));
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    const std::uint64_t bit = 1ull << slot;
    if ((slots & bit) == 0 || (newest_told & form_told & bit) != 0) continue;
    if (!saved.open_->has(slot)) return damaged;
    if ((newest_told & bit) == 0) {
      saved.newest_[slot] = saved.open_->last(slot).at;
      saved.last_[slot] = saved.open_->last(slot).value;
    }
    if ((form_told & bit) == 0) saved.forms_[slot] = saved.open_->form(slot);
  }
  for (std::uint64_t left = in.varint(); in.ok() && left > 0; --left) {
    const std::uint32_t slot = in.u8();
    Late& late = saved.late_[slot];
    late.newest = time_from_ms(in.time_after(0));
    for (std::uint64_t samples = in.varint(); in.ok() && samples > 0; --samples) {
      const Time at = time_from_ms(in.time_after(0));
      late.samples.push_back({at, in.number()});
    }
    if (slot >= kSeries) return damaged;
    saved.late_count_ += late.samples.size();
  }
  if (!in.done()) return damaged;
  for (std::uint32_t slot = 0; slot < kSeries; ++slot) {
    if (saved.open_->has(slot) && (saved.newest_[slot] == Time::min() || saved.open_->first(slot) > saved.newest_[slot]))
      return damaged;
    if (!alive(slot)) saved.forget(slot);
  }
  saved_seq = saved.saved_seq;
  number_from(saved.next_frozen_);
  whole_groups_ = true;
  newest_ = saved.newest_;
  last_ = saved.last_;
  forms_ = saved.forms_;
  open_ = std::move(saved.open_);
  late_ = std::move(saved.late_);
  late_count_ = saved.late_count_;
  return {};
}

std::vector<SealedGroup> seal(const Frozen& frozen, std::array<std::uint8_t, kGroupSeries>& learned) {
  std::vector<SealedGroup> out;
  const auto add = [&](std::vector<SeriesSamples>& all, bool late) {
    if (all.empty()) return;
    Time first = Time::max();
    for (const SeriesSamples& each : all) first = std::min(first, each.samples.front().at);
    out.push_back({.first = first, .late = late, .value = seal_group(all)});
  };
  std::vector<SeriesSamples> all;
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
    if (!frozen.open.has(slot)) continue;
    all.push_back({.slot = slot});
    frozen.open.read(slot, all.back().samples);
  }
  add(all, false);
  for (const SeriesSamples& each : all) learned[each.slot] = each.form.octet();

  // Late samples may lie far apart: one group for each span that holds some.
  std::map<std::uint32_t, std::vector<Sample>> left = frozen.late;
  for (auto& [slot, samples] : left) keep_last_of_equal(samples);
  while (!left.empty()) {
    Time first = Time::max();
    for (const auto& [slot, samples] : left) first = std::min(first, samples.front().at);
    all.clear();
    for (auto at = left.begin(); at != left.end();) {
      std::vector<Sample>& samples = at->second;
      const auto end = std::partition_point(samples.begin(), samples.end(),
                                            [&](const Sample& sample) { return sample.at - first <= kMaxGroupSpan; });
      if (end != samples.begin()) all.push_back({.slot = at->first, .samples = {samples.begin(), end}});
      samples.erase(samples.begin(), end);
      at = samples.empty() ? left.erase(at) : std::next(at);
    }
    add(all, true);
  }
  return out;
}

}  // namespace bongsu::store
