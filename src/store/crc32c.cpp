// SPDX-License-Identifier: Apache-2.0
#include "store/crc32c.h"

#include <array>
#include <bit>
#include <cstring>

namespace bongsu::store {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected

// Eight tables: the n-th tells what an octet does that n others follow.
constexpr std::array<std::array<std::uint32_t, 256>, 8> make_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t octet = 0; octet < 256; ++octet) {
    std::uint32_t crc = octet;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][octet] = crc;
  }
  for (std::size_t n = 1; n < 8; ++n) {
    for (std::size_t octet = 0; octet < 256; ++octet)
      tables[n][octet] = tables[n - 1][octet] >> 8 ^ tables[0][tables[n - 1][octet] & 0xff];
  }
  return tables;
}
constexpr auto kTables = make_tables();

std::uint64_t word_at(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

std::uint32_t by_table(const char* at, std::size_t octets, std::uint32_t crc) {
  for (; octets >= 8; octets -= 8, at += 8) {
    const std::uint64_t word = word_at(at) ^ crc;
    crc = 0;
    for (std::size_t n = 0; n < 8; ++n) crc ^= kTables[7 - n][word >> 8 * n & 0xff];
  }
  for (; octets > 0; --octets, ++at) crc = crc >> 8 ^ kTables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xff];
  return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const char* at, std::size_t octets, std::uint32_t crc) {
  std::uint64_t wide = crc;
  for (; octets >= 8; octets -= 8, at += 8) wide = __builtin_ia32_crc32di(wide, word_at(at));
  auto narrow = static_cast<std::uint32_t>(wide);
  for (; octets > 0; --octets, ++at) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*at));
  return narrow;
}
#endif

}  // namespace

std::uint32_t crc32c(std::string_view octets, std::uint32_t crc) {
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("sse4.2") != 0;
  if (fast) return ~by_instruction(octets.data(), octets.size(), ~crc);
#endif
  return ~by_table(octets.data(), octets.size(), ~crc);
}

}  // namespace bongsu::store
