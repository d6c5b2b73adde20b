// SPDX-License-Identifier: Apache-2.0
// SNMP over TCP.
#include "client_fixture.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

}  // namespace

class StreamTest : public ClientTest {
 protected:
  StreamTest() {
    agent.put(kName, Value::of_octets("core1"));
    agent.put_table(kEntry, 6, 40);
    agent.serve_tcp();
  }
  Target by_tcp() const {
    Target out = target();
    out.transport = Transport::Tcp;
    return out;
  }
  Result<Response> get(const Target& to, Millis span = 60s) {
    std::vector<Oid> oids{kName};
    return wait(client->get(to, oids), span);
  }
  void answers() {
    const auto got = get(by_tcp());
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_EQ("core1", got->varbinds.at(0).value.octets);
  }
  void refuses(Code code, const std::string& text, Millis span = 60s) {
    const auto got = get(by_tcp(), span);
    ASSERT_FALSE(got);
    EXPECT_EQ(code, got.error().code) << got.error().text;
    EXPECT_THAT(got.error().text, HasSubstr(text));
  }
};

TEST_F(StreamTest, OneConnectionCarriesAll) {
  answers();
  expect_whole_table(wait(client->table(by_tcp(), columns(6))), 6, 40);
  answers();
  EXPECT_EQ(1, agent.connections);
  EXPECT_EQ(0U, client->in_flight());
}

TEST_F(StreamTest, ReadsAnswersHoweverTheyAreCut) {
  agent.stream_out = [](net::StreamSocket& stream, const FakeAgent::Bytes& octets) {
    for (const std::uint8_t octet : octets) stream.send({&octet, 1});
  };
  expect_whole_table(wait(client->table(by_tcp(), columns(6))), 6, 40);
  // Several in one piece.
  FakeAgent::Bytes held;
  int waiting = 0;
  agent.stream_out = [&](net::StreamSocket& stream, const FakeAgent::Bytes& octets) {
    held.insert(held.end(), octets.begin(), octets.end());
    if (++waiting < 5) return;
    stream.send(held);
    held.clear();
  };
  std::vector<std::optional<Result<Response>>> out(5);
  for (auto& one : out) {
    std::vector<Oid> oids{kName};
    world.reactor().spawn(keep(client->get(by_tcp(), oids), one));
  }
  world.run_for(1s);
  for (const auto& one : out) {
    ASSERT_TRUE(one);
    EXPECT_TRUE(*one) << one->error().text;
  }
}

