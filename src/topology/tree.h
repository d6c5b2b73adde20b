// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace bongsu::topology {

// Which devices stand on the ways to others, seen from one of them.
struct Network {
  // Every device, and its parents where the configuration names them; an empty list means that it has none.
  std::map<std::string, std::optional<std::vector<std::string>>, std::less<>> devices;
  std::vector<std::pair<std::string, std::string>> links;  // both ends are among the devices
  std::set<std::string, std::less<>> hosts;                // devices that forward for nobody, or for their like alone
};

struct Placed {
  std::size_t distance = 0;            // from where Bongsu stands, in steps
  std::vector<std::string> parents{};  // all its neighbours one step nearer, by name; none where the configuration names them
};

// Goes out from `root` breadth first. Configured parents count as links that lead to their child, which stands behind all of them
// and is reached by no other; what they name above the root stands nearer than it. A host that is not the root leads to hosts
// alone (to its virtual machines, say): one that hangs at two switches is no way from the one to the other. Parents so found and
// configured ones together never go round in a circle, as long as the configured ones do not. A device that no way reaches is not
// in the answer.
std::map<std::string, Placed, std::less<>> place(const Network& network, const std::string& root);

}  // namespace bongsu::topology
