// SPDX-License-Identifier: Apache-2.0
// Kept records of the topology: whatever is on disk is refused or read; what is read is written again the same.
#include <cstdlib>

#include "topology/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  if (const auto kept = topology::decode_told({reinterpret_cast<const char*>(data), size})) {
    const auto twice = topology::decode_told(topology::encode(*kept));
    if (!twice || *twice != *kept) std::abort();
  }
  return 0;
}
