// SPDX-License-Identifier: Apache-2.0
#include "base/url.h"

namespace bongsu {

std::string url_part(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    const bool plain = (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'Z') || (octet >= 'a' && octet <= 'z') ||
                       octet == '-' || octet == '.' || octet == '_' || octet == '~';
    if (plain) out += c;
    else out.append({'%', kDigits[octet >> 4], kDigits[octet & 15]});
  }
  return out;
}

}  // namespace bongsu
