// SPDX-License-Identifier: Apache-2.0
// A whole day of fifty devices on virtual time: poller, pinger, SNMP engine, store and rules as they run live, in one thread,
// from a seed.
#include <gtest/gtest.h>

#include <sstream>

#include "agent/agents.h"
#include "agent/synthetic.h"
#include "config/items.h"
#include "config/profiles.h"
#include "e2e/daemon.h"
#include "icmp/pinger.h"
#include "net/sim.h"
#include "poll/fixture.h"
#include "poll/poller.h"
#include "rule/engine.h"
#include "snmp/client.h"
#include "store/memory.h"

namespace bongsu::e2e {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kDevices = 50;

const std::filesystem::path kRules = std::string(BONGSU_SOURCE_DIR) + "/rules";

std::vector<rule::ItemSpec> stock_items() {
  config::Problems problems;
  auto items = config::read_items(std::vector{kRules}, problems);
  EXPECT_TRUE(problems.empty()) << problems.lines().front();
  return items;
}

net::Address address_of(unsigned device) { return net::Address::v4(0x0a000001 + device); }
std::string name_of(unsigned device) { return (device % 2 == 0 ? "switch" : "server") + std::to_string(device); }

// Everything in order of life.
class SimulatedDay {
 public:
  explicit SimulatedDay(std::uint64_t seed) : world_(seed), random_(seed + 1), profiles_(poll::stock_profiles()) {
    auto agents = agent::Agents::open(world_.reactor(), {.port = 161});
    EXPECT_TRUE(agents) << agents.error().text;
    agents_ = *std::move(agents);
    const auto switches = agent::Synthetic::shape({.kind = agent::Kind::Switch, .ports = 8});
    const auto servers = agent::Synthetic::shape({.kind = agent::Kind::Server});
    for (unsigned i = 0; i < kDevices; ++i) {
      auto device = std::make_unique<agent::Synthetic>(
          i % 2 == 0 ? switches : servers, agent::Identity{.seed = i + 1, .name = name_of(i)}, world_.clock().steady());
      synthetic_.push_back(device.get());
      agents_->add(address_of(i), std::move(device));
      world_.set_link(address_of(i), {.latency = 2ms, .jitter = 3ms, .loss = 0.001});
    }
    auto pinger = icmp::Pinger::open(world_.reactor(), metrics_);
    EXPECT_TRUE(pinger) << pinger.error().text;
    pinger_ = *std::move(pinger);
    client_ = std::make_unique<snmp::Client>(world_.reactor(), metrics_);
    poller_ = std::make_unique<poll::Poller>(poll::PollerParts{.reactor = world_.reactor(),
                                                               .client = *client_,
                                                               .pinger = pinger_.get(),
                                                               .points = store_,
                                                               .events = &store_,
                                                               .profiles = profiles_,
                                                               .metrics = metrics_});
    auto rules = rule::Engine::open(stock_items(), store_, *poller_, store_, metrics_);
    EXPECT_TRUE(rules) << rules.error().text;
    rules_ = *std::move(rules);
    watch();
    fail_some();
  }

  void run(Millis span) {
    const SteadyTime end = world_.clock().steady() + span;
    while (world_.clock().steady() < end) {
      world_.run_for(30s);
      rules_->evaluate(world_.clock().now());
    }
  }

