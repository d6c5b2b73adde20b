// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "model/device.h"

namespace bongsu::rule {

// Which devices cannot be reached because others are down: all parents of a device must be down for that.
class Reach {
 public:
  // `devices` sorted by name; must outlive it.
  explicit Reach(const std::vector<DeviceState>& devices) : devices_(devices) {}

  enum class Way {
    Open,     // a parent is up, or it has none
    Blocked,  // all parents are down
    Unknown   // no parent is known to be up, and of one nothing is known
  };
  Way way_to(std::string_view device);
  // The devices that are down and have no such excuse themselves, on all ways to a blocked one; by name. Where parents go round
  // in a circle, as for a moment between a reload and what the topology makes of it, and none has another: all that stand in it.
  std::set<std::string> causes(std::string_view device);
  // Parents, their parents and so on; by name.
  std::set<std::string> above(std::string_view device) const;
  const DeviceState* find(std::string_view device) const;

  // The devices that neither stand behind this one nor on this machine.
  struct Others {
    std::size_t up = 0, down = 0, unknown = 0;
    std::vector<std::string> to_ask{};  // up to kWitnesses that are not known to be down, from all over the list
  };
  static constexpr std::size_t kWitnesses = 5;
  Others others(std::string_view device);

 private:
  const std::vector<DeviceState>& devices_;
  void survey();
  std::map<std::string, std::vector<std::string>, std::less<>> children_;
  Others all_;  // `to_ask` of them holds every one
  bool surveyed_ = false;
  std::map<std::string, Way, std::less<>> ways_;  // found, or being found: then Unknown, which ends a circle
};

}  // namespace bongsu::rule
