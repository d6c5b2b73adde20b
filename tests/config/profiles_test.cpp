// SPDX-License-Identifier: Apache-2.0
#include "config/profiles.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace bongsu::config {
namespace {

TEST(Profiles, ReadsEveryKey) {
  Problems problems;
  const auto all = parse_profiles(R"(
- profile: box
  title: A box
  match: {sysObjectID: [.1.3.6.1.4.1.9, ciscoProducts], sysDescr: '^Box', has: ifNumber.0}
  device: {os: "'box'"}
  collect:
    - table: ports
      let: {speed: ifSpeed}
      where: ifType == 6
      labels: {interface: ifName, ifIndex: index}
      identity: {name: ifName, descr: ifDescr, alias: ifAlias, mac: ifPhysAddress, type: ifType}
      discontinuity: ifCounterDiscontinuityTime
      metrics:
        a_total: {value: ifInOctets, max_rate: speed / 8, unit: octets}
        b: ifMtu
    - scalars: load
      unless: [cpu_usage_percent]
      device: {model: x}
      metrics: {load1: laLoad.1}
)",
                                  "p.yaml", problems)
                       .profiles;
  EXPECT_TRUE(problems.empty()) << problems.lines()[0];
  ASSERT_EQ(1u, all.size());
  const poll::Profile& box = all[0];
  EXPECT_EQ("box", box.name);
  EXPECT_EQ(2u, box.match.sys_object_id.size());
  EXPECT_EQ("^Box", box.match.sys_descr->text);
  EXPECT_EQ("ifNumber.0", box.match.has.at(0).text);
  ASSERT_EQ(2u, box.groups.size());
  EXPECT_TRUE(box.groups[0].table);
  EXPECT_EQ("ifIndex", box.groups[0].labels.at(1).name);
  EXPECT_EQ("ifPhysAddress", box.groups[0].identity->mac->text);
  EXPECT_EQ("speed / 8", box.groups[0].metrics.at(0).max_rate->text);
  EXPECT_EQ("octets", box.groups[0].metrics.at(0).unit);
  EXPECT_EQ(15, box.groups[0].metrics.at(1).value.at.line);
  EXPECT_EQ(12, box.groups[0].metrics.at(1).value.at.column);
  EXPECT_FALSE(box.groups[1].table);
  EXPECT_EQ("cpu_usage_percent", box.groups[1].unless.at(0).text);
}

TEST(Profiles, ReadsSensorsAndSystems) {
  Problems problems;
  const auto files = parse_profiles(R"yaml(
- profile: box
  match: {os: [boxos], sysObjectID: .1.3.6.1.4.1.9}
  collect:
    - table: fans
      under: .1.3.6.1.4.1.9.9
      labels: {sensor: .2}
      sensors:
        - {class: fanspeed, value: .3, name: front, unit: percent}
        - {class: state, value: .4, states: {1: ok, -1: "gone (danger)"}}
- systems:
    - {os: boxos, sysObjectID: [.1.3.6.1.4.1.9, .1.3.6.1.4.1.10], sysDescr: '^Box', has: .1.3.6.1.4.1.9.9, kind: switch,
       version: 'V(\S+)'}
)yaml",
                                    "p.yaml", problems);
  EXPECT_TRUE(problems.empty()) << problems.lines()[0];
  ASSERT_EQ(1u, files.profiles.size());
  EXPECT_EQ("boxos", files.profiles[0].match.os.at(0).text);
  const poll::GroupRule& fans = files.profiles[0].groups.at(0);
  EXPECT_EQ(".1.3.6.1.4.1.9.9", fans.under->text);
  ASSERT_EQ(2u, fans.sensors.size());
  EXPECT_EQ("fanspeed", fans.sensors[0].kind);
  EXPECT_EQ("front", fans.sensors[0].name);
  EXPECT_EQ("percent", fans.sensors[0].unit);
  ASSERT_EQ(2u, fans.sensors[1].states.size());
  EXPECT_EQ(-1, fans.sensors[1].states[1].value);
  EXPECT_EQ("gone (danger)", fans.sensors[1].states[1].word);
  ASSERT_EQ(1u, files.systems.size());
  EXPECT_EQ(2u, files.systems[0].sys_object_id.size());
  EXPECT_EQ("switch", files.systems[0].facts.at("kind"));
  EXPECT_EQ("V(\\S+)", files.systems[0].captures.at("version").text);
}

TEST(Profiles, ExampleOfTheirReadmeIsSound) {
  std::ifstream in(std::string(BONGSU_SOURCE_DIR) + "/rules/profiles/README.md");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto begin = text.find("```yaml\n"), end = text.find("```\n", begin + 8);
  ASSERT_NE(std::string::npos, begin);
  Problems problems;
  const auto all = parse_profiles(text.substr(begin + 8, end - begin - 8), "README.md", problems).profiles;
  for (const std::string& line : problems.lines()) ADD_FAILURE() << line;
  ASSERT_EQ(1u, all.size());
  EXPECT_EQ(2u, all[0].groups.size());
}

TEST(Profiles, NamesTheMistakeAndItsPlace) {
  const auto says = [](const std::string& expected, const std::string& text) {
    SCOPED_TRACE(text);
    Problems problems;
    parse_profiles(text, "p.yaml", problems);
    ASSERT_FALSE(problems.empty());
    EXPECT_EQ(expected, problems.lines()[0].substr(0, expected.size()));
  };
  says("p.yaml:1:1: ", "match: {always: true}");
  says("p.yaml:2:9: ", "profile: a\nmatch: {alway: true}");
  says("p.yaml:3:", "profile: a\nmatch: {always: true}\ncolect: []");
  says("p.yaml:3:10: collect must be a list", "profile: a\nmatch: {always: true}\ncollect: 5");
  says("p.yaml:4:5: a group begins with", "profile: a\nmatch: {always: true}\ncollect:\n  - metrics: {x: 1}");
  const std::string head = "profile: a\nmatch: {always: true}\ncollect:\n  - scalars: s\n    sensors: ";
  says("p.yaml:5:14: sensors must be a list", head + "5");
  says("p.yaml:5:15: ", head + "[{value: x}]");
  says("p.yaml:5:49: sensor has ", head + "[{class: state, value: x, name: y, statse: {1: ok}}]");
  says("p.yaml:5:58: 'on' is no number", head + "[{class: state, value: x, name: y, states: {on: ok}}]");
  says("p.yaml:5:57: states must be a map", head + "[{class: state, value: x, name: y, states: ok}]");
  says("p.yaml:1:10: systems must be a list", "systems: 5");
  says("p.yaml:1:11: ", "systems: [{sysObjectID: .1.3}]");
  says("p.yaml:5:14: metrics must be a map", "profile: a\nmatch: {always: true}\ncollect:\n  - scalars: s\n    metrics: 5");
}

}  // namespace
}  // namespace bongsu::config
