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

TEST_F(OrderTest, AValueUnderAnotherColumnsNameIsNotTaken) {
  // GETBULK gives the values of column 3 the names of column 7, and the other way round.
  agent.limit = 1'400;
  agent.twist = [&](const Message& request, Message answer) {
    if (request.pdu.type != PduType::GetBulk) return std::optional(answer);
    for (Varbind& found : answer.pdu.varbinds) {
      if (found.oid.starts_with(kEntry + 3)) found.oid = kEntry + 7 + found.oid.back();
      else if (found.oid.starts_with(kEntry + 7)) found.oid = kEntry + 3 + found.oid.back();
    }
    return std::optional(answer);
  };
  for (const Oid& root : {kEntry, Oid{1, 3, 6, 1, 2, 1}, kEntry + 3}) {
    SCOPED_TRACE(root.to_string());
    restart({});
    std::map<Oid, Value> got;
    const auto visit = [&](const Varbind& found) { return got.emplace(found.oid, found.value).second; };
    ASSERT_TRUE(wait(client->walk(target(), root, visit)));
    std::map<Oid, Value> right;
    for (const auto& [name, value] : agent.objects)
      if (name.starts_with(root)) right.emplace(name, value);
    EXPECT_EQ(right, got);
    if (root.size() > kEntry.size()) continue;  // one strike
    EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::BulkWrong));
    EXPECT_THAT(evidence(Trait::BulkWrong), HasSubstr("where GETNEXT answers 1.3.6.1.2.1.2.2.1.3."));
  }
  restart({});
  EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_EQ(1, walks_to_whole(1, 24));
}

TEST_F(OrderTest, LeapsOfAnHonestAgentAreConfirmedAndNoMore) {
  for (std::uint32_t group = 10; group < 60; group += 10)
    for (std::uint32_t row = 1; row <= 30; ++row) agent.put(Oid{1, 3, 6, 1, 2, 1, group, 1, row}, Value::of_integer(1));
  std::size_t cells = 0;
  const auto visit = [&](const Varbind&) { return ++cells > 0; };
  const auto end = wait(client->walk(target(), Oid{1, 3, 6, 1, 2, 1}, visit));
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(agent.objects.size(), cells);
  EXPECT_THAT(traits(), ::testing::IsEmpty());
  const auto confirming = std::count_if(agent.asked.begin(), agent.asked.end(),
                                        [](const Message& request) { return request.pdu.type == PduType::GetNext; });
  EXPECT_LE(confirming, 8);  // 7 leaps, one first row
}

TEST_F(OrderTest, AFirstRowThatGetbulkPassesOverIsHad) {
  agent.twist = [&](const Message& request, Message answer) {
    const std::size_t names = request.pdu.varbinds.size();
    auto& varbinds = answer.pdu.varbinds;
    if (request.pdu.type == PduType::GetBulk && varbinds.size() > names)
      varbinds.erase(varbinds.begin(), varbinds.begin() + static_cast<std::ptrdiff_t>(names));
    return std::optional(answer);
  };
  for (const std::size_t width : {std::size_t{1}, std::size_t{10}}) {
    restart({});
    agent.limit = 1'400;
    EXPECT_LE(walks_to_whole(width, 24), 2);
    EXPECT_EQ(1, walks_to_whole(width, 24));
    EXPECT_FALSE(dialect().bulk);
    EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::BulkWrong));
  }
}

TEST_F(OrderTest, AGetThatIsAnsweredAsGetnextIsAskedAnotherWay) {
  agent.put(kName, Value::of_octets("sw1"));
  agent.twist = [&](const Message& request, Message answer) {
    if (request.pdu.type != PduType::GetRequest) return std::optional(answer);
    for (std::size_t i = 0; i < answer.pdu.varbinds.size(); ++i) {
      const auto next = agent.objects.upper_bound(request.pdu.varbinds[i].oid);
      answer.pdu.varbinds[i] = next == agent.objects.end()
                                   ? Varbind{request.pdu.varbinds[i].oid, {.type = ValueType::EndOfMibView}}
                                   : Varbind{next->first, next->second};
    }
    return std::optional(answer);
  };
  for (int round = 0; round < 3; ++round) {
    agent.asked.clear();
    const auto got = wait(client->get(target(), {kUptime, kName, kEntry + 3 + 7, kEntry + 3 + 25}));
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ(1U, got->varbinds[0].value.number);
    EXPECT_EQ(Value::of_octets("sw1"), got->varbinds[1].value);
    EXPECT_EQ(std::uint64_t{3} << 32 | 7, got->varbinds[2].value.number);
    EXPECT_FALSE(got->varbinds[3].value.exists());
    EXPECT_TRUE(got->refused.empty());
    EXPECT_EQ(round == 0 ? 2U : 1U, agent.asked.size());
    EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::GetAsNext));
  }
  EXPECT_THAT(evidence(Trait::GetAsNext), HasSubstr("GET of 1.3.6.1.2.1.1.3.0 was answered with 1.3.6.1.2.1.1.5.0"));
  agent.twist = nullptr;
  world.run_for(25h);
  agent.asked.clear();
  EXPECT_TRUE(wait(client->get(target(), {kUptime})));
  EXPECT_EQ(PduType::GetRequest, agent.asked[0].pdu.type);
}

TEST_F(OrderTest, AGetnextThatIsAnsweredAsGetIsAskedByGetbulk) {
  agent.twist = [&](const Message& request, Message answer) {
    if (request.pdu.type != PduType::GetNext) return std::optional(answer);
    for (std::size_t i = 0; i < answer.pdu.varbinds.size(); ++i) {
      const Oid& name = request.pdu.varbinds[i].oid;
      const auto at = agent.objects.find(name);
      answer.pdu.varbinds[i] =
          at == agent.objects.end() ? Varbind{name, {.type = ValueType::NoSuchObject}} : Varbind{name, at->second};
    }
    return std::optional(answer);
  };
  const auto next = wait(client->get_next(target(), {kEntry + 3}));
  ASSERT_TRUE(next) << next.error().text;
  EXPECT_EQ(kEntry + 3 + 1, next->varbinds[0].oid);
  EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_EQ(1, walks_to_whole(10, 24));
  EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::EmptyAnswer));
}

}  // namespace bongsu::snmp
