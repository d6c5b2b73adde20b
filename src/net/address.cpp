// SPDX-License-Identifier: Apache-2.0
#include "net/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/hash.h"
#include "base/text.h"
#include "net/host_port.h"

namespace bongsu::net {

Address Address::v4(std::uint32_t host_order) {
  Address address;
  for (std::size_t i = 0; i < 4; ++i) address.octets_[i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
  return address;
}
Address Address::v4(std::span<const std::uint8_t, 4> octets) {
  Address address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}
Address Address::v6(std::span<const std::uint8_t, 16> octets, std::uint32_t scope) {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), octets.begin())) return v4(octets.subspan<12, 4>());
  Address address;
  address.family_ = Family::V6;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  address.scope_ = scope;
  return address;
}
Address Address::any(Family family) {
  Address address;
  address.family_ = family;
  return address;
}
Address Address::loopback(Family family) {
  if (family == Family::V4) return v4(0x7f000001);
  Address address = any(family);
  address.octets_[15] = 1;
  return address;
}

Result<Address> Address::parse(std::string_view text) {
  const Error bad{Code::Invalid, "not an IP address: \"" + std::string(text) + "\""};
  if (text.size() > 63) return bad;
  std::string word(text);
  std::array<std::uint8_t, 16> octets{};
  if (inet_pton(AF_INET, word.c_str(), octets.data()) == 1) return v4(std::span(octets).first<4>());
  std::uint32_t scope = 0;
  if (const std::size_t mark = word.find('%'); mark != std::string::npos) {
    const std::string zone = word.substr(mark + 1);
    word.resize(mark);
    scope = if_nametoindex(zone.c_str());
    if (scope == 0) {
      const auto number = parse_unsigned(zone);
      if (!number || *number == 0 || *number > UINT32_MAX) return bad;
      scope = static_cast<std::uint32_t>(*number);
    }
  }
  if (inet_pton(AF_INET6, word.c_str(), octets.data()) != 1) return bad;
  return v6(octets, scope);
}

bool Address::is_loopback() const { return is_v4() ? octets_[0] == 127 : *this == loopback(Family::V6); }
bool Address::is_unspecified() const { return *this == any(family_); }

std::uint32_t Address::to_v4() const {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | octets_[i];
  return value;
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> room{};
  inet_ntop(is_v4() ? AF_INET : AF_INET6, octets_.data(), room.data(), room.size());
  std::string text(room.data());
  if (scope_ != 0) text += '%' + std::to_string(scope_);
  return text;
}

Result<Endpoint> Endpoint::parse(std::string_view text, std::optional<std::uint16_t> default_port) {
  const auto parts = HostPort::parse(text);
  const auto address = parts ? Address::parse(parts->host) : Result<Address>(parts.error());
  const auto port = parts && parts->port ? parts->port : default_port;
  if (!address || !port)
    return Error{Code::Invalid, "not an address and port: \"" + std::string(text) + "\"; write 127.0.0.1:8642 or [::1]:8642"};
  return Endpoint{*address, *port};
}

std::string Endpoint::to_string() const {
  return (address.is_v4() ? address.to_string() : '[' + address.to_string() + ']') + ':' + std::to_string(port);
}

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  BONGSU_TRY(const Address address, Address::parse(text.substr(0, slash)));
  const auto most = static_cast<unsigned>(address.octets().size() * 8);
  Network out{.address = address, .prefix = most};
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), out.prefix);
    if (ec != std::errc{} || end != digits.data() + digits.size() || digits.empty() || out.prefix > most)
      return Error{Code::Invalid, "not a network: \"" + std::string(text) + "\"; write 192.0.2.0/24 or 2001:db8::/32"};
  }
  for (unsigned bit = out.prefix; bit < most; ++bit) {
    if ((address.octets()[bit / 8] >> (7 - bit % 8) & 1) != 0)
      return Error{Code::Invalid, "not a network: \"" + std::string(text) + "\" has bits set behind its prefix"};
  }
  return out;
}

bool Network::contains(const Address& other) const {
  if (other.family() != address.family()) return false;
  const auto mine = address.octets(), theirs = other.octets();
  const std::size_t whole = prefix / 8;
  if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole), theirs.begin())) return false;
  return prefix % 8 == 0 || ((mine[whole] ^ theirs[whole]) >> (8 - prefix % 8)) == 0;
}

std::string Network::to_string() const {
  return prefix == address.octets().size() * 8 ? address.to_string() : address.to_string() + "/" + std::to_string(prefix);
}

std::uint32_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& room) {
  std::memset(&room, 0, sizeof room);
  if (endpoint.address.is_v4()) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.address.octets().data(), 4);
    std::memcpy(&room, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(endpoint.port);
  in.sin6_scope_id = endpoint.address.scope();
  std::memcpy(&in.sin6_addr, endpoint.address.octets().data(), 16);
  std::memcpy(&room, &in, sizeof in);
  return sizeof in;
}

Endpoint from_sockaddr(const sockaddr_storage& room) {
  if (room.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &room, sizeof in);
    return {Address::v4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
  }
  sockaddr_in6 in{};
  std::memcpy(&in, &room, sizeof in);
  std::array<std::uint8_t, 16> octets{};
  std::memcpy(octets.data(), &in.sin6_addr, 16);
  return {Address::v6(octets, in.sin6_scope_id), ntohs(in.sin6_port)};
}

}  // namespace bongsu::net

std::size_t std::hash<bongsu::net::Address>::operator()(const bongsu::net::Address& address) const {
  const auto octets = address.octets();
  return bongsu::hash_bytes({reinterpret_cast<const char*>(octets.data()), octets.size()});
}
std::size_t std::hash<bongsu::net::Endpoint>::operator()(const bongsu::net::Endpoint& endpoint) const {
  return std::hash<bongsu::net::Address>()(endpoint.address) * 31 + endpoint.port;
}
