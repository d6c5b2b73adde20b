// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "query/engine.h"
#include "query/parse.h"

// Refusing is fine; what is taken must be said again, and read back as the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = bongsu::query::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  const std::string text = bongsu::query::to_string(**parsed);
  const auto again = bongsu::query::parse(text);
  if (!again) {
    // Our own form may need more room than the original.
    if (again.error().code == bongsu::Code::Limit) return 0;
    std::abort();
  }
  if (bongsu::query::to_string(**again) != text) std::abort();
  static_cast<void>(bongsu::query::check_supported(**parsed));
  return 0;
}
