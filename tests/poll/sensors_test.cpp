// SPDX-License-Identifier: Apache-2.0
// From YAML and a recorded agent to sensors, states and who the device is.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "recorded.h"

namespace bongsu::poll {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kProfile = R"yaml(
- profile: box
  match: {sysObjectID: .1.3.6.1.4.1.99998, os: [boxos, boxos2, other]}
  collect:
    - table: fans
      under: .1.3.6.1.4.1.99999.5.1
      labels: {sensor: "trim(.2) ?? index"}
      sensors:
        - {class: fanspeed, value: .3}
        - {class: temperature, value: ".5 == 1 ? .4 / 10 : (.4 - 32) * 5 / 9", name: bearing}
        - {class: state, value: .6, states: {1: ok, 2: failed, 3: "resting (caution)"}}
    - scalars: board
      sensors:
        - {class: voltage, value: .1.3.6.1.4.1.99999.6.1, name: Battery}
        - {class: dbm, value: "10 * log10(number(.1.3.6.1.4.1.99999.6.2.0))", name: Light}
- systems:
    - {os: other, sysObjectID: .1.3.6.1.4.1.99999}
    - {os: boxos, sysObjectID: .1.3.6.1.4.1.99999, sysDescr: '^Box', kind: sensor, version: 'v([0-9.]+)'}
    - {os: boxos2, sysObjectID: .1.3.6.1.4.1.99999, sysDescr: '^Box', has: .1.3.6.1.4.1.99999.77}
)yaml";
const std::string kDevice =
    "1.3.6.1.2.1.1.1.0|4|Box v2.5 of steel\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n1.3.6.1.2.1.1.3.0|67|100\n"
    "1.3.6.1.4.1.99999.5.1.2.7|4|left\n1.3.6.1.4.1.99999.5.1.2.8|4|right\n"
    "1.3.6.1.4.1.99999.5.1.3.7|66|3000\n1.3.6.1.4.1.99999.5.1.3.8|66|2147483647\n"
    "1.3.6.1.4.1.99999.5.1.4.7|2|365\n1.3.6.1.4.1.99999.5.1.4.8|2|212\n"
    "1.3.6.1.4.1.99999.5.1.5.7|2|1\n1.3.6.1.4.1.99999.5.1.5.8|2|2\n"
    "1.3.6.1.4.1.99999.5.1.6.7|2|2\n1.3.6.1.4.1.99999.5.1.6.8|2|3\n"
    "1.3.6.1.4.1.99999.6.1|2|12\n1.3.6.1.4.1.99999.6.2.0|4|rx 0.01 mW\n";

TEST(Sensors, FromColumnsScalarsAndStates) {
  std::vector<std::string> problems;
  const auto set = compile_text(kProfile, problems);
  EXPECT_THAT(problems, ElementsAre());
  const Collection found = collect_with(set, kDevice);
  EXPECT_THAT(lines_of(found),
              testing::UnorderedElementsAre(
                  R"(sensor_value{class="fanspeed", sensor="left", unit="rpm"} 3000 @1.3.6.1.4.1.99999.5.1.3.7)",
                  R"(sensor_value{class="temperature", sensor="left bearing", unit="celsius"} 36.5 @1.3.6.1.4.1.99999.5.1.4.7)",
                  R"(sensor_state{class="state", sensor="left"} 4 failed @1.3.6.1.4.1.99999.5.1.6.7)",
                  // 2^31 - 1 stands for "not available"
                  R"(sensor_value{class="temperature", sensor="right bearing", unit="celsius"} 100 @1.3.6.1.4.1.99999.5.1.4.8)",
                  R"(sensor_state{class="state", sensor="right"} 2 resting @1.3.6.1.4.1.99999.5.1.6.8)",
                  R"(sensor_value{class="voltage", sensor="Battery", unit="volt"} 12 @1.3.6.1.4.1.99999.6.1)",
                  R"(sensor_value{class="dbm", sensor="Light", unit="dbm"} -20 @1.3.6.1.4.1.99999.6.2.0)"));
}

