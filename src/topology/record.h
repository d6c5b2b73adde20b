// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "model/neighbor.h"

namespace bongsu::topology {

// A neighbour as a device told of it, and since when it does so no more.
struct Sighting {
  Neighbor told;  // without an address
  std::set<std::string> addresses;
  Time first_seen{}, last_seen{};
  std::optional<Time> missing{};  // since a whole reading without it
  unsigned missed = 0;            // whole readings in a row without it, while the neighbour was up
  friend bool operator==(const Sighting&, const Sighting&) = default;
};
// Its table, the port, and the neighbour's chassis identifier, or its name where it tells none.
using SightingKey = std::tuple<std::string, std::string, std::string>;
SightingKey key_of(const std::string& table, const Neighbor& neighbor);

// All that one device told.
struct Told {
  std::map<std::string, std::vector<Identifier>> own;  // by table
  std::map<SightingKey, Sighting> seen;
  bool host = false;  // a server, a printer and the like, by its kind
  friend bool operator==(const Told&, const Told&) = default;
};

// The kept record (FORMAT.md). Errors of decode: Unsupported, Corrupt.
std::string encode(const Told& told);
Result<Told> decode_told(std::string_view octets);

}  // namespace bongsu::topology