  // One line for each alarm event, oldest first.
  std::vector<std::string> alarm_log() const {
    std::vector<std::string> lines;
    EventQuery query{.kinds = {EventKind::Alarm}, .limit = 1'000};
    for (;;) {
      const auto page = store_.search(query);
      if (!page) break;
      for (const Event& event : page->events)
        lines.push_back(format_time(event.received) + " " + event.device + " " + std::string(to_string(event.severity)) + " " +
                        event.text);
      if (page->next == 0) break;
      query.before_id = page->next;
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
  }
  const rule::Engine& rules() const { return *rules_; }
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  void watch() {
    auto credentials = std::make_shared<snmp::Credentials>();
    credentials->name = "office";
    credentials->community = Secret("public");
    std::vector<poll::DeviceSpec> specs;
    for (unsigned i = 0; i < kDevices; ++i) {
      poll::DeviceSpec spec;
      spec.name = name_of(i);
      spec.address = address_of(i).to_string();
      spec.credentials = {credentials};
      spec.ping_interval = 30s;
      specs.push_back(std::move(spec));
    }
    poller_->apply(std::move(specs));
  }

  // Ten devices fall silent for a while, five processors run hot, five ports go down, two agents restart: when, the seed says.
  void fail_some() {
    const auto moment = [this] { return Millis(3'600'000 + random_.below(18 * 3'600'000)); };
    for (unsigned i = 0; i < 10; ++i) {
      const unsigned device = i * 5;
      const Millis at = moment();
      world_.after(at, [this, device] { world_.link(address_of(device)).up = false; });
      world_.after(at + 30min, [this, device] { world_.link(address_of(device)).up = true; });
      faults_.push_back(name_of(device));
    }
    for (unsigned i = 0; i < 5; ++i) {
      agent::Synthetic* server = synthetic_[i * 8 + 1];
      const Millis at = moment();
      world_.after(at, [this, server] { server->set_cpu(97, world_.clock().steady()); });
      world_.after(at + 1h, [this, server] { server->set_cpu(20, world_.clock().steady()); });
      agent::Synthetic* other = synthetic_[i * 8 + 2];
      world_.after(moment(), [this, other] { other->set_port(3, false, world_.clock().steady()); });
    }
    for (const unsigned device : {7U, 12U}) world_.after(moment(), [this, device] { agents_->restart(address_of(device)); });
  }

  net::SimWorld world_;
  Random random_;
  Metrics metrics_;
  store::MemoryStore store_;
  Snapshot<poll::ProfileSet> profiles_;
  std::vector<agent::Synthetic*> synthetic_;  // owned by agents_
  std::vector<std::string> faults_;
  std::unique_ptr<agent::Agents> agents_;
  std::unique_ptr<icmp::Pinger> pinger_;
  std::unique_ptr<snmp::Client> client_;
  std::unique_ptr<poll::Poller> poller_;
  std::unique_ptr<rule::Engine> rules_;
};

}  // namespace

TEST(SimulatedDay, RaisesAndClearsWhatTheSeedBreaksTheSameEachTime) {
  SimulatedDay day(1);
  day.run(24h);
  std::map<std::string, std::set<std::string>> devices;  // by item
  std::set<std::string> touched(day.faults().begin(), day.faults().end());
  for (unsigned i = 0; i < 5; ++i) touched.insert({name_of(i * 8 + 1), name_of(i * 8 + 2)});
  for (const unsigned restarted : {7U, 12U}) touched.insert(name_of(restarted));
  for (const Alarm& alarm : day.rules().alarms({.active_only = false, .limit = 100'000})) {
    devices[alarm.item].insert(alarm.device);
    EXPECT_TRUE(touched.contains(alarm.device)) << alarm.item << " of " << alarm.device << ", where nothing is wrong";
    if (alarm.item == "device_down" || alarm.item == "cpu_usage") {
      EXPECT_EQ(AlarmState::Recovered, alarm.state) << alarm.item << " of " << alarm.device;
    }
  }
  EXPECT_EQ(std::set<std::string>(day.faults().begin(), day.faults().end()), devices["device_down"]);
  EXPECT_EQ((std::set<std::string>{"server1", "server9", "server17", "server25", "server33"}), devices["cpu_usage"]);
  EXPECT_EQ((std::set<std::string>{"switch2", "switch10", "switch18", "switch26", "switch34"}), devices["interface_down"]);

  SimulatedDay again(1);
  again.run(24h);
  EXPECT_EQ(day.alarm_log(), again.alarm_log());
}

TEST(SimulatedDay, AnotherSeedIsAnotherDay) {
  const auto log_of = [](std::uint64_t seed) {
    SimulatedDay day(seed);
    day.run(4h);
    return day.alarm_log();
  };
  EXPECT_NE(log_of(7), log_of(8));
}

}  // namespace bongsu::e2e
