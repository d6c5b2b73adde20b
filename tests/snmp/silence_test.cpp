// SPDX-License-Identifier: Apache-2.0
// Agents that answer, and not when they are asked for some objects: those are lost, the others are had.
#include <fmt/format.h>

#include <map>
#include <set>

#include "learning_fixture.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

}  // namespace

class SilenceTest : public LearningTest {
 protected:
  // No answer where one of `silent` would be part of it.
  void silence(std::function<bool(const Oid&)> silent) {
    agent.twist = [silent](const Message& request, Message answer) -> std::optional<Message> {
      for (const Varbind& asked : request.pdu.varbinds)
        if (silent(asked.oid) && request.pdu.type == PduType::GetRequest) return std::nullopt;
      for (const Varbind& found : answer.pdu.varbinds)
        if (silent(found.oid)) return std::nullopt;
      return answer;
    };
  }
  // Of all cells but those of `lost`, by column and row.
  void expect_but(const Result<Table>& table, const std::set<std::pair<std::uint32_t, std::uint32_t>>& lost) {
    ASSERT_TRUE(table) << table.error().text;
    ASSERT_EQ(24U, table->rows.size());
    for (std::uint32_t row = 1; row <= 24; ++row)
      for (std::uint32_t column = 1; column <= 10; ++column)
        ASSERT_EQ(lost.count({column, row}) == 0, table->rows[row - 1].cells[column - 1].has_value())
            << "column " << column << " row " << row;
  }
  std::set<std::pair<std::uint32_t, std::uint32_t>> column(std::uint32_t number, std::uint32_t from = 1) {
    std::set<std::pair<std::uint32_t, std::uint32_t>> out;
    for (std::uint32_t row = from; row <= 24; ++row) out.emplace(number, row);
    return out;
  }
};

TEST_F(SilenceTest, AColumnThatIsNotAnsweredCostsNoOther) {
  for (const std::uint32_t number : {1U, 4U, 10U}) {
    for (const Version version : {Version::V1, Version::V2c}) {
      SCOPED_TRACE(fmt::format("column {}, version {}", number, static_cast<int>(version)));
      restart({});
      silence([number](const Oid& name) { return name.starts_with(kEntry + number); });
      meet();
      const auto table = wait(client->table(target(version), columns(10)), 300s);
      expect_but(table, column(number));
      ASSERT_EQ(1U, table->end.left.size());
      EXPECT_EQ((WalkEnd::Left{number - 1, Code::Timeout}), table->end.left[0]);
      EXPECT_THAT(table->end.notes[0], HasSubstr("no answer, while it answers other requests"));
      EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::SilentObject)) << evidence(Trait::VarbindLimit);
      EXPECT_EQ(0, dialect().varbinds);
      EXPECT_TRUE(dialect().bulk);
      // It is not asked for again for an hour, and no time is lost.
      agent.asked.clear();
      const auto again = wait(client->table(target(version), columns(10)), number == 1 ? 1s : 60s);
      expect_but(again, column(number));
      EXPECT_EQ((WalkEnd::Left{number - 1, Code::Timeout}), again->end.left[0]);
      EXPECT_EQ(1U, again->end.left.size());
      if (number == 1 && version == Version::V2c) {
        EXPECT_EQ(1U, agent.asked.size());
      }
      agent.twist = nullptr;
      world.run_for(61min);
      EXPECT_EQ(1, walks_to_whole(10, 24, version));
    }
  }
}

TEST_F(SilenceTest, AnObjectThatIsNotAnsweredCostsTheRestOfItsColumn) {
  silence([](const Oid& name) { return name == kEntry + 4 + 20; });
  meet();
  expect_but(wait(client->table(target(), columns(10)), 300s), column(4, 20));
  EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::SilentObject)) << evidence(Trait::VarbindLimit);
  expect_but(wait(client->table(target(), columns(10)), 300s), column(4, 20));
}

