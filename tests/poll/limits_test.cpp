// SPDX-License-Identifier: Apache-2.0
// What is read seldom: names from other tables, and the limits that devices give for their sensors.
#include "poll/limits.h"

#include <gmock/gmock.h>

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

const std::string kLimited = R"yaml(
profile: box
match: {always: true}
collect:
  - table: sensors
    under: .1.3.6.1.4.1.99999.5.1
    labels: {sensor: .1}
    sensors:
      - class: temperature
        value: .2 / 10
        limits: {low_warning: .3 / 10, high_warning: .4 / 10, high_critical: .5 / 10}
      - {class: fanspeed, value: .6, limits: {low_critical: .7}}
)yaml";
std::string limited(int value, int warning, int critical, int low = -50) {
  const auto row = [](const std::string& column, int number) {
    return "1.3.6.1.4.1.99999.5.1." + column + ".4|2|" + std::to_string(number) + "\n";
  };
  return "1.3.6.1.4.1.99999.5.1.1.4|4|inlet\n" + row("2", value) + row("3", low) + row("4", warning) + row("5", critical) +
         row("6", 4000) + row("7", 1200);
}

TEST(SensorLimits, HaveTheLabelsOfTheirSensor) {
  std::vector<std::string> problems;
  const auto set = compile_text(kLimited, problems);
  EXPECT_THAT(problems, testing::ElementsAre());
  const Collection found = collect_with(set, "1.3.6.1.2.1.1.1.0|4|x\n" + limited(405, 600, 750));
  EXPECT_THAT(
      lines_of(found),
      testing::UnorderedElementsAre(
          R"(sensor_value{class="temperature", sensor="inlet", unit="celsius"} 40.5 @1.3.6.1.4.1.99999.5.1.2.4)",
          R"(sensor_limit{class="temperature", limit="low_warning", sensor="inlet", unit="celsius"} -5 @1.3.6.1.4.1.99999.5.1.3.4)",
          R"(sensor_limit{class="temperature", limit="high_warning", sensor="inlet", unit="celsius"} 60 @1.3.6.1.4.1.99999.5.1.4.4)",
          R"(sensor_limit{class="temperature", limit="high_critical", sensor="inlet", unit="celsius"} 75 @1.3.6.1.4.1.99999.5.1.5.4)",
          R"(sensor_value{class="fanspeed", sensor="inlet", unit="rpm"} 4000 @1.3.6.1.4.1.99999.5.1.6.4)",
          R"(sensor_limit{class="fanspeed", limit="low_critical", sensor="inlet", unit="rpm"} 1200 @1.3.6.1.4.1.99999.5.1.7.4)"));
}

TEST(SensorLimits, WhatIsWrittenWrongIsSaid) {
  std::vector<std::string> problems;
  compile_text(R"yaml(
profile: box
match: {always: true}
collect:
  - scalars: board
    sensors:
      - {class: voltage, value: .1.3.6.1.4.1.99999.6.1.0, name: Battery, limits: {high_critcal: 1, low_warning: 3 +}}
      - {class: state, value: .1.3.6.1.4.1.99999.6.2.0, name: Board, states: {1: ok}, limits: {high_warning: 3}}
)yaml",
               problems);
  ASSERT_EQ(3u, problems.size());
  EXPECT_THAT(problems, testing::Contains(testing::HasSubstr("p.yaml:7:83: there is no limit 'high_critcal'; did you mean "
                                                             "'high_critical'?")));
  EXPECT_THAT(problems, testing::Contains(testing::HasSubstr("a value is missing at the end")));
  EXPECT_THAT(problems, testing::Contains(testing::HasSubstr("a state has no `limits`")));
}

// Read with the first poll and not at each, told again in time for a query to find them, changed within half an hour.
TEST(SensorLimits, AreReadSeldomAndStand) {
  const Labels warning{{"limit", "high_warning"}};
  Polled box(kLimited);
  box.answers(limited(405, 600, 750));
  box.watch(1);
  box.sim.run_for(590s);
  const auto told = box.samples("sensor_limit", "d1", warning);
  EXPECT_EQ("60 60 60 60", box.story("sensor_limit", "d1", warning));
  EXPECT_EQ(11u, box.samples("sensor_value", "d1", {{"class", "temperature"}}).size());
  for (std::size_t i = 1; i < told.size(); ++i) EXPECT_LE(told[i].at - told[i - 1].at, 4min);
  box.answers(limited(405, 500, 750));
  box.sim.run_for(60s);
  EXPECT_EQ(60, box.last("sensor_limit", "d1", warning));
  box.sim.run_for(30min);
  EXPECT_EQ(50, box.last("sensor_limit", "d1", warning));
}

