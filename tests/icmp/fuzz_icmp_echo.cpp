// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "icmp/echo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  for (const auto family : {net::Address::Family::V4, net::Address::Family::V6}) {
    const auto echo = icmp::decode_reply(family, {data, size});
    if (!echo) continue;
    std::vector<std::uint8_t> again;
    icmp::encode_request(family, *echo, icmp::kMinPayload, again);
    again[0] = data[0];
    const auto same = icmp::decode_reply(family, again);
    if (!same || *same != *echo) std::abort();
  }
  return 0;
}
