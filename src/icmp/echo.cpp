// SPDX-License-Identifier: Apache-2.0
#include "icmp/echo.h"

#include "base/check.h"

namespace bongsu::icmp {
namespace {

constexpr std::size_t kHeader = 8;

void put(std::vector<std::uint8_t>& out, std::uint64_t value, std::size_t octets) {
  for (std::size_t i = octets; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t take(std::span<const std::uint8_t> in, std::size_t at, std::size_t octets) {
  std::uint64_t value = 0;
  for (const std::uint8_t octet : in.subspan(at, octets)) value = value << 8 | octet;
  return value;
}

}  // namespace

void encode_request(net::Address::Family family, const Echo& echo, std::size_t payload, std::vector<std::uint8_t>& out) {
  BONGSU_CHECK(payload >= kMinPayload);
  const bool v4 = family == net::Address::Family::V4;
  out.clear();
  put(out, v4 ? 8 : 128, 1);
  put(out, 0, 3);  // code, checksum
  put(out, echo.identifier, 2);
  put(out, echo.sequence, 2);
  put(out, echo.token, 8);
  put(out, echo.slot, 4);
  while (out.size() < kHeader + payload) out.push_back(static_cast<std::uint8_t>(out.size()));
  if (!v4) return;
  const std::uint16_t sum = checksum(out);
  out[2] = static_cast<std::uint8_t>(sum >> 8);
  out[3] = static_cast<std::uint8_t>(sum);
}

Result<Echo> decode_reply(net::Address::Family family, std::span<const std::uint8_t> message) {
  if (message.empty()) return Error{Code::Truncated, "empty ICMP message"};
  if (message[0] != (family == net::Address::Family::V4 ? 0 : 129)) return Error{Code::Unsupported, "no echo reply"};
  if (message.size() < kHeader + kMinPayload) return Error{Code::Truncated, "echo reply too short to be ours"};
  if (message[1] != 0) return Error{Code::Invalid, "echo reply with a code"};
  return Echo{static_cast<std::uint16_t>(take(message, 4, 2)), static_cast<std::uint16_t>(take(message, 6, 2)),
              take(message, 8, 8), static_cast<std::uint32_t>(take(message, 16, 4))};
}

std::uint16_t checksum(std::span<const std::uint8_t> octets) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) sum += i % 2 == 0 ? static_cast<std::uint32_t>(octets[i]) << 8 : octets[i];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace bongsu::icmp
