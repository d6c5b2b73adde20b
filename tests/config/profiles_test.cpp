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
  says("p.yaml:5:14: metrics must be a map", "profile: a\nmatch: {always: true}\ncollect:\n  - scalars: s\n    metrics: 5");
}

}  // namespace
}  // namespace bongsu::config
