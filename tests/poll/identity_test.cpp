// SPDX-License-Identifier: Apache-2.0
#include "poll/identity.h"

#include <gtest/gtest.h>

namespace bongsu::poll {
namespace {

RowKey port(std::uint32_t index, std::string name, std::string mac = "", std::string alias = "") {
  return {.index = {index},
          .name = name,
          .descr = name.empty() ? "Ethernet" : "Port " + name,
          .alias = alias,
          .mac = mac,
          .type = "6"};
}

// "0 1 new ?" for known 0, known 1, new, ambiguous.
std::string match(const std::vector<RowKey>& known, const std::vector<RowKey>& now, bool restarted) {
  const RowMatches found = match_rows(known, now, restarted);
  std::string text;
  for (const RowMatch& m : found.now) {
    if (!text.empty()) text += ' ';
    text += m.kind == RowMatch::Kind::Known ? std::to_string(m.known) : m.kind == RowMatch::Kind::New ? "new" : "?";
  }
  for (const std::size_t k : found.ambiguous) text += " ?" + std::to_string(k);
  return text;
}

TEST(Identity, NothingMoved) {
  EXPECT_EQ("0 1", match({port(1, "a"), port(2, "b")}, {port(1, "a"), port(2, "b")}, false));
  EXPECT_EQ("", match({}, {}, true));
  EXPECT_EQ("new", match({}, {port(1, "a")}, false));
  EXPECT_EQ("", match({port(1, "a")}, {}, false));
}

TEST(Identity, FollowsTheNameThroughEveryPermutation) {
  std::vector<RowKey> known;
  for (std::uint32_t i = 0; i < 24; ++i) known.push_back(port(i + 1, "Gi0/" + std::to_string(i)));
  for (std::uint32_t turn = 0; turn < 24; ++turn) {
    std::vector<RowKey> now;
    std::string expected;
    for (std::uint32_t i = 0; i < 24; ++i) {
      const auto was = (i + turn) % 24;
      now.push_back(port(i + 1, "Gi0/" + std::to_string(was)));
      expected += (i ? " " : "") + std::to_string(was);
    }
    EXPECT_EQ(expected, match(known, now, true)) << turn;
  }
}

TEST(Identity, MacAndAliasDecideWhereNamesAreMissing) {
  EXPECT_EQ("1 0", match({port(1, "", "m1"), port(2, "", "m2")}, {port(1, "", "m2"), port(2, "", "m1")}, true));
}

TEST(Identity, NameWinsOverTheMacOfASwappedMember) {
  EXPECT_EQ("0 1",
            match({port(1, "1/1", "old1"), port(2, "1/2", "old2")}, {port(1, "1/1", "new1"), port(2, "1/2", "new2")}, true));
}

TEST(Identity, AliasMayChange) { EXPECT_EQ("0", match({port(1, "a", "m", "to core")}, {port(1, "a", "m", "to edge")}, false)); }

TEST(Identity, TwinsKeepTheirIndexWhileTheDeviceRuns) {
  EXPECT_EQ("0 1", match({port(1, "x"), port(2, "x")}, {port(1, "x"), port(2, "x")}, false));
}

TEST(Identity, TwinsAreAmbiguousAfterARestart) {
  EXPECT_EQ("? ? 2 ?0 ?1", match({port(1, "x"), port(2, "x"), port(3, "y")}, {port(1, "x"), port(2, "x"), port(9, "y")}, true));
}

TEST(Identity, OneOfTwinsLeftIsNotGuessed) { EXPECT_EQ("? ?0 ?1", match({port(1, "x"), port(2, "x")}, {port(5, "x")}, true)); }

TEST(Identity, TwinsThatMayHaveMovedAreAmbiguous) {
  EXPECT_EQ("? ? ?0 ?1", match({port(1, "x"), port(2, "x")}, {port(2, "x"), port(3, "x")}, false));
  // Another port moved: so may they.
  EXPECT_EQ("? ? 2 ?0 ?1", match({port(1, "x"), port(2, "x"), port(3, "y")}, {port(1, "x"), port(2, "x"), port(4, "y")}, false));
  EXPECT_EQ("0 1 new", match({port(1, "x"), port(2, "x")}, {port(1, "x"), port(2, "x"), port(3, "x")}, false));
  EXPECT_EQ("1", match({port(1, "x"), port(2, "x")}, {port(2, "x")}, false));
}

TEST(Identity, ANewNameIsANewPort) {
  EXPECT_EQ("0 new", match({port(1, "a"), port(2, "b")}, {port(1, "a"), port(2, "c")}, false));
}

TEST(Identity, ThousandsOfLikeNamesEnd) {
  std::vector<RowKey> known, now;
  for (std::uint32_t i = 0; i < 5000; ++i) known.push_back(port(i, "same")), now.push_back(port(i + 1, "same"));
  const auto found = match_rows(known, now, true);
  for (const RowMatch& m : found.now) EXPECT_NE(RowMatch::Kind::Known, m.kind);
}

}  // namespace
}  // namespace bongsu::poll
