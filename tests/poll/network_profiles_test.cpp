// SPDX-License-Identifier: Apache-2.0
// The stock profiles of network.yaml and of PoE, on a device that is what its recording says.
#include <gmock/gmock.h>

#include "recorded.h"

namespace bongsu::poll {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;

const std::string kWho = "1.3.6.1.2.1.1.1.0|4|a switch\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n1.3.6.1.2.1.1.3.0|67|8640000\n";
const std::string kPorts =
    "1.3.6.1.2.1.2.2.1.2.101|4|port 1\n1.3.6.1.2.1.2.2.1.2.102|4|port 2\n"
    "1.3.6.1.2.1.31.1.1.1.1.101|4|ge1\n1.3.6.1.2.1.31.1.1.1.1.102|4|ge2\n";

// name{labels} value
std::vector<std::string> told_of(const std::string& device) {
  Collection found = collect_with(stock_profiles(), kWho + device);
  EXPECT_TRUE(found.complete) << (found.notices.empty() ? "" : found.notices.front());
  for (CollectedMetric& metric : found.metrics) metric.word.clear();
  std::vector<std::string> lines = lines_of(found);
  for (std::string& line : lines) line.resize(line.rfind(" @"));
  return lines;
}

TEST(NetworkProfiles, APortThatHasANameAloneIsThere) {
  EXPECT_THAT(told_of(kPorts), Contains(R"(interface_type{ifIndex="101", interface="ge1"} 1)"));
}

TEST(NetworkProfiles, ForwardingTableByVlanOrByItsEntries) {
  const std::string fdb =
      "1.3.6.1.2.1.17.4.1.0|65|3\n1.3.6.1.2.1.17.4.3.1.2.0.1.2.3.4.5|2|1\n1.3.6.1.2.1.17.4.3.1.2.0.1.2.3.4.6|2|1\n"
      "1.3.6.1.2.1.17.4.3.1.2.0.1.2.3.4.7|2|2\n";
  EXPECT_THAT(told_of(fdb), IsSupersetOf({"bridge_fdb_entries 3", "bridge_fdb_full_total 3"}));
  EXPECT_THAT(told_of(fdb + "1.3.6.1.2.1.17.7.1.2.1.1.2.1|65|40\n1.3.6.1.2.1.17.7.1.2.1.1.2.20|65|2\n"),
              Contains("bridge_fdb_entries 42"));
  EXPECT_THAT(told_of(kPorts), Not(Contains(HasSubstr("bridge_fdb"))));
}

TEST(NetworkProfiles, SpanningTreeByPort) {
  EXPECT_THAT(told_of(kPorts + "1.3.6.1.2.1.17.1.4.1.2.1|2|101\n1.3.6.1.2.1.17.1.4.1.2.2|2|102\n1.3.6.1.2.1.17.1.4.1.2.3|2|103\n"
                               "1.3.6.1.2.1.17.2.3.0|67|120000\n1.3.6.1.2.1.17.2.4.0|65|7\n1.3.6.1.2.1.17.2.6.0|2|0\n"
                               "1.3.6.1.2.1.17.2.7.0|2|0\n1.3.6.1.2.1.17.2.15.1.3.1|2|5\n1.3.6.1.2.1.17.2.15.1.3.2|2|2\n"
                               "1.3.6.1.2.1.17.2.15.1.3.3|2|1\n1.3.6.1.2.1.17.2.15.1.10.1|65|4\n"),
              IsSupersetOf({"stp_topology_changes_total 7", "stp_topology_change_age_seconds 1200", "stp_is_root 1",
                            R"(stp_port_state{ifIndex="101", interface="ge1"} 5)",
                            R"(stp_port_forwarding{ifIndex="102", interface="ge2"} 0)",
                            R"(stp_port_forward_transitions_total{ifIndex="101", interface="ge1"} 4)"}));
}

TEST(NetworkProfiles, DuplexOfPortsThatTellIt) {
  const auto lines = told_of(kPorts +
                             "1.3.6.1.2.1.10.7.2.1.8.101|65|9\n1.3.6.1.2.1.10.7.2.1.8.102|65|0\n"
                             "1.3.6.1.2.1.10.7.2.1.19.101|2|2\n1.3.6.1.2.1.10.7.2.1.19.102|2|1\n");
  EXPECT_THAT(lines, IsSupersetOf({R"(interface_half_duplex{ifIndex="101", interface="ge1"} 1)",
                                   R"(interface_late_collisions_total{ifIndex="101", interface="ge1"} 9)"}));
  EXPECT_THAT(lines, Not(Contains(HasSubstr(R"(interface_half_duplex{ifIndex="102")"))));
}

TEST(NetworkProfiles, NeighboursByPort) {
  const auto lines = told_of(
      "1.0.8802.1.1.2.1.3.7.1.2.5|2|5\n1.0.8802.1.1.2.1.3.7.1.3.5|4|ge5\n1.0.8802.1.1.2.1.3.7.1.4.5|4|fifth port\n"
      "1.0.8802.1.1.2.1.3.7.1.2.6|2|3\n1.0.8802.1.1.2.1.3.7.1.3.6|4x|001122334455\n1.0.8802.1.1.2.1.3.7.1.4.6|4|sixth port\n"
      "1.0.8802.1.1.2.1.4.1.1.4.900.5.1|2|4\n1.0.8802.1.1.2.1.4.1.1.5.900.5.1|4x|00aabbccddee\n"
      "1.0.8802.1.1.2.1.4.1.1.6.900.5.1|2|5\n1.0.8802.1.1.2.1.4.1.1.7.900.5.1|4|xe-0/0/1\n"
      "1.0.8802.1.1.2.1.4.1.1.9.900.5.1|4|core1\n"
      "1.0.8802.1.1.2.1.4.1.1.4.900.6.2|2|4\n1.0.8802.1.1.2.1.4.1.1.5.900.6.2|4x|00aabbccddef\n"
      "1.0.8802.1.1.2.1.4.1.1.6.900.6.2|2|3\n1.0.8802.1.1.2.1.4.1.1.7.900.6.2|4x|00aabbccddf0\n"
      "1.0.8802.1.1.2.1.4.1.1.9.900.6.2|4|\n");
  EXPECT_THAT(
      lines,
      IsSupersetOf(
          {R"(lldp_neighbor{interface="ge5", neighbor="core1", neighbor_chassis="00:aa:bb:cc:dd:ee", neighbor_port="xe-0/0/1"} 1)",
           R"(lldp_neighbor{interface="sixth port", neighbor="00:aa:bb:cc:dd:ef", neighbor_chassis="00:aa:bb:cc:dd:ef", neighbor_port="00:aa:bb:cc:dd:f0"} 1)"}));
}

TEST(NetworkProfiles, FramesOfALine) {
  EXPECT_THAT(told_of(kPorts + "1.3.6.1.2.1.16.1.1.1.2.1|6|1.3.6.1.2.1.2.2.1.1.101\n1.3.6.1.2.1.16.1.1.1.2.2|6|0.0\n"
                               "1.3.6.1.2.1.16.1.1.1.8.1|65|12\n1.3.6.1.2.1.16.1.1.1.14.1|65|4000000000\n"
                               "1.3.6.1.2.1.16.1.1.1.8.2|65|1\n1.3.6.1.2.1.16.4.1.1.6.1|70|9000000000\n"),
              IsSupersetOf({R"(rmon_crc_align_errors_total{ifIndex="101", interface="ge1"} 12)",
                            R"(rmon_crc_align_errors_total{interface="2"} 1)"}));
}

TEST(NetworkProfiles, PowerOverEthernet) {
  EXPECT_THAT(told_of("1.3.6.1.2.1.105.1.3.1.1.2.1|66|370\n1.3.6.1.2.1.105.1.3.1.1.3.1|2|1\n1.3.6.1.2.1.105.1.3.1.1.4.1|66|74\n"
                      "1.3.6.1.2.1.105.1.1.1.3.1.1|2|1\n1.3.6.1.2.1.105.1.1.1.3.1.2|2|1\n1.3.6.1.2.1.105.1.1.1.3.1.3|2|2\n"
                      "1.3.6.1.2.1.105.1.1.1.6.1.1|2|3\n1.3.6.1.2.1.105.1.1.1.6.1.2|2|4\n1.3.6.1.2.1.105.1.1.1.6.1.3|2|1\n"
                      "1.3.6.1.2.1.105.1.1.1.13.1.2|65|9\n"),
              IsSupersetOf({R"(poe_budget_watts{group="1"} 370)", R"(poe_used_percent{group="1"} 20)",
                            R"(poe_port_delivering{group="1", port="1"} 1)", R"(poe_port_delivering{group="1", port="2"} 0)",
                            R"(poe_port_fault{group="1", port="2"} 1)", R"(poe_port_overloads_total{group="1", port="2"} 9)"}));
}

TEST(NetworkProfiles, BgpPeers) {
  const auto lines = told_of(
      "1.3.6.1.2.1.15.3.1.2.192.0.2.1|2|6\n1.3.6.1.2.1.15.3.1.2.192.0.2.9|2|3\n"
      "1.3.6.1.2.1.15.3.1.3.192.0.2.1|2|2\n1.3.6.1.2.1.15.3.1.3.192.0.2.9|2|2\n"
      "1.3.6.1.2.1.15.3.1.9.192.0.2.1|2|64500\n1.3.6.1.2.1.15.3.1.9.192.0.2.9|2|64501\n"
      "1.3.6.1.2.1.15.3.1.10.192.0.2.1|65|77\n1.3.6.1.2.1.15.3.1.15.192.0.2.1|65|2\n"
      "1.3.6.1.2.1.15.3.1.16.192.0.2.1|66|3600\n1.3.6.1.2.1.15.3.1.16.192.0.2.9|66|50\n");
  EXPECT_THAT(lines,
              IsSupersetOf({R"(bgp_peer_up{as="64500", peer="192.0.2.1"} 1)", R"(bgp_peer_up{as="64501", peer="192.0.2.9"} 0)",
                            R"(bgp_peer_established_seconds{as="64500", peer="192.0.2.1"} 3600)",
                            R"(bgp_peer_receive_updates_total{as="64500", peer="192.0.2.1"} 77)"}));
  EXPECT_THAT(lines, Not(Contains(HasSubstr(R"(established_seconds{as="64501")"))));
}

// A column as one number; what a profile can get wrong in it.
TEST(WholeColumns, AreCountedAndAdded) {
  std::vector<std::string> problems;
  const auto set = compile_text(R"yaml(
profile: a
match: {always: true}
collect:
  - scalars: s
    metrics:
      a_rows: count(.1.3.6.1.4.1.99999.1.1.1)
      a_sum: 2 * sum(.1.3.6.1.4.1.99999.1.1.2)
      a_none: count(.1.3.6.1.4.1.99999.1.1.3)
      a_none_as_zero: "count(.1.3.6.1.4.1.99999.1.1.3) ?? 0"
)yaml",
                                problems);
  EXPECT_THAT(problems, testing::ElementsAre());
  std::string rows;
  for (int i = 1; i <= 500; ++i)
    rows += "1.3.6.1.4.1.99999.1.1.1." + std::to_string(i) + "|4|x\n1.3.6.1.4.1.99999.1.1.2." + std::to_string(i) + "|2|" +
            std::to_string(i) + "\n";
  const Collection found = collect_with(set, kWho + rows);
  EXPECT_THAT(lines_of(found), testing::ElementsAre("a_rows 500 @1.3.6.1.4.1.99999.1.1.1",
                                                    "a_sum 250500 @1.3.6.1.4.1.99999.1.1.2", "a_none_as_zero 0 @"));
  const auto says = [](const std::string& expected, const std::string& group) {
    SCOPED_TRACE(group);
    std::vector<std::string> told;
    compile_text("profile: a\nmatch: {always: true}\ncollect:\n  - " + group, told);
    EXPECT_THAT(told, Contains(HasSubstr(expected)));
  };
  says("p.yaml:6:18: count() is of a whole column: put it in a `scalars:` group",
       "table: t\n    labels: {i: index}\n    metrics: {x: count(ifName)}");
  says("p.yaml:5:22: sysUpTime.0 is no column, which sum() takes", "scalars: t\n    metrics: {x: sum(sysUpTime.0)}");
  says("p.yaml:5:18: count() takes one column", "scalars: t\n    metrics: {x: count(1 + 2)}");
  says("`every` is at most 4m", "scalars: t\n    every: 10m\n    metrics: {x: sysUpTime.0}");
}

}  // namespace
}  // namespace bongsu::poll
