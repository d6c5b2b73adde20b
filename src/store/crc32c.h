// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace bongsu::store {

// CRC-32C (RFC 3720 appendix B.4). `crc`: of what stands before.
std::uint32_t crc32c(std::string_view octets, std::uint32_t crc = 0);

// As RocksDB's files keep it: rotated and moved, so that the sum of something that holds sums is not weak.
constexpr std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8u; }

}  // namespace bongsu::store
