// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace bongsu::store {

// Numbers found by a hash of what they stand for, which the owner keeps and compares: 8 octets a place, three in four taken.
class IdTable {
 public:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  // The number with this hash for which `same` holds; kNone when there is none.
  template <class Same>
  std::uint32_t find(std::uint32_t hash, const Same& same) const {
    if (places_.empty()) return kNone;
    for (std::size_t at = hash & mask();; at = (at + 1) & mask()) {
      if (places_[at].value == kNone) return kNone;
      if (places_[at].hash == hash && same(places_[at].value)) return places_[at].value;
    }
  }
  void insert(std::uint32_t hash, std::uint32_t value) {
    if ((size_ + 1) * 4 > places_.size() * 3) grow();
    ++size_;
    put({hash, value});
  }
  void erase(std::uint32_t hash, std::uint32_t value) {
    std::size_t at = hash & mask();
    while (places_[at].value != value) at = (at + 1) & mask();
    --size_;
    // Those behind move up where that brings them no further than their own place.
    for (std::size_t next = at;;) {
      next = (next + 1) & mask();
      if (places_[next].value == kNone) break;
      const std::size_t own = places_[next].hash & mask();
      if (((next - own) & mask()) < ((next - at) & mask())) continue;
      places_[at] = places_[next];
      at = next;
    }
    places_[at] = {};
  }
  std::size_t octets() const { return places_.capacity() * sizeof(Place); }

 private:
  struct Place {
    std::uint32_t hash = 0;
    std::uint32_t value = kNone;
  };
  std::size_t mask() const { return places_.size() - 1; }
  void put(Place place) {
    std::size_t at = place.hash & mask();
    while (places_[at].value != kNone) at = (at + 1) & mask();
    places_[at] = place;
  }
  void grow() {
    std::vector<Place> old(places_.empty() ? 16 : places_.size() * 2);
    old.swap(places_);
    for (const Place& place : old) {
      if (place.value != kNone) put(place);
    }
  }
  std::vector<Place> places_;
  std::size_t size_ = 0;
};

}  // namespace bongsu::store
