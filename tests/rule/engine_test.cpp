// SPDX-License-Identifier: Apache-2.0
#include "rule/engine.h"

#include <gtest/gtest.h>

#include "query/parse.h"
#include "rule/stage.h"

namespace bongsu::rule {
namespace {

using namespace std::chrono_literals;

ItemSpec item(std::string name, std::string_view expr, double limit) {
  ItemSpec spec;
  spec.name = std::move(name);
  spec.expr = *query::parse(expr);
  spec.levels = {{Severity::Danger, limit, 0s, {}}};
  spec.interval = 10s;
  spec.flapping.changes = 0;
  return spec;
}

class RuleEngineTest : public testing::Test {
 protected:
  void put(const Labels& labels, std::int64_t second, double value) {
    const Point point{*store_.series(labels), {time_from_ms(second * 1000), value}};
    ASSERT_TRUE(store_.append(std::span(&point, 1)));
  }
  std::unique_ptr<Engine> open(std::vector<ItemSpec> items, EngineOptions options = {}) {
    auto engine = Engine::open(std::move(items), store_, devices_, store_, metrics_, options);
    EXPECT_TRUE(engine);
    return *std::move(engine);
  }
  static Time at(std::int64_t second) { return time_from_ms(second * 1000); }
  KeptStore store_;
  KnownDevices devices_;
  Metrics metrics_;
};

// By tag, by name, by system; the last that fits counts, and what is switched off leaves.
TEST_F(RuleEngineTest, OverridesHoldWhereTheyFit) {
  ItemSpec spec = item("v", "v", 90);
  const auto over = [&](Match match, Targets targets, double limit, bool enabled) {
    ItemSpec other = item("v", "v", limit);
    other.enabled = enabled;
    spec.overrides.push_back({std::move(match), std::move(targets), std::make_shared<const ItemSpec>(std::move(other))});
  };
  over({.tags = {{"role", {"db"}}}}, {}, 99, true);
  over({.devices = {"lab*"}}, {}, 90, false);
  over({}, {.os = {"windows"}, .kind = {}}, 50, true);
  over({.labels = {{"port", {"9"}}}}, {}, 1, true);
  devices_.known["a"] = {.name = "a", .address = "192.0.2.1"};
  devices_.known["db"] = {.name = "db", .address = "192.0.2.2", .tags = {{"role", "db"}}};
  devices_.known["lab1"] = {.name = "lab1", .address = "192.0.2.3"};
  devices_.known["win"] = {.name = "win", .address = "192.0.2.4", .tags = {{"role", "db"}}, .info = {{"os", "windows"}}};
  for (const char* device : {"a", "db", "lab1"}) put({{"__name__", "v"}, {"device", device}}, 0, 95);
  put({{"__name__", "v"}, {"device", "win"}}, 0, 60);
  put({{"__name__", "v"}, {"device", "a"}, {"port", "9"}}, 0, 2);
  const auto engine = open({spec});
  engine->evaluate(at(0));
  const auto alarms = [&] {
    std::string out;
    for (const ItemState& state : engine->items("")) out += state.device + ":" + std::string(to_string(state.level)) + " ";
    return out;
  };
  EXPECT_EQ("a:danger a:danger db:normal win:danger ", alarms());
  // A device gets another tag, and one is switched off.
  devices_.known["db"].tags.clear();
  spec.overrides[1].match.devices = {"a"};
  engine->reload({spec});
  for (const char* device : {"a", "db", "lab1"}) put({{"__name__", "v"}, {"device", device}}, 10, 95);
  engine->evaluate(at(10));
  EXPECT_EQ("a:danger db:danger lab1:danger win:danger ", alarms());
  const auto ended = engine->alarm(1);
  ASSERT_TRUE(ended);
}

// At three in the morning "0 (limit 1)" says nothing.
TEST_F(RuleEngineTest, SaysWhatTheValueMeansAndWhatWasAsked) {
  ItemSpec spec = item("down", "v", 1);
  spec.below = true;
  spec.states = {{0, "no answer"}, {1, "answers"}};
  devices_.known["a"] = {
      .name = "a", .address = "192.0.2.1", .up = false, .snmp_up = false, .icmp_up = false, .error = "no answer within 2s"};
  devices_.known["b"] = {
      .name = "b", .address = "192.0.2.2", .up = true, .snmp_up = true, .icmp_up = true, .error = "slow table"};
  for (const char* device : {"a", "b"}) put({{"__name__", "v"}, {"device", device}}, 0, 0);
  const auto engine = open({spec});
  engine->evaluate(at(0));
  const auto alarm = engine->alarm(1);
  ASSERT_TRUE(alarm);
  EXPECT_EQ("no answer", alarm->meaning);
  EXPECT_EQ("192.0.2.1: no answer to ping; SNMP: no answer within 2s", alarm->asked);
  EXPECT_EQ("192.0.2.2", engine->alarm(2)->asked);  // it answers: what ails a table is not what this is about
  EXPECT_EQ("no answer", engine->items("a").at(0).meaning);
  put({{"__name__", "v"}, {"device", "a"}}, 10, 1);
  engine->evaluate(at(10));
  EXPECT_EQ("answers", engine->alarm(1)->meaning);
}

TEST_F(RuleEngineTest, CommitsOnlyWhatChanges) {
  const auto engine = open({item("v", "v", 90)});
  for (int i = 0; i < 100; ++i) put({{"__name__", "v"}, {"device", "a"}}, i * 10, 50 + i % 30);
  engine->evaluate(at(0));
  EXPECT_EQ(1U, store_.commits);
  for (int i = 1; i < 100; ++i) engine->evaluate(at(i * 10));
  EXPECT_EQ(1U, store_.commits);
  put({{"__name__", "v"}, {"device", "a"}}, 1000, 95);
  engine->evaluate(at(1000));
  EXPECT_EQ(2U, store_.commits);
  EXPECT_EQ(1U + 4U, store_.changes);  // the alarm, its watch, and its news for those who tell and those who repair
}

// What a fault would come to, where and as it is judged; nothing of it is kept, counted or seen.
// Of a limit that a query gives, a drill goes beyond the one that holds there.
TEST_F(RuleEngineTest, RehearsesBeyondAQueriedLimit) {
  ItemSpec own = item("own", "v", 0);
  own.unit.clear();
  own.levels = {{Severity::Danger, 0, 0s, {}, "w", query::parse("w").value()}};
  const auto engine = open({own});
  for (const char* name : {"a", "b"}) {
    devices_.known[name] = {.name = name, .address = "192.0.2.1", .up = true};
    put({{"__name__", "v"}, {"device", name}, {"unit", "volt"}}, 0, 7);
  }
  put({{"__name__", "w"}, {"device", "a"}, {"unit", "volt"}}, 0, 12);
  engine->evaluate(at(1));
  const auto drill = engine->rehearse("own", "a", std::nullopt, at(1));
  ASSERT_TRUE(drill) << drill.error().text;
  EXPECT_EQ("", drill->problem);
  EXPECT_EQ(12, drill->alarm.limit);
  EXPECT_GT(drill->alarm.value, 12);
  EXPECT_EQ("volt", drill->alarm.unit);
  ASSERT_EQ(1U, engine->items("a").size());
  EXPECT_EQ("volt", engine->items("a")[0].unit);
  EXPECT_EQ(0U, engine->items("b").size());  // nothing gives a limit there
  EXPECT_EQ(Code::NotFound, engine->rehearse("own", "b", std::nullopt, at(1)).error().code);
  EXPECT_EQ("nothing gives a limit for it now", engine->rehearse("own", "a", std::nullopt, at(400))->problem);
}

TEST_F(RuleEngineTest, RehearsesAFault) {
  ItemSpec spec = item("v", "v", 90);
  spec.levels = {{Severity::Caution, 70, 20s, {}}, {Severity::Fatal, 90, 20s, {.needed = 3, .of = 5}}};
  spec.title.en = "A value";
  spec.clear = 5;
  ItemSpec other = spec;
  other.levels = {{Severity::Danger, 50, 0s, {}}};
  ItemSpec off = spec;
  off.enabled = false;
  const auto over = [&](const char* device, ItemSpec with) {
    spec.overrides.push_back({.match = {.devices = {device}}, .item = std::make_shared<const ItemSpec>(std::move(with))});
  };
  over("b", other);
  ItemSpec full = item("full", "v", 95);
  full.unit = "percent";
  ItemSpec low = item("low", "v", 5);
  low.below = true;
  const auto engine = open({spec, low, full});
  for (const char* name : {"a", "b", "behind", "silent"})
    devices_.known[name] = {.name = name, .address = "192.0.2.1", .up = std::string_view(name) != "silent"};
  devices_.known["behind"].parents = {"silent"};
  for (const char* name : {"a", "b", "behind"}) put({{"__name__", "v"}, {"device", name}}, 0, 7);
  engine->evaluate(at(1));
  const std::size_t commits = store_.commits;
  auto worst = engine->rehearse("v", "a", std::nullopt, at(1));
  ASSERT_TRUE(worst) << worst.error().text;
  EXPECT_EQ(7, worst->value);
  EXPECT_EQ("", worst->problem);
  EXPECT_EQ("", worst->hidden);
  EXPECT_EQ(Severity::Fatal, worst->alarm.level);
  EXPECT_EQ("A value", worst->alarm.title);
  EXPECT_EQ(99, worst->alarm.value);
  EXPECT_EQ(20s, worst->after);
  EXPECT_EQ("a", worst->alarm.labels.get("device"));
  const auto mild = engine->rehearse("v", "a", Severity::Caution, at(1));
  ASSERT_TRUE(mild);
  EXPECT_EQ(80, mild->alarm.value);
  EXPECT_EQ(Severity::Caution, mild->alarm.level);
  EXPECT_EQ(Severity::Danger, engine->rehearse("v", "b", std::nullopt, at(1))->alarm.level);
  EXPECT_EQ(100, engine->rehearse("full", "a", std::nullopt, at(1))->alarm.value);
  EXPECT_EQ(4, engine->rehearse("low", "a", std::nullopt, at(1))->alarm.value);
  EXPECT_EQ("silent: down, and on all ways to it", engine->rehearse("v", "behind", std::nullopt, at(1))->hidden);
  engine->set_windows({{.name = "patches", .match = {.devices = {"a"}}, .until = at(100)}});
  EXPECT_EQ("maintenance patches", engine->rehearse("v", "a", std::nullopt, at(1))->hidden);
  EXPECT_EQ(Code::NotFound, engine->rehearse("v", "silent", std::nullopt, at(1)).error().code);
  EXPECT_EQ(Code::NotFound, engine->rehearse("w", "a", std::nullopt, at(1)).error().code);
  EXPECT_EQ("v is judged of devices: name one", engine->rehearse("v", "", std::nullopt, at(1)).error().text);
  EXPECT_EQ(Code::Invalid, engine->rehearse("v", "a", Severity::Urgent, at(1)).error().code);
  EXPECT_EQ(commits, store_.commits);
  EXPECT_TRUE(engine->alarms({.active_only = false}).empty());
  // Its news is for those who tell alone, and no alarm is counted.
  Alarm drill = worst->alarm;
  drill.id = kFirstDrill + 1;
  ASSERT_TRUE(engine->tell_drill({.change = AlarmChange::Raised, .at = at(1), .by = {}, .note = {}, .alarm = drill}));
  std::size_t told = 0, repaired = 0;
  const auto counting = [](std::size_t& number) { return [&](std::string_view, std::string_view) { return ++number > 0; }; };
  ASSERT_TRUE(store_.scan(kAlarmNewsTable, "", counting(told)));
  ASSERT_TRUE(store_.scan(kRemedyNewsTable, "", counting(repaired)));
  EXPECT_EQ(1U, told);
  EXPECT_EQ(0U, repaired);
  engine->evaluate(at(10));
  EXPECT_EQ(0U, engine->alarms({}).size());
  spec.overrides.clear();
  over("a", off);
  low.name = "fresh";
  engine->reload({spec, low});
  EXPECT_EQ("fresh was not judged yet; it is, each 10s", engine->rehearse("fresh", "a", std::nullopt, at(11)).error().text);
  EXPECT_EQ("an override switches it off there", engine->rehearse("v", "a", std::nullopt, at(11))->problem);
}

TEST_F(RuleEngineTest, SaysWhoRepairedWhatRecoversInTime) {
  const auto engine = open({item("v", "v", 90)});
  const auto by = [&](std::int64_t second, const std::function<void(std::uint64_t)>& between) {
    put({{"__name__", "v"}, {"device", "a"}}, second, 95);
    engine->evaluate(at(second));
    const std::uint64_t id = engine->alarms({}).front().id;
    between(id);
    put({{"__name__", "v"}, {"device", "a"}}, second + 10, 10);
    engine->evaluate(at(second + 10));
    std::string told = "nobody was told";
    const Status read = store_.scan(kRemedyNewsTable, "", [&](std::string_view, std::string_view value) {
      const auto news = decode_alarm_news(value);
      if (news && news->alarm.id == id && news->change == AlarmChange::Recovered) told = news->by;
      return true;
    });
    return read ? told : read.error().text;
  };
  EXPECT_EQ("", by(0, [](std::uint64_t) {}));
  EXPECT_EQ("clear-cache", by(100, [&](std::uint64_t id) { engine->credit(id, "clear-cache", at(111)); }));
  EXPECT_EQ("", by(200, [&](std::uint64_t id) { engine->credit(id, "clear-cache", at(210)); }));  // too long ago
  EXPECT_EQ("", by(300, [&](std::uint64_t id) {
              engine->credit(id, "clear-cache", at(400));
              engine->credit(id, "", at(0));
              engine->credit(id - 1, "clear-cache", at(400));  // has ended
              engine->credit(id + 1, "clear-cache", at(900));  // never was
            }));
  EXPECT_EQ("", by(400, [](std::uint64_t) {}));
  EXPECT_NE(std::string::npos, store_.alarm_log().find("recovered"));
}

// Else a kill in between would take back what somebody has read.
TEST_F(RuleEngineTest, ShowsAnAlarmAndItsEndOnceTheStoreHasAnswered) {
  const auto engine = open({item("v", "v", 90)});
  const AlarmQuery all{.active_only = false};
  put({{"__name__", "v"}, {"device", "a"}}, 0, 95);
  store_.before_commit = [&] {
    EXPECT_TRUE(engine->alarms(all).empty());
    EXPECT_FALSE(engine->alarm(1));
  };
  engine->evaluate(at(0));
  EXPECT_EQ(1u, store_.commits);
  ASSERT_EQ(1u, engine->alarms(all).size());
  put({{"__name__", "v"}, {"device", "a"}}, 10, 10);
  store_.before_commit = [&] { EXPECT_EQ(AlarmState::Active, engine->alarm(1)->state); };
  engine->evaluate(at(10));
  EXPECT_EQ(AlarmState::Recovered, engine->alarm(1)->state);
  // A disk that refuses must not hide one.
  store_.before_commit = {};
  store_.refuse = true;
  put({{"__name__", "v"}, {"device", "a"}}, 20, 95);
  engine->evaluate(at(20));
  EXPECT_EQ(AlarmState::Active, engine->alarm(2)->state);
}

TEST_F(RuleEngineTest, ListsAlarmsNewestFirst) {
  for (const std::string device : {"a", "b", "c"}) put({{"__name__", "v"}, {"device", device}}, 0, device == "b" ? 99 : 95);
  ItemSpec spec = item("v", "v", 90);
  spec.levels.push_back({Severity::Fatal, 98, 0s, {}});
  const auto engine = open({spec});
  engine->evaluate(at(0));
  const auto ids = [&](const AlarmQuery& query) {
    std::vector<std::uint64_t> out;
    for (const Alarm& alarm : engine->alarms(query)) out.push_back(alarm.id);
    return out;
  };
  using Ids = std::vector<std::uint64_t>;
  EXPECT_EQ((Ids{3, 2, 1}), ids({}));
  EXPECT_EQ((Ids{2}), ids({.min_level = Severity::Urgent}));
  EXPECT_EQ((Ids{3}), ids({.device = "c"}));
  EXPECT_EQ((Ids{3, 2}), ids({.limit = 2}));
  EXPECT_EQ((Ids{1}), ids({.before_id = 2}));
  put({{"__name__", "v"}, {"device", "a"}}, 10, 10);
  engine->evaluate(at(10));
  EXPECT_EQ((Ids{3, 2}), ids({}));
  EXPECT_EQ((Ids{3, 2, 1}), ids({.active_only = false}));
  EXPECT_FALSE(engine->alarm(99));
  EXPECT_EQ(at(10), engine->alarm(1)->ended);
}

TEST_F(RuleEngineTest, KeepsTheNewestRecoveredAlarms) {
  const auto items = std::vector{item("v", "v", 90)};
  auto engine = open(items, {.max_closed = 3});
  for (int i = 0; i < 12; ++i) {
    put({{"__name__", "v"}, {"device", "a"}}, i * 10, i % 2 == 0 ? 95 : 5);
    engine->evaluate(at(i * 10));
  }
  EXPECT_EQ(3U, engine->alarms({.active_only = false}).size());
  engine = open(items, {.max_closed = 3});
  const auto kept = engine->alarms({.active_only = false});
  ASSERT_EQ(3U, kept.size());
  EXPECT_EQ(6U, kept[0].id);
}

TEST_F(RuleEngineTest, RefusesToAcknowledgeWhatIsNotThere) {
  put({{"__name__", "v"}, {"device", "a"}}, 0, 95);
  const auto engine = open({item("v", "v", 90)});
  engine->evaluate(at(0));
  EXPECT_EQ(Code::NotFound, engine->acknowledge(2, {}, at(1)).error().code);
  EXPECT_EQ(Code::Refused, engine->unacknowledge(1, "me", at(1)).error().code);
  store_.refuse = true;
  EXPECT_EQ(Code::Unavailable, engine->acknowledge(1, {}, at(1)).error().code);
  EXPECT_FALSE(engine->alarm(1)->acknowledged);
  store_.refuse = false;
  EXPECT_TRUE(engine->acknowledge(1, {}, at(1)));
  EXPECT_TRUE(engine->alarm(1)->acknowledged);
  put({{"__name__", "v"}, {"device", "a"}}, 10, 5);
  engine->evaluate(at(10));
  EXPECT_EQ(Code::Refused, engine->acknowledge(1, {}, at(11)).error().code);
}

// Who acts on news hears that an acknowledgement ended with the rise that came while it was being kept.
TEST_F(RuleEngineTest, AnAcknowledgementThatARiseOvertakesIsTakenBack) {
  ItemSpec two = item("v", "v", 90);
  two.levels.push_back({Severity::Urgent, 95, 0s, {}});
  auto engine = open({two});
  put({{"__name__", "v"}, {"device", "a"}}, 0, 92);
  engine->evaluate(at(0));
  bool first = true;
  store_.before_commit = [&] {
    if (!std::exchange(first, false)) return;
    put({{"__name__", "v"}, {"device", "a"}}, 10, 99);
    engine->evaluate(at(10));
  };
  ASSERT_TRUE(engine->acknowledge(1, {.by = "test", .until_worse = true}, at(11)));
  EXPECT_FALSE(engine->alarm(1)->acknowledged);
  std::vector<std::string> news;
  ASSERT_TRUE(store_.scan(kAlarmNewsTable, "", [&](std::string_view, std::string_view value) {
    news.emplace_back(to_string(decode_alarm_news(value)->change));
    return true;
  }));
  EXPECT_EQ((std::vector<std::string>{"raised", "level", "acknowledged", "unacknowledged"}), news);
  engine = open({two});
  EXPECT_FALSE(engine->alarm(1)->acknowledged);
}

TEST_F(RuleEngineTest, OneNameIsOneWindow) {
  const auto engine = open({item("v", "v", 90)});
  const Window window{.name = "night", .match = {.devices = {"a"}}, .until = at(100)};
  Result<std::string> second = std::string();
  bool first = true;
  store_.before_commit = [&] {
    if (!std::exchange(first, false)) return;
    second = engine->begin_window(window, at(0));
  };
  ASSERT_TRUE(engine->begin_window(window, at(0)));
  ASSERT_FALSE(second);
  EXPECT_EQ(Code::Exists, second.error().code);
  // A disk that refuses keeps no name.
  ASSERT_TRUE(engine->end_window("night", "", at(1)));
  store_.refuse = true;
  EXPECT_FALSE(engine->begin_window(window, at(1)));
  store_.refuse = false;
  EXPECT_TRUE(engine->begin_window(window, at(1)));
}

TEST_F(RuleEngineTest, AFailingQueryChangesNothing) {
  put({{"__name__", "v"}, {"device", "a"}, {"x", "1"}}, 0, 95);
  const auto engine = open({item("v", "v * on (device) v", 90)});
  engine->evaluate(at(0));
  ASSERT_EQ(1U, engine->alarms({}).size());
  put({{"__name__", "v"}, {"device", "a"}, {"x", "2"}}, 10, 1);  // many to many from here on
  engine->evaluate(at(10));
  engine->evaluate(at(20));
  EXPECT_EQ(1U, engine->alarms({}).size());
  EXPECT_EQ(2U, metrics_.counter("bongsu_rule_failures_total", "").value());
}

TEST_F(RuleEngineTest, BoundsTheNumberOfWatches) {
  for (int i = 0; i < 20; ++i) put({{"__name__", "v"}, {"i", std::to_string(i)}}, 0, 1);
  const auto engine = open({item("v", "v", 90)}, {.max_watches = 15});
  engine->evaluate(at(0));
  EXPECT_EQ(15U, engine->items("").size());
  EXPECT_EQ(5U, metrics_.counter("bongsu_rule_watches_refused_total", "").value());
}

TEST_F(RuleEngineTest, ABadRecordIsLeftOutAndTheRestIsKept) {
  put({{"__name__", "v"}, {"device", "a"}}, 0, 95);
  {
    const auto engine = open({item("v", "v", 90)});
    engine->evaluate(at(0));
  }
  StateBatch batch;
  batch.put("alarm", "00000000000000ff", "\x01garbage");
  batch.put("watch", "zz", "");
  ASSERT_TRUE(store_.commit(batch));
  const auto engine = open({item("v", "v", 90)});
  ASSERT_EQ(1U, engine->alarms({}).size());
  EXPECT_EQ(1U, engine->alarms({})[0].id);
}

TEST_F(RuleEngineTest, AClockSetBackDoesNotHoldAnAlarmForever) {
  ItemSpec spec = item("v", "v", 90);
  spec.levels[0].hold = 20s;
  const auto engine = open({spec});
  put({{"__name__", "v"}, {"device", "a"}}, 7200, 95);
  engine->evaluate(at(7200));
  for (int second = 3600; second <= 3620; second += 10) {
    put({{"__name__", "v"}, {"device", "a"}}, second, 95);
    engine->evaluate(at(second));
    EXPECT_EQ(second == 3620 ? 1U : 0U, engine->alarms({}).size()) << second;
  }
}

}  // namespace
}  // namespace bongsu::rule
