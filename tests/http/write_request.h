// SPDX-License-Identifier: Apache-2.0
// Remote write as a sender makes it: protobuf by hand, packed with snappy.
#pragma once

#include <snappy.h>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bongsu::http {

struct SentSeries {
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::pair<std::int64_t, double>> samples;  // ms since 1970, value
};

inline std::string varint(std::uint64_t value) {
  std::string out;
  for (; value > 0x7f; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out + static_cast<char>(value);
}
inline std::string message(unsigned field, std::string_view content) {
  return varint(field << 3 | 2) + varint(content.size()) + std::string(content);
}

inline std::string write_request(const std::vector<SentSeries>& all) {
  std::string out;
  for (const SentSeries& series : all) {
    std::string one;
    for (const auto& [name, value] : series.labels) one += message(1, message(1, name) + message(2, value));
    for (const auto& [at, value] : series.samples) {
      const auto bits = std::bit_cast<std::uint64_t>(value);
      std::string fixed;
      for (unsigned i = 0; i < 8; ++i) fixed += static_cast<char>(bits >> (8 * i) & 0xff);
      one += message(2, "\x09" + fixed + "\x10" + varint(static_cast<std::uint64_t>(at)));
    }
    out += message(1, one);
  }
  return out;
}

inline std::string packed(std::string_view octets) {
  std::string out;
  snappy::Compress(octets.data(), octets.size(), &out);
  return out;
}

}  // namespace bongsu::http
