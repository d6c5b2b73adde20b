// SPDX-License-Identifier: Apache-2.0
// What the stock profiles tell of neighbours, and when.
#include <gmock/gmock.h>

#include "network.h"

namespace bongsu::poll {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct Heard final : NeighborSink {
  std::vector<NeighborReading> readings;
  std::vector<std::vector<std::string>> lists;
  void take(NeighborReading reading) override { readings.push_back(std::move(reading)); }
  void tables(std::string_view, Time, std::vector<std::string> names) override { lists.push_back(std::move(names)); }

  std::size_t count(std::string_view table) const {
    return static_cast<std::size_t>(
        std::count_if(readings.begin(), readings.end(), [&](const auto& one) { return one.table == table; }));
  }
  const NeighborReading& last(std::string_view table) const {
    static const NeighborReading kNone;
    const auto at = std::find_if(readings.rbegin(), readings.rend(), [&](const auto& one) { return one.table == table; });
    EXPECT_NE(readings.rend(), at) << table;
    return at == readings.rend() ? kNone : *at;
  }
  // "0:00:11:22:33:44:55": kind and text.
  std::vector<std::string> own(std::string_view table) const {
    std::vector<std::string> out;
    for (const Identifier& one : last(table).own) out.push_back(std::to_string(static_cast<int>(one.kind)) + ":" + one.text);
    return out;
  }
};

std::vector<std::string> lines(const NeighborReading& reading) {
  std::vector<std::string> out;
  for (const Neighbor& one : reading.neighbors)
    out.push_back(one.protocol + "|" + one.port + "|" + one.chassis + "|" + one.name + "|" + one.address + "|" + one.remote_port);
  return out;
}

const std::string kWho =
    "1.3.6.1.2.1.1.1.0|4|a switch\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n1.3.6.1.2.1.1.3.0|67|86400000\n"
    "1.3.6.1.2.1.1.5.0|4|sw1.example.com\n"
    "1.3.6.1.2.1.2.2.1.2.101|4|port 1\n1.3.6.1.2.1.2.2.1.6.101|4x|001122334455\n1.3.6.1.2.1.31.1.1.1.1.101|4|ge1\n"
    "1.3.6.1.2.1.4.20.1.1.192.0.2.1|64|192.0.2.1\n1.3.6.1.2.1.4.20.1.1.127.0.0.1|64|127.0.0.1\n"
    "1.3.6.1.2.1.4.34.1.3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1|2|101\n"
    "1.3.6.1.2.1.4.34.1.3.1.4.198.51.100.1|2|101\n";
const std::string kLldpSelf =
    "1.0.8802.1.1.2.1.3.1.0|2|4\n1.0.8802.1.1.2.1.3.2.0|4x|0011223344AA\n1.0.8802.1.1.2.1.3.3.0|4|sw1\n"
    "1.0.8802.1.1.2.1.3.7.1.2.5|2|5\n1.0.8802.1.1.2.1.3.7.1.3.5|4|ge5\n";
const std::string kLldpOthers =
    "1.0.8802.1.1.2.1.4.1.1.4.900.5.1|2|4\n1.0.8802.1.1.2.1.4.1.1.5.900.5.1|4x|00aabbccddee\n"
    "1.0.8802.1.1.2.1.4.1.1.6.900.5.1|2|5\n1.0.8802.1.1.2.1.4.1.1.7.900.5.1|4|xe-0/0/1\n"
    "1.0.8802.1.1.2.1.4.1.1.9.900.5.1|4|core1\n"
    "1.0.8802.1.1.2.1.4.1.1.4.0.5.2|2|5\n1.0.8802.1.1.2.1.4.1.1.5.0.5.2|4x|01c0000207\n"
    "1.0.8802.1.1.2.1.4.1.1.6.0.5.2|2|3\n1.0.8802.1.1.2.1.4.1.1.7.0.5.2|4x|00aabbccddf0\n"
    "1.0.8802.1.1.2.1.4.2.1.3.900.5.1.1.4.192.0.2.2|2|2\n1.0.8802.1.1.2.1.4.2.1.4.900.5.1.1.4.192.0.2.2|2|7\n"
    "1.0.8802.1.1.2.1.4.2.1.3.900.5.1.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.2|2|2\n";
const std::string kCdp =
    "1.3.6.1.4.1.9.9.23.1.3.1.0|2|1\n1.3.6.1.4.1.9.9.23.1.3.4.0|4|SW1-CDP\n"
    "1.3.6.1.4.1.9.9.23.1.2.1.1.3.101.2|2|1\n1.3.6.1.4.1.9.9.23.1.2.1.1.4.101.2|4x|0a414243\n"
    "1.3.6.1.4.1.9.9.23.1.2.1.1.6.101.2|4|core2.example.com\n1.3.6.1.4.1.9.9.23.1.2.1.1.7.101.2|4|GigabitEthernet0/2\n"
    "1.3.6.1.4.1.9.9.23.1.2.1.1.8.101.2|4|cisco WS-C3560\n";

struct Neighbors : testing::Test {
  Network network;
  Heard heard;
  std::unique_ptr<Poller> poller;

