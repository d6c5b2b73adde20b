// SPDX-License-Identifier: Apache-2.0
#include "config/items.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>

#include "config/main.h"
#include "folder.h"
#include "query/engine.h"
#include "rule/replay.h"
#include "store/memory.h"

namespace bongsu::config {
namespace {

using namespace std::chrono_literals;

class ItemsTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) { return root_.write(name, text).parent_path(); }
  std::vector<rule::ItemSpec> read(std::vector<std::filesystem::path> folders, const SystemNames& systems = {}) {
    Problems problems;
    auto items = read_items(folders, problems, {}, systems);
    lines_ = problems.lines();
    for (std::string& line : lines_) {
      for (std::size_t at; (at = line.find(root_.path().string() + "/")) != std::string::npos;)
        line.erase(at, root_.path().string().size() + 1);
    }
    return items;
  }
  Folder root_;
  std::vector<std::string> lines_;
};

// Every example of YAML in the README of the rules is right: items as files of items, the rest as a configuration. The profile
// among them is run where profiles are tested.
TEST_F(ItemsTest, ReadsTheExamplesOfTheReadme) {
  std::ifstream in(BONGSU_SOURCE_DIR "/rules/README.md");
  const auto script = root_.write("remedies/restart-web.sh", "#!/bin/sh\n");
  std::filesystem::permissions(script, std::filesystem::perms(0755));
  std::optional<std::string> block;
  std::size_t items = 0, configurations = 0, number = 0;
  for (std::string row; std::getline(in, row);) {
    ++number;
    if (!block) {
      if (row.starts_with("```yaml")) block.emplace();
      continue;
    }
    if (!row.starts_with("```")) {
      *block += row + "\n";
      continue;
    }
    const std::string text = *std::exchange(block, std::nullopt);
    SCOPED_TRACE("the example that ends in line " + std::to_string(number));
    if (text.starts_with("- item:")) {
      EXPECT_EQ(1U, read({write("readme" + std::to_string(number) + "/items/a.yaml", text)}).size());
      EXPECT_TRUE(lines_.empty()) << lines_[0];
      ++items;
    } else {
      Problems problems;
      const auto config = parse_main(text, root_.path() / "bongsu.yaml", problems);
      EXPECT_TRUE(config) << problems.lines()[0];
      ++configurations;
    }
  }
  EXPECT_EQ(1U, items);
  EXPECT_EQ(3U, configurations);
}

TEST_F(ItemsTest, ReadsEveryKey) {
  const auto folder = write("items/a.yaml", R"(
- item: cpu_usage
  title: {en: CPU usage, ko: CPU 사용률}
  for: {os: [Linux, windows], kind: [switch]}
  expect: {os: ESXi, kind: router}
  expr: avg by (device) (cpu_usage_percent)
  unit: percent
  levels: {caution: 70, danger: {limit: 80, hold: 10s, count: 2/3}, fatal: 95}
  hold: {caution: 5m, fatal: 0s}
  count: 3/5
  clear: 5
  why: because
  interval: 15s
  no_data: {policy: ignore, after: 2m}
- item: off
  title: Off
  expr: v
  below: {danger: 5}
  states: {0: no answer, 1.5: half}
  enabled: false
)");
  const auto items = read({folder.parent_path()});
  ASSERT_EQ(std::vector<std::string>{}, lines_);
  ASSERT_EQ(2U, items.size());
  const rule::ItemSpec& cpu = items[0];
  EXPECT_EQ("cpu_usage", cpu.name);
  EXPECT_EQ("CPU 사용률", cpu.title.ko);
  EXPECT_EQ((std::vector<std::string>{"linux", "windows"}), cpu.targets.os);
  EXPECT_EQ(std::vector<std::string>{"switch"}, cpu.targets.kind);
  EXPECT_EQ((rule::Targets{.os = {"esxi"}, .kind = {"router"}}), cpu.expected);
  EXPECT_EQ("percent", cpu.unit);
  EXPECT_FALSE(cpu.below);
  const std::vector<rule::Level> levels{
      {Severity::Caution, 70, 5min, {3, 5}}, {Severity::Danger, 80, 10s, {2, 3}}, {Severity::Fatal, 95, 0s, {3, 5}}};
  EXPECT_EQ(levels, cpu.levels);
  EXPECT_EQ(5, cpu.clear);
  EXPECT_EQ(Millis(15s), cpu.interval);
  EXPECT_EQ(rule::NoData::Ignore, cpu.no_data);
  EXPECT_EQ(Millis(2min), cpu.no_data_after);
  EXPECT_TRUE(cpu.enabled);
  EXPECT_TRUE(items[1].below);
  EXPECT_FALSE(items[1].enabled);
  EXPECT_EQ("Off", items[1].title.en);
  EXPECT_EQ((std::map<double, std::string>{{0, "no answer"}, {1.5, "half"}}), items[1].states);
}

