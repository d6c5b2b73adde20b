// SPDX-License-Identifier: Apache-2.0
// Agents whose names do not follow each other, or are not those of their values: what can be had is had, nothing untrue is.
#include <fmt/format.h>

#include "learning_fixture.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

}  // namespace

class OrderTest : public LearningTest {};

TEST_F(OrderTest, NamesThatGoBackAreSkippedAndRemembered) {
  // What comes behind row 7 of the third column is never found by GETNEXT of the row before.
  const Oid column = kEntry + 3;
  const auto back = [&](const Oid& asked, Varbind& found) {
    if (asked == column + 7) found = {column + 2, agent.objects[column + 2]};
  };
  const auto spoil = [&](const Message& request, Message answer) {
    const std::size_t names = request.pdu.varbinds.size();
    if (request.pdu.type == PduType::GetRequest) return std::optional(answer);
    for (std::size_t i = 0; i < answer.pdu.varbinds.size(); ++i)
      back(i < names ? request.pdu.varbinds[i].oid : answer.pdu.varbinds[i - names].oid, answer.pdu.varbinds[i]);
    return std::optional(answer);
  };
  for (const Version version : {Version::V1, Version::V2c}) {
    restart({});
    agent.twist = spoil;
    const auto table = wait(client->table(target(version), columns(10)));
    expect_whole_table(table, 10, 24);
    ASSERT_EQ(1U, table->end.notes.size());
    EXPECT_THAT(table->end.notes[0], HasSubstr("behind 1.3.6.1.2.1.2.2.1.3.7 the agent went back to 1.3.6.1.2.1.2.2.1.3.2"));
    EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::NotIncreasing));
    EXPECT_THAT(evidence(Trait::NotIncreasing),
                HasSubstr("GETNEXT of 1.3.6.1.2.1.2.2.1.3.7 was answered with 1.3.6.1.2.1.2.2.1.3.2"));
    ASSERT_EQ(1U, dialect().breaks.size());
    EXPECT_EQ(column + 7, dialect().breaks[0].after);
    EXPECT_TRUE(dialect().bulk);
    if (version == Version::V2c) {
      EXPECT_LE(requests_of_a_walk(10, 24), 2U);
    }
    EXPECT_EQ(1U, seen(Trait::NotIncreasing));
  }
}

TEST_F(OrderTest, WhatGetnextNeverFindsIsHadByGet) {
  // Rows 8 and 9 of a column are never the answer to a GETNEXT: the agent goes back instead.
  const Oid column = kEntry + 3;
  agent.twist = [&](const Message& request, Message answer) {
    if (request.pdu.type == PduType::GetRequest) return std::optional(answer);
    for (Varbind& found : answer.pdu.varbinds)
      if (found.oid == column + 8 || found.oid == column + 9) found = {column + 1, agent.objects[column + 1]};
    return std::optional(answer);
  };
  EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_EQ(2U, dialect().breaks.size());
  EXPECT_LE(requests_of_a_walk(10, 24), 6U);
}

TEST_F(OrderTest, RowsInWrongOrderAreAllHad) {
  // In the third column row 13 comes before row 12.
  const Oid column = kEntry + 3;
  agent.twist = [&](const Message& request, Message answer) {
    if (request.pdu.type == PduType::GetRequest) return std::optional(answer);
    const auto next = [&](const Oid& name) -> std::optional<Oid> {
      if (name == column + 11) return column + 13;
      if (name == column + 13) return column + 12;
      if (name == column + 12) return column + 14;
      return std::nullopt;
    };
    const std::size_t names = request.pdu.varbinds.size();
    for (std::size_t i = 0; i < answer.pdu.varbinds.size(); ++i) {
      const Oid asked = i < names ? request.pdu.varbinds[i].oid : answer.pdu.varbinds[i - names].oid;
      if (const auto found = next(asked)) answer.pdu.varbinds[i] = {*found, agent.objects[*found]};
    }
    return std::optional(answer);
  };
  for (const Version version : {Version::V1, Version::V2c}) {
    restart({});
    EXPECT_EQ(1, walks_to_whole(10, 24, version));
    EXPECT_EQ(1, walks_to_whole(10, 24, version));
    ASSERT_EQ(1U, dialect().breaks.size());
    EXPECT_EQ(column + 12, dialect().breaks[0].hidden);
    EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::NotIncreasing));
  }
}

TEST_F(OrderTest, RowsInWrongOrderInEachColumnAreAllHad) {
  // In each column row 13 comes before row 12, by GETNEXT and by GETBULK.
  const auto order = [](std::uint32_t row) -> std::uint32_t {
    return row == 11 ? 13 : row == 13 ? 12 : row == 12 ? 14 : row + 1;
  };
  agent.limit = 1'400;
  agent.twist = [&](const Message& request, Message answer) {
    if (request.pdu.type == PduType::GetRequest) return std::optional(answer);
    const std::size_t names = request.pdu.varbinds.size();
    std::vector<Oid> at;
    for (const Varbind& varbind : request.pdu.varbinds) at.push_back(varbind.oid);
    for (std::size_t i = 0; i < answer.pdu.varbinds.size(); ++i) {
      Oid& from = at[i % names];
      Varbind& found = answer.pdu.varbinds[i];
      if (from.size() == kEntry.size() + 2 && from.back() < 24) found.oid = kEntry + from[kEntry.size()] + order(from.back());
      else if (const auto next = agent.objects.upper_bound(from); next != agent.objects.end()) found.oid = next->first;
      const auto value = agent.objects.find(found.oid);
      if (value != agent.objects.end()) found.value = value->second;
      from = found.oid;
    }
    return std::optional(answer);
  };
  for (const Version version : {Version::V1, Version::V2c}) {
    for (const std::size_t width : {std::size_t{2}, std::size_t{10}}) {
      SCOPED_TRACE(fmt::format("version {}, {} columns", static_cast<int>(version), width));
      restart({});
      EXPECT_EQ(1, walks_to_whole(width, 24, version));
      EXPECT_EQ(width, dialect().breaks.size());
      EXPECT_EQ(1, walks_to_whole(width, 24, version));
      EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::NotIncreasing));
    }
  }
}

TEST_F(OrderTest, AColumnThatWrapsAtItsEndEnds) {
  const Oid last = kEntry + 10;
  agent.twist = [&](const Message& request, Message answer) {
    for (Varbind& found : answer.pdu.varbinds)
      if (!found.oid.starts_with(kEntry) && request.pdu.type != PduType::GetRequest) found = {last + 1, agent.objects[last + 1]};
    return std::optional(answer);
  };
  EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_LE(requests_of_a_walk(10, 24), 2U);
  // A row more is seen, break or not.
  agent.objects.clear();
  agent.put_table(kEntry, 10, 25);
  EXPECT_EQ(1, walks_to_whole(10, 25));
}

}  // namespace bongsu::snmp
