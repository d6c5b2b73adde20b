// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace bongsu {

// Whom a device sees at one of its ports, in its own words.
struct Neighbor {
  std::string protocol;  // "lldp", "cdp"
  std::string port;      // the device's own; empty: only tells more of a neighbour with this chassis that another row names
  std::string chassis;  // identifier of the neighbour, a MAC address as 00:1b:21:aa:bb:cc (IEEE 802.1AB-2009 8.5.2); "": not told
  std::string name;     // its sysName
  std::string address;  // of its management
  std::string remote_port;
  friend bool operator==(const Neighbor&, const Neighbor&) = default;
};

// What others may know a device by.
struct Identifier {
  enum class Kind : std::uint8_t { Chassis, Mac, Address, Name };
  Kind kind = Kind::Chassis;
  std::string text;
  friend auto operator<=>(const Identifier&, const Identifier&) = default;
};

// One reading of one of a device's tables; it stands for the one before.
struct NeighborReading {
  std::string device;
  std::string table;  // its name among the device's
  Time at;
  bool whole = true;  // false: the agent failed at a part; what is not in it may exist all the same
  std::vector<Neighbor> neighbors;
  std::vector<Identifier> own;  // the device's
};

// Thread: any; does not wait.
class NeighborSink {
 public:
  virtual ~NeighborSink() = default;
  virtual void take(NeighborReading reading) = 0;
  // The device was looked at anew, and has these tables that tell of neighbours or of itself, and no others.
  virtual void tables(std::string_view device, Time at, std::vector<std::string> names) = 0;
};

}  // namespace bongsu
