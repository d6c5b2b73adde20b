// SPDX-License-Identifier: Apache-2.0
// Agents whose answers contradict themselves, or their requests.
#include <algorithm>

#include "client_fixture.h"

namespace bongsu::snmp {
namespace {

class HostileTest : public ClientTest {
 protected:
  const Dialect& learned() { return *client->dialect(agent.at()); }
  const Observation& seen(Trait trait) {
    static const Observation kNone;
    const Observation* found = learned().find(trait);
    EXPECT_NE(nullptr, found) << to_string(trait);
    return found != nullptr ? *found : kNone;
  }
  static bool in_column(const Oid& name, std::uint32_t column) { return name.starts_with(kEntry + column); }
};

// Each row of an answer the other way round.
std::optional<Message> reversed(const Message& request, Message answer) {
  const std::size_t width = request.pdu.varbinds.size();
  auto& all = answer.pdu.varbinds;
  for (std::size_t at = 0; at < all.size(); at += width)
    std::reverse(all.begin() + static_cast<std::ptrdiff_t>(at),
                 all.begin() + static_cast<std::ptrdiff_t>(std::min(at + width, all.size())));
  return answer;
}

TEST_F(HostileTest, ColumnsInAnotherOrderAreAskedForOneByOne) {
  agent.put_table(kEntry, 5, 6);
  agent.twist = reversed;
  for (const Version version : {Version::V2c, Version::V1}) {
    SCOPED_TRACE(to_string(version));
    expect_whole_table(wait(client->table(target(version), columns(5))), 5, 6);
  }
  EXPECT_NE(std::string::npos, seen(Trait::WrongObjects).evidence.find("GETNEXT of that alone answers"));
  EXPECT_EQ(nullptr, learned().find(Trait::NotIncreasing));
}

TEST_F(HostileTest, AnEndWithMoreBehindItIsNotBelieved) {
  agent.put_table(kEntry, 3, 40);
  for (const bool whole_row : {false, true}) {
    SCOPED_TRACE(whole_row);
    client->forget(agent.at());
    agent.twist = [&](const Message& request, Message answer) -> std::optional<Message> {
      const std::size_t width = request.pdu.varbinds.size();
      if (request.pdu.type != PduType::GetBulk || answer.pdu.varbinds.size() <= 3 * width) return answer;
      for (std::size_t i = 2 * width; i < (whole_row ? 3 * width : 2 * width + 1); ++i)
        answer.pdu.varbinds[i].value = {.type = ValueType::EndOfMibView};
      return answer;
    };
    expect_whole_table(wait(client->table(target(), columns(3))), 3, 40);
    seen(Trait::BulkWrong);
  }
}

TEST_F(HostileTest, WhatIsSentBackAsItCameIsNoValue) {
  agent.twist = [](const Message& request, Message answer) -> std::optional<Message> {
    answer.pdu.varbinds = request.pdu.varbinds;
    return answer;
  };
  std::size_t visited = 0;
  std::function<bool(const Varbind&)> visit = [&](const Varbind&) { return ++visited > 0; };
  const auto end = wait(client->walk(target(), Oid{1, 3, 6, 1, 2, 1, 2}, visit));
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(0U, visited);
  EXPECT_EQ(1U, end->left.size());
}

TEST_F(HostileTest, SaysWhyAnAnswerIsNotBelieved) {
  agent.put(kUptime, Value::of_number(ValueType::TimeTicks, 7));
  const auto told = [&](const std::string& text, const std::function<void(Message&)>& change) {
    SCOPED_TRACE(text);
    client->forget(agent.at());
    agent.twist = [&](const Message&, Message answer) -> std::optional<Message> {
      change(answer);
      return answer;
    };
    const auto answer = wait(client->get(target(), {kUptime}));
    ASSERT_FALSE(answer);
    EXPECT_EQ(Code::Timeout, answer.error().code);
    EXPECT_NE(std::string::npos, answer.error().text.find(text)) << answer.error().text;
    EXPECT_NE(std::string::npos, seen(Trait::Unbelieved).evidence.find(text));
  };
  told("another SNMP version",
       [](Message& message) { message.version = message.version == Version::V1 ? Version::V2c : Version::V1; });
  told("another community", [](Message& message) { message.community = "private"; });
  told("no response", [](Message& message) { message.pdu.type = PduType::GetRequest; });
}

// The first object of a column with a tag that SNMP does not have.
void spoil(FakeAgent::Bytes& octets, const Oid& column) {
  const auto prefix = *encode_oid(column);
  const auto at = std::search(octets.begin(), octets.end(), prefix.begin(), prefix.end());
  if (at == octets.end()) return;
  const auto tag = at + static_cast<std::ptrdiff_t>(prefix.size()) + 1;  // behind an index of one arc
  if (tag < octets.end()) *tag = 0x5f;
}

TEST_F(HostileTest, AColumnThatCannotBeReadIsLeftAndTheOthersAreWhole) {
  agent.put_table(kEntry, 6, 20);
  agent.transmit = [&](net::DatagramSocket& socket, const net::Endpoint& to, const FakeAgent::Bytes& octets) {
    FakeAgent::Bytes spoilt = octets;
    spoil(spoilt, kEntry + 4U);
    socket.send(to, spoilt);
  };
  const auto table = wait(client->table(target(), columns(6)), std::chrono::seconds(6));  // no time-out is waited for
  ASSERT_TRUE(table) << table.error().text;
  ASSERT_EQ(20U, table->rows.size());
  for (const Table::Row& row : table->rows) {
    for (std::size_t c = 0; c < 6; ++c) ASSERT_EQ(c != 3, row.cells[c].has_value()) << c;
  }
  EXPECT_FALSE(table->end.left.empty());
  ASSERT_FALSE(table->end.notes.empty());
  EXPECT_NE(std::string::npos, table->end.notes[0].find("cannot be read"));
  EXPECT_EQ(nullptr, learned().find(Trait::VarbindLimit));
}

// It is met in each walk, long after the requests were made small because of it.
TEST_F(HostileTest, ARowThatCannotBeReadIsNotTakenForALimit) {
  agent.put_table(kEntry, 6, 20);
  agent.transmit = [&](net::DatagramSocket& socket, const net::Endpoint& to, const FakeAgent::Bytes& octets) {
    FakeAgent::Bytes spoilt = octets;
    const auto name = *encode_oid(kEntry + 4U + 15U);
    const auto at = std::search(spoilt.begin(), spoilt.end(), name.begin(), name.end());
    if (at != spoilt.end()) *(at + static_cast<std::ptrdiff_t>(name.size())) = 0x5f;
    socket.send(to, spoilt);
  };
  for (int walk = 0; walk < 3; ++walk) {
    const auto table = wait(client->table(target(), columns(6)), std::chrono::seconds(20));
    ASSERT_TRUE(table) << table.error().text;
    EXPECT_EQ(6U * 20 - 6, table->end.cells);  // what lies behind it in its column cannot be had
    EXPECT_EQ(nullptr, learned().find(Trait::VarbindLimit)) << seen(Trait::VarbindLimit).evidence;
    EXPECT_EQ(0, learned().varbinds);
    EXPECT_TRUE(learned().bulk);
  }
}

// As SNMPv1 says it that nothing is left.
TEST_F(HostileTest, AnEndThatIsAnErrorIsNotTakenForALimit) {
  agent.put_table(kEntry, 6, 20);
  agent.twist = [&](const Message& request, Message answer) -> std::optional<Message> {
    for (std::size_t i = 0; i < answer.pdu.varbinds.size(); ++i) {
      if (answer.pdu.varbinds[i].value.exists()) continue;
      answer.pdu.varbinds = request.pdu.varbinds;
      answer.pdu.error_status = kNoSuchName;
      answer.pdu.error_index = static_cast<std::int32_t>(i % request.pdu.varbinds.size()) + 1;
      break;
    }
    return answer;
  };
  for (int walk = 0; walk < 2; ++walk) expect_whole_table(wait(client->table(target(), columns(6))), 6, 20);
  EXPECT_EQ(nullptr, learned().find(Trait::VarbindLimit));
  EXPECT_NE(std::string::npos, seen(Trait::WrongError).evidence.find("noSuchName to"));
}

TEST_F(HostileTest, AGoodAnswerBehindOneThatCannotBeReadIsTaken) {
  agent.put_table(kEntry, 2, 5);
  agent.transmit = [&](net::DatagramSocket& socket, const net::Endpoint& to, const FakeAgent::Bytes& octets) {
    FakeAgent::Bytes spoilt = octets;
    spoil(spoilt, kEntry + 1U);
    socket.send(to, spoilt);
    socket.send(to, octets);
  };
  expect_whole_table(wait(client->table(target(), columns(2))), 2, 5);
}

TEST_F(HostileTest, OneObjectThatFailsCostsNoOther) {
  agent.put_table(kEntry, 4, 1);
  const Oid bad = kEntry + 3U + 1U;
  for (const bool named : {true, false}) {
    SCOPED_TRACE(named);
    agent.twist = [&](const Message& request, Message answer) -> std::optional<Message> {
      const auto& asked = request.pdu.varbinds;
      for (std::size_t i = 0; i < asked.size(); ++i) {
        if (asked[i].oid != bad) continue;
        answer.pdu.varbinds = asked;
        answer.pdu.error_status = 5;
        answer.pdu.error_index = named ? static_cast<std::int32_t>(i) + 1 : 0;
      }
      return answer;
    };
    std::vector<Oid> all;
    for (const Oid& column : columns(4)) all.push_back(column + 1U);
    const auto answer = wait(client->get(target(), all));
    ASSERT_TRUE(answer) << answer.error().text;
    for (std::size_t i = 0; i < 4; ++i)
      EXPECT_EQ(i == 2 ? ValueType::Null : ValueType::Counter64, answer->varbinds[i].value.type) << i;
    ASSERT_EQ(1U, answer->refused.size());
    EXPECT_NE(std::string::npos, answer->refused[0].text.find("genErr"));
    const auto alone = wait(client->get(target(), {bad}));
    ASSERT_FALSE(alone);
    EXPECT_EQ(Code::Refused, alone.error().code);
  }
}

TEST_F(HostileTest, AWalkGoesOnBeyondAColumnThatFails) {
  agent.put_table(kEntry, 6, 20);
  agent.twist = [&](const Message& request, Message answer) -> std::optional<Message> {
    const auto bad = [](const Varbind& varbind) { return in_column(varbind.oid, 3); };
    if (std::none_of(answer.pdu.varbinds.begin(), answer.pdu.varbinds.end(), bad)) return answer;
    answer.pdu.varbinds = request.pdu.varbinds;
    answer.pdu.error_status = 5;
    answer.pdu.error_index = 1;
    return answer;
  };
  std::vector<Oid> names;
  std::function<bool(const Varbind&)> visit = [&](const Varbind& varbind) {
    names.push_back(varbind.oid);
    return true;
  };
  const auto end = wait(client->walk(target(), kEntry, visit));
  ASSERT_TRUE(end) << end.error().text;
  EXPECT_EQ(100U, names.size());
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(1U, end->left.size());
  ASSERT_EQ(1U, end->notes.size());
  EXPECT_NE(std::string::npos, end->notes[0].find("genErr; it was gone on with")) << end->notes[0];
  EXPECT_TRUE(learned().bulk);  // it was the object
  EXPECT_TRUE(learned().breaks.empty());
}

}  // namespace
}  // namespace bongsu::snmp