// UPS-MIB calls the first a scalar and the second a column; ifIndex is an object, too.
TEST(Sensors, ANumberIsWhatTheGroupSaysAndANameOfTheGroupCountsFirst) {
  std::vector<std::string> problems;
  const auto set = compile_text(R"yaml(
profile: ups
match: {always: true}
collect:
  - table: battery
    under: .1.3.6.1.2.1.33.1.2
    let: {ifIndex: .5 / 10}
    labels: {sensor: index}
    sensors: [{class: voltage, value: ifIndex}]
  - scalars: output
    sensors: [{class: voltage, value: .1.3.6.1.2.1.33.1.4.4.1.2.1, name: Output}]
)yaml",
                                problems);
  EXPECT_THAT(problems, ElementsAre());
  const Collection found =
      collect_with(set, "1.3.6.1.2.1.1.1.0|4|x\n1.3.6.1.2.1.33.1.2.5.3|2|540\n1.3.6.1.2.1.33.1.4.4.1.2.1|2|230\n");
  EXPECT_THAT(lines_of(found),
              testing::UnorderedElementsAre(
                  R"(sensor_value{class="voltage", sensor="3", unit="volt"} 54 @1.3.6.1.2.1.33.1.2.5.3)",
                  R"(sensor_value{class="voltage", sensor="Output", unit="volt"} 230 @1.3.6.1.2.1.33.1.4.4.1.2.1)"));
}

TEST(Systems, TheLineThatFitsBestTellsWhoADeviceIs) {
  std::vector<std::string> problems;
  const auto set = compile_text(kProfile, problems);
  const auto os_of = [&](const std::string& device) {
    const Collection found = collect_with(set, device);
    const auto at = found.info.find("os");
    return at == found.info.end() ? std::string("-") : at->second;
  };
  const Collection found = collect_with(set, kDevice);
  EXPECT_EQ("boxos", found.info.at("os"));
  EXPECT_EQ("sensor", found.info.at("kind"));
  EXPECT_EQ("2.5", found.info.at("version"));
  EXPECT_EQ("boxos2", os_of(kDevice + "1.3.6.1.4.1.99999.77.1|2|1\n"));
  EXPECT_EQ("other", os_of("1.3.6.1.2.1.1.1.0|4|Crate\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n"));
  EXPECT_EQ("-", os_of("1.3.6.1.2.1.1.1.0|4|Box\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99997.1\n"));
}

TEST(Systems, StockOnesKnowCommonDevices) {
  const auto is = [](const std::string& os, const std::string& vendor, const std::string& id, const std::string& descr) {
    SCOPED_TRACE(descr);
    const Collection found =
        collect_with(stock_profiles(), "1.3.6.1.2.1.1.1.0|4|" + descr + "\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1." + id + "\n");
    ASSERT_TRUE(found.info.contains("os"));
    EXPECT_EQ(os, found.info.at("os"));
    EXPECT_EQ(vendor, found.info.at("vendor"));
  };
  is("ios", "ciscoSystems", "9.1.1208", "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(2)E7");
  is("iosxe", "ciscoSystems", "9.1.2494",
     "Cisco IOS Software [Everest], Catalyst L3 Switch Software (CAT9K_IOSXE), IOS-XE, Version 16.6");
  is("nxos", "ciscoSystems", "9.12.3.1.3.1467", "Cisco NX-OS(tm) n9000, Software (n9000-dk9), Version 7.0(3)I4(2)");
  is("junos", "Juniper Networks, Inc.", "2636.1.1.1.2.29", "Juniper Networks, Inc. mx240 internet router, kernel JUNOS 15.1");
  is("linux", "net-snmp", "8072.3.2.10", "Linux web1 5.10.0 #1 SMP x86_64");
  is("fortigate", "Fortinet, Inc.", "12356.101.1.1000", "");
}

TEST(Profiles, WhatSensorsCanGetWrongIsToldWithItsPlace) {
  const auto says = [](const std::string& expected, const std::string& sensor, const std::string& group = "scalars: s",
                       const std::string& match = "always: true") {
    SCOPED_TRACE(sensor);
    std::vector<std::string> problems;
    compile_text("profile: a\nmatch: {" + match + "}\ncollect:\n  - " + group + "\n    sensors:\n      - {" + sensor + "}",
                 problems);
    EXPECT_THAT(problems, Contains(HasSubstr(expected)));
    EXPECT_THAT(problems, Not(Contains(Not(HasSubstr("p.yaml:")))));
  };
  says("p.yaml:6:9: there is no class of sensors 'temprature'; did you mean 'temperature'?",
       "class: temprature, value: .1.3.6.1, name: x");
  says("p.yaml:6:9: a state needs `states:`", "class: state, value: .1.3.6.1.4.1.9.1.0, name: x");
  says("p.yaml:6:9: a sensor of a group without labels needs a `name:`", "class: voltage, value: .1.3.6.1.4.1.9.1.0");
  says("gives metrics but no labels", "class: voltage, value: .1.3.6.1.4.1.9.1, name: x", "table: t");
  says("`states` are for sensors of the class state", "class: voltage, value: .1.3.6.1.4.1.9.1.0, name: x, states: {1: ok}");
  says("is missing at the end", "class: voltage, value: '(.1.3.6.1.4.1.9.1.0', name: x");
  says("another sensor of this group has the class voltage and the name 'x'",
       "class: voltage, value: .1.3.6.1.4.1.9.1.0, name: x}\n      - {class: voltage, value: .1.3.6.1.4.1.9.2.0, name: x");
  says("'cautoin' is no severity; did you mean 'caution'?",
       "class: state, value: .1.3.6.1.4.1.9.1.0, name: x, states: {1: off (cautoin)}");
  says("p.yaml:6:33: 'indx' is no object and no name of this group; did you mean 'index'?",
       "class: voltage, value: indx, name: x");
  says("p.yaml:7:5: profile 'a' has a group 's' already",
       "class: voltage, value: .1.3.6.1.4.1.9.1.0, name: x}\n  - scalars: s\n    sensors:\n      - {class: voltage, value: "
       ".1.3.6.1.4.1.9.2.0, name: y");
  says("p.yaml:5:13: no profile gives a metric 'cpu_usage_percnt'; did you mean 'cpu_usage_percent'?",
       "class: voltage, value: .1.3.6.1.4.1.9.1.0, name: x",
       "scalars: s\n    unless: cpu_usage_percnt\n    metrics: {cpu_usage_percent: .1.3.6.1.4.1.9.3.0}");
  says("p.yaml:5:12: 'acmeNothing': no loaded MIB defines acmeNothing", "class: voltage, value: .1, name: x",
       "scalars: s\n    under: acmeNothing");
}

