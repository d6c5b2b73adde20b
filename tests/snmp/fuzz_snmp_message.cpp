// SPDX-License-Identifier: Apache-2.0
// Whatever decodes can be encoded, and decodes to the same again.
#include <cstdlib>

#include "snmp/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto message = bongsu::snmp::decode({data, size});
  if (!message) return 0;
  // Octets are compared, as a NaN is not equal to itself; the first pass makes a signalling NaN quiet.
  const auto once = bongsu::snmp::encode(*message);
  if (!once) std::abort();
  const auto again = bongsu::snmp::decode(*once);
  if (!again) std::abort();
  const auto twice = bongsu::snmp::encode(*again);
  if (!twice || *twice != *once) std::abort();
  return 0;
}
