// SPDX-License-Identifier: Apache-2.0
#include "poll/poller.h"

#include <algorithm>

#include "network.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;

TEST(Poller, WritesWhatEveryDeviceHasOnItsSlots) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(5min);
  EXPECT_EQ(1, network.last("device_up"));
  EXPECT_EQ(1, network.last("icmp_up"));
  EXPECT_EQ(1, network.last("device_info"));
  EXPECT_EQ(0, network.last("icmp_loss_percent"));
  EXPECT_NEAR(0.002, network.last("icmp_rtt_seconds"), 0.001);
  EXPECT_EQ(0, network.last("icmp_jitter_seconds"));
  EXPECT_GT(network.last("bongsu_poll_duration_seconds"), 0);
  EXPECT_GT(network.last("device_uptime_seconds"), 360'000);
  EXPECT_GT(network.last("storage_used_percent", "d1", {{"storage", "/"}}), 0);
  EXPECT_GE(network.samples("icmp_up").size(), 29u);
  const auto up = network.samples("snmp_up");
  ASSERT_GE(up.size(), 5u);
  for (std::size_t i = 2; i < up.size(); ++i) EXPECT_EQ(60s, up[i].at - up[i - 1].at);
  // All columns of one poll share its slot.
  for (const std::string metric : {"load1", "bongsu_poll_duration_seconds", "device_info", "process_count"}) {
    const auto other = network.samples(metric);
    ASSERT_EQ(up.size(), other.size()) << metric;
    for (std::size_t i = 0; i < up.size(); ++i) EXPECT_EQ(up[i].at, other[i].at) << metric;
  }
  const auto state = network.poller->device("d1");
  ASSERT_TRUE(state);
  EXPECT_EQ(true, state->up);
  EXPECT_EQ("linux", state->info.at("os"));
  EXPECT_EQ("", state->error);
  EXPECT_TRUE(state->last_poll);
  EXPECT_NE(state->profiles.end(), std::find(state->profiles.begin(), state->profiles.end(), "ucd-snmp"));
}

TEST(Poller, DeadHostHasItsOwnStateAndDelaysNobody) {
  Network network(20);
  for (std::uint32_t i = 1; i <= 20; ++i) network.add_server(i, {.dead = i == 13});
  network.sim.link(host(13)).up = false;
  network.watch(20);
  network.sim.run_for(10min);
  for (std::uint32_t i = 1; i <= 20; ++i) {
    const std::string name = "d" + std::to_string(i);
    SCOPED_TRACE(name);
    const auto polls = network.samples("snmp_up", name);
    ASSERT_GE(polls.size(), 10u);
    // The first lies beside the slots, and where it is lost a second look does.
    for (std::size_t k = i == 13 ? 3 : 2; k < polls.size(); ++k) EXPECT_EQ(60s, polls[k].at - polls[k - 1].at);
    EXPECT_EQ(i == 13 ? 0 : 1, network.last("device_up", name));
    if (i != 13) {
      EXPECT_LT(network.last("bongsu_poll_duration_seconds", name), 0.5);
    }
  }
  const auto state = network.poller->device("d13");
  EXPECT_EQ(false, state->up);
  EXPECT_EQ(false, state->snmp_up);
  EXPECT_EQ(false, state->icmp_up);
  EXPECT_NE(std::string::npos, state->error.find("d13")) << state->error;
  EXPECT_EQ(100, network.last("icmp_loss_percent", "d13"));

  network.sim.link(host(13)).up = true;
  network.agents->manner(host(13))->dead = false;
  network.sim.run_for(2min);
  EXPECT_EQ(1, network.last("device_up", "d13"));
  EXPECT_EQ("", network.poller->device("d13")->error);
}

TEST(Poller, KnowsTheConfiguredSystemOfADeviceThatNeverAnswered) {
  Network network(3);
  network.add_server(2);
  std::vector<DeviceSpec> devices{network.spec(1), network.spec(2), network.spec(3)};
  devices[0].os = "linux";
  devices[1].os = "windows";
  devices[2].os = "ours";
  network.sim.link(host(1)).up = network.sim.link(host(3)).up = false;
  network.poller->apply(devices);
  network.sim.run_for(1ms);
  const auto info = [&](const char* name) { return network.poller->device(name)->info; };
  const std::map<std::string, std::string> linux_server{{"kind", "server"}, {"os", "linux"}}, ours{{"os", "ours"}};
  EXPECT_EQ(linux_server, info("d1"));
  EXPECT_EQ(ours, info("d3"));
  network.sim.run_for(5min);
  EXPECT_EQ(false, network.poller->device("d1")->up);
  EXPECT_EQ(linux_server, info("d1"));
  // What was configured counts before what it says of itself.
  EXPECT_EQ("windows", info("d2").at("os"));
  EXPECT_EQ("server", info("d2").at("kind"));
  devices[0].os = "";
  devices[2].os = "linux";
  network.poller->apply(devices);
  network.sim.run_for(5min);
  EXPECT_TRUE(info("d1").empty());
  EXPECT_EQ(linux_server, info("d3"));
}