TEST(Systems, WhatALineCanGetWrongIsToldWithItsPlace) {
  const auto says = [](const std::string& expected, const std::string& text) {
    SCOPED_TRACE(text);
    std::vector<std::string> problems;
    compile_text(text, problems);
    EXPECT_THAT(problems, Contains(HasSubstr(expected)));
  };
  says("p.yaml:1:11: a system is told by", "systems: [{os: a}]");
  says("the pattern cannot be read", "systems: [{os: a, sysDescr: '('}]");
  says("the pattern needs a group in (), which is the version", "systems: [{os: a, sysDescr: b, version: 'v.*'}]");
  says("no system is called 'boxo'; did you mean 'boxos'?",
       "- systems: [{os: boxos, sysDescr: b}]\n- profile: a\n  match: {os: boxo}");
}

// The worked example of rules/README.md: its YAML, its device, its mistake and what it prints are taken from there.
TEST(Readme, ItsExampleDoesWhatItSays) {
  std::ifstream in(std::filesystem::path(BONGSU_SOURCE_DIR) / "rules" / "README.md");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto begin = text.find("   ```yaml\n");
  const auto end = text.find("   ```\n", begin + 1);
  ASSERT_NE(std::string::npos, end);
  std::string yaml;
  for (const auto line : split(std::string_view(text).substr(begin + 11, end - begin - 11), '\n'))
    yaml += std::string(line.substr(std::min<std::size_t>(3, line.size()))) + "\n";
  std::vector<std::string> problems;
  const auto set = compile_text(yaml, problems);
  EXPECT_THAT(problems, ElementsAre());
  const Collection found =
      collect_with(set,
                   "1.3.6.1.2.1.1.1.0|4|Acme DC48 controller, v3.1.7\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.2.1\n"
                   "1.3.6.1.4.1.99999.5.1.0|2|541\n1.3.6.1.4.1.99999.6.1.2.1|4|Rectifier A\n1.3.6.1.4.1.99999.6.1.3.1|2|38\n"
                   "1.3.6.1.4.1.99999.6.1.4.1|2|2\n");
  EXPECT_EQ("acme-dc", found.info.at("os"));
  EXPECT_EQ("3.1.7", found.info.at("version"));
  std::vector<std::string> printed;
  for (const auto line : split(text, '\n')) {
    const auto words = trim(line);
    if (words.starts_with("sensor_")) printed.emplace_back(words);
  }
  ASSERT_EQ(found.metrics.size(), printed.size());
  for (std::size_t i = 0; i < printed.size(); ++i) {
    Labels labels = found.metrics[i].labels;
    labels.set(kMetricName, found.metrics[i].name);
    EXPECT_THAT(printed[i], testing::StartsWith(labels.to_string() + " "));
    EXPECT_THAT(printed[i], HasSubstr(" " + format_number(found.metrics[i].value)));
  }
  const auto told = text.find("acme.yaml:");
  const std::string mistake = text.substr(told + 10, text.find('`', told) - told - 10);
  const auto wrong = yaml.find("temperature");
  compile_text(yaml.replace(wrong, 11, "temprature"), problems);
  EXPECT_THAT(problems, Contains("p.yaml:" + mistake));
}

}  // namespace
}  // namespace bongsu::poll
