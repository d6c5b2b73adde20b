// SPDX-License-Identifier: Apache-2.0
#include "poll/rows.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "fixture.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;

// A table of ports by bare numbers: name .1, octets .2 (32 bits), octets .3 (64 bits), speed .4, state .5.
Profile ports() {
  Profile profile{.name = "ports"};
  profile.match.always = true;
  GroupRule group{.name = "ports", .table = true};
  group.labels = {{"interface", {}, {".1.9.1", {}}}, {"ifIndex", {}, {"index", {}}}};
  group.identity = IdentityRule{.name = Text{".1.9.1", {}}, .descr = {}, .alias = {}, .mac = {}, .type = {}};
  group.identity->descr = Text{".1.9.1", {}};
  group.metrics = {{"octets_total", {}, {".1.9.3 ?? .1.9.2", {}}, "", Text{".1.9.4", {}}},
                   {"up", {}, {".1.9.5 == 1", {}}, "", {}}};
  profile.groups.push_back(std::move(group));
  return profile;
}

struct World {
  std::vector<Finding> findings;
  std::shared_ptr<const ProfileSet> set;
  GroupState state;
  SteadyTime now{1h}, born{0h};
  explicit World(Profile profile) : set(ProfileSet::compile({std::move(profile)}, mib::Tree::empty(), findings)) {
    for (const Finding& finding : findings) ADD_FAILURE() << finding.text;
  }
  const Group& group() const { return set->profiles().at(0).groups.at(0); }

  struct Port {
    std::uint32_t index;
    std::string name;
    std::optional<std::uint64_t> narrow, wide;
    std::uint64_t speed = 0;
    int state = 1;
  };
  // "octets_total{interface="a",ifIndex="1"} 5" lines, sorted
  std::vector<std::string> poll(const std::vector<Port>& ports_now, bool restarted = false) {
    GroupData data;
    for (std::uint32_t leaf = 0; leaf < group().leaves.size(); ++leaf) {
      data.asked.push_back(leaf);
      if (const auto at = lacking.find(group().leaves[leaf].oid.back()); at != lacking.end()) data.lacking[leaf] = at->second;
    }
    for (const Port& port : ports_now) {
      GroupData::Row row{.index = {port.index}, .values = {}};
      for (const Leaf& leaf : group().leaves) {
        switch (leaf.oid.back()) {
          case 1:
            row.values.push_back(port.name.empty() ? Value{} : Value::of_octets(port.name));
            break;
          case 2:
            row.values.push_back(port.narrow ? Value::of_number(ValueType::Counter32, *port.narrow) : Value{});
            break;
          case 3:
            row.values.push_back(port.wide ? Value::of_number(ValueType::Counter64, *port.wide) : Value{});
            break;
          case 4:
            row.values.push_back(Value::of_number(ValueType::Gauge32, port.speed));
            break;
          default:
            row.values.push_back(Value::of_integer(port.state));
        }
      }
      data.rows.push_back(std::move(row));
    }
    now += 60s;
    born = restarted ? now - 20s : born;
    const auto ticks = std::chrono::duration_cast<std::chrono::milliseconds>(now - born).count() / 10;
    outcome = evaluate_group(set->tree(), group(), state, data,
                             {.at = now,
                              .stamp = Time(std::chrono::duration_cast<Millis>(now.time_since_epoch())),
                              .uptime = {true, static_cast<std::uint32_t>(ticks), now}});
    return lines(outcome.emissions);
  }
  std::vector<std::string> lines(const std::vector<Emission>& emissions) const {
    std::vector<std::string> all;
    for (const Emission& emission : emissions) {
      Labels labels(emission.row->labels);
      labels.set(kMetricName, group().metrics[emission.metric].name);
      const auto cause = gap_cause(emission.value);
      all.push_back(labels.to_string() + " " +
                    (cause                       ? "gap " + std::string(to_string(*cause))
                     : is_marker(emission.value) ? "stale"
                                                 : format_number(emission.value)));
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  Outcome outcome;
  std::map<std::uint32_t, GapCause> lacking;  // by column
};
using Lines = std::vector<std::string>;

TEST(Rows, GivesCanonicalPoints) {
  World world(ports());
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 100)", R"(octets_total{ifIndex="2", interface="b"} 7)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} 0)"}),
            world.poll({{1, "a", 5, 100, 0, 1}, {2, "b", 7, {}, 0, 2}}));
  EXPECT_EQ("1.9.3.1", emission_oid(world.group(), world.outcome.emissions[0]).to_string());
}

