// SPDX-License-Identifier: Apache-2.0
// Kept records of notices: whatever is on disk is refused or read; what is read is written again the same.
#include <cstdlib>

#include "model/alarm_news.h"
#include "notify/desk.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto kept = notify::decode_case(bytes)) {
    const std::string again = notify::encode(*kept);
    if (const auto twice = notify::decode_case(again); !twice || notify::encode(*twice) != again) std::abort();
  }
  if (const auto kept = notify::decode_delivery(bytes)) {
    const std::string again = notify::encode(*kept);
    if (const auto twice = notify::decode_delivery(again); !twice || notify::encode(*twice) != again) std::abort();
  }
  if (const auto news = decode_alarm_news(bytes)) {
    const std::string again = encode(*news);
    if (const auto twice = decode_alarm_news(again); !twice || encode(*twice) != again) std::abort();
  }
  return 0;
}