TEST_F(StreamTest, WhereNobodyListensItFailsAtOnceAndBacksOff) {
  agent.listener.reset();
  refuses(Code::Unavailable, "Connection refused; check that its agent listens on TCP at this port (snmpd: agentaddress tcp:161)",
          20ms);
  auto& connects = metrics.counter("bongsu_snmp_connects_total", "");
  EXPECT_EQ(1U, connects.value());
  refuses(Code::Unavailable, "Connection refused; the next try is in", 20ms);
  EXPECT_EQ(1U, connects.value());
  for (int i = 0; i < 1'000; ++i) refuses(Code::Unavailable, "Connection refused", 100ms);
  EXPECT_LE(connects.value(), 10U);  // 1, 2, 4, 8, 16, 30, 30 s: in 100 s
  agent.serve_tcp();
  world.run_for(30s);
  answers();
}

TEST_F(StreamTest, AConnectionThatEndsIsMadeAgain) {
  answers();
  agent.streams[0]->close();
  world.run_for(1s);
  answers();
  EXPECT_EQ(2, agent.connections);
  // Under a request: it is sent once more.
  int closed = 0;
  agent.stream_out = [&](net::StreamSocket& stream, const FakeAgent::Bytes& octets) {
    if (closed++ == 0) stream.close();
    else stream.send(octets);
  };
  answers();
  EXPECT_EQ(3, agent.connections);
  // One that closes whatever is asked ends in an error.
  agent.stream_out = [](net::StreamSocket& stream, const FakeAgent::Bytes&) { stream.close(); };
  refuses(Code::Unavailable, "the other end closed the connection");
  EXPECT_LE(agent.connections, 6);
  EXPECT_EQ(0U, client->in_flight());
}

TEST_F(StreamTest, ASilentAgentIsWaitedForOnceAndLeft) {
  answers();
  agent.ignore = 1;
  std::optional<Result<Response>> out;
  std::vector<Oid> oids{kName};
  world.reactor().spawn(keep(client->get(by_tcp(), oids), out));
  world.run_for(5'900ms);
  EXPECT_FALSE(out);
  world.run_for(200ms);  // timeout x (1 + retries)
  ASSERT_TRUE(out);
  ASSERT_FALSE(*out);
  EXPECT_EQ(Code::Timeout, out->error().code);
  EXPECT_THAT(out->error().text, HasSubstr("sw1 (tcp 10.0.0.1:161): no answer to GET of 1.3.6.1.2.1.1.5.0 in 6s"));
  EXPECT_EQ(2U, agent.asked.size());
  answers();
  EXPECT_EQ(2, agent.connections);
  world.link(agent.at().address).up = false;
  agent.streams.back()->close();
  refuses(Code::Timeout, "no answer");
}

TEST_F(StreamTest, AnAnswerWhoseEndDoesNotComeIsLate) {
  agent.stream_out = [](net::StreamSocket& stream, const FakeAgent::Bytes& octets) { stream.send(std::span(octets).first(6)); };
  refuses(Code::Timeout, "but 6 octets of an answer that does not end");
  ASSERT_NE(nullptr, client->dialect(by_tcp().endpoint));
  const Observation* late = client->dialect(by_tcp().endpoint)->find(Trait::LateReply);
  ASSERT_NE(nullptr, late);
  EXPECT_THAT(late->evidence, HasSubstr("6 octets of an answer to a GET came by TCP"));
}

TEST_F(StreamTest, WhatIsNoMessageEndsTheConnection) {
  agent.stream_out = [](net::StreamSocket& stream, const FakeAgent::Bytes&) {
    stream.send(std::vector<std::uint8_t>{'H', 'T', 'T', 'P'});
  };
  refuses(Code::Unavailable, "what it sends is no SNMP message");
  EXPECT_EQ(1U, discarded("malformed"));
  agent.stream_out = {};
  world.run_for(1s);
  answers();
}

TEST_F(StreamTest, NothingElseAnswersIt) {
  // The right answer, by UDP.
  net::Endpoint udp{};
  agent.transmit = [&](net::DatagramSocket& socket, const net::Endpoint& to, const FakeAgent::Bytes& octets) {
    udp = to;
    socket.send(to, octets);
  };
  ASSERT_TRUE(get(target()));
  agent.stream_out = [&](net::StreamSocket&, const FakeAgent::Bytes& octets) { world.inject(agent.at(), udp, octets); };
  refuses(Code::Timeout, "no answer");
  EXPECT_LE(1U, discarded("address"));
}

TEST_F(StreamTest, TheOneIdleForLongestMakesRoom) {
  ClientOptions options;
  options.exchange.max_connections = 2;
  restart(options);
  std::vector<std::unique_ptr<FakeAgent>> agents;
  std::vector<Target> targets;
  for (int i = 0; i < 3; ++i) {
    agents.push_back(std::make_unique<FakeAgent>(world, *net::Endpoint::parse("10.0.1." + std::to_string(i + 1) + ":161")));
    agents.back()->put(kName, Value::of_octets("core1"));
    agents.back()->serve_tcp();
    targets.push_back(by_tcp());
    targets.back().endpoint = agents.back()->at();
  }
  for (const int i : {0, 1, 1, 0, 2, 0}) ASSERT_TRUE(get(targets[static_cast<std::size_t>(i)])) << i;
  EXPECT_EQ(1, agents[0]->connections);
  EXPECT_EQ(1, agents[1]->connections);
  EXPECT_EQ(1, agents[2]->connections);
  ASSERT_TRUE(get(targets[1]));
  EXPECT_EQ(2, agents[1]->connections);
  // All in use.
  for (auto& one : agents) one->ignore = 100;
  std::vector<std::optional<Result<Response>>> out(3);
  for (std::size_t i = 0; i < 3; ++i) {
    std::vector<Oid> oids{kName};
    world.reactor().spawn(keep(client->get(targets[i], oids), out[i]));
  }
  world.run_for(1s);
  ASSERT_TRUE(out[2]);
  EXPECT_THAT(out[2]->error().text, HasSubstr("all 2 TCP connections are in use"));
  world.run_for(10s);
  EXPECT_EQ(0U, client->in_flight());
}

TEST_F(StreamTest, AnAgentOfV1AloneIsSpokenToInV1) {
  agent.twist = [](const Message& request, Message answer) {
    return request.version == Version::V1 ? std::optional(answer) : std::nullopt;
  };
  answers();
  const Dialect* dialect = client->dialect(agent.at());
  ASSERT_NE(nullptr, dialect);
  EXPECT_TRUE(dialect->v1);
  EXPECT_EQ(1, agent.connections);
  answers();
}

TEST_F(StreamTest, AnAgentThatClosesAfterEachAnswerLosesNothing) {
  agent.stream_out = [&](net::StreamSocket& stream, const FakeAgent::Bytes& octets) {
    stream.send(octets);
    stream.close();
  };
  Target to = by_tcp();
  to.retries = 0;
  for (int i = 0; i < 60; ++i) {
    const auto got = get(to, 5s);
    ASSERT_TRUE(got) << i << ": " << got.error().text;
  }
  EXPECT_EQ(0, client->dialect(agent.at())->loss);
}

}  // namespace bongsu::snmp
