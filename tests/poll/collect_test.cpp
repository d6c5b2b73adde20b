// SPDX-License-Identifier: Apache-2.0
#include "poll/collect.h"

#include <algorithm>

#include "agent/agents.h"
#include "agent/synthetic.h"
#include "fixture.h"
#include "net/sim.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;

const net::Address kHost = net::Address::v4(0x7f000102);
const net::Address kPoller = net::Address::v4(0x7f000001);

asio::awaitable<void> collect_into(net::Reactor& reactor, snmp::Client& client, snmp::Target target,
                                   std::shared_ptr<const ProfileSet> profiles, std::optional<Result<Collection>>& to) {
  CollectOptions options;
  auto got = co_await collect(reactor, client, std::move(target), std::move(profiles), std::move(options));
  to.emplace(std::move(got));
}

struct CollectWorld {
  net::SimWorld sim{1};
  Metrics metrics;
  std::unique_ptr<agent::Agents> agents;
  snmp::Client client{sim.reactor(), metrics};
  CollectWorld() {
    agents = std::move(agent::Agents::open(sim.reactor(), {.port = 161, .community = "public", .listen = {kHost}})).value();
    sim.set_link(kHost, {});
    sim.set_link(kPoller, {});
    sim.set_link(net::Address(), {});
  }
  void add(agent::Make make) {
    agents->add(kHost, std::make_unique<agent::Synthetic>(agent::Synthetic::shape(make), agent::Identity{.seed = 3},
                                                          sim.clock().steady()));
  }
  Result<Collection> collect_now(snmp::Version version = snmp::Version::V2c) {
    std::optional<Result<Collection>> got;
    snmp::Target target{.name = "h", .endpoint = {kHost, 161}, .credentials = community("public", version)};
    sim.reactor().spawn(collect_into(sim.reactor(), client, std::move(target), stock_profiles(), got));
    sim.run_for(60s);
    if (!got) return Error{Code::Timeout, "collect() did not end"};
    return *got;
  }
};

std::size_t count(const Collection& collection, std::string_view metric) {
  return static_cast<std::size_t>(
      std::count_if(collection.metrics.begin(), collection.metrics.end(), [&](const auto& m) { return m.name == metric; }));
}
double value(const Collection& collection, std::string_view metric) {
  for (const auto& m : collection.metrics) {
    if (m.name == metric) return m.value;
  }
  ADD_FAILURE() << metric << " is missing";
  return -1;
}
void expect_sound(const Collection& collection) {
  for (const auto& error : collection.errors) ADD_FAILURE() << error.table << ": " << error.error.text;
  for (const auto& m : collection.metrics) {
    SCOPED_TRACE(m.name + m.labels.to_string());
    EXPECT_FALSE(m.oid.empty());
    if (m.unit == "percent") {
      EXPECT_GE(m.value, 0);
      EXPECT_LE(m.value, 100);
    }
    EXPECT_GE(m.value, 0);
  }
}