TEST(Rows, WhatTheAgentFailedAtIsAGapWithItsCause) {
  World world(ports());
  world.poll({{1, "a", 5, {}, 1000}, {2, "b", 7, {}, 1000}});
  world.lacking = {{2, GapCause::AgentError}, {3, GapCause::Auth}};  // ifInOctets was left before row 2, ifHCInOctets denied
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 6)", R"(octets_total{ifIndex="2", interface="b"} gap auth)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} 1)"}),
            world.poll({{1, "a", 6, {}, 1000}, {2, "b", {}, {}, 1000}}));
  world.lacking.clear();  // the same, and the agent did not fail
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 6)", R"(octets_total{ifIndex="2", interface="b"} 9)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} 1)"}),
            world.poll({{1, "a", 6, {}, 1000}, {2, "b", 9, {}, 1000}}));
  EXPECT_EQ(
      (Lines{R"(octets_total{ifIndex="1", interface="a"} 6)", R"(octets_total{ifIndex="2", interface="b"} gap no_such_object)",
             R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} 1)"}),
      world.poll({{1, "a", 6, {}, 1000}, {2, "b", {}, {}, 1000}}));
}

TEST(Rows, ARowWhoseNameTheAgentFailedAtIsTheOneThatStoodThere) {
  World world(ports());
  world.poll({{1, "a", 5, {}, 1000}, {2, "b", 7, {}, 1000}});
  world.lacking = {{1, GapCause::AgentError}};
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 6)", R"(octets_total{ifIndex="2", interface="b"} 8)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} 1)"}),
            world.poll({{1, "a", 6, {}, 1000}, {2, "", 8, {}, 1000}, {3, "", 9, {}, 1000}}));
}

TEST(Rows, RowsThatTheAgentFailedToShowAreAGapAndNotGone) {
  World world(ports());
  world.poll({{1, "a", 5, {}, 1000}, {2, "b", 7, {}, 1000}});
  for (std::uint32_t column = 1; column <= 5; ++column) world.lacking[column] = GapCause::AgentError;
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 6)", R"(octets_total{ifIndex="2", interface="b"} gap agent_error)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} gap agent_error)"}),
            world.poll({{1, "a", 6, {}, 1000}}));
  world.lacking.clear();
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 7)", R"(octets_total{ifIndex="2", interface="b"} 9)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} 1)"}),
            world.poll({{1, "a", 7, {}, 1000}, {2, "b", 9, {}, 1000}}));
}

TEST(Rows, RenumberedPortsKeepTheirSeriesAndCounters) {
  World world(ports());
  world.poll({{1, "a", 0xfffffff0, {}, 1000}, {2, "b", 50, {}, 1000}});
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 4294967312)", R"(octets_total{ifIndex="2", interface="b"} 60)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} 1)"}),
            world.poll({{1, "b", 60, {}, 1000}, {2, "a", 16, {}, 1000}}));
}

TEST(Rows, VanishedPortEndsWithAStalenessMarker) {
  World world(ports());
  world.poll({{1, "a", 1, {}}, {2, "b", 1, {}}});
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 2)", R"(octets_total{ifIndex="2", interface="b"} stale)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} stale)"}),
            world.poll({{1, "a", 2, {}}}));
  EXPECT_EQ(1u, world.outcome.gone.size());
  EXPECT_EQ(2u, world.poll({{1, "a", 2, {}}}).size());
}

TEST(Rows, TwinsAfterARestartGetAGapAndANotice) {
  World world(ports());
  world.poll({{1, "x", 1, {}}, {2, "x", 2, {}}});
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="x"} gap ambiguous)",
                   R"(octets_total{ifIndex="2", interface="x"} gap ambiguous)", R"(up{ifIndex="1", interface="x"} gap ambiguous)",
                   R"(up{ifIndex="2", interface="x"} gap ambiguous)"}),
            world.poll({{1, "x", 10, {}}, {2, "x", 20, {}}}, true));
  EXPECT_EQ(2u, world.outcome.notices.size());
  EXPECT_EQ(4u, world.poll({{1, "x", 11, {}}, {2, "x", 21, {}}}).size());
}

