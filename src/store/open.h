// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/point.h"
#include "store/codec.h"
#include "store/group.h"
#include "store/values.h"

namespace bongsu::store {

// The newest samples of one series, packed as they come: which poll of the block, then the value.
struct OpenChunk {
  Bits bits{};
  ValueState state{};
  std::uint16_t count = 0;
  std::uint16_t poll = 0;    // of the last sample
  std::int16_t stride = 0;   // polls between the last two
  bool even = true;          // strides are all alike and stand nowhere else
  std::uint8_t form = 0;     // ValueForm::octet
  std::uint8_t strange = 0;  // finite values that did not fit the form, up to 255
};

// The open samples of 64 neighbouring series. A time that several of them share stands once, as a poll. They are sealed
// together, at most kMaxGroupSpan long.
class OpenGroup {
 public:
  bool empty() const { return polls_.empty(); }
  std::size_t octets() const { return octets_; }  // packed, polls included
  std::size_t memory() const;                     // about
  // Whether `at` may join in slot `slot`, or the group must be sealed before.
  bool takes(std::uint32_t slot, Time at) const;
  bool has(std::uint32_t slot) const { return chunks_ != nullptr && (*chunks_)[slot].count > 0; }
  Time first(std::uint32_t slot) const;                                          // of a slot that has samples
  Sample last(std::uint32_t slot) const;                                         // the same
  std::uint8_t form(std::uint32_t slot) const { return (*chunks_)[slot].form; }  // the same
  // `at` must be later than the slot's last. `hint`: the form of an empty slot, if the value fits it.
  void append(std::uint32_t slot, Time at, double value, std::uint8_t hint);
  // In its place, or over the one with this time.
  void insert(std::uint32_t slot, Time at, double value);
  void read(std::uint32_t slot, std::vector<Sample>& out) const;
  void forget(std::uint32_t slot);

  // For the saved form of a block (FORMAT.md). Error: Corrupt.
  void save(std::string& out) const;
  Status load(Reader& in);

 private:
  struct Packed {
    std::uint16_t poll = 0;
    std::uint64_t bits = 0;
  };
  Time time_of(std::uint16_t poll) const { return base_ + Millis(polls_[poll]); }
  std::uint16_t poll_at(Time at);
  bool put(OpenChunk& chunk, const Packed& sample);
  template <class Take>
  void unpack(std::uint32_t slot, const Take& take) const;
  std::vector<Packed> unpacked(std::uint32_t slot) const;
  bool resume(OpenChunk& chunk, std::string_view octets) const;
  void refill(std::uint32_t slot, const std::vector<Packed>& samples, std::uint8_t form);

  Time base_{};  // of the first poll
  Time first_{}, last_{};
  std::size_t octets_ = 0;
  std::vector<std::int32_t> polls_;  // ms after base_, in order of arrival
  using Chunks = std::array<OpenChunk, kGroupSeries>;
  OpenChunk& chunk(std::uint32_t slot);
  std::unique_ptr<Chunks> chunks_;  // null while there are none
};

}  // namespace bongsu::store
