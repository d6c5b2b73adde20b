// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace bongsu::store {

// The primitives of every key and value (FORMAT.md). Big-endian where RocksDB must sort by them.
void put_u8(std::string& out, std::uint8_t value);
void put_be32(std::string& out, std::uint32_t value);
void put_be64(std::string& out, std::uint64_t value);
void put_varint(std::string& out, std::uint64_t value);  // 7 bits an octet, lowest first
void put_signed(std::string& out, std::int64_t value);   // zigzag varint
void put_text(std::string& out, std::string_view text);  // length, octets
// The same at `to`, which has room for ten octets; gives what is behind them.
template <class Octet>
Octet* put_varint_at(Octet* to, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) *to++ = static_cast<Octet>(value | 0x80);
  *to++ = static_cast<Octet>(value);
  return to;
}
// A double by itself, every bit of it, NaN payloads included.
void put_double(std::string& out, double value);

std::string be64(std::uint64_t value);
std::string varint(std::uint64_t value);

// Ends a value with the FNV-1a of all that stands before it.
void put_checksum(std::string& out);
// Takes it off again; false when it does not fit.
bool take_checksum(std::string_view& value);

// The same with a sum over words of eight octets, for what is long.
void put_sum(std::string& out);
bool take_sum(std::string_view& value);

// Reads what the functions above wrote. Past the end, or on a form not written by us, it gives zeros and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  std::uint8_t u8();
  std::uint32_t be32();
  std::uint64_t be64();
  std::uint64_t varint();
  std::int64_t signed_varint();
  std::string_view text() { return take(varint()); }
  std::string_view take(std::uint64_t octets);
  double number();
  std::uint64_t pattern();
  // Milliseconds after `base`, as signed_varint; fails further from 1970 than any clock goes, so that sums do not run over.
  std::int64_t time_after(std::int64_t base);
  // Whether the next octet begins a pattern rather than a varint of put_double's even form.
  bool at_pattern() const { return !in_.empty() && (in_[0] & 1) != 0; }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && in_.empty(); }
  std::size_t left() const { return in_.size(); }
  void fail() {
    ok_ = false;
    in_ = {};
  }

 private:
  std::string_view in_;
  bool ok_ = true;
};

constexpr std::uint64_t zigzag(std::int64_t value) {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) { return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1)); }

inline std::uint64_t as_bits(double value) { return std::bit_cast<std::uint64_t>(value); }
// A double that is a whole number of at most 53 bits, and not -0.
bool as_whole(double value, std::int64_t& whole);
// Octets of a 64-bit pattern without its zero octets at both ends: a control octet (lowest bit 1; 3 bits: how many are
// left out at the top; 4 bits: how many stand), then these, highest first.
void put_pattern(std::string& out, std::uint64_t bits);

}  // namespace bongsu::store
