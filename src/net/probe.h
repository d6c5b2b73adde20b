// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "net/reactor.h"

namespace bongsu::net {

// Sends one datagram from a socket of its own that is connected to `to`, and waits for the first one back. Unlike the
// shared sockets of a reactor it hears of ICMP errors. For diagnosis; of a live reactor alone. Errors: Refused (ICMP: no
// such port), Unavailable (no way there), Timeout, Io.
asio::awaitable<Result<std::vector<std::uint8_t>>> ask_once(Reactor& reactor, Endpoint to, std::vector<std::uint8_t> datagram,
                                                            Millis timeout);

}  // namespace bongsu::net
