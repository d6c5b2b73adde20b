// SPDX-License-Identifier: Apache-2.0
#include "poll/turns.h"

#include <algorithm>

#include "network.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;
using Took = std::vector<std::optional<Millis>>;

TEST(SlowOnes, AreThoseThatDoNotFitIntoTheShare) {
  const auto slow = [](const Took& took, std::vector<bool> before, Millis share) {
    before.resize(took.size(), false);
    std::string out;
    for (const bool one : slow_ones(took, before, share)) out += one ? 's' : '.';
    return out;
  };
  EXPECT_EQ("", slow({}, {}, 10s));
  EXPECT_EQ("...", slow({4s, 3s, 3s}, {}, 10s));
  EXPECT_EQ("s..", slow({5s, 3s, 3s}, {}, 10s));
  EXPECT_EQ("s.s", slow({900s, 3s, 20s}, {}, 10s));
  EXPECT_EQ("..s.", slow({{}, {}, 11s, 10s}, {}, 10s));  // not known yet: it is tried at its slot
  // Once slow it comes back into three quarters alone.
  EXPECT_EQ("s", slow({9s}, {true}, 10s));
  EXPECT_EQ(".", slow({7s}, {true}, 10s));
  EXPECT_EQ(".", slow({9s}, {false}, 10s));
}

Millis longest_wait(const std::vector<Sample>& samples, Time end) {
  Millis longest{0};
  std::optional<Time> before;
  for (const Sample& sample : samples) {
    if (is_marker(sample.value)) continue;
    if (before) longest = std::max(longest, Millis(sample.at - *before));
    before = sample.at;
  }
  return before ? std::max(longest, Millis(end - *before)) : Millis::max();
}

// Twenty tables of 1.5 s each do not fit into 10 s: the slots are kept, and each table has its turn.
TEST(Turns, TablesThatDoNotFitTogetherTakeTurns) {
  Network network;
  network.add_server(1, {.delay = 1500ms});
  DeviceSpec device = network.spec(1);
  device.interval = 10s;
  network.poller->apply({device});
  network.sim.run_for(15min);
  const Time end = network.sim.clock().now();
  for (const std::string metric : {"load1", "process_count", "device_uptime_seconds", "users_count"}) {
    EXPECT_GT(network.samples(metric).size(), 50u) << metric;
    EXPECT_LE(longest_wait(network.samples(metric), end), 30s) << metric;
    EXPECT_EQ(std::string::npos, network.story(metric).find("gap")) << metric;
  }
  auto polls = network.samples("snmp_up");
  polls.erase(polls.begin());  // the first lies beside its slots
  EXPECT_LE(longest_wait(polls, polls.back().at), 10s);
  EXPECT_EQ(1, network.last("device_up"));
  EXPECT_NE(std::string::npos, network.metrics.render().find("bongsu_poll_overruns_total{device=\"d1\",table="));
  EXPECT_FALSE(network.poller->device("d1")->slow.empty());
}

// Makes one subtree of a host slow; its other objects answer at once.
void slow_down(Network& network, const Oid& subtree, Millis delay) {
  auto misbehaviour = std::make_shared<agent::Misbehaviour>();
  misbehaviour->slow.push_back({.subtree = subtree, .answer = delay});
  network.agents->manner(host(1))->misbehaviour = misbehaviour;
}
const Oid kStorageTable{1, 3, 6, 1, 2, 1, 25, 2, 3};
const Labels kRoot{{"storage", "/"}};

TEST(Turns, ATableThatTimesOutIsAGapAndTheOthersAreKept) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(150s);
  slow_down(network, kStorageTable, 60s);
  network.sim.run_for(4min);
  EXPECT_TRUE(network.story("storage_used_percent", "d1", kRoot).ends_with(" gap:timeout"));
  for (const std::string metric : {"snmp_up", "load1", "process_count", "device_uptime_seconds"}) {
    const auto samples = network.samples(metric);
    EXPECT_EQ(std::string::npos, network.story(metric).find("gap")) << metric;
    for (std::size_t i = 2; i < samples.size(); ++i) EXPECT_EQ(60s, samples[i].at - samples[i - 1].at) << metric;
  }
  EXPECT_NE("", network.poller->device("d1")->error);
  EXPECT_EQ(true, network.poller->device("d1")->snmp_up);
}

