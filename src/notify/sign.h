// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bongsu::notify {

std::string hmac_sha256_hex(std::string_view key, std::string_view text);
std::string sha256_hex(std::string_view text);
std::string base64(std::string_view octets);
// A JSON Web Token of the claims, signed with an RSA key in PEM (RFC 7519, RS256). Error: Invalid, no such key.
Result<std::string> rs256_token(std::string_view key, std::string_view claims);
std::string url_encode(std::string_view text);  // RFC 3986: all but unreserved

}  // namespace bongsu::notify
