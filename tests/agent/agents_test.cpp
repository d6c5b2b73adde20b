// SPDX-License-Identifier: Apache-2.0
#include "agent/agents.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "agent/synthetic.h"
#include "net/sim.h"

namespace bongsu::agent {
namespace {

using namespace std::chrono_literals;

const Oid kUptime{1, 3, 6, 1, 2, 1, 1, 3, 0};
net::Address host(std::uint32_t number) { return net::Address::v4(0x0a010001 + number); }

// A network on virtual time with agents at 10.1.0.x and one who asks them.
struct Lab {
  explicit Lab(std::uint64_t seed = 1, AgentsSpec spec = {.port = 161}) : world(seed) {
    agents = std::move(*Agents::open(world.reactor(), spec));
    asker = std::move(*world.reactor().open({}));
    asker->on_receive([this](std::span<const net::Datagram> batch) {
      for (const net::Datagram& datagram : batch) {
        const auto message = snmp::decode(datagram.data);
        ASSERT_TRUE(message);
        const auto ms = std::chrono::duration_cast<Millis>(world.clock().steady() - start).count();
        std::string line = std::to_string(ms) + " " + datagram.peer.to_string() + " " + std::to_string(message->pdu.request_id);
        for (const Varbind& varbind : message->pdu.varbinds) line += " " + varbind.value.to_text();
        answers.push_back(std::move(line));
      }
    });
  }
  void add(std::uint32_t number, Manner manner = {}) {
    world.set_link(host(number), {.latency = 1ms});
    agents->add(host(number), std::make_unique<Synthetic>(shape, Identity{.seed = number}, world.clock().steady()), manner);
  }
  void ask(std::uint32_t number, std::int32_t id, Oid name = kUptime, std::string community = "public") {
    snmp::Message message{.version = snmp::Version::V2c, .community = std::move(community), .pdu = {}};
    message.pdu.request_id = id;
    message.pdu.varbinds.push_back({std::move(name), {}});
    asker->send({host(number), 161}, *snmp::encode(message));
  }

