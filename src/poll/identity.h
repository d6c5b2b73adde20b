// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// Which row of a table is which thing, when its index may have moved.
namespace bongsu::poll {

struct RowKey {
  std::vector<std::uint32_t> index;
  std::string name, descr, alias, mac, type;  // empty: not known; without an `identity` the labels are the name
  bool same_thing(const RowKey& other) const {
    return name == other.name && descr == other.descr && alias == other.alias && mac == other.mac && type == other.type;
  }
};

struct RowMatch {
  enum class Kind : std::uint8_t { Known, New, Ambiguous };
  Kind kind = Kind::New;
  std::size_t known = 0;  // of Known: its place in `known`
};

struct RowMatches {
  std::vector<RowMatch> now;           // one for each row of `now`
  std::vector<std::size_t> ambiguous;  // of `known`: rows that more than one could be
};

// Matches rows by name, description, alias, MAC and type; the index decides last, and only when the device did not
// restart and no other row moved. No row is ever matched to two, and of rows that look the same none is taken by chance:
// where some of them came and some went at once, all are ambiguous.
RowMatches match_rows(std::span<const RowKey> known, std::span<const RowKey> now, bool restarted);

}  // namespace bongsu::poll