TEST_F(ItemsTest, ALaterFolderOverridesKeyByKey) {
  const auto stock = write("stock/server.yaml", R"(
- {item: a, expr: v, levels: {caution: 70, danger: 80}, hold: 1m, unit: percent}
- {item: b, expr: v, levels: {caution: 70, danger: 80}, clear: 5}
- {item: c, expr: v, levels: {caution: 70}}
)");
  const auto mine = write("mine/any_name.yaml", R"(
- {item: a, levels: {caution: 60, danger: null, fatal: 90}}
- {item: b, below: {urgent: 3}, clear: null}
- {item: d, expr: w, levels: {fatal: 1}}
)");
  const auto items = read({stock, mine});
  ASSERT_EQ(std::vector<std::string>{}, lines_);
  ASSERT_EQ(4U, items.size());
  const std::vector<rule::Level> a{{Severity::Caution, 60, 1min, {}}, {Severity::Fatal, 90, 1min, {}}};
  EXPECT_EQ(a, items[0].levels);
  EXPECT_EQ("percent", items[0].unit);
  EXPECT_TRUE(items[1].below);
  EXPECT_EQ(1U, items[1].levels.size());
  EXPECT_EQ(0, items[1].clear);
  EXPECT_EQ(70, items[2].levels[0].limit);
  EXPECT_EQ("d", items[3].name);
}

TEST_F(ItemsTest, WhatIsSetLiesBetweenStockAndFiles) {
  const auto stock =
      write("stock/items/a.yaml", "- {item: cpu, title: CPU, expr: v, unit: percent, levels: {danger: 80}, clear: 5}\n");
  const auto own = write("own/items/a.yaml", "- {item: cpu, clear: 2}\n");
  Overlay overlay;
  Problems problems;
  ASSERT_TRUE(
      overlay.set(Part::Items, "cpu", R"({"below": {"danger": 10}, "clear": 7, "unit": null, "page": true})", "body", problems));
  ASSERT_TRUE(overlay.set(Part::Items, "own", "{title: Own, expr: w, levels: {fatal: 1}}", "body", problems));
  const std::vector folders{stock.parent_path(), own.parent_path()};
  const auto items = read_items(folders, problems, overlay);
  EXPECT_EQ(std::vector<std::string>{}, problems.lines());
  ASSERT_EQ(2U, items.size());
  EXPECT_TRUE(items[0].below);
  EXPECT_EQ(10, items[0].levels[0].limit);
  EXPECT_EQ(2, items[0].clear);
  EXPECT_EQ("", items[0].unit);
  EXPECT_TRUE(items[0].page);
  EXPECT_EQ("own", items[1].name);
  EXPECT_FALSE(overlay.set(Part::Items, "cpu", "{item: other}", "body", problems));
  EXPECT_FALSE(overlay.set(Part::Items, "cpu", "[1]", "body", problems));
  EXPECT_EQ((std::vector<std::string>{"body:1:1: must be a map, as a file of the configuration holds it",
                                      "body:1:8: item must be \"cpu\", or be left out"}),
            problems.lines());
}

