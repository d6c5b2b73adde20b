// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/neighbor.h"

namespace bongsu::topology {

// Finds the device that a neighbour is. Its chassis identifier counts first, then the addresses of its management, then its name;
// where several devices have the one, the next decides among them. An address or a name does not count for a device that tells
// a chassis identifier of its own (lldpLocChassisId) which is another one of the same kind. Names are compared without case; one
// with a domain and one without are the same where they begin alike. A device is never its own neighbour where it could be
// another.
class Matcher {
 public:
  // What the device itself, and the configuration, say of it; in any number of calls.
  void know(std::string_view device, const Identifier& identifier);

  struct Match {
    std::vector<std::string_view> devices;  // one: found; several: it could be any of them; none: it is nobody we know
  };
  // `addresses`: all that are told of it.
  Match find(std::string_view teller, const Neighbor& neighbor, const std::set<std::string>& addresses) const;

 private:
  using Devices = std::set<std::string_view>;
  // Nearly always one alone.
  struct Owners {
    std::string_view first;
    std::vector<std::string_view> others{};
    void add(std::string_view device);
  };
  using Index = std::unordered_map<std::string, Owners>;
  static void add_owners(const Index& index, const std::string& key, Devices& to);
  bool denies(std::string_view device, std::string_view chassis) const;

  Index chassis_, addresses_, names_, hosts_;  // hosts_: names without their domains
  std::map<std::string_view, std::set<std::string>> own_chassis_;
  std::set<std::string, std::less<>> devices_;
};

// One way to write each: a chassis identifier (a MAC address without its colons, behind an octet 1, so that a million of them fit
// in their strings), an address, a name. Empty for what tells nobody apart: no address or one of the
// loopback or of a line alone, a MAC address of none or of all, "localhost".
std::string chassis_key(std::string_view text);
std::string address_key(std::string_view text);
std::string name_key(std::string_view text);

}  // namespace bongsu::topology
