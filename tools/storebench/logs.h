// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace bongsu::bench {

struct LogOptions {
  std::uint64_t lines = 10'000'000;
  std::filesystem::path dir;
  std::uint64_t memory_mib = 256;
  bool json = false;
};

// Fills a store with made-up log lines, half a million at a time from memory until they are durable, and searches it; prints
// the figures. The exit code.
int measure_logs(const LogOptions& options);

}  // namespace bongsu::bench
