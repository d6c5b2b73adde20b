// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "net/address.h"

namespace bongsu::icmp {

// Least octets of payload: our token and slot.
inline constexpr std::size_t kMinPayload = 12;

// An echo message of ours (RFC 792 page 14, RFC 4443 section 4).
struct Echo {
  std::uint16_t identifier = 0;
  std::uint16_t sequence = 0;
  std::uint64_t token = 0;  // random; a reply without it answers nothing of ours
  std::uint32_t slot = 0;   // where the request is kept
  friend bool operator==(const Echo&, const Echo&) = default;
};

// A request with `payload` octets of data (kMinPayload at least). The checksum is set for IPv4; for IPv6 it covers the
// pseudo header, and the kernel sets it.
void encode_request(net::Address::Family family, const Echo& echo, std::size_t payload, std::vector<std::uint8_t>& out);

// Reads a reply. Octets after the slot are not looked at: what identifies an answer is the token. Errors: Unsupported (another
// type of message, such as our own request on loopback), Truncated (too short to be ours), Invalid (code is not 0).
Result<Echo> decode_reply(net::Address::Family family, std::span<const std::uint8_t> message);

// RFC 1071; 0 over a message that carries its right checksum.
std::uint16_t checksum(std::span<const std::uint8_t> octets);

}  // namespace bongsu::icmp