TEST_F(ItemsTest, WhatIsSetIsKeptAsAFileWouldSayIt) {
  Problems problems;
  Overlay overlay;
  const std::string text =
      R"({"expr": "a{b=\"c\"} > 0", "levels": {"danger": 80, "fatal": {"limit": -1.5, "hold": "1m"}}, "why": "줄\n바꿈", "x": [], )"
      R"("y": {}, "z": null, "list": [{"a": "null", "b": [1, "- x"]}, "#"]})";
  ASSERT_TRUE(overlay.set(Part::Items, "cpu", text, "body", problems));
  const Node& node = overlay.of(Part::Items).at("cpu");
  root_.write("overlay/items/cpu.yaml", "# set\n" + to_yaml(node));
  root_.write("overlay/items/.cpu.yaml.new", "half");
  const Overlay read = Overlay::read(root_.path() / "overlay", problems);
  EXPECT_EQ(std::vector<std::string>{}, problems.lines());
  EXPECT_EQ(to_json(node), to_json(read.of(Part::Items).at("cpu")));
  EXPECT_TRUE(read.leaves_main());
  for (const char* bad : {"", ".", "../x", "a b", "가", "A"}) EXPECT_FALSE(check_entry_name(Part::Items, bad)) << bad;
  EXPECT_TRUE(check_entry_name(Part::Routes, "Night-1"));
}

TEST_F(ItemsTest, NamesPlaceAndRemedy) {
  const auto says = [&](const std::string& text, std::vector<std::string> expected) {
    SCOPED_TRACE(text);
    const auto folder = write("f/i.yaml", text);
    read({folder});
    for (std::string& line : expected) line.insert(0, "f/i.yaml:");
    EXPECT_EQ(expected, lines_);
  };
  says("", {});
  says("item: a\n", {"1:1: must be a list of items; begin each with \"- item: NAME\""});
  says("- expr: v\n", {"1:3: an item must be a map with its name; begin it with \"- item: NAME\""});
  says("- item: CPU-1\n", {"1:9: not a name for an item: \"CPU-1\"; use a-z, 0-9 and _"});
  says("- {item: a, expr: v, levels: {danger: 1}}\n- {item: a, expr: v, levels: {danger: 1}}\n",
       {"2:10: item \"a\" stands in f/i.yaml:1 too; keep one"});
  says("- item: a\n  levels: {danger: 1}\n", {"1:3: item \"a\" has no \"expr\"; it is required"});
  says("- item: a\n  expr: v\n", {"1:3: item \"a\" has no \"levels\"; write them as in levels: {caution: 70, danger: 80}"});
  says("- {item: a, expr: v, levels: {danger: 1}, states: [0]}\n",
       {"1:51: states must be a map of values and what they mean, such as {0: no answer, 1: answers}"});
  says("- {item: a, expr: v, levels: {danger: 1}, states: {down: 0}}\n", {"1:52: states: \"down\" is no number"});
  says("- item: a\n  expr: v\n  levels: {}\n",
       {"3:11: item \"a\" has no level; write them as in levels: {caution: 70, danger: 80}"});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  below: {danger: 1}\n",
       {"4:10: limits stand twice; keep one of levels, above and below"});
  says("- item: a\n  exp: v\n  levels: {danger: 1}\n",
       {"1:3: item \"a\" has no \"expr\"; it is required", "2:3: item \"a\" has no key \"exp\"; did you mean \"expr\"?"});
  says("- item: a\n  expr: v\n  levels: {dangr: 1, danger: x}\n",
       {"3:12: levels has no key \"dangr\"; did you mean \"danger\"?", "3:30: danger must be a number, not \"x\""});
  says("- item: a\n  expr: v\n  levels: {danger: nan}\n", {"3:20: danger must be a finite number, not nan"});
  says("- item: a\n  expr: v\n  levels: {caution: 80, danger: 70}\n",
       {"3:33: danger at 70 would come before caution at 80; a worse level needs a higher limit"});
  says("- item: a\n  expr: v\n  below: {caution: 10, danger: 70}\n",
       {"3:32: danger at 70 would come before caution at 10; a worse level needs a lower limit"});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  count: 5/3\n",
       {"4:10: count must be n/m with 1 <= n <= m <= 64, such as 3/5 for three of the last five evaluations, not \"5/3\""});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  hold: 1\n",
       {"4:9: hold: not a duration: \"1\"; write 30s, 5m, 1h30m, 7d, 4w or 3y"});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  hold: {dangr: 1m}\n",
       {"4:10: hold has no key \"dangr\"; did you mean \"danger\"?"});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  clear: -1\n", {"4:10: clear must be 0 or more, not -1"});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  interval: 10ms\n", {"4:13: interval must be from 1s to 1d, not 10ms"});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  enabled: yes\n", {"4:12: enabled cannot be \"yes\"; known: false, true"});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  for: {kind: [swich]}\n",
       {"4:16: kind cannot be \"swich\"; did you mean \"switch\"?"});
  says("- item: a\n  expr: v\n  levels: {danger: 1}\n  no_data: ingore\n",
       {"4:12: no_data cannot be \"ingore\"; did you mean \"ignore\"?"});
  // PromQL errors stand at their place in this file.
  says("- item: a\n  expr: raet(v[5m])\n  levels: {danger: 1}\n",
       {"2:9: expr: parse error: unknown function \"raet\"; did you mean \"rate\"?"});
  says("- item: a\n  expr: v + rate(w)\n  levels: {danger: 1}\n",
       {"2:18: expr: parse error: argument 1 of rate must be a range vector, not an instant vector; add a range, as in [5m]"});
  says("- item: a\n  expr: \"v +\"\n  levels: {danger: 1}\n",
       {"2:13: expr: parse error: unexpected end of the expression; a metric, a function, a number or \"(\" must stand here"});
  says("- item: a\n  expr: |\n    v\n    + * w\n  levels: {danger: 1}\n",
       {"4:7: expr: parse error: unexpected \"*\"; a metric, a function, a number or \"(\" must stand here"});
  says("- item: a\n  expr: v[5m]\n  levels: {danger: 1}\n",
       {"2:9: expr gives a range vector, and an item judges single values; take a function such as rate() or avg_over_time()"});
  says("- item: a\n  expr: histogram_avg(v)\n  levels: {danger: 1}\n",
       {"2:9: expr: histogram_avg() reads native histograms, which Bongsu does not keep; use the series _sum, _count and _bucket "
        "of a classic one, or rewrite the expression without it"});
}