// A group may rest between its readings; after an outage it does not.
TEST(Turns, AGroupWithEveryIsReadAsOftenAndNoMore) {
  Network network;
  config::Problems problems;
  std::vector<Finding> findings;
  network.profiles.publish(ProfileSet::compile(config::parse_profiles(R"yaml(
profile: a
match: {always: true}
collect:
  - {scalars: seldom, every: 3m, metrics: {load5: UCD-SNMP-MIB::laLoadInt.2 / 100}}
  - {scalars: often, metrics: {load1: UCD-SNMP-MIB::laLoadInt.1 / 100}}
)yaml",
                                                                      "p.yaml", problems),
                                               base_tree(), findings));
  ASSERT_TRUE(problems.empty() && findings.empty());
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(20min);
  const auto seldom = network.samples("load5");
  ASSERT_LT(5u, seldom.size());
  for (std::size_t i = 2; i < seldom.size(); ++i) EXPECT_EQ(3min, seldom[i].at - seldom[i - 1].at);
  EXPECT_LE(3 * seldom.size(), network.samples("load1").size() + 3);
  EXPECT_EQ(std::string::npos, network.story("load5").find("gap"));
  EXPECT_EQ("", network.poller->device("d1")->error);

  network.agents->manner(host(1))->dead = true;
  network.sim.run_for(2min);
  EXPECT_TRUE(network.story("load5").ends_with("gap:timeout"));
  network.agents->manner(host(1))->dead = false;
  network.sim.run_for(61s);
  EXPECT_FALSE(network.story("load5").ends_with("gap:timeout"));
}

// A table of 25 requests at 5 s each: two minutes, and more. It is not begun again, and the quick ones keep their slots.
TEST(Turns, ATableThatIsLongerThanTheIntervalGoesOnBesideTheSlots) {
  Network network;
  network.add_server(1, {.max_size = 484});
  network.watch(1);
  network.sim.run_for(150s);
  slow_down(network, kStorageTable, 5s);
  DeviceSpec patient = network.spec(1);
  patient.interval = 20s;
  patient.timeout = 8s;
  network.poller->apply({patient});
  network.sim.run_for(20min);
  const Time end = network.sim.clock().now();
  const auto storage = network.samples("storage_used_percent", "d1", kRoot);
  const auto load = network.samples("load1");
  EXPECT_LE(longest_wait(load, end), 60s);
  EXPECT_EQ(20s, load.back().at - load[load.size() - 2].at);
  EXPECT_EQ(std::string::npos, network.story("load1").find("gap"));
  EXPECT_LE(longest_wait(storage, end), 5min);
  EXPECT_EQ(std::string::npos, network.story("storage_used_percent", "d1", kRoot).find("gap"));
  const auto state = network.poller->device("d1");
  ASSERT_FALSE(state->slow.empty());
  EXPECT_EQ("storage", state->slow[0].name);
  EXPECT_GT(state->slow[0].took, 10s);
  EXPECT_GT(network.last("bongsu_poll_table_duration_seconds", "d1", {{"table", "storage"}}), 10);
}

TEST(Turns, ADeviceThatFallsSilentDuringAPollIsFoundByOneRequest) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(150s);
  network.agents->manner(host(1))->delay = 100ms;
  const Time slot = network.samples("snmp_up").back().at + 60s;
  network.sim.run_for(Millis(slot - network.sim.clock().now()) + 400ms);
  network.agents->manner(host(1))->dead = true;
  network.sim.run_for(20s);  // the table under way, the probe: 6 s each
  const auto polls = network.samples("bongsu_poll_duration_seconds");
  ASSERT_EQ(slot, polls.back().at);
  EXPECT_LT(polls.back().value, 13);
  EXPECT_TRUE(network.story("process_count").ends_with("gap:timeout"));
}

TEST(Reload, AShorterIntervalCountsAtOnce) {
  Network network;
  network.add_server(1);
  DeviceSpec device = network.spec(1);
  device.interval = 1h;
  network.poller->apply({device});
  network.sim.run_for(5min);
  const auto before = network.samples("snmp_up").size();
  ASSERT_LE(before, 2u);
  device.interval = 10s;
  network.poller->apply({device});
  network.sim.run_for(65s);
  EXPECT_GE(network.samples("snmp_up").size(), before + 6);
}

