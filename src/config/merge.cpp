// SPDX-License-Identifier: Apache-2.0
#include "config/merge.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace bongsu::config {
namespace {

constexpr std::array<std::string_view, 3> kLimits{"levels", "above", "below"};
bool is_limit_key(std::string_view key) { return std::find(kLimits.begin(), kLimits.end(), key) != kLimits.end(); }

}  // namespace

void lay_over(Node& base, const Node& over) {
  if (base.kind != Node::Kind::Map || over.kind != Node::Kind::Map) {
    base = over;
    return;
  }
  base.place = over.place;
  const bool has_limits =
      std::any_of(over.members.begin(), over.members.end(), [](const Node::Member& m) { return is_limit_key(m.key); });
  for (const Node::Member& member : over.members) {
    const auto same =
        std::find_if(base.members.begin(), base.members.end(), [&](const Node::Member& m) { return m.key == member.key; });
    if (member.value.kind == Node::Kind::Null) {
      if (same != base.members.end()) base.members.erase(same);
    } else if (same == base.members.end()) {
      base.members.push_back(member);
    } else {
      lay_over(same->value, member.value);
      same->place = member.place;
    }
  }
  // `below:` in place of `levels:` turns an item round; both cannot stand.
  if (has_limits) {
    std::erase_if(base.members, [&](const Node::Member& m) { return is_limit_key(m.key) && over.find(m.key) == nullptr; });
  }
}

}  // namespace bongsu::config
