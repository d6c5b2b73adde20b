// SPDX-License-Identifier: Apache-2.0
#include "agent/demo.h"

#include <gtest/gtest.h>

#include <set>

#include "net/sim.h"

namespace bongsu::agent {
namespace {

using namespace std::chrono_literals;

// The demo network on virtual time, its syslog, and one GET a moment.
struct Stage {
  explicit Stage(std::uint64_t seed = 1) : world(seed) {
    log = std::move(*world.reactor().open({.bind = {net::Address::v4(0x7f000001), 5514}}));
    log->on_receive([this](std::span<const net::Datagram> batch) {
      for (const net::Datagram& datagram : batch) {
        lines.push_back(datagram.peer.address.to_string() + " " + std::string(datagram.data.begin(), datagram.data.end()));
      }
    });
    asker = std::move(*world.reactor().open({}));
    asker->on_receive(
        [this](std::span<const net::Datagram> batch) { answer = snmp::decode(batch[0].data)->pdu.varbinds[0].value; });
    DemoOptions options;
    options.seed = seed;
    options.syslog = net::Endpoint{net::Address::any(net::Address::Family::V4), 5514};
    network = std::move(*DemoNetwork::open(world.reactor(), options));
  }
  std::optional<Value> get(std::string_view device, std::string_view name) {
    answer.reset();
    for (const DemoDevice& one : network->devices()) {
      if (one.name != device) continue;
      snmp::Message message{.version = snmp::Version::V2c, .community = network->community(), .pdu = {}};
      message.pdu.varbinds.push_back({*Oid::parse(name), {}});
      asker->send({one.address, one.port}, *snmp::encode(message));
    }
    world.run_for(10ms);
    return answer;
  }
  void run_until(Millis span) { world.run_until(begin + span); }

  net::SimWorld world;
  SteadyTime begin = world.clock().steady();
  std::unique_ptr<net::DatagramSocket> log;
  std::unique_ptr<net::DatagramSocket> asker;
  std::optional<Value> answer;
  std::vector<std::string> lines;
  std::unique_ptr<DemoNetwork> network;
};

constexpr std::string_view kDemoUptime = "1.3.6.1.2.1.1.3.0", kDemoCpu = "1.3.6.1.2.1.25.3.3.1.2.196608";

}  // namespace

TEST(DemoNetwork, HasDevicesThatAnswerByTheirName) {
  Stage stage;
  std::set<std::string> names;
  std::set<std::string> addresses;
  for (const DemoDevice& device : stage.network->devices()) {
    names.insert(device.name);
    addresses.insert(device.address.to_string());
    EXPECT_TRUE(device.address.is_loopback());
    EXPECT_TRUE(device.tags.contains("site"));
    const auto name = stage.get(device.name, "1.3.6.1.2.1.1.5.0");
    ASSERT_TRUE(name) << device.name;
    EXPECT_EQ(device.name, name->octets);
  }
  EXPECT_EQ(12U, names.size());
  EXPECT_EQ(12U, addresses.size());
}

TEST(DemoNetwork, PlaysItsScriptAgainAndAgain) {
  Stage stage;
  for (const Millis round : {Millis(0), DemoNetwork::kPeriod, 3 * DemoNetwork::kPeriod}) {
    SCOPED_TRACE(round.count());
    const auto load = [&](Millis when) {
      stage.run_until(round + when);
      return stage.get("web1", kDemoCpu)->integer;
    };
    EXPECT_NEAR(22, static_cast<double>(load(20s)), 2);
    EXPECT_NEAR(75, static_cast<double>(load(60s)), 2);  // caution
    EXPECT_TRUE(stage.get("edge-sw2", kDemoUptime));
    stage.run_until(round + 100s);
    EXPECT_FALSE(stage.get("edge-sw2", kDemoUptime));     // gone
    EXPECT_NEAR(86, static_cast<double>(load(400s)), 2);  // danger
    EXPECT_FALSE(stage.get("edge-sw2", kDemoUptime));
    stage.run_until(round + 455s);
    const auto uptime = stage.get("edge-sw2", kDemoUptime);
    ASSERT_TRUE(uptime);
    EXPECT_EQ(500U, uptime->number / 10 * 10);            // back, and five seconds old
    EXPECT_NEAR(92, static_cast<double>(load(600s)), 3);  // urgent
    EXPECT_NEAR(99, static_cast<double>(load(900s)), 2);  // fatal
    EXPECT_NEAR(30, static_cast<double>(load(1'100s)), 2);
  }
}

TEST(DemoNetwork, PortFlapsAndErrorsGrow) {
  Stage stage;
  int changes = 0;
  std::int64_t before = 1;
  for (Millis when = 0s; when < 5min; when += 5s) {
    stage.run_until(when);
    const std::int64_t now = stage.get("edge-sw1", "1.3.6.1.2.1.2.2.1.8.12")->integer;
    changes += now != before;
    before = now;
  }
  EXPECT_EQ(5, changes);  // down at 70, 180 and 290 s, up at 125 and 235 s
  EXPECT_GT(stage.get("core-sw2", "1.3.6.1.2.1.2.2.1.14.7")->number, 5'000U);
  EXPECT_EQ(0U, stage.get("core-sw2", "1.3.6.1.2.1.2.2.1.14.8")->number);
}

TEST(DemoNetwork, SendsSyslogOfEverySeverityFromItsDevices) {
  Stage stage;
  stage.run_until(5min);
  std::set<int> severities;
  std::set<std::string> senders;
  bool rfc3164 = false;
  bool rfc5424 = false;
  for (const std::string& line : stage.lines) {
    const std::size_t open = line.find('<');
    ASSERT_EQ(line.find(' ') + 1, open) << line;
    senders.insert(line.substr(0, open - 1));
    severities.insert(std::stoi(line.substr(open + 1)) % 8);
    (line.find(">1 20") != std::string::npos ? rfc5424 : rfc3164) = true;
  }
  EXPECT_EQ((std::set<int>{0, 1, 2, 3, 4, 5, 6}), severities);
  EXPECT_TRUE(rfc3164);
  EXPECT_TRUE(rfc5424);
  EXPECT_GE(senders.size(), 8U);
  EXPECT_TRUE(std::find(stage.lines.begin(), stage.lines.end(),
                        "127.66.0.4 <184>Nov 14 22:14:49 edge-sw2 power: input voltage lost, shutting down") !=
              stage.lines.end());
}

TEST(DemoNetwork, OneSeedGivesOneHistory) {
  const auto history = [](std::uint64_t seed) {
    Stage stage(seed);
    stage.run_until(20min);
    stage.lines.push_back(stage.get("core-sw1", "1.3.6.1.2.1.31.1.1.1.6.3")->to_text());
    return stage.lines;
  };
  const auto once = history(3);
  EXPECT_EQ(once, history(3));
  EXPECT_NE(once, history(4));
}

}  // namespace bongsu::agent
