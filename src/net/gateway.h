// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "net/address.h"

namespace bongsu::net {

// The address of this machine's default gateway: of the default routes by IPv4 the one with the lowest metric, else by IPv6, but
// for link-local ones, which say nothing beyond the line. Nothing where there is none. Reads two small files of the kernel's.
std::optional<Address> default_gateway();

// The same from the text of /proc/net/route and of /proc/net/ipv6_route (proc(5)); lines that cannot be read are left out.
std::optional<Address> gateway_of_routes(std::string_view v4, std::string_view v6);

}  // namespace bongsu::net
