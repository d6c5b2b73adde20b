// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bongsu::net {

// A host with or without a port, as people write it: NAME, NAME:PORT, 192.0.2.1:161, [2001:db8::1]:161, 2001:db8::1.
struct HostPort {
  std::string host;  // without brackets; what it says is not checked
  std::optional<std::uint16_t> port;

  // Error: Invalid (no host, a bracket left open, not a port, colons that make no IPv6 address).
  static Result<HostPort> parse(std::string_view text);
};

}  // namespace bongsu::net
