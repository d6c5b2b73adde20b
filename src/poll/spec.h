// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "snmp/target.h"

namespace bongsu::poll {

// How many series one device may have: an agent can name its rows anew at each poll.
struct SeriesBudget {
  std::size_t live = 100'000;           // at once; also what may be made at a burst
  std::size_t fresh_per_hour = 20'000;  // further ones
};

// A device as it is to be watched.
struct DeviceSpec {
  std::string name;          // unique
  std::string address;       // a number, or a name that is looked up
  std::uint16_t port = 161;  // of SNMP
  snmp::Transport transport = snmp::Transport::Udp;
  std::vector<net::Network> reply_from;                               // addresses beside its own that its answers may come from
  std::vector<std::shared_ptr<const snmp::Credentials>> credentials;  // tried in order; the one that works is kept
  std::map<std::string, std::string> tags;
  std::string os;  // empty: as found out
  Millis interval{60'000};
  Millis timeout{2'000};  // of one try
  int retries = 2;
  Millis ping_interval{10'000};
  bool snmp = true;
  bool ping = true;
  std::optional<std::vector<std::string>> parents;  // nothing: those that the topology tells (Poller::set_parents)
  friend bool operator==(const DeviceSpec&, const DeviceSpec&) = default;
};

}  // namespace bongsu::poll