TEST_F(ItemsTest, AMissingFolderIsAProblem) {
  read({root_ / "nowhere"});
  EXPECT_EQ(
      std::vector<std::string>{"nowhere: cannot be read: No such file or directory; check the folder, or take it out of rules:"},
      lines_);
}

// A load that is 10 at night and 50 by day, each week the same but for a little: 50 is usual by day, and far off at night.
// Nothing is said before two weeks are known.
TEST_F(ItemsTest, LevelsInSigmaAreJudgedAgainstTheHourOfTheWeek) {
  const auto stock = write("stock/a.yaml",
                           "- {item: load, expr: v, levels: {caution: 3 sigma, danger: 6 sigma}, baseline: {weeks: 3}}\n"
                           "- {item: calm, expr: v, below: {danger: 4 sigma}, interval: 10m}\n");
  const auto items = read({stock});
  ASSERT_EQ(std::vector<std::string>{}, lines_);
  ASSERT_EQ(2U, items.size());
  EXPECT_TRUE(items[0].below);
  EXPECT_EQ(-4, items[0].levels[0].limit);
  EXPECT_EQ(Millis(10min), items[0].interval);
  const rule::ItemSpec& load = items[1];
  EXPECT_EQ("sigma", load.unit);
  EXPECT_EQ(Millis(5min), load.interval);
  store::MemoryStore store;
  const auto id = store.series(Labels{{"__name__", "v"}, {"device", "a"}}).value();
  const Time begin = parse_time("2026-11-02T00:00:00Z").value();  // a Monday
  std::vector<Point> points;
  for (int minute = 0; minute < 22 * 24 * 60; minute += 5) {
    const Time at = begin + std::chrono::minutes(minute);
    const int hour = minute / 60 % 24;
    // On the last Monday the day begins at two in the night.
    const bool day = (hour >= 8 && hour < 20) || (minute >= (21 * 24 + 2) * 60);
    points.push_back({id, {at, (day ? 50.0 : 10.0) + (minute / 5 % 3)}});
  }
  ASSERT_TRUE(store.append(points));
  const query::Engine engine(store);
  const auto value = [&](const char* at) -> std::optional<double> {
    const auto answer = engine.instant(*load.expr, parse_time(at).value());
    EXPECT_TRUE(answer) << answer.error().text;
    if (!answer || answer->vector.empty()) return std::nullopt;
    EXPECT_EQ("{device=\"a\"}", answer->vector[0].labels->to_string());
    return answer->vector[0].value;
  };
  EXPECT_EQ(std::nullopt, value("2026-11-10T12:00:00Z"));  // one week is known
  EXPECT_LT(std::abs(value("2026-11-17T12:00:00Z").value()), 2);
  EXPECT_LT(std::abs(value("2026-11-23T01:00:00Z").value()), 2);
  EXPECT_GT(value("2026-11-23T03:00:00Z").value(), 20);
  EXPECT_LT(std::abs(value("2026-11-23T12:00:00Z").value()), 2);
  // The same over what is stored.
  const auto range = engine.range(*load.expr, parse_time("2026-11-22T12:00:00Z").value(),
                                  parse_time("2026-11-23T12:00:00Z").value(), load.interval);
  ASSERT_TRUE(range) << range.error().text;
  const auto fired = rule::replay(load, range->matrix);
  ASSERT_EQ(1U, fired.size());
  EXPECT_EQ(Severity::Danger, fired[0].peak);
  EXPECT_EQ(parse_time("2026-11-23T02:00:00Z").value(), fired[0].since);
  ASSERT_TRUE(fired[0].until);
  EXPECT_EQ(parse_time("2026-11-23T07:35:00Z").value(), *fired[0].until);
}

