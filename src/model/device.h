// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace bongsu {

// A table that does not fit into its device's interval: it is read beside the polls, in turn with others of its kind.
struct SlowTable {
  std::string name;
  Millis took{0};            // of its newest reading
  std::optional<Time> read;  // the slot that its newest values carry
};

// Who says which devices stand on the ways to one: an empty list of the configuration means that none does.
enum class ParentsFrom : std::uint8_t { Nowhere, Configuration, Topology };

// A watched device as it stands now.
struct DeviceState {
  std::string name;
  std::string address;  // as configured
  std::map<std::string, std::string> tags;
  std::optional<bool> up;       // nothing until the first answer or time-out
  std::optional<bool> snmp_up;  // nothing also where SNMP is not asked for
  std::optional<bool> icmp_up;
  std::map<std::string, std::string> info;  // os, kind, vendor, model, version, serial, sysObjectID, sysName, location
  std::vector<std::string> profiles;        // that matched
  std::optional<Time> last_poll;            // end of the last whole poll
  std::optional<double> uptime_seconds;
  std::string error;  // of the last poll, for a person; empty when it went well
  Millis interval{60'000};
  std::vector<SlowTable> slow;
  std::vector<std::string> parents{};  // names of devices on the ways to it: it cannot be reached when all of them are down
  ParentsFrom parents_from = ParentsFrom::Nowhere;
  std::optional<Time> probed{};  // end of the last Prober::probe(): `up` is that new
};

// Thread: any; answers are copies.
class DeviceSource {
 public:
  virtual ~DeviceSource() = default;
  virtual std::vector<DeviceState> devices() const = 0;  // sorted by name
  virtual std::optional<DeviceState> device(std::string_view name) const = 0;
};

// Asks devices out of turn. Thread: any; does not wait.
class Prober {
 public:
  virtual ~Prober() = default;
  // Finds out at once whether the device is up; DeviceState::probed tells when that is known.
  virtual void probe(std::string_view device) = 0;
};

}  // namespace bongsu
