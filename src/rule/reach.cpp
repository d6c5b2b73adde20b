// SPDX-License-Identifier: Apache-2.0
#include "rule/reach.h"

#include <algorithm>
#include <utility>

namespace bongsu::rule {
namespace {

// It answers whatever becomes of the network.
bool on_this_machine(const DeviceState& device) {
  return device.address.starts_with("127.") || device.address == "::1" || device.address == "localhost";
}

void count(const DeviceState& device, Reach::Others& into, int by) {
  if (on_this_machine(device)) return;
  std::size_t& of = !device.up ? into.unknown : *device.up ? into.up : into.down;
  of = by > 0 ? of + 1 : of - 1;
}

}  // namespace

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
  std::set<std::string> out, behind;  // what is blocked itself
  if (way_to(device) != Way::Blocked) return out;
  for (std::vector<std::string> left{std::string(device)}; !left.empty();) {
    const DeviceState* blocked = find(left.back());
    left.pop_back();
    for (const std::string& name : blocked->parents) {
      if (find(name) == nullptr) continue;
      if (way_to(name) != Way::Blocked) out.insert(name);
      else if (behind.insert(name).second) left.push_back(name);
    }
  }
  return out.empty() ? behind : out;  // a circle, all of it down
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

void Reach::survey() {
  if (std::exchange(surveyed_, true)) return;
  for (const DeviceState& device : devices_) {
    for (const std::string& parent : device.parents) children_[parent].push_back(device.name);
    count(device, all_, 1);
    if (!on_this_machine(device) && device.up != false) all_.to_ask.push_back(device.name);
  }
}

Reach::Others Reach::others(std::string_view device) {
  survey();
  std::set<std::string, std::less<>> behind{std::string(device)};
  std::vector<std::string> left{std::string(device)};
  while (!left.empty()) {
    const auto children = children_.find(left.back());
    left.pop_back();
    if (children == children_.end()) continue;
    for (const std::string& child : children->second) {
      if (behind.insert(child).second) left.push_back(child);
    }
  }
  Others out{.up = all_.up, .down = all_.down, .unknown = all_.unknown};
  for (const std::string& name : behind) {
    if (const DeviceState* known = find(name)) count(*known, out, -1);
  }
  // Names that stand side by side often mean devices that do: neighbours prove little.
  const std::size_t stride = std::max<std::size_t>(all_.to_ask.size() / kWitnesses, 1);
  for (std::size_t first = 0; first < stride && out.to_ask.size() < kWitnesses; ++first) {
    for (std::size_t i = first; i < all_.to_ask.size() && out.to_ask.size() < kWitnesses; i += stride) {
      if (!behind.contains(all_.to_ask[i])) out.to_ask.push_back(all_.to_ask[i]);
    }
  }
  return out;
}

}  // namespace bongsu::rule
