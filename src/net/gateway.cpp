// SPDX-License-Identifier: Apache-2.0
#include "net/gateway.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/text.h"

namespace bongsu::net {
namespace {

// RTF_UP, RTF_GATEWAY and RTF_REJECT of <linux/route.h> and <linux/ipv6_route.h>, whose numbers are one.
constexpr std::uint32_t kUp = 0x1, kGateway = 0x2, kReject = 0x200;
constexpr std::size_t kMostOctets = 1 << 20;  // of each file; a full routing table stands behind its default route

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = line.find_first_not_of(" \t", at);
    if (begin == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
    out.push_back(line.substr(begin, end - begin));
    at = end;
  }
  return out;
}

std::optional<std::uint32_t> number(std::string_view word, int base) {
  std::uint32_t value = 0;
  const auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), value, base);
  if (ec != std::errc{} || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// The route of the lowest metric so far.
struct Best {
  std::optional<Address> gateway{};
  std::uint32_t metric = 0;
  void offer(const Address& address, std::uint32_t at) {
    if (gateway && at >= metric) return;
    gateway = address;
    metric = at;
  }
};

// Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT: addresses are numbers of the machine's own byte order.
void read_v4(std::string_view line, Best& best) {
  const auto words = words_of(line);
  if (words.size() < 8) return;
  const auto destination = number(words[1], 16), gateway = number(words[2], 16), flags = number(words[3], 16),
             metric = number(words[6], 10), mask = number(words[7], 16);
  if (!destination || !gateway || !flags || !metric || !mask) return;
  if (*destination != 0 || *mask != 0 || (*flags & (kUp | kGateway | kReject)) != (kUp | kGateway)) return;
  std::array<std::uint8_t, 4> octets{};
  std::memcpy(octets.data(), &*gateway, octets.size());
  best.offer(Address::v4(octets), *metric);
}

// Destination, its prefix, source, its prefix, next hop, metric, references, uses, flags, interface; all in hexadecimal.
void read_v6(std::string_view line, Best& best) {
  const auto words = words_of(line);
  if (words.size() < 10 || words[4].size() != 32) return;
  const auto prefix = number(words[1], 16), source = number(words[3], 16), metric = number(words[5], 16),
             flags = number(words[8], 16);
  const auto hop = from_hex(words[4]);
  if (!prefix || !source || !metric || !flags || !hop || hop->size() != 16) return;
  if (*prefix != 0 || *source != 0 || (*flags & (kUp | kGateway | kReject)) != (kUp | kGateway)) return;
  if ((*hop)[0] == 0xfe && ((*hop)[1] & 0xc0) == 0x80) return;  // fe80::/10 (RFC 4291 section 2.5.6)
  best.offer(Address::v6(std::span<const std::uint8_t, 16>(hop->data(), 16)), *metric);
}

std::string text_of(const char* file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(kMostOctets, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

std::optional<Address> gateway_of_routes(std::string_view v4, std::string_view v6) {
  Best best;
  for (const std::string_view line : split(v4, '\n')) read_v4(line, best);
  if (best.gateway) return best.gateway;
  for (const std::string_view line : split(v6, '\n')) read_v6(line, best);
  return best.gateway;
}

std::optional<Address> default_gateway() {
  return gateway_of_routes(text_of("/proc/net/route"), text_of("/proc/net/ipv6_route"));
}

}  // namespace bongsu::net