TEST_F(ItemsTest, SigmaNamesWhatIsWrong) {
  const auto folder = write("a.yaml", R"(
- {item: a, expr: v, levels: {caution: 3 sigma, danger: 80}}
- {item: b, expr: v, levels: {caution: 3, danger: 8 sigma}}
- {item: c, expr: v, levels: {caution: -1 sigma}}
- {item: d, expr: v, levels: {caution: 1}, baseline: {weeks: 2}}
- {item: e, expr: v, levels: {caution: 1 sigma}, baseline: {weeks: 2, minimum: 3, floor: 0}}
)");
  read({folder});
  EXPECT_EQ((std::vector<std::string>{
                "a.yaml:2:57: danger: the other levels are in sigma; write \"4 sigma\"",
                "a.yaml:3:51: danger: the other levels are not in sigma; an item has either",
                "a.yaml:4:40: caution: a number of sigma is more than 0 and at most 100",
                "a.yaml:5:54: baseline is for levels in sigma; write them as in levels: {danger: 4 sigma}",
                "a.yaml:6:60: baseline: minimum is more than weeks",
                "a.yaml:6:60: baseline: floor must be more than 0",
            }),
            lines_);
}

// The devices' own limits, for example.
TEST_F(ItemsTest, ALimitIsANumberOrAQuery) {
  const auto folder = write("items/a.yaml", R"(
- item: heat
  expr: temperature
  levels: {caution: 70, urgent: {query: 'critical{of="heat"}', hold: 10s}}
  overrides: [{match: {tags: {room: cold}}, levels: {urgent: {query: null, limit: 80}}}]
)");
  const auto items = read({folder.parent_path()});
  ASSERT_EQ(std::vector<std::string>{}, lines_);
  ASSERT_EQ(1U, items.size());
  const rule::ItemSpec& heat = items[0];
  ASSERT_EQ(2U, heat.levels.size());
  EXPECT_FALSE(heat.levels[0].query);
  EXPECT_EQ(70, heat.levels[0].limit);
  ASSERT_TRUE(heat.levels[1].query);
  EXPECT_EQ("critical{of=\"heat\"}", heat.levels[1].query_text);
  EXPECT_EQ(10s, heat.levels[1].hold);
  ASSERT_EQ(1U, heat.overrides.size());
  EXPECT_FALSE(heat.overrides[0].item->levels[1].query);
  EXPECT_EQ(80, heat.overrides[0].item->levels[1].limit);
}

TEST_F(ItemsTest, AQueryOfALimitNamesWhatIsWrong) {
  const auto folder = write("items/a.yaml", R"(
- {item: a, expr: v, levels: {caution: {query: 'sum('}}}
- {item: b, expr: v, levels: {caution: {query: w, limit: 3}}}
- {item: c, expr: v, levels: {caution: {query: 'w[5m]'}}}
- {item: d, expr: v, levels: {caution: 2 sigma, danger: {query: w}}}
)");
  read({folder.parent_path()});
  ASSERT_EQ(4U, lines_.size());
  EXPECT_NE(std::string::npos, lines_[0].find("a.yaml:2:53: caution: query:"));
  EXPECT_NE(std::string::npos, lines_[1].find("a.yaml:3:48: caution has a limit and a query for it; keep one"));
  EXPECT_NE(std::string::npos, lines_[2].find("caution: query gives a range vector"));
  EXPECT_NE(std::string::npos, lines_[3].find("danger: the other levels are in sigma"));
}