TEST(Rows, KeptIndexNeverNamesTwoPorts) {
  World world(ports());
  world.poll({{1, "a", 1, {}}});
  world.poll({{2, "a", 2, {}}});  // a keeps ifIndex="1"
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 3)",
                   R"(octets_total{ifIndex="1", interface="b"} 0)",  // who knows who wrote it before

                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="1", interface="b"} 1)"}),
            world.poll({{1, "b", 9, {}}, {2, "a", 3, {}}}));
}

TEST(Rows, SourceThatChangesItsWidthIsAGapThenGoesOn) {
  World world(ports());
  world.poll({{1, "a", 1000, 5'000'001'000}});
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} gap discontinuity)", R"(up{ifIndex="1", interface="a"} 1)"}),
            world.poll({{1, "a", 1100, {}}}));
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 5000001050)", R"(up{ifIndex="1", interface="a"} 1)"}),
            world.poll({{1, "a", 1150, {}}}));
}

TEST(Rows, GapIsMarkedOnceForEachCause) {
  World world(ports());
  world.poll({{1, "a", 1, {}}});
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} gap timeout)", R"(up{ifIndex="1", interface="a"} gap timeout)"}),
            world.lines(mark_gap(world.group(), world.state, GapCause::Timeout)));
  EXPECT_TRUE(mark_gap(world.group(), world.state, GapCause::Timeout).empty());
  EXPECT_EQ(2u, mark_gap(world.group(), world.state, GapCause::Auth).size());
  EXPECT_EQ(R"(octets_total{ifIndex="1", interface="a"} 4)", world.poll({{1, "a", 4, {}}})[0]);
  EXPECT_EQ(2u, mark_stale(world.group(), world.state).emissions.size());
}

