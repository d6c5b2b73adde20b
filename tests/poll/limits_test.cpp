// SPDX-License-Identifier: Apache-2.0
// What is read seldom: names from other tables, and the limits that devices give for their sensors.
#include "poll/limits.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>

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
  becomes("temperature", {no, no, -5, 80, 75, 90}, {no, no, -5, no, no, no});  // which one is meant?
  becomes("voltage", {2.25, 2.262, 2.275, 2.725, 2.337, 2.35}, {2.25, 2.262, 2.275, no, no, no});
  becomes("temperature", {no, 20, 80, 60, no, no}, {});  // low above high
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

// What a device of a maker tells becomes these limits: "class sensor limit number" lines, sorted.
std::vector<std::string> stock_limits(const std::string& enterprise, const std::string& lines) {
  const Collection found =
      collect_with(stock_profiles(), "1.3.6.1.2.1.1.1.0|4|x\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1." + enterprise + "\n" + lines);
  std::vector<std::string> out;
  for (const CollectedMetric& metric : found.metrics) {
    if (metric.name != "sensor_limit") continue;
    out.push_back(std::string(metric.labels.get("class")) + " " + std::string(metric.labels.get("sensor")) + " " +
                  std::string(metric.labels.get("limit")) + " " + format_number(std::round(metric.value * 1000) / 1000));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// entSensorThresholdTable: a row of value, relation and severity for each limit of a sensor, in its scale and precision.
TEST(StockLimits, OfCiscoSensors) {
  std::string lines;
  const auto sensor = [&](int entity, const std::string& name, int type, int scale, int precision, int value,
                          const std::vector<std::array<int, 3>>& limits) {
    const std::string at = "." + std::to_string(entity);
    lines += "1.3.6.1.2.1.47.1.1.1.1.7" + at + "|4|" + name + "\n";
    const std::array<int, 4> columns{type, scale, precision, value};
    for (std::size_t i = 0; i < columns.size(); ++i)
      lines += "1.3.6.1.4.1.9.9.91.1.1.1.1." + std::to_string(i + 1) + at + "|2|" + std::to_string(columns[i]) + "\n";
    for (std::size_t n = 0; n < limits.size(); ++n) {
      for (std::size_t column = 0; column < 3; ++column)
        lines += "1.3.6.1.4.1.9.9.91.1.2.1.1." + std::to_string(column + 2) + at + "." + std::to_string(n + 1) + "|2|" +
                 std::to_string(limits[n][column]) + "\n";
    }
  };
  sensor(1, "Outlet", 8, 9, 0, 40, {{10, 4, 70}, {20, 4, 80}, {30, 4, 90}});
  sensor(2, "Rail", 4, 8, 0, 12100, {{10, 4, 12600}, {20, 4, -32768}, {10, 2, 11400}, {20, 1, 10800}});
  sensor(3, "Receive Power Lane", 14, 8, 0, -3000, {{20, 3, 2000}, {10, 3, -1000}, {20, 1, -13900}, {10, 1, -9900}});
  sensor(4, "Laser Bias Current", 5, 8, 3, 6000, {{10, 2, 2000}, {10, 4, 12000}});
  sensor(5, "Input Current", 5, 8, 0, 1100, {{10, 2, 2500}, {10, 4, 22500}});        // little load is no fault
  sensor(6, "Receive Power Optics", 6, 8, 4, 5000, {{10, 2, 316}, {10, 4, 10000}});  // in milliwatts
  sensor(7, "Fan", 10, 8, 0, 9'000'000, {{10, 4, 19800}});                           // in another scale than the value
  EXPECT_THAT(
      stock_limits("9.12.3.1.3.1", lines),
      testing::ElementsAre("current Input Current high_warning 22.5", "current Laser Bias Current high_warning 0.012",
                           "current Laser Bias Current low_warning 0.002", "dbm Receive Power Lane high_critical 2",
                           "dbm Receive Power Lane high_warning -1", "dbm Receive Power Lane low_critical -13.9",
                           "dbm Receive Power Lane low_warning -9.9", "dbm Receive Power Optics high_warning 0",
                           "dbm Receive Power Optics low_warning -15.003", "temperature Outlet high_critical 80",
                           "temperature Outlet high_fatal 90", "temperature Outlet high_warning 70",
                           "voltage Rail high_warning 12.6", "voltage Rail low_critical 10.8", "voltage Rail low_warning 11.4"));
}

// jnxDomCurrentTable: ge-0/0/1 has limits, et-0/0/2 a module whose limits were not read.
TEST(StockLimits, OfJuniperOptics) {
  std::string lines = "1.3.6.1.2.1.31.1.1.1.1.501|4|ge-0/0/1\n1.3.6.1.2.1.31.1.1.1.1.502|4|et-0/0/2\n";
  const auto column = [&](int number, int first, int second) {
    const std::string at = "1.3.6.1.4.1.2636.3.60.1.1.1.1." + std::to_string(number);
    lines += at + ".501|2|" + std::to_string(first) + "\n" + at + ".502|2|" + std::to_string(second) + "\n";
  };
  column(5, -612, -500);
  column(8, 35, 35);
  for (const auto& [number, first] : {std::pair{9, 0}, {10, -2102}, {11, -100}, {12, -1698}}) column(number, first, 816);
  for (const auto& [number, first, second] : {std::array{21, 90, 13}, {22, -10, 7}, {23, 85, 0}, {24, -5, 0}})
    column(number, first, second);
  EXPECT_THAT(stock_limits("2636.1.1.1.2.29", lines),
              testing::ElementsAre("dbm ge-0/0/1 dom current rx laser power high_critical 0",
                                   "dbm ge-0/0/1 dom current rx laser power high_warning -1",
                                   "dbm ge-0/0/1 dom current rx laser power low_critical -21.02",
                                   "dbm ge-0/0/1 dom current rx laser power low_warning -16.98",
                                   "temperature ge-0/0/1 high_critical 90", "temperature ge-0/0/1 high_warning 85",
                                   "temperature ge-0/0/1 low_critical -10", "temperature ge-0/0/1 low_warning -5"));
}

// Hundredths of a dBm, as the limits: 7 and 9; 8 tells what may be 3.84 dBm or 384 microwatts, and 9 surely the latter.
TEST(StockLimits, OfHuaweiOpticsWhereTheUnitIsClear) {
  std::string lines;
  for (const auto& [index, power] : {std::pair{7, -569}, {8, 384}, {9, 1200}}) {
    const std::string at = "." + std::to_string(index);
    lines += "1.3.6.1.2.1.47.1.1.1.1.7" + at + "|4|XGE" + std::to_string(index) + "\n";
    for (const auto& [column, value] : {std::pair{9, power}, {15, -950}, {16, 716}, {22, -750}, {23, 0}})
      lines += "1.3.6.1.4.1.2011.5.25.31.1.1.3.1." + std::to_string(column) + at + "|2|" + std::to_string(value) + "\n";
  }
  EXPECT_THAT(stock_limits("2011.2.23.1", lines),
              testing::ElementsAre(
                  "dbm XGE7 entity optical tx power high_critical 7.16", "dbm XGE7 entity optical tx power high_warning 0",
                  "dbm XGE7 entity optical tx power low_critical -9.5", "dbm XGE7 entity optical tx power low_warning -7.5",
                  "dbm XGE9 entity optical tx power high_critical 7.16", "dbm XGE9 entity optical tx power high_warning 0",
                  "dbm XGE9 entity optical tx power low_critical -9.5", "dbm XGE9 entity optical tx power low_warning -7.5"));
}

// What the one limit of a server's sensor is for stands beside it.
TEST(StockLimits, OfServers) {
  const std::string hpe = "1.3.6.1.4.1.232.6.2.6.8.1.";
  EXPECT_THAT(stock_limits("232.9.4.11", hpe + "4.0.1|2|21\n" + hpe + "5.0.1|2|42\n" + hpe + "7.0.1|2|9\n" + hpe +
                                             "4.0.2|2|40\n" + hpe + "5.0.2|2|90\n" + hpe + "7.0.2|2|15\n" + hpe + "4.0.3|2|50\n" +
                                             hpe + "5.0.3|2|0\n" + hpe + "7.0.3|2|9\n"),
              testing::ElementsAre("temperature 0.1 high_warning 42", "temperature 0.2 high_critical 90"));
  const std::string dell = "1.3.6.1.4.1.674.10892.5.4.700.20.1.";
  EXPECT_THAT(stock_limits("674.10892.5", dell + "8.1.1|4|Inlet\n" + dell + "6.1.1|2|220\n" + dell + "10.1.1|2|470\n" + dell +
                                              "11.1.1|2|420\n" + dell + "12.1.1|2|30\n" + dell + "13.1.1|2|-70\n"),
              testing::ElementsAre("temperature Inlet high_critical 47", "temperature Inlet high_warning 42",
                                   "temperature Inlet low_critical -7", "temperature Inlet low_warning 3"));
}

}  // namespace
}  // namespace bongsu::poll