TEST_F(SilenceTest, HalfATableThatIsNotAnsweredIsLeftInTime) {
  silence([](const Oid& name) { return name.size() > kEntry.size() && name.starts_with(kEntry) && name[kEntry.size()] > 5; });
  meet();
  const SteadyTime start = world.reactor().clock().steady();
  std::optional<Result<Table>> got;
  world.reactor().spawn(keep(client->table(target(), columns(10)), got));
  while (!got && world.reactor().clock().steady() < start + 300s) world.run_for(100ms);
  ASSERT_TRUE(got);
  std::set<std::pair<std::uint32_t, std::uint32_t>> lost;
  for (std::uint32_t number = 6; number <= 10; ++number) lost.merge(column(number));
  expect_but(*got, lost);
  EXPECT_EQ(5U, (*got)->end.left.size());
  EXPECT_LE(world.reactor().clock().steady() - start, 60s);
}

TEST_F(SilenceTest, AWalkGoesOnBehindIt) {
  silence([](const Oid& name) { return name.starts_with(kEntry + 4); });
  meet();
  std::set<Oid> got;
  const auto visit = [&](const Varbind& found) { return got.insert(found.oid).second; };
  const auto end = wait(client->walk(target(), Oid{1, 3, 6, 1, 2, 1}, visit), 300s);
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(agent.objects.size() - 24, got.size());
  ASSERT_EQ(1U, end->left.size());
  EXPECT_EQ(Code::Timeout, end->left[0].code);
  EXPECT_THAT(end->notes[0], HasSubstr("behind 1.3.6.1.2.1.2.2.1.3.24 the agent gave no answer"));
}

TEST_F(SilenceTest, ADeviceThatDiesInATableIsDead) {
  agent.limit = 1'400;
  meet();
  int answers = 0;
  agent.twist = [&](const Message&, Message answer) { return ++answers <= 4 ? std::optional(answer) : std::nullopt; };
  const auto table = wait(client->table(target(), columns(10)), 20s);
  ASSERT_FALSE(table);
  EXPECT_EQ(Code::Timeout, table.error().code);
  EXPECT_THAT(traits(), ::testing::IsEmpty());
  // And costs no more than its tries from then on.
  EXPECT_EQ(Code::Timeout, wait(client->table(target(), columns(10)), 6'100ms).error().code);
}

TEST_F(SilenceTest, WhatCannotBeReadIsNoLimit) {
  agent.transmit = [&](net::DatagramSocket& socket, const net::Endpoint& to, const std::vector<std::uint8_t>& octets) {
    auto out = octets;
    const auto message = decode(octets);
    for (const Varbind& found : message->pdu.varbinds)
      if (found.oid == kEntry + 4 + 20) out[out.size() - 6] = 0x80;  // the length of the last value
    socket.send(to, out, std::nullopt);
  };
  meet();
  for (int i = 0; i < 2; ++i) {
    const auto table = wait(client->table(target(), columns(10)), 300s);
    ASSERT_TRUE(table) << table.error().text;
    EXPECT_EQ(240U - 5, table->end.cells);
    EXPECT_EQ(0, dialect().varbinds);
    EXPECT_THAT(traits(), ::testing::ElementsAre(Trait::Malformed)) << evidence(Trait::VarbindLimit);
  }
}

TEST_F(SilenceTest, LossIsNoSilentObjectAndNoBrokenBulk) {
  world.link(agent.at().address).loss = 0.16;  // each way: 30 % of round trips
  meet();
  std::map<Trait, int> seen;
  for (int device = 0; device < 150; ++device) {
    restart({});  // knows nothing
    for (int poll = 0; poll < 2; ++poll) (void)wait(client->table(target(), columns(10)), 300s);
    for (const Trait trait : traits()) ++seen[trait];
  }
  seen.erase(Trait::PacketLoss);
  seen.erase(Trait::VarbindLimit);  // a size is given up sooner than an object: it is tried again, and costs no value
  for (const auto& [trait, times] : seen) ADD_FAILURE() << to_string(trait) << " " << times << " times: " << evidence(trait);
}

}  // namespace bongsu::snmp