TEST(Rows, RestartIsAResetWhenTheCountersSaySo) {
  World world(ports());
  world.poll({{1, "a", 3'000'000'000, {}, 1000}, {2, "b", 3'000'000'000, {}, 1000}});
  EXPECT_EQ(R"(octets_total{ifIndex="1", interface="a"} 12)",
            world.poll({{1, "a", 12, {}, 1000}, {2, "b", 300, {}, 1000}}, true)[0]);
  // The agent alone restarted: a has more than 1,000 a second make in 20 s.
  world.poll({{1, "a", 50'000, {}, 1000}, {2, "b", 310, {}, 1000}});
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a"} 50100)", R"(octets_total{ifIndex="2", interface="b"} 315)",
                   R"(up{ifIndex="1", interface="a"} 1)", R"(up{ifIndex="2", interface="b"} 1)"}),
            world.poll({{1, "a", 50'100, {}, 1000}, {2, "b", 315, {}, 1000}}, true));
  // Wrapped, or restarted? One witness decides for all.
  World near_top(ports());
  near_top.poll({{1, "a", 0xfffffff0, {}, 1000}});
  EXPECT_EQ(R"(octets_total{ifIndex="1", interface="a"} gap reboot)", near_top.poll({{1, "a", 12, {}, 1000}}, true)[0]);
  World two(ports());
  two.poll({{1, "a", 0xfffffff0, {}, 1000}, {2, "b", 70'000, {}, 1000}});
  EXPECT_EQ(R"(octets_total{ifIndex="1", interface="a"} 12)", two.poll({{1, "a", 12, {}, 1000}, {2, "b", 5, {}, 1000}}, true)[0]);
}

TEST(Rows, PartOfASumThatRestartsClaimsNoMore) {
  Profile profile = ports();
  profile.groups[0].metrics = {{"octets_total", {}, {".1.9.3 + .1.9.2", {}}, "", Text{".1.9.4", {}}}};
  World world(std::move(profile));
  world.poll({{1, "a", 1000, 5'000'000'000, 100}});
  EXPECT_EQ(R"(octets_total{ifIndex="1", interface="a"} 5000001110)", world.poll({{1, "a", 10, 5'000'000'100, 100}})[0]);
}

TEST(Rows, LabelsAreCleanedAndARowWithoutItsNameIsLeftOut) {
  World world(ports());
  EXPECT_EQ((Lines{R"(octets_total{ifIndex="1", interface="a b"} 1)", R"(up{ifIndex="1", interface="a b"} 1)"}),
            world.poll({{1, std::string("  a\nb\0", 6), 1, {}}, {2, "  ", 1, {}}}));
}

TEST(Rows, TwinsOfAPlainTableAreToldApartByIndex) {
  Profile profile = ports();
  profile.groups[0].identity.reset();
  profile.groups[0].labels.pop_back();
  profile.groups[0].metrics.erase(profile.groups[0].metrics.begin());
  World world(std::move(profile));
  EXPECT_EQ((Lines{R"(up{index="1", interface="swap"} 1)", R"(up{index="2", interface="swap"} 1)", R"(up{interface="ram"} 1)"}),
            world.poll({{1, "swap", {}, {}}, {2, "swap", {}, {}}, {3, "ram", {}, {}}}));
}

TEST(Rows, TwinsOfAPlainTableAreNotMixedUpByARestart) {
  Profile profile = ports();
  profile.groups[0].identity.reset();
  profile.groups[0].labels.pop_back();
  profile.groups[0].metrics.pop_back();
  World world(std::move(profile));
  world.poll({{1, "fan", 100, {}}, {2, "fan", 900, {}}, {3, "disk", 50, {}}});
  EXPECT_EQ((Lines{R"(octets_total{index="1", interface="fan"} gap ambiguous)",
                   R"(octets_total{index="2", interface="fan"} gap ambiguous)", R"(octets_total{interface="disk"} 20)"}),
            world.poll({{1, "fan", 90, {}}, {2, "fan", 10, {}}, {7, "disk", 20, {}}}, true));
  EXPECT_EQ((Lines{R"(octets_total{index="1", interface="fan"} 0)", R"(octets_total{index="2", interface="fan"} 0)",
                   R"(octets_total{interface="disk"} 21)"}),
            world.poll({{1, "fan", 95, {}}, {2, "fan", 15, {}}, {7, "disk", 21, {}}}));
  // A twin gone: the other is called by its name alone again.
  EXPECT_EQ((Lines{R"(octets_total{index="1", interface="fan"} stale)", R"(octets_total{index="2", interface="fan"} stale)",
                   R"(octets_total{interface="disk"} 22)", R"(octets_total{interface="fan"} 0)"}),
            world.poll({{2, "fan", 16, {}}, {7, "disk", 22, {}}}));
}

TEST(Compile, SaysWhatCannotBeRead) {
  Profile profile = ports();
  profile.groups[0].metrics = {{"bad name", {"f", 1, 2}, {"1", {}}, "", {}},
                               {"x", {}, {"1 + ", {"f", 5, 10}}, "", {}},
                               {"y", {}, {"noSuchObject", {"f", 6, 10}}, "", {}}};
  profile.match = {};
  std::vector<Finding> findings;
  const auto set = ProfileSet::compile({profile}, mib::Tree::empty(), findings);
  ASSERT_EQ(4u, findings.size());
  EXPECT_NE(std::string::npos, findings[0].text.find("matches no device"));
  EXPECT_EQ(14, findings[2].at.column);
  EXPECT_EQ("a value is missing at the end", findings[2].text);
  EXPECT_NE(std::string::npos, findings[3].text.find("noSuchObject"));
  EXPECT_TRUE(set->profiles()[0].groups[0].metrics.empty());
}

TEST(Compile, NamesTheNearestRightWord) {
  const auto says = [](const std::string& expected, const std::string& expression) {
    SCOPED_TRACE(expression);
    Profile profile = ports();
    profile.groups[0].metrics = {{"x", {}, {expression, {"f", 1, 1}}, "", {}}};
    std::vector<Finding> findings;
    ProfileSet::compile({profile}, base_tree(), findings);
    ASSERT_EQ(1u, findings.size());
    EXPECT_NE(std::string::npos, findings[0].text.find(expected)) << findings[0].text;
  };
  says("did you mean ifHCInOctets?", "1 + ifHCInOctet");
  says("did you mean IF-MIB?", "IFMIB::ifName");
  says("did you mean 'up'?", "ifOperStatus == 'uo'");
  says("ifTable is a table", "ifTable");
  says("delta() takes one object", "delta(1 + ifInOctets)");
}

TEST(Compile, StockProfilesAreSound) { EXPECT_GE(stock_profiles()->profiles().size(), 8u); }

TEST(Compile, UnitsComeFromTheName) {
  EXPECT_EQ("bytes", unit_of("interface_receive_bytes_total"));
  EXPECT_EQ("percent", unit_of("cpu_usage_percent"));
  EXPECT_EQ("", unit_of("load1"));
}

}  // namespace
}  // namespace bongsu::poll
