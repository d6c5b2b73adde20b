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

}  // namespace
}  // namespace bongsu::poll
