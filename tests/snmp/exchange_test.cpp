// SPDX-License-Identifier: Apache-2.0
// Round trips, loss, and what answers that nobody waits for say of a device.
#include "client_fixture.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

}  // namespace

class ExchangeTest : public ClientTest {
 protected:
  ExchangeTest() { agent.put(kName, Value::of_octets("sw1")); }
  bool asks() { return wait(client->get(target(), {kName})).ok(); }
  const Dialect& dialect() { return *client->dialect(agent.at()); }
  std::uint64_t seen(Trait trait) {
    const Observation* found = dialect().find(trait);
    return found == nullptr ? 0 : found->count;
  }
};

TEST_F(ExchangeTest, LearnsTheRoundTripAndAsksAgainAfterIt) {
  ASSERT_TRUE(asks());
  EXPECT_EQ(10ms, dialect().srtt);
  EXPECT_EQ(5ms, dialect().rttvar);
  agent.ignore = 1;
  const SteadyTime start = world.clock().steady();
  std::optional<Result<Response>> out;
  world.reactor().spawn(keep(client->get(target(), {kName}), out));
  world.run_until(start + 212ms);  // not 2 s
  ASSERT_TRUE(out && *out);
  EXPECT_EQ(3U, agent.asked.size());
  EXPECT_EQ(10ms, dialect().srtt);  // which sending was answered is not known
}

TEST_F(ExchangeTest, ARoundTripThatGrowsIsLearned) {
  ASSERT_TRUE(asks());
  world.link(agent.at().address).latency = 250ms;
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(asks());
  EXPECT_GT(std::chrono::microseconds(dialect().srtt), 400ms);
  agent.asked.clear();
  ASSERT_TRUE(asks());
  EXPECT_EQ(1U, agent.asked.size());
}

TEST_F(ExchangeTest, WholePatienceStaysAsConfigured) {
  ASSERT_TRUE(asks());
  agent.asked.clear();
  agent.ignore = 1'000;
  const SteadyTime start = world.clock().steady();
  std::vector<Millis> at;
  agent.twist = nullptr;
  std::optional<Result<Response>> out;
  world.reactor().spawn(keep(client->get(target(), {kName}), out));
  for (int i = 0; i < 7'000 && !out; ++i) {
    const std::size_t before = agent.asked.size();
    world.run_for(1ms);
    if (agent.asked.size() > before) at.push_back(std::chrono::duration_cast<Millis>(world.clock().steady() - start));
  }
  ASSERT_TRUE(out);
  EXPECT_EQ(Code::Timeout, out->error().code);
  EXPECT_THAT(out->error().text, HasSubstr("in 3 tries of 2s"));
  EXPECT_EQ(6s, std::chrono::floor<std::chrono::seconds>(world.clock().steady() - start));
  EXPECT_THAT(at, ::testing::ElementsAre(5ms, 205ms, 605ms, 2005ms, 4005ms));
  EXPECT_EQ(0us, dialect().srtt);  // what is dead is not asked early
}

TEST_F(ExchangeTest, TheLastTryOfALargeRequestAsksForOne) {
  agent.put_table(kEntry, 2, 5);
  agent.twist = [](const Message& request, Message answer) {
    return request.pdu.type == PduType::GetBulk ? std::nullopt : std::optional(answer);
  };
  const auto first = *encode_oid(kEntry + 1), second = *encode_oid(kEntry + 2);
  const std::vector<VarbindView> names{{OidView(first), {}}, {OidView(second), {}}};
  int reduced = 0;
  client->request(target(), {.type = PduType::GetBulk, .max_repetitions = 5, .varbinds = names, .reducible = true},
                  [&](Result<Answer> answer) {
                    ASSERT_TRUE(answer) << answer.error().text;
                    reduced += answer->reduced;
                    ASSERT_EQ(1U, answer->varbinds.size());
                    EXPECT_EQ(kEntry + 1 + 1, answer->varbinds[0].name.to_oid());
                  });
  world.run_for(60s);
  EXPECT_EQ(1, reduced);
  ASSERT_EQ(4U, agent.asked.size());  // with the one in v1 beside the last
  EXPECT_EQ(agent.asked[0].pdu.request_id, agent.asked[1].pdu.request_id);
  EXPECT_NE(agent.asked[0].pdu.request_id, agent.asked[2].pdu.request_id);
  EXPECT_EQ(PduType::GetNext, agent.asked[2].pdu.type);
}

TEST_F(ExchangeTest, AnAnswerToTheWholeRequestIsTakenAfterItWasReduced) {
  agent.put_table(kEntry, 2, 5);
  world.link(agent.at().address).latency = 2'200ms;  // the first answer comes behind the last try
  const auto first = *encode_oid(kEntry + 1), second = *encode_oid(kEntry + 2);
  const std::vector<VarbindView> names{{OidView(first), {}}, {OidView(second), {}}};
  int whole = 0;
  client->request(target(), {.type = PduType::GetBulk, .max_repetitions = 5, .varbinds = names, .reducible = true},
                  [&](Result<Answer> answer) {
                    ASSERT_TRUE(answer) << answer.error().text;
                    EXPECT_FALSE(answer->reduced);
                    whole += answer->varbinds.size() == 10;
                  });
  world.run_for(60s);
  EXPECT_EQ(1, whole);
}

