// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace bongsu {
// Prints what was promised and where, then ends the process (abort). Never for input, network or disk.
[[noreturn]] void broken_promise(const char* what, const char* file, int line);
}  // namespace bongsu

#define BONGSU_CHECK(cond)                                            \
  do {                                                                \
    if (!(cond)) ::bongsu::broken_promise(#cond, __FILE__, __LINE__); \
  } while (false)
