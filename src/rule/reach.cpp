// SPDX-License-Identifier: Apache-2.0
#include "rule/reach.h"

#include <algorithm>

namespace bongsu::rule {

const DeviceState* Reach::find(std::string_view device) const {
  const auto at = std::lower_bound(devices_.begin(), devices_.end(), device,
                                   [](const DeviceState& d, std::string_view key) { return d.name < key; });
  return at != devices_.end() && at->name == device ? &*at : nullptr;
}

Reach::Way Reach::way_to(std::string_view device) {
  const auto [at, fresh] = ways_.try_emplace(std::string(device), Way::Unknown);
  if (!fresh) return at->second;
  const DeviceState* known = find(device);
  std::size_t down = 0, unknown = 0;
  if (known != nullptr) {
    for (const std::string& name : known->parents) {
      const DeviceState* parent = find(name);
      if (parent == nullptr) continue;
      if (parent->up == false || (!parent->up && way_to(name) == Way::Blocked)) ++down;
      else if (!parent->up) ++unknown;
      else return at->second = Way::Open;
    }
  }
  return at->second = unknown > 0 ? Way::Unknown : down > 0 ? Way::Blocked : Way::Open;
}

std::set<std::string> Reach::causes(std::string_view device) {
  std::set<std::string> out;
  if (way_to(device) != Way::Blocked) return out;
  for (const std::string& name : find(device)->parents) {
    if (find(name) == nullptr) continue;
    const std::set<std::string> further = causes(name);
    if (further.empty()) out.insert(name);
    else out.insert(further.begin(), further.end());
  }
  return out;
}

std::set<std::string> Reach::above(std::string_view device) const {
  std::set<std::string> out;
  std::vector<std::string> left{std::string(device)};
  while (!left.empty()) {
    const DeviceState* known = find(left.back());
    left.pop_back();
    if (known == nullptr) continue;
    for (const std::string& name : known->parents) {
      if (find(name) != nullptr && out.insert(name).second) left.push_back(name);
    }
  }
  return out;
}

}  // namespace bongsu::rule
