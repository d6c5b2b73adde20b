// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "base/time.h"

namespace bongsu::crash {

struct LoopOptions {
  std::filesystem::path dir;  // emptied first; what fails is left in it
  std::uint64_t cycles = 200;
  std::uint64_t seed = 0;
  std::uint64_t stride = 1;  // of faults: every how manieth call fails
  Millis most_lost{1000};    // of points, by a crash
};

// Each prints what it found and gives how many findings there were. Error: Denied where the system does not allow it.
Result<int> kill_loop(const LoopOptions& options);
Result<int> power_loop(const LoopOptions& options);
Result<int> full_loop(const LoopOptions& options);
Result<int> damage_loop(const LoopOptions& options);
Result<int> fault_loop(const LoopOptions& options);

}  // namespace bongsu::crash