TEST(SensorLimits, StandAgainAtOnceAfterAGap) {
  const Labels warning{{"limit", "high_warning"}};
  Polled box(kLimited);
  box.answers(limited(405, 600, 750));
  box.watch(1);
  box.sim.run_for(110s);
  box.sim.set_link(host(1), {.loss = 1});
  box.sim.run_for(60s);
  EXPECT_EQ("60 gap:timeout", box.story("sensor_limit", "d1", warning));
  box.sim.set_link(host(1), {});
  box.sim.run_for(60s);
  EXPECT_EQ("60 gap:timeout 60", box.story("sensor_limit", "d1", warning));
}

TEST(SensorLimits, EndWhereTheyMakeNoSenseAnyMore) {
  Polled box(kLimited);
  box.answers(limited(405, 600, 750));
  box.watch(1);
  box.sim.run_for(110s);
  box.answers(limited(405, 600, 0));
  box.sim.run_for(31min);
  EXPECT_TRUE(box.story("sensor_limit", "d1", {{"limit", "high_critical"}}).ends_with("75 gap:no_such_object"));
  EXPECT_EQ(60, box.last("sensor_limit", "d1", {{"limit", "high_warning"}}));
}

// A new row's are read with its first value.
TEST(SensorLimits, OfANewRowAreThereAtOnce) {
  Polled box(kLimited);
  box.answers(limited(405, 600, 750));
  box.watch(1);
  box.sim.run_for(110s);
  std::string second = limited(300, 550, 700);
  for (std::size_t at = 0; (at = second.find(".4|", at)) != std::string::npos; ++at) second.replace(at, 3, ".5|");
  second.replace(second.find("inlet"), 5, "outlet");
  box.answers(limited(405, 600, 750) + second);
  box.sim.run_for(60s);
  EXPECT_EQ("30", box.story("sensor_value", "d1", {{"sensor", "outlet"}, {"class", "temperature"}}));
  EXPECT_EQ("55", box.story("sensor_limit", "d1", {{"sensor", "outlet"}, {"limit", "high_warning"}}));
}

TEST(SensorLimits, BelievableOnes) {
  using Some = std::optional<double>;
  constexpr Some no;
  const auto becomes = [](const char* sensor_class, const Limits& given, const Limits& meant) {
    SCOPED_TRACE(std::string(sensor_class) + " " + (given[3] ? format_number(*given[3]) : "-"));
    EXPECT_EQ(meant, believable(given, sensor_class));
  };
  becomes("temperature", {no, -10, -5, 70, 75, 90}, {no, -10, -5, 70, 75, 90});
  becomes("temperature", {no, no, 0, 70, 75, no}, {no, no, 0, 70, 75, no});   // ice is a limit
  becomes("temperature", {no, no, 0, 0, 0, 0}, {});                           // nothing was set
  becomes("temperature", {no, no, no, 0, 75, no}, {no, no, no, no, 75, no});  // of the warning
  becomes("temperature", {no, no, -5, 60, 0, no}, {no, no, -5, 60, no, no});  // of the critical limit
  becomes("temperature", {no, 0, -5, 60, no, no}, {no, no, -5, 60, no, no});
  becomes("temperature", {no, no, -128, 127.996, no, no}, {});  // a module's registers say nothing
  becomes("temperature", {no, no, no, 6553.5, 75, no}, {no, no, no, no, 75, no});
  becomes("temperature", {no, no, no, 80, 75, no}, {no, no, no, no, 75, no});  // warns too late
  becomes("temperature", {no, 80, 20, 60, no, no}, {});                        // low above high
  becomes("temperature", {no, no, 20, 20, no, no}, {});
  becomes("dbm", {no, -14, -10, 0, 2, no}, {no, -14, -10, 0, 2, no});     // one milliwatt
  becomes("dbm", {no, -40, -10, 0, 8.16, no}, {no, no, -10, 0, no, no});  // less than can be measured, and more
  becomes("dbm", {no, no, no, 0, 0, no}, {});
  becomes("voltage", {no, 0, 3.1, 3.5, 6.55, no}, {no, no, 3.1, 3.5, 6.55, no});
  becomes("voltage", {no, -13.2, no, -10.8, no, no}, {no, -13.2, no, -10.8, no, no});
  becomes("voltage", {no, no, 3.1, 6.5535, no, no}, {no, no, 3.1, no, no, no});
  becomes("fanspeed", {no, 0, 500, no, no, no}, {no, no, 500, no, no, no});
  becomes("humidity", {no, 0, 20, 80, 100, no}, {no, no, 20, 80, no, no});
  becomes("power", {no, no, no, std::nan(""), 900, no}, {no, no, no, no, 900, no});
}

}  // namespace
}  // namespace bongsu::poll
