// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace bongsu::notify {

std::string hmac_sha256_hex(std::string_view key, std::string_view text);
std::string sha256_hex(std::string_view text);
std::string base64(std::string_view octets);
std::string url_encode(std::string_view text);  // RFC 3986: all but unreserved

}  // namespace bongsu::notify
