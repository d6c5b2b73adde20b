// SPDX-License-Identifier: Apache-2.0
#include "topology/tree.h"

#include <gtest/gtest.h>

#include <functional>

#include "base/random.h"
#include "base/text.h"

namespace bongsu::topology {
namespace {

// "a-b b-c" are links, "h!" is a host; "c<a,b" configured parents of c, "d<" that d has none.
Network network_of(const std::string& text) {
  Network out;
  for (const std::string_view word : split(text, ' ')) {
    if (const auto line = word.find('-'); line != std::string_view::npos) {
      const std::string a(word.substr(0, line)), b(word.substr(line + 1));
      out.devices.try_emplace(a);
      out.devices.try_emplace(b);
      out.links.emplace_back(a, b);
    } else if (const auto mark = word.find('<'); mark != std::string_view::npos) {
      std::vector<std::string> parents;
      for (const std::string_view name : split(word.substr(mark + 1), ',')) {
        if (name.empty()) continue;
        parents.emplace_back(name);
        out.devices.try_emplace(std::string(name));
      }
      out.devices.insert_or_assign(std::string(word.substr(0, mark)), parents);
    } else if (word.ends_with('!')) {
      out.hosts.emplace(word.substr(0, word.size() - 1));
      out.devices.try_emplace(std::string(word.substr(0, word.size() - 1)));
    } else if (!word.empty()) {
      out.devices.try_emplace(std::string(word));
    }
  }
  return out;
}

// "a0 b1<a c2<b": name, distance, parents found.
std::string placed(const std::string& text, const std::string& root) {
  std::string out;
  for (const auto& [name, one] : place(network_of(text), root)) {
    out += (out.empty() ? "" : " ") + name + std::to_string(one.distance);
    for (std::size_t i = 0; i < one.parents.size(); ++i) out += (i == 0 ? "<" : ",") + one.parents[i];
  }
  return out;
}

TEST(Tree, ParentsAreAllNeighboursOneStepNearer) {
  EXPECT_EQ("a0 b1<a c2<b", placed("a-b b-c", "a"));
  EXPECT_EQ("a1<b b0 c1<b", placed("a-b b-c", "b"));
  EXPECT_EQ("a0 b1<a c1<a d2<b,c", placed("a-b a-c b-d c-d", "a"));
  EXPECT_EQ("a0 b1<a c1<a d2<b,c", placed("a-b a-c b-c b-d c-d", "a"));  // neighbours at one distance are no parents
  EXPECT_EQ("a0 b1<a c1<a", placed("a-b b-c c-a", "a"));
}

TEST(Tree, WhatNoWayReachesHasNoPlace) {
  EXPECT_EQ("a0 b1<a", placed("a-b c-d e", "a"));
  EXPECT_EQ("a0", placed("a b-c", "a"));
  EXPECT_EQ("", placed("a-b", "z"));
  EXPECT_EQ("", placed("a-b", ""));
}

TEST(Tree, ConfiguredParentsWinAlsoWhereThereAreNone) {
  EXPECT_EQ("a0 b1<a c2 d3<c", placed("a-b b-c a-c c-d c<b", "a"));  // its link to a does not count
  EXPECT_EQ("a0 b1 c2<b", placed("a-b b-c b<", "a"));
  EXPECT_EQ("a0 b1<a c2 d3<c", placed("a-b c<b c-d", "a"));    // a configured way where no link is known
  EXPECT_EQ("a0 b1<a x2 y3<x", placed("a-b x<a,b x-y", "a"));  // behind all of them
}

// A server at two switches is no way from the one to the other; it is one to its own virtual machines.
TEST(Tree, AHostLeadsToHostsAlone) {
  EXPECT_EQ("a0 b1<a h2<b", placed("a-b b-h h-c h!", "a"));
  EXPECT_EQ("a0 b1<a c1<a h2<b,c", placed("a-b a-c b-h h-c h!", "a"));
  EXPECT_EQ("a0 b1<a h2<b v3<h", placed("a-b b-h h-v h! v!", "a"));
  EXPECT_EQ("b1<h c2<b h0", placed("h-b b-c h!", "h"));                  // Bongsu's own gateway may be one
  EXPECT_EQ("a0 b1<a c3 d4<c h2<b", placed("a-b b-h c<h c-d h!", "a"));  // and whoever says so knows better
}

// What the configuration puts before the root stands nearer than it.
TEST(Tree, ConfiguredParentsOfTheRootStandBeforeIt) {
  EXPECT_EQ("a1 b2<a w0 z1<w", placed("a-b a<w w-a w-z", "a"));
  EXPECT_EQ("a2 b3<a v0 w1", placed("a<w w<v a-b v-w", "a"));
}

// Whatever is linked and configured, as long as the configuration does not go round: going up from anywhere ends.
TEST(Tree, ParentsNeverGoRound) {
  for (std::uint64_t seed = 1; seed <= 3'000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Network network;
    const std::size_t size = 2 + random.below(12);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < size; ++i) names.push_back("d" + std::to_string(i));
    // Configured parents have larger numbers than their children, or smaller ones, so they form no circle.
    const bool up = random.below(2) == 0;
    for (std::size_t i = 0; i < size; ++i) {
      auto& parents = network.devices[names[i]];
      if (random.below(3) != 0) continue;
      parents.emplace();
      for (std::size_t k = 0; k < size; ++k) {
        if ((up ? k > i : k < i) && random.below(3) == 0) parents->push_back(names[k]);
      }
    }
    for (std::size_t i = random.below(3 * size); i > 0; --i)
      network.links.emplace_back(names[random.below(size)], names[random.below(size)]);
    const std::string& root = names[random.below(size)];
    const auto found = place(network, root);
    std::map<std::string, std::vector<std::string>> above;
    for (const auto& [name, configured] : network.devices) {
      const auto at = found.find(name);
      if (configured) {
        above[name] = *configured;
        ASSERT_TRUE(at == found.end() || at->second.parents.empty()) << name;
      } else if (at != found.end()) {
        above[name] = at->second.parents;
        for (const std::string& parent : at->second.parents)
          ASSERT_EQ(at->second.distance, found.at(parent).distance + 1) << name;
        ASSERT_EQ(at->second.distance == 0, at->second.parents.empty()) << name;
      }
    }
    std::map<std::string, int> state;  // 1: on the way, 2: done
    const std::function<bool(const std::string&)> ends = [&](const std::string& name) {
      int& mark = state[name];
      if (mark != 0) return mark == 2;
      mark = 1;
      for (const std::string& parent : above[name]) {
        if (!ends(parent)) return false;
      }
      state[name] = 2;
      return true;
    };
    for (const std::string& name : names) ASSERT_TRUE(ends(name)) << name;
    ASSERT_TRUE(found.contains(root));
  }
}

}  // namespace
}  // namespace bongsu::topology
