// SPDX-License-Identifier: Apache-2.0
#include "store/codec.h"

#include <bit>
#include <cmath>

#include "store/bits.h"

namespace bongsu::store {

void put_u8(std::string& out, std::uint8_t value) { out.push_back(static_cast<char>(value)); }
void put_be32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) put_u8(out, static_cast<std::uint8_t>(value >> shift));
}
void put_be64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) put_u8(out, static_cast<std::uint8_t>(value >> shift));
}
void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) put_u8(out, static_cast<std::uint8_t>(value | 0x80));
  put_u8(out, static_cast<std::uint8_t>(value));
}
void put_signed(std::string& out, std::int64_t value) { put_varint(out, zigzag(value)); }
void put_text(std::string& out, std::string_view text) {
  put_varint(out, text.size());
  out.append(text);
}

bool as_whole(double value, std::int64_t& whole) {
  constexpr double kBound = 9007199254740992.0;  // 2^53
  if (!(value > -kBound && value < kBound)) return false;
  whole = static_cast<std::int64_t>(value);
  return std::bit_cast<std::uint64_t>(static_cast<double>(whole)) == std::bit_cast<std::uint64_t>(value);
}

void put_pattern(std::string& out, std::uint64_t bits) {
  if (bits == 0) return put_u8(out, 1);
  const int top = std::countl_zero(bits) / 8;
  const int bottom = std::countr_zero(bits) / 8;
  const int stand = 8 - top - bottom;
  put_u8(out, static_cast<std::uint8_t>(1 | top << 1 | stand << 4));
  for (int octet = 7 - top; octet >= bottom; --octet) put_u8(out, static_cast<std::uint8_t>(bits >> (8 * octet)));
}

void put_double(std::string& out, double value) {
  std::int64_t whole = 0;
  if (as_whole(value, whole)) put_varint(out, zigzag(whole) << 1);
  else put_pattern(out, std::bit_cast<std::uint64_t>(value));
}

std::string be64(std::uint64_t value) {
  std::string out;
  put_be64(out, value);
  return out;
}

std::string varint(std::uint64_t value) {
  std::string out;
  put_varint(out, value);
  return out;
}

void put_checksum(std::string& out) { put_be64(out, hash_bytes(out)); }

bool take_checksum(std::string_view& value) {
  if (value.size() < 8) return false;
  Reader tail(value.substr(value.size() - 8));
  value.remove_suffix(8);
  return tail.be64() == hash_bytes(value);
}

namespace {

std::uint64_t sum_of(std::string_view octets) {
  std::uint64_t sum = octets.size();
  const auto mix = [&](std::uint64_t word) { sum = std::rotl(sum ^ word, 29) * 0x9e3779b97f4a7c15; };
  for (; octets.size() >= 8; octets.remove_prefix(8)) mix(Bits::load(reinterpret_cast<const std::uint8_t*>(octets.data())));
  std::uint64_t rest = 0;
  for (std::size_t i = 0; i < octets.size(); ++i)
    rest |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(octets[i])) << 8 * i;
  mix(rest);
  return sum ^ sum >> 32;
}

}  // namespace

void put_sum(std::string& out) { put_be64(out, sum_of(out)); }

bool take_sum(std::string_view& value) {
  if (value.size() < 8) return false;
  Reader tail(value.substr(value.size() - 8));
  value.remove_suffix(8);
  return tail.be64() == sum_of(value);
}

std::string_view Reader::take(std::uint64_t octets) {
  if (octets > in_.size()) {
    fail();
    return {};
  }
  const std::string_view taken = in_.substr(0, static_cast<std::size_t>(octets));
  in_.remove_prefix(taken.size());
  return taken;
}

std::uint8_t Reader::u8() {
  const std::string_view octet = take(1);
  return octet.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(octet[0]);
}
std::uint32_t Reader::be32() {
  std::uint32_t value = 0;
  for (const char c : take(4)) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}
std::uint64_t Reader::be64() {
  std::uint64_t value = 0;
  for (const char c : take(8)) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}
std::uint64_t Reader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t octet = u8();
    value |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
    if (octet < 0x80) return value;
  }
  fail();
  return 0;
}
std::int64_t Reader::signed_varint() { return unzigzag(varint()); }

std::int64_t Reader::time_after(std::int64_t base) {
  constexpr std::int64_t kFar = 1LL << 56;
  const auto ms = static_cast<std::int64_t>(static_cast<std::uint64_t>(base) + static_cast<std::uint64_t>(signed_varint()));
  if (ms > -kFar && ms < kFar) return ms;
  fail();
  return 0;
}

std::uint64_t Reader::pattern() {
  const std::uint8_t control = u8();
  const int top = control >> 1 & 7;
  const int stand = control >> 4;
  if (top + stand > 8) {
    fail();
    return 0;
  }
  std::uint64_t bits = 0;
  for (const char c : take(static_cast<std::uint64_t>(stand))) bits = bits << 8 | static_cast<std::uint8_t>(c);
  return stand == 0 ? 0 : bits << (8 * (8 - top - stand));
}

double Reader::number() {
  if (at_pattern()) return std::bit_cast<double>(pattern());
  return static_cast<double>(unzigzag(varint() >> 1));
}

}  // namespace bongsu::store
