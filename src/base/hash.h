// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bongsu {

// FNV-1a, 64 bit: for hash tables and content keys that need not withstand an attacker. The same on every machine.
constexpr std::uint64_t kHashSeed = 0xcbf29ce484222325;
constexpr std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = kHashSeed) {
  for (const char c : bytes) seed = (seed ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return seed;
}

}  // namespace bongsu
