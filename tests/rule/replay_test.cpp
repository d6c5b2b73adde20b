// SPDX-License-Identifier: Apache-2.0
#include "rule/replay.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace bongsu::rule {
namespace {

using namespace std::chrono_literals;

Series series(std::string device, std::vector<std::pair<int, double>> minutes) {
  Series out{.labels = std::make_shared<const Labels>(Labels{{"__name__", "v"}, {"device", std::move(device)}}), .samples = {}};
  for (const auto& [minute, value] : minutes) out.samples.push_back({time_from_ms(minute * 60'000), value});
  return out;
}

// "a urgent 2m-5m 95", one line each.
std::string told(const ItemSpec& item, const std::vector<Series>& values, const std::vector<DeviceState>& devices = {}) {
  std::string out;
  for (const Replayed& one : replay(item, values, devices)) {
    out += std::string(one.labels.get("device")) + " " + std::string(to_string(one.peak)) + " " +
           format_duration(one.since.time_since_epoch()) + "-" +
           (one.until ? format_duration(one.until->time_since_epoch()) : "") + " " + format_number(one.worst) + "\n";
  }
  return out;
}

ItemSpec cpu() {
  ItemSpec item;
  item.name = "cpu";
  item.interval = 1min;
  item.levels = {{Severity::Danger, 80, 1min, {}}, {Severity::Urgent, 90, 1min, {}}};
  item.clear = 5;
  return item;
}

TEST(Replay, ListsWhatWouldHaveBeenTold) {
  EXPECT_EQ("", told(cpu(), {}));
  EXPECT_EQ("", told(cpu(), {series("a", {{1, 50}, {2, 95}, {3, 50}})}));  // did not last
  EXPECT_EQ(
      "b danger 2m-4m 85\n"
      "a urgent 3m-7m 95\n"
      "a danger 10m- 81\n",
      told(cpu(), {series("a", {{1, 50}, {2, 81}, {3, 82}, {4, 95}, {5, 95}, {6, 76}, {7, 75}, {9, 81}, {10, 81}}),
                   series("b", {{1, 85}, {2, 85}, {3, 85}, {4, 10}})}));
}

TEST(Replay, KeepsAnAlarmOverAGapUnlessSilenceIsGood) {
  const std::vector<Series> values{series("a", {{1, 85}, {2, 85}, {9, 85}, {10, 10}})};
  ItemSpec item = cpu();
  EXPECT_EQ("a danger 2m-10m 85\n", told(item, values));
  item.no_data = NoData::Ignore;
  EXPECT_EQ("a danger 2m-3m 85\n", told(item, values));
}

// Of label sets that the query gives no limit there is nothing to judge.
TEST(Replay, TakesLimitsThatAQueryGave) {
  ItemSpec item = cpu();
  item.levels = {{Severity::Danger, 0, 1min, {}, "limit", std::make_shared<query::Expr>()}};
  Limits limits;
  limits.take(item.levels[0], Labels{{"device", "a"}}, 60);
  limits.take(item.levels[0], Labels{{"device", "b"}}, 90);
  const std::vector<Series> values{series("a", {{1, 70}, {2, 70}, {3, 10}}), series("b", {{1, 70}, {2, 70}, {3, 10}}),
                                   series("c", {{1, 99}, {2, 99}, {3, 99}})};
  const auto fired = replay(item, values, {}, std::move(limits));
  ASSERT_EQ(1U, fired.size());
  EXPECT_EQ("a", fired[0].labels.get("device"));
  EXPECT_EQ(70, fired[0].worst);
}

// What was after the last value nobody knows.
TEST(Replay, AnOpenAlarmIsKnownUntilTheLastValue) {
  ItemSpec item = cpu();
  item.levels = {{Severity::Danger, 80, 0min, {}}};
  const auto fired = replay(item, std::vector{series("a", {{1, 50}, {2, 90}, {3, 91}})});
  ASSERT_EQ(1U, fired.size());
  EXPECT_FALSE(fired[0].until);
  EXPECT_EQ(std::chrono::minutes(1), fired[0].last - fired[0].since);
}

// As the engine does it: one alarm while its level changes too often, and its end when it came to rest.
TEST(Replay, HoldsAnAlarmThatFlapsOpen) {
  ItemSpec item = cpu();
  item.levels = {{Severity::Danger, 80, 0min, {}}};
  item.flapping = {.changes = 4, .within = 10min};
  std::vector<std::pair<int, double>> minutes;
  for (int minute = 0; minute < 10; ++minute) minutes.emplace_back(minute, minute % 2 == 0 ? 90 : 10);
  for (int minute = 10; minute < 40; ++minute) minutes.emplace_back(minute, 10);
  EXPECT_EQ(
      "a danger 0s-1m 90\n"
      "a danger 2m-3m 90\n"
      "a danger 4m-18m 90\n",
      told(item, {series("a", minutes)}));
  EXPECT_TRUE(replay(item, std::vector{series("a", minutes)})[2].flapped);
  item.flapping.changes = 0;
  EXPECT_EQ(5U, replay(item, std::vector{series("a", minutes)}).size());
}

TEST(Replay, KnowsBelowAndHours) {
  ItemSpec item = cpu();
  item.below = true;
  item.levels = {{Severity::Danger, 10, 0min, {}}};
  EXPECT_EQ("a danger 2m-4m 3\n", told(item, {series("a", {{1, 50}, {2, 9}, {3, 3}, {4, 50}})}));
  item.hours = *WeekHours::parse("Thu 00:00-00:03", "");
  EXPECT_EQ("a danger 2m-3m 9\n", told(item, {series("a", {{1, 50}, {2, 9}, {3, 3}, {4, 50}})}));
}

// As the daemon would have judged: by tag, by system and by label, and not at all where it is switched off.
TEST(Replay, KnowsOverrides) {
  ItemSpec item = cpu();
  item.levels = {{Severity::Danger, 80, 0min, {}}};
  const auto over = [&](Match match, Targets targets, double limit, bool enabled) {
    ItemSpec other = item;
    other.overrides.clear();
    other.enabled = enabled;
    other.levels[0].limit = limit;
    item.overrides.push_back({std::move(match), std::move(targets), std::make_shared<const ItemSpec>(std::move(other))});
  };
  over({.tags = {{"role", {"batch"}}}}, {}, 97, true);
  over({}, {.os = {"windows"}, .kind = {}}, 50, true);
  over({.devices = {"lab*"}}, {}, 80, false);
  std::vector<Series> values;
  for (const char* name : {"a", "batch1", "lab1", "win1"}) values.push_back(series(name, {{1, 60}, {2, 95}, {3, 10}}));
  const std::vector<DeviceState> devices{{.name = "batch1", .tags = {{"role", "batch"}}},
                                         {.name = "win1", .info = {{"os", "windows"}}}};
  EXPECT_EQ("win1 danger 1m-3m 95\na danger 2m-3m 95\n", told(item, values, devices));
  // Who a device is nobody knows: names hold all the same.
  EXPECT_EQ("a danger 2m-3m 95\nbatch1 danger 2m-3m 95\nwin1 danger 2m-3m 95\n", told(item, values));
}

}  // namespace
}  // namespace bongsu::rule
