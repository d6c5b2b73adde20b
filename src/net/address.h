// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

struct sockaddr;
struct sockaddr_storage;

namespace bongsu::net {

// An IPv4 or IPv6 address. IPv4-mapped IPv6 addresses are kept as IPv4.
class Address {
 public:
  enum class Family : std::uint8_t { V4, V6 };
  Address() = default;  // 0.0.0.0
  static Address v4(std::uint32_t host_order);
  static Address v4(std::span<const std::uint8_t, 4> octets);
  static Address v6(std::span<const std::uint8_t, 16> octets, std::uint32_t scope = 0);
  static Address any(Family family);
  static Address loopback(Family family);
  // Numbers only: "192.0.2.1", "2001:db8::1", "fe80::1%eth0". Error: Invalid.
  static Result<Address> parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::V4; }
  bool is_loopback() const;
  bool is_unspecified() const;
  std::span<const std::uint8_t> octets() const { return std::span(octets_).first(is_v4() ? 4 : 16); }
  std::uint32_t to_v4() const;  // host order; of an IPv4 address
  std::uint32_t scope() const { return scope_; }
  std::string to_string() const;

  friend bool operator==(const Address&, const Address&) = default;
  friend std::strong_ordering operator<=>(const Address&, const Address&) = default;

 private:
  Family family_ = Family::V4;
  std::array<std::uint8_t, 16> octets_{};
  std::uint32_t scope_ = 0;
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;

  // "192.0.2.1:161", "[2001:db8::1]:161"; without a port only where `default_port` is given. Error: Invalid.
  static Result<Endpoint> parse(std::string_view text, std::optional<std::uint16_t> default_port = std::nullopt);
  std::string to_string() const;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend std::strong_ordering operator<=>(const Endpoint&, const Endpoint&) = default;
};

// The addresses that begin with the same bits.
struct Network {
  Address address;  // the bits behind the prefix are 0
  unsigned prefix = 0;

  // "192.0.2.0/24", "2001:db8::/32", or an address alone. Errors: Invalid (not an address, a prefix too long, bits set behind
  // it).
  static Result<Network> parse(std::string_view text);
  bool contains(const Address& address) const;
  std::string to_string() const;  // an address alone where it is one
  friend bool operator==(const Network&, const Network&) = default;
};

// To and from the operating system's form.
std::uint32_t to_sockaddr(const Endpoint& endpoint, sockaddr_storage& room);  // returns its length
Endpoint from_sockaddr(const sockaddr_storage& room);

}  // namespace bongsu::net

template <>
struct std::hash<bongsu::net::Address> {
  std::size_t operator()(const bongsu::net::Address& address) const;
};
template <>
struct std::hash<bongsu::net::Endpoint> {
  std::size_t operator()(const bongsu::net::Endpoint& endpoint) const;
};
