// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/result.h"

namespace bongsu::mibc {

struct Limits {
  std::uint64_t memory_mib = 2048;
  std::uint64_t cpu_seconds = 120;
};
// For the rest of this process: bounded memory, processor time, files and file sizes, no core file, no sockets, no other
// programs, no new rights. It may still fork. Errors: Io.
Status confine(const Limits& limits);
// The same and no fork, for a child of that process; at most a minute of processor time.
Status confine_worker(const Limits& limits);

}  // namespace bongsu::mibc
