// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bongsu::http {

struct Listen {
  std::string address;  // numeric
  std::uint16_t port = 0;
};

// "127.0.0.1:8642", "[::1]:8642", "localhost:8642" (127.0.0.1). Errors: Invalid; Denied for an address beyond loopback,
// since there are no users and tokens to ask for yet.
Result<Listen> parse_listen(std::string_view text);

// Whether a Host field (RFC 9110 section 7.2) names this machine's loopback, or `address`: a page of a stranger whose name
// was pointed at 127.0.0.1 (DNS rebinding) sends its own name.
bool host_is_ours(std::string_view host, std::string_view address);

}  // namespace bongsu::http
