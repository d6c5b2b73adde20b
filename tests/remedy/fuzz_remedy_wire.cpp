// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "remedy/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu::remedy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto order = decode_order(text)) {
    const auto again = decode_order(encode(*order));
    if (!again || *again != *order) std::abort();
  }
  if (const auto outcome = decode_outcome(text)) {
    const auto again = decode_outcome(encode(*outcome));
    if (!again || *again != *outcome) std::abort();
  }
  return 0;
}
