// SPDX-License-Identifier: Apache-2.0
#include "store/label_pool.h"

#include <algorithm>
#include <cstring>

namespace bongsu::store {
namespace {

constexpr std::size_t kTextBlock = 64 << 10;

std::uint32_t pair_hash(std::uint32_t name, std::string_view value) {
  const std::uint64_t hash = std::hash<std::string_view>{}(value) ^ (name + 1) * 0x9e3779b97f4a7c15;
  return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

}  // namespace

void IdList::take(IdList& other) {
  size_ = other.size_;
  capacity_ = other.capacity_;
  if (capacity_ != 0) heap_ = other.heap_;
  else std::copy(std::begin(other.own_), std::end(other.own_), own_);
  other.size_ = other.capacity_ = 0;
}

void IdList::drop() {
  if (capacity_ != 0) delete[] heap_;
}

void IdList::add(Id id) {
  const std::uint32_t room = capacity_ == 0 ? 2 : capacity_;
  if (size_ == room) {
    const std::uint32_t wider = size_ + std::max(2u, size_ / 2);
    Id* const wide = new Id[wider];
    std::copy_n(ids().data(), size_, wide);
    drop();
    heap_ = wide;
    capacity_ = wider;
  }
  Id* const all = capacity_ == 0 ? own_ : heap_;
  Id* const place = size_ == 0 || all[size_ - 1] < id ? all + size_ : std::lower_bound(all, all + size_, id);
  std::copy_backward(place, all + size_, all + size_ + 1);
  *place = id;
  ++size_;
}

void IdList::remove(Id id) {
  Id* const all = capacity_ == 0 ? own_ : heap_;
  Id* const place = std::lower_bound(all, all + size_, id);
  if (place == all + size_ || *place != id) return;
  std::copy(place + 1, all + size_, place);
  --size_;
}

const char* LabelPool::Texts::put(std::string_view text) {
  if (text.empty()) return "";
  if (text.size() > left) {
    const std::size_t size = std::max(kTextBlock, text.size());
    blocks.push_back(std::make_unique_for_overwrite<char[]>(size));
    unused += left;
    total += size;
    left = size;
    if (size > kTextBlock) {  // a large one has a block of its own
      std::memcpy(blocks.back().get(), text.data(), text.size());
      left = 0;
      return blocks.back().get();
    }
  }
  char* const at = blocks.back().get() + (kTextBlock - left);
  std::memcpy(at, text.data(), text.size());
  left -= text.size();
  return at;
}

LabelPool::Pair LabelPool::find(std::string_view name, std::string_view value) const {
  const auto known = name_numbers_.find(name);
  if (known == name_numbers_.end()) return kNone;
  const std::uint32_t number = known->second;
  return table_.find(pair_hash(number, value),
                     [&](Pair pair) { return pairs_[pair].name == number && this->value(pair) == value; });
}

LabelPool::Pair LabelPool::intern(std::string_view name, std::string_view value) {
  if (const Pair found = find(name, value); found != kNone) return found;
  auto known = name_numbers_.find(name);
  if (known == name_numbers_.end()) {
    known = name_numbers_.emplace(std::string(name), static_cast<std::uint32_t>(names_.size())).first;
    names_.push_back({.text = std::string(name)});
  }
  Pair pair = static_cast<Pair>(pairs_.size());
  if (free_.empty()) {
    pairs_.emplace_back();
  } else {
    pair = free_.back();
    free_.pop_back();
  }
  Name& owner = names_[known->second];
  Entry& entry = pairs_[pair];
  entry.text = texts_.put(value);
  entry.length = static_cast<std::uint32_t>(value.size());
  entry.hash = pair_hash(known->second, value);
  entry.name = known->second;
  entry.place = static_cast<std::uint32_t>(owner.pairs.size());
  owner.pairs.push_back(pair);
  table_.insert(entry.hash, pair);
  return pair;
}

void LabelPool::add(Pair pair, IdList::Id series) {
  pairs_[pair].series.add(series);
  ++names_[pairs_[pair].name].series;
}

void LabelPool::remove(Pair pair, IdList::Id series) {
  Entry& entry = pairs_[pair];
  Name& owner = names_[entry.name];
  entry.series.remove(series);
  --owner.series;
  if (entry.series.size() != 0) return;
  table_.erase(entry.hash, pair);
  pairs_[owner.pairs.back()].place = entry.place;
  owner.pairs[entry.place] = owner.pairs.back();
  owner.pairs.pop_back();
  texts_.unused += entry.length;
  entry = Entry();
  free_.push_back(pair);
  tidy();
}

void LabelPool::tidy() {
  if (texts_.unused < (1 << 20) || texts_.unused * 2 < texts_.total) return;
  Texts old;
  std::swap(old, texts_);
  for (Entry& entry : pairs_) {
    if (entry.text != nullptr) entry.text = texts_.put({entry.text, entry.length});
  }
}

std::span<const LabelPool::Pair> LabelPool::pairs_of(std::string_view name) const {
  const auto known = name_numbers_.find(name);
  if (known == name_numbers_.end()) return {};
  return names_[known->second].pairs;
}

bool LabelPool::before(Pair a, Pair b) const {
  if (pairs_[a].name != pairs_[b].name) return name(a) < name(b);
  return value(a) < value(b);
}

std::size_t LabelPool::octets() const {
  std::size_t octets = pairs_.capacity() * sizeof(Entry) + free_.capacity() * sizeof(Pair) + table_.octets() + texts_.total;
  for (const Entry& entry : pairs_) octets += entry.series.octets();
  for (const Name& name : names_) octets += name.pairs.capacity() * sizeof(Pair) + sizeof(Name) + 2 * name.text.size() + 64;
  return octets;
}

}  // namespace bongsu::store