TEST(Collect, Switch) {
  CollectWorld world;
  world.add({.kind = agent::Kind::Switch, .ports = 24, .cpus = 1});
  const auto got = world.collect_now();
  ASSERT_TRUE(got) << got.error().text;
  expect_sound(*got);
  EXPECT_EQ(24u, count(*got, "interface_receive_bytes_total"));
  EXPECT_EQ(24u, count(*got, "interface_transmit_packets_total"));
  EXPECT_EQ(24u, count(*got, "interface_oper_up"));
  EXPECT_EQ(1e9, value(*got, "interface_speed_bits"));
  EXPECT_EQ(1u, count(*got, "cpu_usage_percent"));
  EXPECT_NEAR(360'000, value(*got, "device_uptime_seconds"), 60);
  EXPECT_EQ("switch", got->info.at("kind"));
  EXPECT_FALSE(got->info.at("sysObjectID").empty());
}

TEST(Collect, Server) {
  for (const auto version : {snmp::Version::V2c, snmp::Version::V1}) {
    CollectWorld world;
    world.add({.kind = agent::Kind::Server, .ports = 2, .cpus = 4, .disks = 3});
    const auto got = world.collect_now(version);
    ASSERT_TRUE(got) << got.error().text;
    expect_sound(*got);
    EXPECT_EQ(4u, count(*got, "cpu_usage_percent"));
    EXPECT_EQ(3u, count(*got, "storage_used_percent"));
    EXPECT_EQ(1u, count(*got, "load1"));
    EXPECT_NEAR(40, value(*got, "memory_used_percent"), 1);
    EXPECT_EQ(16.0 * 1024 * 1024 * 1024, value(*got, "memory_size_bytes"));
    EXPECT_GE(count(*got, "disk_read_bytes_total"), 1u);
    EXPECT_EQ("server", got->info.at("kind"));
    EXPECT_EQ("linux", got->info.at("os"));
  }
}

TEST(Collect, ExplainsEveryProfile) {
  CollectWorld world;
  world.add({.kind = agent::Kind::Switch});
  const auto got = world.collect_now();
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(stock_profiles()->profiles().size() + 1, got->profiles.size());  // and the systems
  for (const Explanation& profile : got->profiles) {
    if (profile.profile == "interfaces") {
      EXPECT_EQ("has IF-MIB::ifTable", profile.why);
    }
    if (profile.profile == "windows") {
      EXPECT_FALSE(profile.matched);
      EXPECT_NE(std::string::npos, profile.why.find("does not begin with 1.3.6.1.4.1.311.1.1.3")) << profile.why;
    }
  }
}

TEST(Collect, DeadHostIsATimeout) {
  CollectWorld world;
  const auto got = world.collect_now();
  ASSERT_FALSE(got);
  EXPECT_EQ(Code::Timeout, got.error().code);
}

TEST(Collect, ANumberThatIsNoneIsSaidToBeMissing) {
  CollectWorld world;
  const std::string port =
      "1.3.6.1.2.1.1.1.0|4|box\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9999.1\n1.3.6.1.2.1.1.3.0|67|4200\n1.3.6.1.2.1.2.2.1.2.1|4|a\n"
      "1.3.6.1.2.1.2.2.1.3.1|2|6\n1.3.6.1.2.1.2.2.1.8.1|2|1\n1.3.6.1.2.1.2.2.1.10.1|65|1000\n1.3.6.1.2.1.2.2.1.16.1|4|many\n"
      "1.3.6.1.2.1.31.1.1.1.1.1|4|a\n1.3.6.1.2.1.31.1.1.1.6.1|4|lots\n1.3.6.1.2.1.31.1.1.1.10.1|4|lots\n"
      "1.3.6.1.2.1.31.1.1.1.15.1|4| 1000\n";
  world.agents->add(kHost, std::make_unique<agent::RecordedDevice>(agent::RecordedDevice::shape(agent::Recording::parse(port)),
                                                                   world.sim.clock().steady()));
  const auto got = world.collect_now();
  ASSERT_TRUE(got) << got.error().text;
  expect_sound(*got);
  EXPECT_EQ(1000, value(*got, "interface_receive_bytes_total"));  // of the column that is good
  EXPECT_EQ(0u, count(*got, "interface_transmit_bytes_total"));
  EXPECT_EQ(1e9, value(*got, "interface_speed_bits"));  // a number all the same
  EXPECT_FALSE(got->complete);
  const auto told = std::count_if(got->notices.begin(), got->notices.end(), [](const std::string& notice) {
    return notice.find("came as") != std::string::npos && notice.find("it is not used") != std::string::npos;
  });
  EXPECT_EQ(3, told);
}

// As Debian's snmpd answers before anyone configured it.
TEST(Collect, SaysWhenTheAgentHidesItsTables) {
  CollectWorld world;
  const std::string system =
      "1.3.6.1.2.1.1.1.0|4|Linux vm\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10\n1.3.6.1.2.1.1.3.0|67|4200\n";
  world.agents->add(kHost, std::make_unique<agent::RecordedDevice>(agent::RecordedDevice::shape(agent::Recording::parse(system)),
                                                                   world.sim.clock().steady()));
  const auto hidden = world.collect_now();
  ASSERT_TRUE(hidden) << hidden.error().text;
  ASSERT_EQ(1u, hidden->notices.size());
  EXPECT_NE(std::string::npos, hidden->notices[0].find("rocommunity")) << hidden->notices[0];
  world.add({.kind = agent::Kind::Server});
  const auto shown = world.collect_now();
  ASSERT_TRUE(shown) << shown.error().text;
  EXPECT_TRUE(shown->notices.empty());
}

}  // namespace
}  // namespace bongsu::poll