TEST_F(ExchangeTest, NotesLossAndForgivesWhatWasLateOnly) {
  world.link(agent.at().address).loss = 0.3;
  for (int i = 0; i < 100; ++i) (void)wait(client->get(target(), {kName}));
  EXPECT_GT(dialect().loss, 0.2);
  ASSERT_GT(seen(Trait::PacketLoss), 0U);
  EXPECT_THAT(dialect().find(Trait::PacketLoss)->evidence, HasSubstr("are lost of late"));
  EXPECT_EQ(0U, seen(Trait::DuplicateReply));
  world.link(agent.at().address).loss = 0;
  for (int i = 0; i < 100; ++i) (void)wait(client->get(target(), {kName}));
  EXPECT_LT(dialect().loss, 0.05);
}

TEST_F(ExchangeTest, AGoodAgentHasNoTraits) {
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(asks());
  EXPECT_TRUE(dialect().observations.empty());
  EXPECT_EQ(0, dialect().loss);
}

TEST_F(ExchangeTest, AsksOneByOneWhatDropsASecond) {
  std::vector<VarbindView> names;
  const auto name = *encode_oid(kName);
  names.push_back({OidView(name), {}});
  int busy = 0;
  agent.twist = [&](const Message&, Message answer) -> std::optional<Message> {
    if (busy > 0) return std::nullopt;
    ++busy;
    world.after(20ms, [&] { --busy; });
    return answer;
  };
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(asks());
  int answered = 0;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 4; ++i)
      client->request(target(), {.varbinds = names}, [&](Result<Answer> answer) { answered += answer.ok(); });
    world.run_for(30s);
  }
  EXPECT_EQ(20, answered);
  EXPECT_EQ(1, dialect().in_flight);
  EXPECT_THAT(dialect().find(Trait::InFlightLimit)->evidence, HasSubstr("while others were under way"));
  EXPECT_EQ(0U, client->in_flight());
}

TEST_F(ExchangeTest, NotesWhatAnswersNothing) {
  ASSERT_TRUE(asks());
  const auto notes = [&](Trait trait, const char* text, std::function<std::optional<Message>(const Message&, Message)> twist) {
    agent.twist = std::move(twist);
    EXPECT_FALSE(asks());
    agent.twist = nullptr;
    ASSERT_NE(nullptr, dialect().find(trait));
    EXPECT_THAT(dialect().find(trait)->evidence, HasSubstr(text));
    EXPECT_TRUE(asks());
  };
  notes(Trait::WrongRequestId, "which was not asked with", [](const Message&, Message answer) {
    answer.pdu.request_id ^= 0x55555555;
    answer.pdu.request_id &= 0x7fffffff;
    return std::optional(answer);
  });
  // It takes several, and none that is right.
  EXPECT_EQ(1U, seen(Trait::WrongRequestId));
  int odd = 0;
  agent.twist = [&](const Message&, Message answer) {
    if (++odd % 3 != 0) answer.pdu.request_id = (answer.pdu.request_id ^ 0x55555555) & 0x7fffffff;
    return std::optional(answer);
  };
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(asks());
  EXPECT_EQ(1U, seen(Trait::WrongRequestId));
  agent.twist = [&](const Message&, Message answer) {
    answer.pdu.request_id = 1;
    return std::optional(answer);
  };
  EXPECT_THAT(wait(client->get(target(), {kName})).error().text,
              HasSubstr("answers came with request-ids that were not asked with"));
  agent.twist = nullptr;
  agent.transmit = [](net::DatagramSocket& socket, const net::Endpoint& to, const FakeAgent::Bytes& octets) {
    socket.send(to, std::span(octets).first(octets.size() - 1));
  };
  EXPECT_FALSE(asks());
  EXPECT_THAT(dialect().find(Trait::Malformed)->evidence, HasSubstr("in a datagram of"));
  agent.transmit = [](net::DatagramSocket& socket, const net::Endpoint& to, const FakeAgent::Bytes& octets) {
    socket.send(to, octets);
    socket.send(to, octets);
  };
  EXPECT_TRUE(asks());
  agent.transmit = nullptr;
  EXPECT_EQ(1U, seen(Trait::DuplicateReply));
  world.link(agent.at().address).latency = 5s;
  EXPECT_FALSE(asks());
  EXPECT_EQ(5U, seen(Trait::LateReply));
}

TEST_F(ExchangeTest, ALateAnswerHasNoWrongRequestIdHoweverBusyOthersAre) {
  ASSERT_TRUE(asks());
  FakeAgent other(world, *net::Endpoint::parse("10.0.0.2:161"));
  other.put(kName, Value::of_octets("sw2"));
  Target busy = target();
  busy.endpoint = other.at();
  std::vector<FakeAgent::Bytes> held;
  net::DatagramSocket* from = nullptr;
  net::Endpoint to;
  agent.transmit = [&](net::DatagramSocket& socket, const net::Endpoint& peer, const FakeAgent::Bytes& octets) {
    held.push_back(octets);
    from = &socket;
    to = peer;
  };
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(asks());
  ASSERT_GE(held.size(), 9U);
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(wait(client->get(busy, {kName}), 1s));  // the ids' places are used anew
  std::optional<Result<Response>> out;
  world.reactor().spawn(keep(client->get(target(), {kName}), out));
  world.run_for(1ms);
  for (const FakeAgent::Bytes& octets : std::vector(held)) from->send(to, octets);
  world.run_for(10s);
  ASSERT_TRUE(out);
  EXPECT_FALSE(*out);
  EXPECT_EQ(0U, seen(Trait::WrongRequestId));
  EXPECT_EQ(3U, seen(Trait::LateReply));  // one of each that was given up
  EXPECT_EQ(0U, discarded("unknown_id"));
}

}  // namespace bongsu::snmp
