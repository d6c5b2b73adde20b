// SPDX-License-Identifier: Apache-2.0
// What is kept of a device: its dialect, and its SNMPv3 engine.
#include <cstdlib>

#include "snmp/dialect.h"
#include "snmp/engine.h"

namespace {

void read_both(std::string_view bytes) {
  using namespace bongsu::snmp;
  if (const auto engine = decode_engine(bytes)) {
    if (const auto again = decode_engine(encode(*engine)); !again || *again != *engine) std::abort();
  }
  const auto dialect = decode_dialect(bytes);
  if (!dialect) return;
  if (const auto again = decode_dialect(encode(*dialect)); !again || *again != *dialect) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  read_both({reinterpret_cast<const char*>(data), size});
  return 0;
}
