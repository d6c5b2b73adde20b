// SPDX-License-Identifier: Apache-2.0
// Two hundred devices behind one switch, which dies: poller, pinger, rules and notices as they run live, on virtual time.
// BONGSU_STORM_RUNS=1000 makes it the long form.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "config/items.h"
#include "icmp/pinger.h"
#include "net/sim.h"
#include "notify/notifier.h"
#include "poll/poller.h"
#include "rule/engine.h"
#include "snmp/client.h"
#include "store/memory.h"
#include "topology/topology.h"

namespace bongsu::e2e {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kDevices = 200;
const std::filesystem::path kStockRules = std::string(BONGSU_SOURCE_DIR) + "/rules";

const std::vector<rule::ItemSpec>& stock() {
  static const auto items = [] {
    config::Problems problems;
    auto read = config::read_items(std::vector{kStockRules}, problems);
    EXPECT_TRUE(problems.empty()) << problems.lines().front();
    return read;
  }();
  return items;
}

// What leaves, as titles.
class Titles final : public notify::Courier {
 public:
  void send(notify::Request request, std::function<void(notify::Reply)> done) override {
    titles.push_back(nlohmann::json::parse(request.body)["title"].get<std::string>());
    done({.status = 200});
  }
  std::vector<std::string> titles;
};

notify::Spec one_room() {
  notify::Spec spec;
  notify::Channel room{.name = "room", .type = notify::ChannelType::Ntfy};
  room.url = Secret("https://ntfy.example.com");
  room.room = "ops";
  spec.channels.emplace("room", std::move(room));
  spec.routes.push_back({.name = "all", .match = {}, .to = {}, .via = {"room"}, .escalate = {}, .repeat = {}});
  return spec;
}

// How it is known what stands in front of what.
enum class Known : std::uint8_t { Nothing, Configured, Discovered };

// Bongsu - core - switch - all others. Names, and with them the order of polling, and intervals are the seed's.
class Site {
 public:
  explicit Site(std::uint64_t seed, Known known = Known::Configured)
      : world_(seed), random_(seed), profiles_(std::make_shared<poll::ProfileSet>()) {
    auto pinger = icmp::Pinger::open(world_.reactor(), metrics_);
    EXPECT_TRUE(pinger);
    pinger_ = *std::move(pinger);
    client_ = std::make_unique<snmp::Client>(world_.reactor(), metrics_);
    poller_ = std::make_unique<poll::Poller>(poll::PollerParts{.reactor = world_.reactor(),
                                                               .client = *client_,
                                                               .pinger = pinger_.get(),
                                                               .points = store_,
                                                               .events = &store_,
                                                               .profiles = profiles_,
                                                               .metrics = metrics_});
    std::vector<poll::DeviceSpec> specs;
    for (unsigned i = 0; i < kDevices; ++i) {
      names_.push_back("d" + std::to_string(random_.below(1'000'000)) + "-" + std::to_string(i));
      world_.set_link(address_of(i), {.latency = 2ms, .jitter = 3ms});
      poll::DeviceSpec spec{.name = names_[i], .address = address_of(i).to_string()};
      spec.snmp = false;
      spec.ping_interval = Millis(10'000 + random_.below(50'000));
      if (i > 0 && known == Known::Configured) spec.parents = std::vector{names_[i == 1 ? 0 : 1]};
      specs.push_back(std::move(spec));
    }
    poller_->apply(std::move(specs));
    if (known == Known::Discovered) {
      auto topology = topology::Topology::open(store_, keeper_, metrics_, [this] { return std::optional(address_of(0)); });
      EXPECT_TRUE(topology);
      topology_ = *std::move(topology);
      find_parents();
    }
    auto rules =
        rule::Engine::open(stock(), store_, *poller_, store_, metrics_, {.own_points = &store_, .prober = poller_.get()});
    EXPECT_TRUE(rules);
    rules_ = *std::move(rules);
    auto notifier = notify::Notifier::open(one_room(), store_, *poller_, courier_, metrics_);
    EXPECT_TRUE(notifier);
    notifier_ = *std::move(notifier);
  }
  void run(Millis span) {
    for (const SteadyTime end = world_.clock().steady() + span; world_.clock().steady() < end;) {
      world_.run_for(1s);
      if (topology_) find_parents();
      rules_->evaluate(world_.clock().now());
      notifier_->step(world_.clock().now());
    }
  }
  // The switch takes everything behind it along.
  void set_switch(bool up) {
    for (unsigned i = 1; i < kDevices; ++i) world_.link(address_of(i)).up = up;
  }
  void set_all(bool up) {
    for (unsigned i = 0; i < kDevices; ++i) world_.link(address_of(i)).up = up;
  }
  void set_device(unsigned i, bool up) { world_.link(address_of(i)).up = up; }
  const std::string& name(unsigned i) const { return names_[i]; }
  std::vector<std::string> told() { return std::exchange(courier_.titles, {}); }
  Millis some_time() { return Millis(1'000 * (1 + random_.below(60))); }

 private:
  // What core and switch would tell by LLDP, every two minutes and while they can be reached: who is silent for longer is left
  // out.
  void find_parents() {
    const Time now = world_.clock().now();
    if (now - told_ >= 2min) {
      told_ = now;
      for (const unsigned teller : {0U, 1U}) {
        if (!world_.link(address_of(teller)).up) continue;
        NeighborReading reading{.device = names_[teller], .table = "lldp/neighbors", .at = now};
        for (unsigned i = 0; i < kDevices; ++i) {
          if (i == teller || (teller == 0 && i > 1) || !world_.link(address_of(i)).up) continue;
          reading.neighbors.push_back({.protocol = "lldp", .port = std::to_string(i), .chassis = "c" + std::to_string(i)});
          reading.neighbors.push_back(
              {.protocol = "lldp", .chassis = "c" + std::to_string(i), .address = address_of(i).to_string()});
        }
        topology_->take(std::move(reading));
      }
    }
    if (auto parents = topology_->step(now, poller_->devices())) poller_->set_parents(*std::move(parents));
  }
  static net::Address address_of(unsigned i) { return net::Address::v4(0x0a000001 + i); }
  net::SimWorld world_;
  Random random_;
  Metrics metrics_;
  store::MemoryStore store_;
  Snapshot<poll::ProfileSet> profiles_;
  std::unique_ptr<icmp::Pinger> pinger_;
  std::unique_ptr<snmp::Client> client_;
  std::unique_ptr<poll::Poller> poller_;
  std::unique_ptr<rule::Engine> rules_;
  Titles courier_;
  std::unique_ptr<notify::Notifier> notifier_;
  std::vector<std::string> names_;
  StateKeeper keeper_{store_, metrics_, std::chrono::hours(1)};
  std::unique_ptr<topology::Topology> topology_;
  Time told_{};
};

using Told = std::vector<std::string>;

void one_notice_names_the_switch(Known known, int usual) {
  const char* runs = std::getenv("BONGSU_STORM_RUNS");
  const int count = runs != nullptr ? std::atoi(runs) : usual;
  ASSERT_GT(count, 0);
  for (int run = 1; run <= count; ++run) {
    SCOPED_TRACE("seed " + std::to_string(run));
    Site site(static_cast<std::uint64_t>(run), known);
    site.run(2min + site.some_time());
    ASSERT_EQ(Told{}, site.told());
    site.set_switch(false);
    site.run(5min);
    ASSERT_EQ((Told{"[fatal] " + site.name(1) + ": Device down: no answer"}), site.told());
    site.set_switch(true);
    site.run(5min);
    const Told end = site.told();
    ASSERT_EQ(1U, end.size());
    ASSERT_TRUE(end[0].starts_with("[recovered] " + site.name(1) + ": Device down")) << end[0];
  }
}

TEST(Storm, ADeadSwitchIsOneNoticeThatNamesIt) { one_notice_names_the_switch(Known::Configured, 20); }
TEST(Storm, SoItIsWhereWhatStandsBehindItWasDiscovered) { one_notice_names_the_switch(Known::Discovered, 10); }

// Nothing answers any more, of devices without parents: that is one notice about Bongsu's own connection. What is really dead
// is told when it is back.
TEST(Storm, ALostUplinkIsOneNoticeAboutItself) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Site site(seed, Known::Nothing);
    site.run(2min + site.some_time());
    ASSERT_EQ(Told{}, site.told());
    site.set_all(false);
    site.run(6min);
    const Told lost = site.told();
    ASSERT_EQ(1U, lost.size()) << nlohmann::json(lost).dump(1);
    ASSERT_TRUE(lost[0].starts_with("[fatal] Bongsu's own connection")) << lost[0];
    site.set_all(true);
    site.set_device(9, false);
    site.run(8min);
    Told told = site.told();
    std::sort(told.begin(), told.end());
    ASSERT_EQ(2U, told.size()) << nlohmann::json(told).dump(1);
    EXPECT_EQ("[fatal] " + site.name(9) + ": Device down: no answer", told[0]);
    EXPECT_TRUE(told[1].starts_with("[recovered] Bongsu's own connection")) << told[1];
  }
}

// A leaf that dies alone is told by its own name, and so is one that stays away when the switch is back.
TEST(Storm, ADeadLeafIsToldByItsName) {
  Site site(7);
  site.run(3min);
  site.set_device(42, false);
  site.run(3min);
  EXPECT_EQ((Told{"[fatal] " + site.name(42) + ": Device down: no answer"}), site.told());
  site.set_switch(false);
  site.run(5min);
  EXPECT_EQ((Told{"[fatal] " + site.name(1) + ": Device down: no answer"}), site.told());
  site.set_switch(true);
  site.set_device(42, false);
  site.set_device(43, false);
  site.run(8min);
  Told told = site.told();
  std::sort(told.begin(), told.end());
  ASSERT_EQ(2U, told.size()) << nlohmann::json(told).dump(1);
  EXPECT_EQ("[fatal] " + site.name(43) + ": Device down: no answer", told[0]);
  EXPECT_TRUE(told[1].starts_with("[recovered] " + site.name(1))) << told[1];
}

}  // namespace
}  // namespace bongsu::e2e
