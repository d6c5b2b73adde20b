// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "snmp/dialect.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu::snmp;
  const auto dialect = decode_dialect({reinterpret_cast<const char*>(data), size});
  if (!dialect) return 0;
  if (const auto again = decode_dialect(encode(*dialect)); !again || *again != *dialect) std::abort();
  return 0;
}