  net::SimWorld world;
  SteadyTime start = world.clock().steady();
  std::shared_ptr<const Synthetic::Shape> shape = Synthetic::shape({.kind = Kind::Switch, .ports = 4});
  std::unique_ptr<Agents> agents;
  std::unique_ptr<net::DatagramSocket> asker;
  std::vector<std::string> answers;
};
using Answers = std::vector<std::string>;

}  // namespace

TEST(Agents, AnswerFromTheAddressThatWasAsked) {
  Lab lab;
  for (std::uint32_t i = 0; i < 3; ++i) lab.add(i);
  for (std::uint32_t i = 0; i < 3; ++i) lab.ask(i, static_cast<std::int32_t>(i));
  lab.world.run_for(1s);
  std::sort(lab.answers.begin(), lab.answers.end());
  EXPECT_EQ((Answers{"2 10.1.0.1:161 0 36000000", "2 10.1.0.2:161 1 36000000", "2 10.1.0.3:161 2 36000000"}), lab.answers);
  EXPECT_EQ(3U, lab.agents->stats().responses);
  EXPECT_EQ(3U, lab.agents->stats().varbinds);
}

TEST(Agents, IgnoreAndCountWhatIsNotForThem) {
  Lab lab;
  lab.add(0);
  lab.add(1, {.dead = true});
  lab.world.set_link(host(2), {});
  lab.ask(0, 1, kUptime, "secret");
  lab.ask(1, 2);
  lab.ask(2, 3);  // no agent there
  const std::vector<std::uint8_t> junk{0x30, 0x03, 0x02, 0x01};
  lab.asker->send({host(0), 161}, junk);
  lab.asker->send({host(0), 161}, {});
  lab.world.run_for(10s);
  EXPECT_EQ(Answers{}, lab.answers);
  const AgentsStats& stats = lab.agents->stats();
  EXPECT_EQ(5U, stats.requests);
  EXPECT_EQ(0U, stats.responses);
  EXPECT_EQ(1U, stats.refused);
  EXPECT_EQ(1U, stats.ignored);
  EXPECT_EQ(1U, stats.unknown);
  EXPECT_EQ(2U, stats.malformed);
  lab.agents->manner(host(1))->dead = false;
  lab.ask(1, 4);
  lab.world.run_for(1s);
  EXPECT_EQ(1U, lab.answers.size());
}

TEST(Agents, RestartResetsUptimeAndLosesWhatWasUnderWay) {
  Lab lab;
  lab.add(0, {.delay = 100ms});
  lab.ask(0, 1);
  lab.world.run_for(50ms);
  lab.agents->restart(host(0));
  lab.world.run_for(950ms);
  EXPECT_EQ(Answers{}, lab.answers);
  lab.ask(0, 2);
  lab.world.run_for(1s);
  EXPECT_EQ((Answers{"1102 10.1.0.1:161 2 95"}), lab.answers);  // asked 951 ms after the restart
}

TEST(Agents, DelayHoldsAnswersAndJitterMixesThem) {
  Lab lab;
  lab.add(0, {.delay = 30ms, .jitter = 40ms});
  for (std::int32_t i = 0; i < 50; ++i) lab.ask(0, i);
  lab.world.run_for(31ms);
  EXPECT_LE(lab.answers.size(), 3U);
  lab.world.run_for(42ms);
  EXPECT_EQ(50U, lab.answers.size());
  std::vector<int> order;
  for (const auto& line : lab.answers) {
    const int ms = std::stoi(line);
    EXPECT_GE(ms, 32);
    EXPECT_LE(ms, 73);
    order.push_back(std::stoi(line.substr(line.rfind(' ', line.rfind(' ') - 1))));
  }
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
}

TEST(Agents, LossIsAsGivenAndOneSeedGivesOneHistory) {
  const auto run = [](std::uint64_t seed) {
    Lab lab(seed);
    lab.add(0, {.delay = 1ms, .jitter = 20ms, .loss = 0.3});
    for (std::int32_t i = 0; i < 2'000; ++i) lab.ask(0, i);
    lab.world.run_for(1s);
    EXPECT_EQ(2'000U, lab.agents->stats().responses + lab.agents->stats().ignored);
    return lab.answers;
  };
  const Answers once = run(5);
  EXPECT_NEAR(1'400, static_cast<double>(once.size()), 100);
  EXPECT_EQ(once, run(5));
  EXPECT_NE(once, run(6));
}

TEST(Agents, MakeTheDefaultDeviceWhereAsked) {
  Lab lab(1, {.port = 161, .most = 3});
  int made = 0;
  lab.agents->set_default([&](const net::Address& address, SteadyTime now, Manner& manner) -> std::unique_ptr<Device> {
    ++made;
    if (address == host(1)) return nullptr;
    manner.dead = address == host(2);
    return std::make_unique<Synthetic>(lab.shape, Identity{.seed = address.to_v4()}, now);
  });
  for (std::uint32_t i = 0; i < 5; ++i) lab.world.set_link(host(i), {.latency = 1ms});
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t i = 0; i < 5; ++i) lab.ask(i, static_cast<std::int32_t>(i));
    lab.world.run_for(1s);
  }
  EXPECT_EQ(3, made);
  EXPECT_EQ((Answers{"2 10.1.0.1:161 0 36000000", "1002 10.1.0.1:161 0 36000100"}), lab.answers);
  EXPECT_EQ(2U, lab.agents->stats().ignored);
  EXPECT_EQ(6U, lab.agents->stats().unknown);  // the one left out, and two beyond the most that are made
}

TEST(Agents, TellWhichPortIsTaken) {
  net::SimWorld world(1);
  const auto first = Agents::open(world.reactor(), {.port = 1161});
  ASSERT_TRUE(first);
  const auto second = Agents::open(world.reactor(), {.port = 1161});
  ASSERT_FALSE(second);
  EXPECT_EQ(Code::Unavailable, second.error().code);
  EXPECT_NE(std::string::npos, second.error().text.find("1161")) << second.error().text;
}

TEST(Agents, ADayOfPollingFiftyOfThemTakesNoTime) {
  Lab lab;
  for (std::uint32_t i = 0; i < 50; ++i) lab.add(i, {.delay = 5ms, .jitter = 5ms, .loss = i % 10 == 0 ? 0.2 : 0});
  net::CallbackTimer timer([&] {
    for (std::uint32_t i = 0; i < 50; ++i) lab.ask(i, 0);
    lab.world.reactor().timers().arm(timer, lab.world.clock().steady() + 5min);
  });
  lab.world.reactor().timers().arm(timer, lab.world.clock().steady());
  lab.world.run_for(12h);
  lab.agents->restart(host(3));
  lab.agents->manner(host(4))->dead = true;
  lab.world.run_for(12h);
  const AgentsStats& stats = lab.agents->stats();
  EXPECT_NEAR(50 * 288, static_cast<double>(stats.requests), 50);
  EXPECT_EQ(stats.requests, stats.responses + stats.ignored);
  EXPECT_GT(stats.ignored, 144U);  // the dead one's half day, and some that were lost
}

}  // namespace bongsu::agent
