// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace bongsu::bench {

struct TableOptions {
  std::filesystem::path dir;
  std::uint64_t lines = 10'000'000;  // of logs
  bool rivals = false;
};

// Measures all that is asked of the store, each set in a process of its own, and prints it: what was asked, what was measured,
// rivals beside it. Takes some minutes. The exit code.
int print_table(const TableOptions& options);

}  // namespace bongsu::bench