TEST(Poller, AsksAtOnceWhenItIsTold) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(150s);
  const auto before = network.samples("snmp_up");
  ASSERT_GE(before.size(), 3u);
  network.poller->poll_now("d1");
  network.poller->poll_now("nobody");
  network.sim.run_for(2s);
  const auto after = network.samples("snmp_up");
  ASSERT_EQ(before.size() + 1, after.size());
  EXPECT_EQ(after.back().at, network.samples("load1").back().at);
  network.sim.run_for(5min);
  // The slots stay where they were; one that comes close after is left out.
  const auto later = network.samples("snmp_up");
  ASSERT_GE(later.size(), after.size() + 4);
  for (std::size_t i = after.size(); i < later.size(); ++i) {
    EXPECT_EQ(0, (later[i].at - before.back().at).count() % 60'000);
    EXPECT_GT(later[i].at, later[i - 1].at);
  }
}

TEST(Poller, OutageIsAGapWithItsCauseAndThenGoesOn) {
  Network network;
  network.add_ports(100'000, "1 a 1000");
  network.watch(1);
  network.sim.run_for(90s);
  network.agents->manner(host(1))->dead = true;
  network.sim.run_for(3min);
  EXPECT_EQ(1, network.last("device_up"));  // it still answers ping
  network.add_ports(100'000 + 27'000, "1 a 5000");
  network.sim.run_for(60s);
  const auto story = network.story("interface_receive_bytes_total");
  EXPECT_TRUE(story.starts_with("1000 ")) << story;
  EXPECT_TRUE(story.ends_with("1000 gap:timeout 5000")) << story;
}

TEST(Poller, RebootIsAResetAndIsTold) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(3min);
  const double before = network.last("interface_receive_bytes_total", "d1", {{"ifIndex", "2"}});
  network.agents->restart(host(1));
  network.sim.run_for(2min);
  EXPECT_LT(network.last("interface_receive_bytes_total", "d1", {{"ifIndex", "2"}}), before);
  EXPECT_LT(network.last("device_uptime_seconds"), 200);
  EXPECT_EQ(std::string::npos, network.story("interface_receive_bytes_total", "d1", {{"ifIndex", "2"}}).find("gap"));
  const auto events = network.store.search({});
  ASSERT_EQ(1u, events->events.size());
  EXPECT_EQ("d1", events->events[0].device);
  EXPECT_TRUE(events->events[0].text.starts_with("restarted")) << events->events[0].text;
}