  void device(const std::string& text) {
    network.agents->add(host(1), std::make_unique<agent::RecordedDevice>(
                                     agent::RecordedDevice::shape(agent::Recording::parse(text)), network.sim.clock().steady()));
  }
  void watch(Millis span) {
    poller = std::make_unique<Poller>(PollerParts{.reactor = network.sim.reactor(),
                                                  .client = network.client,
                                                  .pinger = network.pinger.get(),
                                                  .points = network.store,
                                                  .profiles = network.profiles,
                                                  .metrics = network.metrics,
                                                  .neighbors = &heard});
    std::vector<DeviceSpec> devices{network.spec(1)};
    poller->apply(std::move(devices));
    network.sim.run_for(span);
  }
};

TEST_F(Neighbors, OfLldpWithTheirAddresses) {
  device(kWho + kLldpSelf + kLldpOthers);
  watch(std::chrono::minutes(10));
  EXPECT_THAT(lines(heard.last("lldp/neighbors")),
              UnorderedElementsAre("lldp|ge5|00:aa:bb:cc:dd:ee|core1||xe-0/0/1",
                                   testing::MatchesRegex("lldp\\|ge5\\|.*\\|\\|192.0.2.7\\|00:aa:bb:cc:dd:f0")));
  EXPECT_TRUE(heard.last("lldp/neighbors").whole);
  EXPECT_EQ("d1", heard.last("lldp/neighbors").device);
  EXPECT_THAT(lines(heard.last("lldp/neighbor_addresses")),
              UnorderedElementsAre("lldp||00:aa:bb:cc:dd:ee||192.0.2.2|",
                                   "lldp||00:aa:bb:cc:dd:ee||32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.2|"));
  EXPECT_THAT(heard.own("lldp/local"), ElementsAre("0:00:11:22:33:44:aa", "3:sw1"));
  EXPECT_GE(heard.count("lldp/neighbors"), 4U);
}

// What the device itself is known by is read when it is identified, not at each poll.
TEST_F(Neighbors, OfTheDeviceItselfOnceAnHour) {
  device(kWho);
  watch(std::chrono::minutes(50));
  EXPECT_THAT(heard.own("system/name"), ElementsAre("3:sw1.example.com"));
  EXPECT_THAT(heard.own("interfaces/interfaces"), ElementsAre("1:00:11:22:33:44:55"));
  EXPECT_THAT(heard.own("addresses/addresses"), UnorderedElementsAre("2:127.0.0.1", "2:192.0.2.1"));
  EXPECT_THAT(heard.own("addresses/internet_addresses"),
              UnorderedElementsAre("2:198.51.100.1", "2:32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1"));
  EXPECT_EQ(1U, heard.count("interfaces/interfaces"));
  network.sim.run_for(std::chrono::hours(1));
  EXPECT_EQ(2U, heard.count("interfaces/interfaces"));
  EXPECT_EQ(0U, heard.count("lldp/neighbors"));
}

TEST_F(Neighbors, OfCdpByNameAndAddress) {
  device(kWho + kCdp);
  watch(std::chrono::minutes(5));
  EXPECT_THAT(lines(heard.last("cdp/cdp_neighbors")), ElementsAre("cdp|ge1||core2.example.com|10.65.66.67|GigabitEthernet0/2"));
  EXPECT_THAT(heard.own("cdp/local"), ElementsAre("3:SW1-CDP"));
  EXPECT_EQ("1", network.story("cdp_neighbor").substr(0, 1));
}

// One that sees nobody says so, also where its table is not there at all; a silent one says nothing. Whoever lost the tables
// altogether says that when it is identified anew.
TEST_F(Neighbors, NobodyIsAnAnswerAndSilenceIsNone) {
  device(kWho + kLldpSelf + kLldpOthers);
  watch(std::chrono::minutes(5));
  const std::size_t before = heard.count("lldp/neighbors");
  device(kWho + kLldpSelf);
  network.sim.run_for(std::chrono::minutes(70));
  EXPECT_GE(heard.count("lldp/neighbors"), before + 30);
  EXPECT_THAT(heard.last("lldp/neighbors").neighbors, IsEmpty());
  EXPECT_TRUE(heard.last("lldp/neighbors").whole);
  ASSERT_LE(2U, heard.lists.size());
  EXPECT_THAT(heard.lists.back(), testing::Contains("lldp/neighbors"));
  network.agents->manner(host(1))->dead = true;
  network.sim.run_for(std::chrono::minutes(2));
  const std::size_t all = heard.readings.size();
  network.sim.run_for(std::chrono::minutes(30));
  EXPECT_EQ(all, heard.readings.size());
  network.agents->manner(host(1))->dead = false;
  device(kWho);
  network.sim.run_for(std::chrono::minutes(65));
  EXPECT_THAT(heard.lists.back(), UnorderedElementsAre("system/name", "interfaces/interfaces", "addresses/addresses",
                                                       "addresses/internet_addresses"));
}

// Those that are set of devices whose specification names none; until they are set anew.
TEST_F(Neighbors, ParentsThatWereFoundStandWhereNoneAreConfigured) {
  watch(Millis(0));
  std::vector<DeviceSpec> devices;
  for (const std::uint32_t number : {1U, 2U, 3U}) devices.push_back(network.spec(number));
  devices[1].parents = std::vector<std::string>{"d3"};
  devices[2].parents.emplace();
  poller->apply(devices);
  const auto parents = [&](const char* name) {
    const DeviceState state = poller->device(name).value();
    std::string text;
    for (const std::string& parent : state.parents) text += parent + " ";
    return text + (state.parents_from == ParentsFrom::Topology        ? "found"
                   : state.parents_from == ParentsFrom::Configuration ? "configured"
                                                                      : "nowhere");
  };
  EXPECT_EQ("nowhere", parents("d1"));
  poller->set_parents({{"d1", {"d2"}}, {"d2", {"d1"}}, {"d3", {"d1"}}});
  EXPECT_EQ("d2 found", parents("d1"));
  EXPECT_EQ("d3 configured", parents("d2"));
  EXPECT_EQ("configured", parents("d3"));
  devices[1].parents.reset();
  poller->apply(devices);
  EXPECT_EQ("d1 found", parents("d2"));
  poller->set_parents({});
  EXPECT_EQ("nowhere", parents("d1"));
  EXPECT_EQ("nowhere", parents("d2"));
}

}  // namespace
}  // namespace bongsu::poll
