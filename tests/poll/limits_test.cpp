// SPDX-License-Identifier: Apache-2.0
// What is read seldom: names from other tables.
#include <gtest/gtest.h>

#include "network.h"
#include "recorded.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;

// A device that is the lines of a recording, polled for as long as a test likes.
struct Polled : Network {
  explicit Polled(const std::string& profile) {
    std::vector<std::string> problems;
    profiles.publish(compile_text(profile, problems));
    for (const std::string& problem : problems) ADD_FAILURE() << problem;
  }
  void answers(const std::string& lines) {
    const auto ticks = std::chrono::duration_cast<Millis>(sim.clock().steady().time_since_epoch()).count() / 10 + 1'000'000;
    const auto shape = agent::RecordedDevice::shape(
        agent::Recording::parse("1.3.6.1.2.1.1.1.0|4|box\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n1.3.6.1.2.1.1.3.0|67|" +
                                std::to_string(ticks) + "\n" + lines));
    agents->add(host(1), std::make_unique<agent::RecordedDevice>(shape, sim.clock().steady()));
  }
};

const std::string kNamedElsewhere = R"yaml(
profile: box
match: {always: true}
collect:
  - table: sensors
    under: .1.3.6.1.4.1.99999.5.1
    labels: {sensor: "ENTITY-MIB::entPhysicalName[index] ?? index"}
    sensors: [{class: temperature, value: .2}]
)yaml";
const std::string kInlet = "1.3.6.1.2.1.47.1.1.1.1.7.4|4|inlet\n1.3.6.1.4.1.99999.5.1.2.4|2|21\n";

TEST(SeldomRead, ALabelFromAnotherTableStaysFromPollToPoll) {
  Polled box(kNamedElsewhere);
  box.answers(kInlet);
  box.watch(1);
  box.sim.run_for(230s);
  EXPECT_EQ("21 21 21 21 21", box.story("sensor_value", "d1", {{"sensor", "inlet"}}));
  EXPECT_EQ("", box.story("sensor_value", "d1", {{"sensor", "4"}}));
}

TEST(SeldomRead, ANewRowHasItsNameAtOnce) {
  Polled box(kNamedElsewhere);
  box.answers(kInlet);
  box.watch(1);
  box.sim.run_for(230s);
  box.answers(kInlet + "1.3.6.1.2.1.47.1.1.1.1.7.5|4|outlet\n1.3.6.1.4.1.99999.5.1.2.5|2|30\n");
  box.sim.run_for(180s);
  EXPECT_EQ("30 30 30", box.story("sensor_value", "d1", {{"sensor", "outlet"}}));
  EXPECT_EQ("", box.story("sensor_value", "d1", {{"sensor", "5"}}));
}

TEST(SeldomRead, AnotherNameIsHeardWithinHalfAnHour) {
  Polled box(kNamedElsewhere);
  box.answers(kInlet);
  box.watch(1);
  box.sim.run_for(230s);
  box.answers("1.3.6.1.2.1.47.1.1.1.1.7.4|4|intake\n1.3.6.1.4.1.99999.5.1.2.4|2|22\n");
  box.sim.run_for(60s);
  EXPECT_EQ(22, box.last("sensor_value", "d1", {{"sensor", "inlet"}}));
  box.sim.run_for(30min);
  EXPECT_TRUE(box.story("sensor_value", "d1", {{"sensor", "inlet"}}).ends_with("22 stale"));
  EXPECT_EQ(22, box.last("sensor_value", "d1", {{"sensor", "intake"}}));
}

// The device restarted, and its parts have other numbers: a name that is known from before is not believed.
TEST(SeldomRead, ARestartForgetsThem) {
  Polled box(kNamedElsewhere);
  box.answers(kInlet);
  box.watch(1);
  box.sim.run_for(230s);
  box.answers("1.3.6.1.2.1.1.3.0|67|100\n1.3.6.1.2.1.47.1.1.1.1.7.4|4|outlet\n1.3.6.1.4.1.99999.5.1.2.4|2|40\n");
  box.sim.run_for(60s);
  EXPECT_EQ("21 21 21 21 21 stale", box.story("sensor_value", "d1", {{"sensor", "inlet"}}));
  EXPECT_EQ("40", box.story("sensor_value", "d1", {{"sensor", "outlet"}}));
}

}  // namespace
}  // namespace bongsu::poll