std::shared_ptr<const ProfileSet> changed_profiles(const std::function<void(Profile&)>& change) {
  config::Problems problems;
  std::vector<Finding> findings;
  auto profiles = config::read_profile_folders({std::filesystem::path(BONGSU_SOURCE_DIR) / "rules"}, problems);
  for (Profile& profile : profiles.profiles) change(profile);
  return ProfileSet::compile(profiles, base_tree(), findings);
}

TEST(Reload, OtherColumnsOfATableCostNothing) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(150s);
  const Labels eth0{{"ifIndex", "2"}};
  network.profiles.publish(changed_profiles([](Profile& profile) {
    for (GroupRule& group : profile.groups) {
      if (group.name != "interfaces") continue;
      std::erase_if(group.metrics, [](const MetricRule& metric) { return metric.name == "interface_receive_errors_total"; });
      MetricRule added{.name = "interface_mtu_bytes", .at = {}, .value = {.text = "ifMtu", .at = {}}, .unit = "", .max_rate = {}};
      group.metrics.insert(group.metrics.begin(), std::move(added));
    }
  }));
  network.sim.run_for(3min);
  const auto octets = network.samples("interface_receive_bytes_total", "d1", eth0);
  for (std::size_t i = 2; i < octets.size(); ++i) {
    EXPECT_EQ(60s, octets[i].at - octets[i - 1].at);
    EXPECT_GE(octets[i].value, octets[i - 1].value);
  }
  EXPECT_GE(octets.size(), 5u);
  EXPECT_GT(network.last("interface_mtu_bytes", "d1", eth0), 0);
  EXPECT_TRUE(network.story("interface_receive_errors_total", "d1", eth0).ends_with(" stale"));
}

TEST(Reload, ProfilesThatSayWhatTheySaidDisturbNobody) {
  Network network;
  network.add_server(1);
  network.watch(1);
  network.sim.run_for(150s);
  Counter& requests = network.metrics.counter("bongsu_snmp_requests_total", "");
  const auto of_a_minute = [&] {
    const std::uint64_t before = requests.value();
    network.sim.run_for(60s);
    return requests.value() - before;
  };
  const std::uint64_t usual = of_a_minute();
  network.profiles.publish(changed_profiles([](Profile&) {}));
  EXPECT_EQ(usual, of_a_minute());
  network.profiles.publish(changed_profiles([](Profile& profile) { profile.title += " "; }));
  EXPECT_LT(usual, of_a_minute());  // identified again
}

// An agent that renames its ports at each poll, and one beside it.
TEST(Budget, RowsThatAreNamedAnewMakeNoSeriesWithoutEnd) {
  Network network(2, {.live = 100, .fresh_per_hour = 10});
  network.add_server(2);
  DeviceSpec device = network.spec(1);
  device.interval = 10s;
  network.poller->apply({device, network.spec(2)});
  for (int poll = 0; poll < 60; ++poll) {
    std::string ports;
    for (int port = 1; port <= 10; ++port) {
      const std::string name = "p" + std::to_string(poll * 10 + port);
      ports += std::to_string(port) + ' ' + name + " 1000,";
    }
    network.add_ports(100'000 + static_cast<std::uint32_t>(poll) * 1'000, ports);
    network.sim.run_for(10s);
  }
  const std::vector<Matcher> ports{{Matcher::Op::Equal, "device", "d1"}, {Matcher::Op::Regex, "__name__", "interface_.*"}};
  const auto made = network.store.select(ports, time_from_ms(0), time_from_ms(4'000'000'000'000));
  EXPECT_LE(made->size(), 103u);
  EXPECT_GE(made->size(), 90u);
  EXPECT_GT(network.metrics.counter("bongsu_poll_series_refused_total", "").value(), 100u);
  EXPECT_EQ(1, network.last("snmp_up"));
  EXPECT_EQ(1, network.last("device_up", "d2"));
  EXPECT_EQ(std::string::npos, network.story("load1", "d2").find("gap"));
  const auto events = network.store.search({});
  EXPECT_TRUE(std::any_of(events->events.begin(), events->events.end(), [](const Event& event) {
    return event.device == "d1" && event.text.find("more series than one device may have") != std::string::npos;
  }));
}

}  // namespace
}  // namespace bongsu::poll