TEST_F(ItemsTest, HolidaysLeaveSomeOfTheHours) {
  std::string days;
  for (int day = 0; day < 366; ++day)
    days += (day == 0 ? "\"" : ", \"") +
            show_local(parse_time("2024-01-01T00:00:00Z").value() + std::chrono::days(day), "").substr(5, 5) + "\"";
  read({write("stock/a.yaml",
              "- {item: cpu, expr: up, levels: {danger: 1}, hours: Mon-Fri 08:00-19:00, holidays: [" + days + "]}\n")});
  ASSERT_EQ(1U, lines_.size());
  EXPECT_TRUE(lines_[0].ends_with(": holidays: they leave none of the hours \"Mon-Fri 08:00-19:00\" within a year")) << lines_[0];
}

TEST_F(ItemsTest, OverridesAreTheItemWithOtherKeys) {
  const auto stock = write("stock/a.yaml", R"(
- item: cpu
  expr: cpu_usage_percent
  levels: {caution: 70, danger: 80}
  hold: 3m
  hours: Mon-Fri 08:00-19:00
  zone: Asia/Seoul
  holidays: ["12-25"]
  flapping: {changes: 4, within: 10m}
  overrides:
    - {for: {os: [Windows]}, levels: {danger: 90}}
    - {match: {device: db*, tags: {role: [db, dw]}}, levels: {caution: null}, hold: 10m, flapping: false}
    - {match: {labels: {cpu: "31"}}, enabled: false}
)");
  const auto items = read({stock});
  ASSERT_EQ(std::vector<std::string>{}, lines_);
  ASSERT_EQ(1U, items.size());
  const rule::ItemSpec& item = items[0];
  EXPECT_EQ(4U, item.flapping.changes);
  EXPECT_FALSE(item.hours.contains(parse_time("2026-12-25T01:00:00Z").value()));
  EXPECT_TRUE(item.hours.contains(parse_time("2026-12-24T01:00:00Z").value()));
  ASSERT_EQ(3U, item.overrides.size());
  EXPECT_EQ(std::vector<std::string>{"windows"}, item.overrides[0].targets.os);
  ASSERT_EQ(2U, item.overrides[0].item->levels.size());
  EXPECT_EQ(70, item.overrides[0].item->levels[0].limit);
  EXPECT_EQ(90, item.overrides[0].item->levels[1].limit);
  EXPECT_EQ(std::vector<std::string>{"db*"}, item.overrides[1].match.devices);
  ASSERT_EQ(1U, item.overrides[1].item->levels.size());
  EXPECT_EQ(Millis(600'000), item.overrides[1].item->levels[0].hold);
  EXPECT_EQ(0U, item.overrides[1].item->flapping.changes);
  EXPECT_FALSE(item.overrides[2].item->enabled);
}

TEST_F(ItemsTest, OverridesNameWhatIsWrong) {
  const auto refuses = [&](const std::string& override, const std::string& said) {
    SCOPED_TRACE(override);
    const auto items =
        read({write("wrong/a.yaml", "- item: cpu\n  expr: up\n  levels: {danger: 1}\n  overrides: [" + override + "]\n")});
    ASSERT_EQ(1U, lines_.size());
    EXPECT_NE(std::string::npos, lines_[0].find(said)) << lines_[0];
  };
  refuses("{levels: {danger: 2}}", "needs match or for");
  refuses("{match: {device: a}, expr: down}", "cannot change expr");
  refuses("{match: {device: a, level: danger}, hold: 1m}", "takes device, tags and labels");
  refuses("{match: {device: a}, hold: soon}", "hold");
  refuses("word", "must be a map");
}

// A device that sent a line a minute and falls silent is named after two hours, one that hardly ever speaks is not.
TEST_F(ItemsTest, SilentSyslogIsThatOfWhoUsedToSpeak) {
  const auto items = read({BONGSU_SOURCE_DIR "/rules"});
  const auto item = std::find_if(items.begin(), items.end(), [](const auto& one) { return one.name == "syslog_silent"; });
  ASSERT_NE(items.end(), item);
  store::MemoryStore store;
  const Time begin = parse_time("2026-11-23T00:00:00Z").value();
  std::vector<Point> points;
  for (const std::string device : {"often", "seldom"}) {
    const auto lines = store.series(Labels{{"__name__", "syslog_messages_total"}, {"device", device}}).value();
    const auto up = store.series(Labels{{"__name__", "device_up"}, {"device", device}}).value();
    for (int minute = 0; minute <= 30 * 60; ++minute) {
      const Time at = begin + std::chrono::minutes(minute);
      points.push_back({lines, {at, device == "often" ? std::min(minute, 26 * 60) : minute / 10.0}});
      points.push_back({up, {at, 1}});
    }
  }
  ASSERT_TRUE(store.append(points));
  const query::Engine engine(store);
  const auto values = [&](int minute) {
    const auto answer = engine.instant(*item->expr, begin + std::chrono::minutes(minute));
    EXPECT_TRUE(answer) << answer.error().text;
    std::vector<std::pair<std::string, bool>> out;  // device, beyond
    for (const auto& sample : answer->vector)
      out.emplace_back(sample.labels->get("device"), sample.value < item->levels[0].limit);
    return out;
  };
  using Values = std::vector<std::pair<std::string, bool>>;
  EXPECT_TRUE(item->below);
  EXPECT_EQ((Values{{"often", false}}), values(26 * 60));
  EXPECT_EQ((Values{{"often", false}}), values(27 * 60 + 50));
  EXPECT_EQ((Values{{"often", true}}), values(28 * 60 + 5));
}

TEST_F(ItemsTest, TheStockItemsAreRightAndWhole) {
  const auto items = read({BONGSU_SOURCE_DIR "/rules"});
  EXPECT_EQ(std::vector<std::string>{}, lines_);
  for (const std::string name :
       {"bgp_peer_down", "bgp_peer_flaps", "inode_usage", "syslog_silent", "clock_offset", "remedy_stopped", "cpu_usage",
        "memory_usage", "storage_usage", "device_down", "snmp_down", "interface_down", "interface_receive_errors"}) {
    EXPECT_TRUE(std::any_of(items.begin(), items.end(), [&](const rule::ItemSpec& item) { return item.name == name; })) << name;
  }
  for (const rule::ItemSpec& item : items) {
    EXPECT_FALSE(item.title.en.empty() || item.title.ko.empty() || item.why.empty()) << item.name;
    EXPECT_TRUE(item.enabled) << item.name;
  }
}

TEST_F(ItemsTest, NamesASystemThatNoDeviceHas) {
  const SystemNames systems{"ios", "linux", "windows"};
  const auto says = [&](const std::string& names, const std::vector<std::string>& expected) {
    SCOPED_TRACE(names);
    const std::string keys = "- item: a\n  expr: v\n  levels: {danger: 1}\n";
    EXPECT_EQ(expected.empty(), read({write("s/i.yaml", keys + "  for: {os: " + names + "}\n")}, systems).size() == 1);
    EXPECT_EQ(expected, lines_);
  };
  says("[Linux, ios]", {});
  says("windos", {"s/i.yaml:4:13: no system is called \"windos\"; did you mean \"windows\"?"});
  says("[linux, cisco-ios]", {"s/i.yaml:4:21: no system is called \"cisco-ios\"; did you mean \"ios\"?"});
  says("something-else",
       {"s/i.yaml:4:13: no system is called \"something-else\"; see the list of systems: in the profiles, or add a line to it"});
  read(
      {write("o/i.yaml", "- item: a\n  expr: v\n  levels: {danger: 1}\n  overrides: [{for: {os: lnux}, levels: {danger: 2}}]\n")},
      systems);
  EXPECT_EQ((std::vector<std::string>{"o/i.yaml:4:26: no system is called \"lnux\"; did you mean \"linux\"?"}), lines_);
}

}  // namespace
}  // namespace bongsu::config
