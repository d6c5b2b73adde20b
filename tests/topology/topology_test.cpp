// SPDX-License-Identifier: Apache-2.0
#include "topology/topology.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "store/memory.h"

namespace bongsu::topology {
namespace {

using namespace std::chrono_literals;
using Kind = Identifier::Kind;

// Devices a, b, ... with the chassis identifier 00:00:5e:00:53:NN each, NN being 01, 02, ... (RFC 7042 section 2.1.2).
std::string chassis_of(const std::string& device) { return "00:00:5e:00:53:0" + std::to_string(device[0] - 'a' + 1); }

struct Lab {
  Time now = time_from_ms(1'700'000'000'000);
  Metrics metrics;
  store::MemoryStore store;
  StateKeeper keeper{store, metrics, std::chrono::hours(1)};
  std::optional<net::Address> gateway;
  std::vector<DeviceState> devices;
  std::unique_ptr<Topology> topology = open();
  Topology::Parents parents;

  std::unique_ptr<Topology> open() {
    auto made = Topology::open(store, keeper, metrics, [this] { return gateway; });
    EXPECT_TRUE(made);
    return *std::move(made);
  }
  explicit Lab(const std::string& names = "a b c", const std::string& root = "a") {
    for (const std::string_view name : split(names, ' ')) {
      DeviceState& device = devices.emplace_back();
      device.name = name;
      device.address = "192.0.2." + std::to_string(name[0] - 'a' + 1);
      device.up = true;
    }
    topology->set_root(root);
  }
  DeviceState& device(const std::string& name) {
    return *std::find_if(devices.begin(), devices.end(), [&](const auto& one) { return one.name == name; });
  }
  void step() {
    if (auto next = topology->step(now, devices)) parents = *std::move(next);
  }
  void own(const std::string& device, std::vector<Identifier> identifiers) {
    topology->take({.device = device, .table = "lldp/local", .at = now, .own = std::move(identifiers)});
  }
  void own(const std::string& names) {
    for (const std::string_view name : split(names, ' '))
      own(std::string(name), {{Kind::Chassis, chassis_of(std::string(name))}});
  }
  static Neighbor see(const std::string& other) {
    return {.protocol = "lldp", .port = "to-" + other, .chassis = chassis_of(other), .name = other, .remote_port = "up"};
  }
  void told(const std::string& device, const std::string& others, bool whole = true) {
    NeighborReading reading{.device = device, .table = "lldp/neighbors", .at = now, .whole = whole};
    for (const std::string_view other : split(others, ' ')) {
      if (!other.empty()) reading.neighbors.push_back(see(std::string(other)));
    }
    topology->take(std::move(reading));
  }
  // "a-b b-c"
  std::string links() const {
    std::string out;
    for (const Link& link : topology->view().links) out += (out.empty() ? "" : " ") + link.a + "-" + link.b;
    return out;
  }
  // "b<a c<b"
  std::string tree() {
    step();
    std::string out;
    for (const auto& [name, above] : parents) {
      out += (out.empty() ? "" : " ") + name;
      for (std::size_t i = 0; i < above.size(); ++i) out += (i == 0 ? "<" : ",") + above[i];
    }
    return out;
  }
  // Reads every two minutes.
  void read_for(Millis span, const std::function<void()>& read) {
    for (const Time end = now + span; now < end;) {
      now += 2min;
      read();
      step();
    }
  }
  double count(const std::string& match) { return metrics.gauge("bongsu_topology_neighbors", "", {{"match", match}}).value(); }
};

TEST(Topology, AChainOfNeighboursIsAChainOfParents) {
  Lab lab;
  lab.own("a b c");
  lab.told("a", "b");
  lab.told("c", "b");
  EXPECT_EQ("b<a c<b", lab.tree());
  EXPECT_EQ("a-b b-c", lab.links());
  const View view = lab.topology->view();
  ASSERT_EQ(2U, view.links.size());
  ASSERT_EQ(1U, view.links[1].evidence.size());  // b has not told of anybody
  const Evidence& evidence = view.links[1].evidence.front();
  EXPECT_EQ("c", evidence.device);
  EXPECT_EQ("lldp", evidence.protocol);
  EXPECT_EQ("to-b", evidence.port);
  EXPECT_EQ("up", evidence.remote_port);
  EXPECT_EQ(lab.now, evidence.first_seen);
  EXPECT_EQ("a", view.root);
  EXPECT_EQ("named by the configuration", view.reason);
  const Time first = lab.now;
  lab.now += 2min;
  lab.told("b", "a c");
  lab.told("c", "b");
  EXPECT_EQ("b<a c<b", lab.tree());
  const View later = lab.topology->view();
  ASSERT_EQ(2U, later.links[1].evidence.size());
  EXPECT_EQ("b", later.links[1].evidence[0].device);
  EXPECT_EQ(lab.now, later.links[1].evidence[0].first_seen);
  EXPECT_EQ(first, later.links[1].evidence[1].first_seen);
  EXPECT_EQ(lab.now, later.links[1].evidence[1].last_seen);
}

// What b is known by comes last: nobody knows in which order devices are read.
TEST(Topology, TheOrderOfReadingDoesNotMatter) {
  Lab lab;
  lab.told("a", "b");
  lab.told("c", "b");
  EXPECT_EQ("", lab.tree());
  EXPECT_EQ(2, lab.count("unknown"));
  lab.own("b");
  EXPECT_EQ("b<a c<b", lab.tree());
  EXPECT_EQ(0, lab.count("unknown"));
  EXPECT_EQ(2, lab.count("device"));
}

TEST(Topology, WhatCouldBeSeveralIsNoLinkAndIsCounted) {
  Lab lab("a b c d");
  lab.own("b", {{Kind::Chassis, "serial"}, {Kind::Name, "switch"}});
  lab.own("c", {{Kind::Chassis, "serial"}, {Kind::Name, "switch"}});
  lab.topology->take({.device = "a",
                      .table = "lldp/neighbors",
                      .at = lab.now,
                      .neighbors = {{.protocol = "lldp", .port = "ge1", .chassis = "serial", .name = "switch"}}});
  EXPECT_EQ("", lab.tree());
  EXPECT_EQ(1, lab.count("ambiguous"));
  const View view = lab.topology->view();
  ASSERT_EQ(1U, view.doubts.size());
  EXPECT_EQ((std::vector<std::string>{"b", "c"}), view.doubts[0].candidates);
  EXPECT_EQ("ge1", view.doubts[0].port);
  // Its address decides, in a row of its own.
  lab.topology->take({.device = "a",
                      .table = "lldp/neighbor_addresses",
                      .at = lab.now,
                      .neighbors = {{.protocol = "lldp", .chassis = "serial", .address = "192.0.2.3"}}});
  EXPECT_EQ("c<a", lab.tree());
  EXPECT_EQ(0, lab.count("ambiguous"));
  // A link that turns out to be a matter of doubt goes at once.
  lab.own("d", {{Kind::Chassis, "serial"}, {Kind::Address, "192.0.2.3"}, {Kind::Name, "switch"}});
  EXPECT_EQ("", lab.tree());
}

// The switch dies: its own rows are not read any more, and its neighbours lose theirs after two minutes. Everything stays, for
// days. It is back, without the cable to c: after six hours c's word and its own do not count any more.
TEST(Topology, ADeadDeviceDoesNotTakeItsLinksAlong) {
  Lab lab;
  lab.own("a b c");
  lab.told("a", "b");
  lab.told("b", "a c");
  lab.told("c", "b");
  EXPECT_EQ("b<a c<b", lab.tree());
  lab.device("b").up = false;
  lab.device("c").up = false;
  lab.read_for(72h, [&] { lab.told("a", ""); });
  EXPECT_EQ("b<a c<b", lab.tree());
  EXPECT_EQ("a-b b-c", lab.links());
  EXPECT_TRUE(lab.topology->view().links[0].evidence[0].missing);
  lab.device("b").up = lab.device("c").up = true;
  const auto moved = [&] {
    lab.told("a", "b");
    lab.told("b", "a");
    lab.told("c", "");
  };
  lab.read_for(5h + 50min, moved);
  EXPECT_EQ("b<a c<b", lab.tree());
  lab.read_for(20min, moved);
  EXPECT_EQ("b<a", lab.tree());
  EXPECT_EQ("a-b", lab.links());
}

// A word is taken back by readings in a row: a neighbour that comes back in between, readings that are not whole, and few
// readings over a long time do not count.
TEST(Topology, AWordIsTakenBackByManyWholeReadingsInARow) {
  Lab lab;
  lab.own("a b c");
  const auto again = [&] {
    lab.told("a", "b");
    lab.step();
  };
  again();
  lab.read_for(5h, [&] { lab.told("a", ""); });
  again();
  lab.read_for(5h, [&] { lab.told("a", ""); });
  EXPECT_EQ("a-b", lab.links());
  again();
  lab.read_for(24h, [&] { lab.told("a", "", false); });
  EXPECT_EQ("a-b", lab.links());
  again();
  for (unsigned i = 0; i + 1 < Topology::kMissedReadings; ++i) {
    lab.now += 3h;
    lab.told("a", "");
    lab.step();
    EXPECT_EQ("a-b", lab.links()) << i;
  }
  lab.now += 3h;
  lab.told("a", "");
  lab.step();
  EXPECT_EQ("", lab.links());
}

// One whose agent lost the table altogether, as when LLDP is switched off, is asked anew each hour what it has.
TEST(Topology, ATableThatIsGoneTellsNothingAnyMore) {
  Lab lab;
  lab.own("a b");
  lab.told("a", "b");
  EXPECT_EQ("b<a", lab.tree());
  for (int hour = 0; hour < 7; ++hour) {
    EXPECT_EQ("b<a", lab.tree()) << hour;
    lab.now += 1h;
    lab.topology->tables("a", lab.now, {"lldp/local", "interfaces/hardware_addresses"});
  }
  EXPECT_EQ("", lab.tree());
  lab.told("a", "b");
  lab.topology->tables("b", lab.now, {});  // what b is known by is gone
  EXPECT_EQ("", lab.tree());
}

TEST(Topology, ADeviceThatIsNotWatchedAnyMoreTakesItsLinksAlong) {
  Lab lab;
  lab.own("a b c");
  lab.told("a", "b");
  lab.told("b", "a c");
  lab.told("c", "b");
  EXPECT_EQ("b<a c<b", lab.tree());
  const DeviceState b = lab.device("b");
  std::erase_if(lab.devices, [](const DeviceState& one) { return one.name == "b"; });
  EXPECT_EQ("", lab.tree());
  EXPECT_EQ("", lab.links());
  EXPECT_EQ(2U, lab.topology->view().unknown);  // a and c tell of a stranger
  lab.devices.push_back(b);
  lab.now += 2min;
  lab.own("b");
  lab.told("a", "b");
  EXPECT_EQ("b<a c<b", lab.tree());
}

TEST(Topology, LinksOutliveARestart) {
  Lab lab("a b c d");
  lab.own("a b c d");
  lab.told("a", "b");
  lab.told("b", "a c");
  lab.told("d", "c z");
  EXPECT_EQ("b<a c<b d<c", lab.tree());
  const Time first = lab.now;
  lab.now += 2min;
  lab.told("a", "");
  lab.step();
  lab.keeper.flush();
  lab.device("b").up = lab.device("c").up = lab.device("d").up = std::nullopt;
  lab.parents.clear();
  lab.topology = lab.open();
  lab.topology->set_root("a");
  EXPECT_EQ("b<a c<b d<c", lab.tree());  // before anything is read
  const View view = lab.topology->view();
  EXPECT_EQ(0U, view.unknown);
  ASSERT_EQ(2U, view.links[0].evidence.size());
  EXPECT_EQ(first, view.links[0].evidence[0].first_seen);
  EXPECT_TRUE(view.links[0].evidence[0].missing);
  // Devices that left the configuration meanwhile are forgotten.
  lab.topology = lab.open();
  lab.topology->set_root("a");
  std::erase_if(lab.devices, [](const DeviceState& one) { return one.name == "d"; });
  lab.step();
  EXPECT_EQ("a-b b-c", lab.links());
  lab.keeper.flush();
  EXPECT_FALSE(lab.store.get("topology", "d").value());
}

TEST(Topology, TheRootOwnsTheDefaultGatewaysAddress) {
  Lab lab("a b c", "");
  lab.own("a b c");
  lab.told("a", "b");
  lab.told("b", "c");
  EXPECT_EQ("", lab.tree());
  EXPECT_EQ("this machine has no default gateway; name the device that stands next to Bongsu: `topology: {root: NAME}`",
            lab.topology->view().reason);
  lab.now += 1min;
  lab.gateway = *net::Address::parse("192.0.2.2");  // b as it is configured
  EXPECT_EQ("a<b c<b", lab.tree());
  EXPECT_EQ("192.0.2.2 is the default gateway of this machine", lab.topology->view().reason);
  lab.now += 1min;
  lab.gateway = *net::Address::parse("198.51.100.1");
  EXPECT_EQ("", lab.tree());
  EXPECT_EQ(
      "no device has the address of this machine's default gateway, 198.51.100.1; watch it, or name the device that stands next "
      "to Bongsu: `topology: {root: NAME}`",
      lab.topology->view().reason);
  const auto has_it = [&](const std::string& device) {
    lab.topology->take({.device = device, .table = "addresses", .at = lab.now, .own = {{Kind::Address, "198.51.100.1"}}});
  };
  has_it("c");
  EXPECT_EQ("a<b b<c", lab.tree());
  has_it("a");
  EXPECT_EQ("", lab.tree());
  EXPECT_TRUE(lab.topology->view().reason.starts_with(
      "2 devices have the address of this machine's default gateway, 198.51.100.1: a and c; name"))
      << lab.topology->view().reason;
  lab.topology->set_root("a");
  EXPECT_EQ("b<a c<b", lab.tree());
}

TEST(Topology, WhyThereAreNoParentsThoughThereIsARoot) {
  Lab lab("a b c");
  EXPECT_EQ("", lab.tree());
  EXPECT_EQ(
      "named by the configuration; no link is known: no device tells, by LLDP or CDP, of a neighbour that is watched as well",
      lab.topology->view().reason);
  lab.own("b c");
  lab.told("b", "c");
  EXPECT_EQ("", lab.tree());
  EXPECT_EQ("named by the configuration; no link leads to it", lab.topology->view().reason);
}

TEST(Topology, ConfiguredParentsWin) {
  Lab lab("a b c d");
  lab.own("a b c d");
  lab.told("a", "b c");
  lab.told("b", "c d");
  EXPECT_EQ("b<a c<a d<b", lab.tree());
  lab.device("c").parents_from = lab.device("d").parents_from = ParentsFrom::Configuration;
  lab.device("c").parents = {"b"};
  EXPECT_EQ("b<a", lab.tree());
  EXPECT_EQ(2U, lab.topology->view().placed.at("c").distance);
  // What the topology itself found does not count as configured.
  lab.device("c").parents_from = ParentsFrom::Topology;
  EXPECT_EQ("b<a c<a", lab.tree());
}

// b is a server that hangs at a and at c. What it is outlives a restart in which it is dead.
TEST(Topology, AServerIsNoWayFromSwitchToSwitch) {
  Lab lab;
  lab.own("a b c");
  lab.told("b", "a c");
  EXPECT_EQ("b<a c<b", lab.tree());
  lab.device("b").info["kind"] = "server";
  EXPECT_EQ("b<a", lab.tree());
  lab.keeper.flush();
  lab.device("b").info.clear();
  lab.device("b").up = false;
  lab.topology = lab.open();
  lab.topology->set_root("a");
  EXPECT_EQ("b<a", lab.tree());
  lab.device("c").info["kind"] = "server";
  EXPECT_EQ("b<a c<b", lab.tree());
  lab.device("c").info["kind"] = "switch";
  EXPECT_EQ("b<a", lab.tree());
}

TEST(Topology, CdpNeighboursAreKnownByNameAndAddress) {
  Lab lab;
  lab.own("b", {{Kind::Name, "core1.example.com"}});
  const auto cdp = [&](Neighbor neighbor) {
    neighbor.protocol = "cdp";
    neighbor.port = "Gi0/1";
    lab.topology->take({.device = "a", .table = "cdp/cdp_neighbors", .at = lab.now, .neighbors = {std::move(neighbor)}});
    return lab.tree();
  };
  EXPECT_EQ("b<a", cdp({.name = "core1.example.com(FOX1234ABCD)"}));
  EXPECT_EQ("b<a c<a", cdp({.name = "SEP001122334455", .address = "192.0.2.3"}));  // b's row is missing, and counts still
}

// An agent that invents neighbours, or identifiers, without end.
TEST(Topology, OneDeviceCannotTellWithoutEnd) {
  Lab lab;
  NeighborReading reading{.device = "a", .table = "lldp/neighbors", .at = lab.now};
  for (std::size_t i = 0; i < Topology::kMostPerDevice + 10; ++i) {
    reading.neighbors.push_back({.protocol = "lldp", .port = std::to_string(i), .name = "n" + std::to_string(i)});
    reading.own.push_back({Kind::Name, "n" + std::to_string(i)});
  }
  lab.topology->take(std::move(reading));
  lab.step();
  EXPECT_EQ(Topology::kMostPerDevice, lab.topology->view().unknown);
  EXPECT_EQ(20U, lab.metrics.counter("bongsu_topology_refused_total", "").value());
}

}  // namespace
}  // namespace bongsu::topology