TEST(Poller, WrapRenumberingAndVanishing) {
  Network network;
  network.add_ports(100'000, "1 a 4294967000, 2 b 50, 3 c 7");
  network.watch(1);
  network.sim.run_for(1s);
  network.add_ports(100'100, "1 b 80, 2 a 704");  // a wrapped and moved, b moved, c is gone
  network.sim.run_for(80s);
  const Labels a{{"interface", "a"}}, b{{"interface", "b"}}, c{{"interface", "c"}};
  EXPECT_EQ("4294967000 4294968000", network.story("interface_receive_bytes_total", "d1", a).substr(0, 21));
  EXPECT_TRUE(network.story("interface_receive_bytes_total", "d1", b).starts_with("50 80"));
  EXPECT_EQ("7 stale", network.story("interface_receive_bytes_total", "d1", c));
  EXPECT_EQ("1 stale", network.story("interface_oper_up", "d1", c));
}

TEST(Poller, LostTableKeepsTheOthers) {
  Network network;
  network.add_server(1);
  DeviceSpec device = network.spec(1);
  device.retries = 0;
  device.timeout = 1s;
  network.poller->apply({device});
  network.sim.run_for(100s);
  // From the second poll on each answer takes 300 ms; in the third the agent falls silent half way.
  network.agents->manner(host(1))->delay = 300ms;
  const auto before = network.samples("snmp_up");
  const Time third = before.back().at + 60s;
  network.sim.run_for(third - network.sim.clock().now() + 1'500ms);
  network.agents->manner(host(1))->dead = true;
  network.sim.run_for(40s);
  const auto state = network.poller->device("d1");
  EXPECT_EQ(true, state->snmp_up);
  EXPECT_NE("", state->error);
  int kept = 0, lost = 0;
  const std::vector<Matcher> all{{Matcher::Op::Equal, "device", "d1"},
                                 {Matcher::Op::Regex, "__name__", "(cpu|memory|storage|disk|interface|load).*"}};
  const auto series = network.store.select(all, third, third);
  for (const Series& one : *series) {
    const double value = one.samples.back().value;
    kept += !is_marker(value);
    lost += gap_cause(value) == GapCause::Timeout;
  }
  EXPECT_EQ(series->size(), static_cast<std::size_t>(kept + lost));
  EXPECT_GE(kept, 1);
  EXPECT_GE(lost, 1);
}

TEST(Poller, WhatAnAgentDoesWrongIsToldOnce) {
  Network network;
  network.add_ports(100'000, "1 a 10, 2 b 20, 3 c 30, 4 d 40, 5 e 50", agent::Misbehaviour::parse("loop").value());
  network.watch(1);
  network.sim.run_for(200s);
  int told = 0;
  const auto events = network.store.search({});
  for (const Event& event : events->events) told += event.text.find("table interfaces") != std::string::npos;
  EXPECT_GE(told, 1);
  EXPECT_LE(told, 10);  // the columns, each once
  EXPECT_FALSE(network.samples("interface_receive_bytes_total", "d1", {{"ifIndex", "5"}}).empty());
}

TEST(Poller, APortWhoseNameCannotBeHadKeepsItsSeries) {
  Network network;
  network.add_ports(100'000, "1 a 10, 2 b 20, 3 c 30");
  network.watch(1);
  network.sim.run_for(50s);
  const std::string unspeakable(300, 'x');  // tooBig, also when it is asked for alone
  network.add_ports(105'000, "1 a 11, 2 " + unspeakable + " 21, 3 c 31", agent::Misbehaviour::parse("toobig=200").value());
  network.sim.run_for(60s);
  const auto page = network.store.search({.limit = 100});
  ASSERT_TRUE(page);
  EXPECT_TRUE(std::any_of(page->events.begin(), page->events.end(), [](const Event& event) {
    return event.text.find("1.3.6.1.2.1.2.2.1.2 was left at 1.3.6.1.2.1.2.2.1.2.1: the agent gave tooBig") != std::string::npos;
  }));
  EXPECT_EQ("20 20 21", network.story("interface_receive_bytes_total", "d1", {{"interface", "b"}}));
  EXPECT_EQ("30 30 31", network.story("interface_receive_bytes_total", "d1", {{"interface", "c"}}));
}

TEST(Poller, MemoryOfHostResourcesIsWithoutBuffersAndCache) {
  Network network;
  std::string text = "1.3.6.1.2.1.1.3.0|67|1000\n";
  const auto row = [&text](const std::string& index, const std::string& type, const std::string& descr, int units, int size,
                           int used) {
    const std::string at = "1.3.6.1.2.1.25.2.3.1.";
    text += at + "2." + index + "|6|1.3.6.1.2.1.25.2.1." + type + "\n" + at + "3." + index + "|4|" + descr + "\n" + at + "4." +
            index + "|2|" + std::to_string(units) + "\n" + at + "5." + index + "|2|" + std::to_string(size) + "\n" + at + "6." +
            index + "|2|" + std::to_string(used) + "\n";
  };
  row("1", "2", "Physical memory", 1024, 1000, 970);
  row("6", "1", "Memory buffers", 1024, 1000, 30);
  row("7", "1", "Cached memory", 512, 2000, 1540);
  row("10", "3", "Swap space", 1024, 500, 100);
  row("31", "4", "/", 4096, -2, -1'000'000'000);  // past 2^31 units
  network.agents->add(host(1), std::make_unique<agent::RecordedDevice>(
                                   agent::RecordedDevice::shape(agent::Recording::parse(text)), network.sim.clock().steady()));
  network.watch(1);
  network.sim.run_for(10s);
  EXPECT_EQ(17, network.last("memory_used_percent", "d1", {{"pool", "Physical memory"}}));
  EXPECT_EQ(170 * 1024, network.last("memory_used_bytes", "d1", {{"pool", "Physical memory"}}));
  EXPECT_EQ(20, network.last("memory_used_percent", "d1", {{"pool", "Swap space"}}));
  EXPECT_EQ(4294967294.0 * 4096, network.last("storage_size_bytes", "d1", {{"storage", "/"}}));
  EXPECT_EQ(3294967296.0 * 4096, network.last("storage_used_bytes", "d1", {{"storage", "/"}}));
}

TEST(Poller, CredentialsAreTriedInOrderAndTheWinnerIsKept) {
  Network network;
  network.add_server(1);
  DeviceSpec device = network.spec(1);
  device.retries = 0;
  device.credentials = {community("wrong"), community("public"), community("other")};
  network.poller->apply({device});
  network.sim.run_for(10s);
  EXPECT_EQ(1, network.last("snmp_up"));
  EXPECT_GT(network.last("bongsu_poll_duration_seconds"), 2);
  network.sim.run_for(60s);
  EXPECT_LT(network.last("bongsu_poll_duration_seconds"), 1);
}

TEST(Poller, DevicesComeAndGoWhileItRuns) {
  Network network(2);
  network.add_server(1);
  network.add_server(2);
  network.watch(1);
  network.sim.run_for(2min);
  network.watch(2);
  EXPECT_EQ(2u, network.poller->devices().size());
  network.sim.run_for(2min);
  EXPECT_EQ(1, network.last("snmp_up", "d2"));
  network.poller->apply({network.spec(2)});
  network.sim.run_for(5min);
  EXPECT_EQ(1u, network.poller->devices().size());
  EXPECT_FALSE(network.poller->device("d1"));
  for (const std::string metric : {"snmp_up", "device_up", "icmp_up", "load1", "device_info"}) {
    EXPECT_TRUE(network.story(metric).ends_with(" stale")) << metric;
  }
  EXPECT_EQ(1, network.last("snmp_up", "d2"));
}

TEST(Poller, NewProfilesTakeOverWithoutAGap) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(90s);
  std::vector<Finding> findings;
  config::Problems problems;
  auto profiles = config::read_profile_folders({std::filesystem::path(BONGSU_SOURCE_DIR) / "rules"}, problems);
  std::erase_if(profiles.profiles, [](const Profile& profile) { return profile.name == "ucd-diskio"; });
  network.profiles.publish(ProfileSet::compile(profiles, base_tree(), findings));
  network.sim.run_for(2min);
  EXPECT_EQ(std::string::npos,
            network.story("interface_receive_bytes_total", "d1", {{"ifIndex", "2"}}).find_first_not_of("0123456789. e+"));
  EXPECT_TRUE(network.story("disk_reads_total", "d1", {{"disk", "sda"}}).ends_with(" stale"));
}

TEST(Poller, UnknownNameIsAGapThatSaysDns) {
  Network network;
  network.add_server(1);
  DeviceSpec device = network.spec(1);
  device.address = "no-such-host";
  network.poller->apply({device});
  network.sim.run_for(90s);
  EXPECT_EQ(0, network.last("snmp_up"));
  EXPECT_NE(std::string::npos, network.poller->device("d1")->error.find("no-such-host"));
  network.sim.add_name("no-such-host", host(1));
  network.sim.run_for(90s);
  EXPECT_EQ(1, network.last("snmp_up"));
}

// An agent that has just started may answer a table without rows for a while.
TEST(Poller, ReadsATableThatFillsLate) {
  Network network;
  network.add_ports(10'000, "");
  network.watch(1);
  network.sim.run_for(3min);
  ASSERT_TRUE(network.samples("interface_oper_up").empty());
  network.add_ports(10'000 + 18'000, "1 eth0 1000");
  network.sim.run_for(3min);
  EXPECT_EQ(1, network.last("interface_oper_up"));
}

TEST(Poller, PingDoesNotKeepALoopbackAgentAlive) {
  Network network;
  network.add_server(1);
  const net::Address loopback = net::Address::v4(0x7f000009);
  network.sim.set_link(loopback, {});
  DeviceSpec device = network.spec(1);
  device.name = "local";
  device.address = loopback.to_string();
  network.poller->apply({network.spec(1), device});
  network.agents->manner(host(1))->dead = true;
  network.sim.run_for(3min);
  EXPECT_EQ(1, network.last("icmp_up", "local"));
  EXPECT_EQ(0, network.last("device_up", "local"));
  EXPECT_EQ(0, network.last("snmp_up", "d1"));
  EXPECT_EQ(1, network.last("device_up", "d1"));
}

TEST(Poller, PingAloneIsEnough) {
  Network network;
  DeviceSpec device = network.spec(1);
  device.snmp = false;
  network.poller->apply({device});
  network.sim.run_for(60s);
  EXPECT_EQ(1, network.last("device_up"));
  EXPECT_TRUE(network.samples("snmp_up").empty());
  EXPECT_EQ(true, network.poller->device("d1")->up);
  network.sim.link(host(1)).echo = false;
  network.sim.run_for(60s);
  EXPECT_EQ(0, network.last("device_up"));
  EXPECT_NE("", network.poller->device("d1")->error);
}

TEST(Poller, WhatHasNoAddressIsDown) {
  Network network;
  for (const bool snmp : {true, false}) {
    DeviceSpec device = network.spec(1);
    device.snmp = snmp;
    device.address = "no-such-host.invalid";
    network.poller->apply({device});
    network.sim.run_for(3min);
    EXPECT_EQ(0, network.last("device_up"));
    EXPECT_NE(std::string::npos, network.poller->device("d1")->error.find("no-such-host.invalid"));
    network.poller->apply({});
  }
}

TEST(Poller, LostDatagramsAreNoOutage) {
  Network network;
  network.add_server(1);
  network.sim.link(host(1)).loss = 0.1;
  network.watch(1);
  network.sim.run_for(30min);
  for (const Sample& sample : network.samples("device_up")) EXPECT_EQ(1, sample.value);
  EXPECT_EQ(std::string::npos, network.story("load1").find("stale"));
}

// Where nothing answers ping one lost poll is no outage: it is asked once more, soon. A dead device is known within the minute.
TEST(Poller, LostPollIsNoOutageWherePingTellsNothing) {
  for (const bool ping : {true, false}) {
    SCOPED_TRACE(ping);
    Network network;
    network.add_server(1);
    network.sim.link(host(1)).echo = false;
    DeviceSpec device = network.spec(1);
    device.ping = ping;
    network.poller->apply({device});
    for (int round = 0; round < 10; ++round) {
      network.sim.run_for(60s);
      network.agents->manner(host(1))->dead = true;
      while (network.last("snmp_up") == 1) network.sim.run_for(1s);
      EXPECT_TRUE(network.poller->device("d1")->up.value());
      network.agents->manner(host(1))->dead = false;
      network.sim.run_for(25s);
      EXPECT_EQ(1, network.last("snmp_up"));
    }
    for (const Sample& sample : network.samples("device_up")) EXPECT_EQ(1, sample.value);
    network.agents->manner(host(1))->dead = true;
    while (network.last("snmp_up") == 1) network.sim.run_for(1s);
    network.sim.run_for(30s);
    EXPECT_EQ(0, network.last("device_up"));
    EXPECT_FALSE(network.poller->device("d1")->up.value());
  }
}

TEST(Poller, ClockThatGoesBackStoresNothingTwice) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(3min);
  const auto before = network.samples("snmp_up").size();
  network.sim.clock().step_wall(-2min);
  network.sim.run_for(65s);
  EXPECT_EQ(before, network.samples("snmp_up").size());
  network.sim.run_for(4min);
  const auto samples = network.samples("snmp_up");
  EXPECT_GT(samples.size(), before + 1);
  EXPECT_LT(samples.back().at - network.sim.clock().now(), 60s);
}

// Asked out of turn a device tells how it is within seconds, whatever its interval; and nothing comes twice of it.
TEST(Poller, ProbesAtOnce) {
  Network network(2);
  for (const std::uint32_t number : {1U, 2U}) network.add_server(number);
  std::vector<DeviceSpec> devices{network.spec(1), network.spec(2)};
  for (DeviceSpec& device : devices) device.interval = device.ping_interval = std::chrono::minutes(10);
  devices[1].ping = false;
  devices[1].parents = std::vector<std::string>{"d1"};
  network.poller->apply(devices);
  network.sim.run_for(std::chrono::minutes(11));
  EXPECT_EQ((std::vector<std::string>{"d1"}), network.poller->device("d2")->parents);
  for (const char* name : {"d1", "d2"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(network.poller->device(name)->up.value());
    EXPECT_FALSE(network.poller->device(name)->probed);
    network.poller->probe(name);
    network.poller->probe("nobody");
    network.sim.run_for(std::chrono::seconds(2));
    ASSERT_TRUE(network.poller->device(name)->probed);
    EXPECT_TRUE(network.poller->device(name)->up.value());
    const Time before = network.sim.clock().now();
    network.sim.set_link(host(name[1] - '0'), {.up = false});
    network.poller->probe(name);
    network.poller->probe(name);
    network.sim.run_for(std::chrono::seconds(20));
    EXPECT_FALSE(network.poller->device(name)->up.value());
    EXPECT_LT(before, *network.poller->device(name)->probed);
    EXPECT_EQ(0, network.last("device_up", name));
  }
  EXPECT_EQ(0U, network.metrics.counter("bongsu_poll_missed_slots_total", "").value());
}

}  // namespace
}  // namespace bongsu::poll
