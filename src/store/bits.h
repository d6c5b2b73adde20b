// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

namespace bongsu::store {

// Bits that grow at the end, the first in the lowest bit of the first octet. Kept by every series that is being filled, so
// it is small: memory grows by a quarter.
class Bits {
 public:
  Bits() = default;
  Bits(Bits&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)), room_(std::exchange(other.room_, 0)) {}
  Bits& operator=(Bits&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(room_, other.room_);
    return *this;
  }
  ~Bits() { std::free(data_); }

  // The lowest `count` bits of `value`, at most 64.
  void put(std::uint64_t value, unsigned count) {
    if (count > kAtOnce) {
      put(value & ((1ull << 32) - 1), 32);
      value >>= 32;
      count -= 32;
    }
    reserve((size_ + count + 7) / 8 + sizeof(std::uint64_t));
    std::uint64_t word = load(data_ + size_ / 8);
    word |= (value & mask(count)) << size_ % 8;
    store(data_ + size_ / 8, word);
    size_ += count;
  }
  std::uint32_t size() const { return size_; }  // in bits
  std::uint32_t octets() const { return (size_ + 7) / 8; }
  std::string_view view() const { return {reinterpret_cast<const char*>(data_), octets()}; }
  void clear() {
    if (data_ != nullptr) std::memset(data_, 0, room_);
    size_ = 0;
  }
  // Gives up what it does not need.
  void assign(std::string_view octets, std::uint32_t bits) {
    clear();
    reserve(octets.size() + sizeof(std::uint64_t));
    std::memcpy(data_, octets.data(), octets.size());
    size_ = bits;
  }

  static constexpr unsigned kAtOnce = 56;
  static constexpr std::uint64_t mask(unsigned count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }
  static std::uint64_t load(const std::uint8_t* from) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, sizeof word);
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    return word;
  }
  static void store(std::uint8_t* to, std::uint64_t word) {
    if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
    std::memcpy(to, &word, sizeof word);
  }

 private:
  void reserve(std::size_t octets) {
    if (octets <= room_) return;
    const std::size_t room = (octets + octets / 4 + 23) / 16 * 16 + 8;  // as malloc deals it out
    void* grown = std::realloc(data_, room);
    if (grown == nullptr) throw std::bad_alloc();
    data_ = static_cast<std::uint8_t*>(grown);
    std::memset(data_ + room_, 0, room - room_);
    room_ = static_cast<std::uint32_t>(room);
  }
  std::uint8_t* data_ = nullptr;  // zero past the end
  std::uint32_t size_ = 0;
  std::uint32_t room_ = 0;
};

// Reads what Bits holds. Past the end it gives zeros and ok() is false.
class BitReader {
 public:
  explicit BitReader(std::string_view octets)
      : data_(reinterpret_cast<const std::uint8_t*>(octets.data())), size_(octets.size()) {}
  // At least 56 bits, not taken yet; zeros past the end.
  std::uint64_t peek() const {
    const std::size_t octet = at_ / 8;
    if (octet + sizeof(std::uint64_t) <= size_) [[likely]]
      return Bits::load(data_ + octet) >> at_ % 8;
    return peek_end(octet);
  }
  void skip(unsigned count) { at_ += count; }
  std::uint64_t take(unsigned count) {
    if (count > Bits::kAtOnce) {
      const std::uint64_t low = take(32);
      return low | take(count - 32) << 32;
    }
    const std::uint64_t value = peek() & Bits::mask(count);
    at_ += count;
    return value;
  }
  void fail() { at_ = kFailed; }
  bool ok() const { return at_ <= size_ * 8; }
  // Read to the last octet.
  bool done() const { return ok() && (at_ + 7) / 8 == size_; }
  std::size_t at() const { return at_; }
  // What is left of the octet that was read last.
  bool rest_is_zero() const { return at_ % 8 == 0 || data_[at_ / 8] >> at_ % 8 == 0; }

 private:
  static constexpr std::size_t kFailed = ~std::size_t{0} >> 2;
  // Of fewer than eight octets.
  std::uint64_t peek_end(std::size_t octet) const {
    if (octet >= size_) return 0;
    const std::size_t left = size_ - octet;
    if (size_ >= 8) return Bits::load(data_ + size_ - 8) >> 8 * (8 - left) >> at_ % 8;
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < left; ++i) word |= static_cast<std::uint64_t>(data_[octet + i]) << 8 * i;
    return word >> at_ % 8;
  }
  const std::uint8_t* data_;
  std::size_t size_;    // octets
  std::size_t at_ = 0;  // bits
};

// A number of at least 1 in twice its length less one: as many ones as bits follow the highest, a zero, these bits.
template <class Sink>
void put_gamma(Sink& out, std::uint64_t value) {
  const auto below = static_cast<unsigned>(std::bit_width(value)) - 1;
  out.put(Bits::mask(below), below + 1);
  out.put(value & Bits::mask(below), below);
}
inline std::uint64_t take_gamma(BitReader& in) {
  const auto ones = static_cast<unsigned>(std::countr_one(in.peek()));
  unsigned below = std::min(ones, Bits::kAtOnce);
  in.skip(below);
  while (below < 64 && in.take(1) != 0) ++below;
  if (below > 63) {
    in.fail();
    return 1;
  }
  return 1ull << below | in.take(below);
}

}  // namespace bongsu::store
