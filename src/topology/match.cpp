// SPDX-License-Identifier: Apache-2.0
#include "topology/match.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

#include "base/text.h"
#include "net/address.h"

namespace bongsu::topology {
namespace {

// "00:1b:21:aa:bb:cc" as the profiles write it.
bool is_mac_text(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool good = i % 3 == 2 ? text[i] == ':' : std::string_view("0123456789abcdef").find(text[i]) != std::string_view::npos;
    if (!good) return false;
  }
  return true;
}

// The octets of an IPv6 address as a row's index holds them: sixteen numbers with dots between.
std::optional<net::Address> of_index(std::string_view text) {
  const auto words = split(text, '.');
  if (words.size() != 16) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto number = parse_unsigned(words[i]);
    if (!number || *number > 255) return std::nullopt;
    octets[i] = static_cast<std::uint8_t>(*number);
  }
  return net::Address::v6(octets);
}

constexpr char kMac = '\1';  // begins the key of a MAC address
bool is_mac(std::string_view key) { return key.starts_with(kMac); }

std::string_view host_of(std::string_view name) { return name.substr(0, name.find('.')); }

}  // namespace

std::string chassis_key(std::string_view text) {
  std::string key = to_lower(trim(text));
  if (!is_mac_text(key)) return key;
  // The lowest bit of the first octet marks a group (IEEE 802-2014 section 8.2).
  const auto first = hex_octet(key);
  if (key == "00:00:00:00:00:00" || !first || (*first & 1) != 0) return {};
  std::erase(key, ':');
  return kMac + key;
}

std::string address_key(std::string_view text) {
  text = trim(text);
  auto address = net::Address::parse(text);
  if (!address) {
    const auto from_index = of_index(text);
    if (!from_index) return {};
    address = *from_index;
  }
  if (address->is_loopback() || address->is_unspecified() || address->scope() != 0) return {};
  const auto octets = address->octets();
  if (!address->is_v4() && octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80) return {};
  if (address->is_v4() && octets[0] == 169 && octets[1] == 254) return {};
  return address->to_string();
}

std::string name_key(std::string_view text) {
  std::string key = to_lower(trim(text));
  // A device identifier of CDP may have the serial number behind the name: "core1(FOX1234ABCD)".
  if (const auto open = key.find('('); open != std::string::npos && open > 0 && key.back() == ')') key.resize(open);
  while (!key.empty() && key.back() == '.') key.pop_back();
  return host_of(key) == "localhost" ? std::string() : key;
}

void Matcher::Owners::add(std::string_view device) {
  if (first.empty()) first = device;
  else if (first != device && std::find(others.begin(), others.end(), device) == others.end()) others.push_back(device);
}

void Matcher::add_owners(const Index& index, const std::string& key, Devices& to) {
  const auto at = key.empty() ? index.end() : index.find(key);
  if (at == index.end()) return;
  to.insert(at->second.first);
  to.insert(at->second.others.begin(), at->second.others.end());
}

void Matcher::know(std::string_view device, const Identifier& identifier) {
  const std::string_view owner = *devices_.emplace(device).first;
  switch (identifier.kind) {
    case Identifier::Kind::Chassis:
    case Identifier::Kind::Mac:
      if (std::string key = chassis_key(identifier.text); !key.empty()) {
        if (identifier.kind == Identifier::Kind::Chassis) own_chassis_[owner].insert(key);
        chassis_[std::move(key)].add(owner);
      }
      break;
    case Identifier::Kind::Address:
      if (std::string key = address_key(identifier.text); !key.empty()) addresses_[std::move(key)].add(owner);
      break;
    case Identifier::Kind::Name:
      if (std::string key = name_key(identifier.text); !key.empty()) {
        hosts_[std::string(host_of(key))].add(owner);
        names_[std::move(key)].add(owner);
      }
      break;
  }
}

bool Matcher::denies(std::string_view device, std::string_view chassis) const {
  const auto own = own_chassis_.find(device);
  if (chassis.empty() || own == own_chassis_.end()) return false;
  bool comparable = false;
  for (const std::string& one : own->second) {
    if (one == chassis) return false;
    comparable |= is_mac(one) == is_mac(chassis);
  }
  return comparable;
}

Matcher::Match Matcher::find(std::string_view teller, const Neighbor& neighbor, const std::set<std::string>& addresses) const {
  const std::string chassis = chassis_key(neighbor.chassis), name = name_key(neighbor.name);
  Devices found, by_address, by_name;
  add_owners(chassis_, chassis, found);
  for (const std::string& address : addresses) add_owners(addresses_, address_key(address), by_address);
  add_owners(names_, name, by_name);
  if (by_name.empty() && name.find('.') != std::string::npos) add_owners(names_, std::string(host_of(name)), by_name);
  else if (by_name.empty()) add_owners(hosts_, name, by_name);

  const auto narrow = [&](const Devices& by) {
    if (found.size() < 2) return;
    Devices both;
    std::set_intersection(found.begin(), found.end(), by.begin(), by.end(), std::inserter(both, both.end()));
    if (!both.empty()) found = std::move(both);
  };
  for (const Devices* by : {&by_address, &by_name}) {
    if (found.empty()) {
      for (const std::string_view device : *by) {
        if (!denies(device, chassis)) found.insert(device);
      }
    }
    if (found.size() > 1) found.erase(teller);
    narrow(*by);
  }
  return {{found.begin(), found.end()}};
}

}  // namespace bongsu::topology
