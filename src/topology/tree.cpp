// SPDX-License-Identifier: Apache-2.0
#include "topology/tree.h"

#include <set>
#include <string_view>

namespace bongsu::topology {

std::map<std::string, Placed, std::less<>> place(const Network& network, const std::string& root) {
  using Names = std::set<std::string_view>;
  std::map<std::string_view, Names> beside, below;  // by links; by configured parents
  std::map<std::string_view, std::size_t> waits;    // for so many configured parents to be reached
  const auto named = [&](std::string_view device) -> const std::vector<std::string>* {
    const auto at = network.devices.find(device);
    return at == network.devices.end() || !at->second || at->second->empty() ? nullptr : &*at->second;
  };
  for (const auto& [a, b] : network.links) {
    if (a == b || !network.devices.contains(a) || !network.devices.contains(b)) continue;
    beside[a].insert(b);
    beside[b].insert(a);
  }
  for (const auto& [device, parents] : network.devices) {
    if (!parents) continue;
    for (const std::string& parent : *parents) waits[device] += below[parent].insert(device).second ? 1 : 0;
  }

  const auto leads = [&](std::string_view from, std::string_view to) {
    return from == root || !network.hosts.contains(from) || network.hosts.contains(to);
  };

  std::map<std::string, Placed, std::less<>> out;
  if (!network.devices.contains(root)) return out;
  Names above{root}, frontier;
  for (Names left{root}; !left.empty();) {
    const std::string_view device = *left.begin();
    left.erase(left.begin());
    const auto* parents = named(device);
    if (parents == nullptr) frontier.insert(device);
    else
      for (const std::string& parent : *parents) {
        if (above.insert(parent).second) left.insert(parent);
      }
  }
  for (std::size_t distance = 0; !frontier.empty(); ++distance) {
    for (const std::string_view device : frontier) out[std::string(device)].distance = distance;
    Names next;
    for (const std::string_view device : frontier) {
      for (const std::string_view other : beside[device]) {
        if (!out.contains(other) && named(other) == nullptr && leads(device, other)) next.insert(other);
      }
      for (const std::string_view child : below[device]) {
        if (--waits[child] == 0) next.insert(child);
      }
    }
    for (const std::string_view device : next) {
      if (network.devices.find(device)->second) continue;
      std::vector<std::string>& parents = out[std::string(device)].parents;
      for (const std::string_view other : beside[device]) {
        if (frontier.contains(other) && leads(other, device)) parents.emplace_back(other);
      }
    }
    frontier = std::move(next);
  }
  return out;
}

}  // namespace bongsu::topology
