// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/recording.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto recording = bongsu::agent::Recording::parse({reinterpret_cast<const char*>(data), size});
  for (std::size_t i = 1; i < recording.objects.size(); ++i) {
    if (!(recording.objects[i - 1].oid < recording.objects[i].oid)) std::abort();
  }
  return 0;
}
