// SPDX-License-Identifier: Apache-2.0
#include "remedy/engine.h"

#include <gmock/gmock.h>

#include "lab.h"

namespace bongsu::remedy {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// The index comes from a label that is a number, and from nothing else; a call takes nothing of the alarm but its body.
TEST(Remedies, SetAndCallWhatTheyName) {
  auto set = std::make_shared<SetCall>();
  set->objects = {{"ifAdminStatus.${ifIndex}", "i", "1"}, {"x.${name}.${none}.0", "=", "${ifIndex}"}};
  Remedy bounce{.name = "bounce", .script = "SET ifAdminStatus.${ifIndex} to 1", .set = set};
  auto http = std::make_shared<HttpCall>();
  Remedy call{.name = "call", .script = "POST to jobs.example", .http = http};
  for (Remedy* one : {&bounce, &call}) one->on.items = {"db_*"};
  EXPECT_FALSE(bounce.runs_script());
  Lab lab({bounce, call});
  Alarm alarm = lab.alarm(1);
  alarm.labels = Labels{{"device", "db1"}, {"ifIndex", "7"}, {"name", "7; reboot"}};
  lab.raise(alarm);
  ASSERT_EQ(1U, lab.hands->begun.size());  // one at a time of a device
  const Order first = lab.hands->begun[0].second;
  ASSERT_TRUE(first.set);
  EXPECT_EQ("db1", first.device);
  EXPECT_EQ("SET ifAdminStatus.7 to 1", first.script);
  EXPECT_EQ("ifAdminStatus.7", first.set->objects[0].object);
  EXPECT_EQ("x.${name}.${none}.0", first.set->objects[1].object);
  EXPECT_EQ("${ifIndex}", first.set->objects[1].value);
  lab.hands->end(lab.hands->begun[0].first, 0);
  lab.step();
  ASSERT_EQ(2U, lab.hands->begun.size());
  EXPECT_EQ(http, lab.hands->begun[1].second.http);
  EXPECT_THAT(lab.hands->begun[1].second.input, HasSubstr("\"id\":1,"));
  EXPECT_THAT(lab.state.audit(),
              testing::Contains("remedy bounce for alarm 1 (db_latency): runs SET ifAdminStatus.${ifIndex} to 1"));
}

TEST(Remedies, RunOnceForAnAlarmThatFits) {
  Lab lab;
  lab.raise(lab.alarm(1, "db1", Severity::Danger));  // not bad enough
  Alarm other = lab.alarm(2);
  other.item = "cpu_usage";
  lab.raise(other);
  EXPECT_TRUE(lab.hands->begun.empty());
  lab.news(AlarmChange::Level, lab.alarm(1, "db1", Severity::Urgent));
  lab.step();
  ASSERT_EQ(1U, lab.hands->begun.size());
  const auto& [run, order] = lab.hands->begun[0];
  EXPECT_EQ("clear-cache.sh", order.script);
  EXPECT_THAT(order.environment, testing::Contains(std::pair<std::string, std::string>("BONGSU_ADDRESS", "192.0.2.2")));
  EXPECT_THAT(order.input, HasSubstr(R"("device":{"name":"db1","address":"192.0.2.2","tags":{"site":"busan"}})"));
  lab.hands->end(run, 0);
  lab.step();
  EXPECT_EQ(RunState::Done, lab.run(run).state);
  // Worse and better again: it had its turn.
  lab.news(AlarmChange::Level, lab.alarm(1, "db1", Severity::Fatal));
  lab.step();
  lab.restart();
  lab.news(AlarmChange::Level, lab.alarm(1, "db1", Severity::Urgent));
  lab.step();
  EXPECT_EQ(1U, lab.hands->begun.size());
  EXPECT_EQ(0U, lab.state.count(kRemedyNewsTable));
  EXPECT_THAT(lab.state.audit(), ElementsAre("remedy clear-cache for alarm 1 (db_latency): runs clear-cache.sh",
                                             "remedy clear-cache for alarm 1 (db_latency): ended with 0 after 1s200ms"));
}

TEST(Remedies, AreMatchedByDeviceAndTags) {
  Remedy remedy = clear_cache();
  remedy.on.devices = {"db*"};
  remedy.on.tags = {{"site", {"busan", "jeju"}}};
  Lab lab({remedy});
  lab.raise(lab.alarm(1, "web1"));
  lab.raise(lab.alarm(2, "db9"));  // no tags known
  EXPECT_TRUE(lab.hands->begun.empty());
  lab.raise(lab.alarm(3, "db1"));
  EXPECT_EQ(1U, lab.hands->begun.size());
}

TEST(Remedies, SayWhoRepairedAndAskTheDeviceAtOnce) {
  Lab lab;
  lab.raise(lab.alarm(1));
  ASSERT_EQ(1U, lab.hands->begun.size());
  EXPECT_THAT(lab.effects, ElementsAre(Effect{1, "db1", "clear-cache (still running)", lab.now + 30s + kRepairs, false}));
  lab.effects.clear();
  lab.hands->end(lab.hands->begun[0].first, 0);
  lab.step();
  const Effect good{1, "db1", "clear-cache", lab.now + kRepairs, true};
  EXPECT_THAT(lab.effects, ElementsAre(good));
  // A restart remembers.
  lab.effects.clear();
  lab.restart();
  lab.step();
  EXPECT_THAT(lab.effects, ElementsAre(Effect{1, "db1", "clear-cache", good.until, false}));
  lab.effects.clear();
  lab.now = good.until;
  lab.restart();
  lab.step();
  EXPECT_TRUE(lab.effects.empty());
  // One that failed repaired nothing.
  lab.raise(lab.alarm(2));
  lab.effects.clear();
  lab.hands->end(lab.hands->begun[1].first, 1);
  lab.step();
  EXPECT_THAT(lab.effects, ElementsAre(Effect{2, "db1", "", Time{}, true}));
}

TEST(Remedies, NeverRunTwiceBecauseOfACrash) {
  Lab lab;
  // Refused by the disk: nothing is handed over before it is kept.
  lab.state.refuse = true;
  lab.news(AlarmChange::Raised, lab.alarm(1));
  lab.step();
  EXPECT_TRUE(lab.hands->begun.empty());
  lab.crash();
  lab.step();
  EXPECT_TRUE(lab.hands->begun.empty());
  lab.state.refuse = false;
  lab.step();
  ASSERT_EQ(1U, lab.hands->begun.size());
  const std::uint64_t run = lab.hands->begun[0].first;
  // Killed while it runs.
  lab.crash();
  lab.step();
  EXPECT_EQ(RunState::Unknown, lab.run(run).state);
  EXPECT_TRUE(lab.hands->begun.empty());
  EXPECT_THAT(lab.state.audit().back(), HasSubstr("it is not run again"));
  lab.news(AlarmChange::Level, lab.alarm(1, "db1", Severity::Fatal));
  lab.step();
  lab.crash();
  lab.step();
  EXPECT_TRUE(lab.hands->begun.empty());
  EXPECT_EQ(RunState::Unknown, lab.run(run).state);
  EXPECT_EQ(1, lab.engine->remedies(lab.now)[0].tally.failures);
}

TEST(Remedies, WaitForEachOther) {
  Remedy two = clear_cache();
  two.parallel = 2;
  two.max_per_hour = 100;
  Lab lab({two});
  lab.raise(lab.alarm(1, "a"));
  lab.raise(lab.alarm(2, "a"));  // one device, one script
  lab.raise(lab.alarm(3, "b"));
  lab.raise(lab.alarm(4, "c"));
  const auto states = [&] {
    std::string out;
    for (std::uint64_t id = 1; id <= 4; ++id) out += std::string(to_string(lab.run(id).state)) + " ";
    return out;
  };
  EXPECT_EQ("started queued started queued ", states());
  lab.hands->end(3, 0);
  lab.step();
  EXPECT_EQ("started queued done started ", states());
  lab.news(AlarmChange::Recovered, lab.alarm(2, "a"));
  lab.hands->end(1, 0);
  lab.step();
  EXPECT_EQ("done skipped done started ", states());
  EXPECT_EQ("the alarm recovered first", lab.run(2).why);
}

TEST(Remedies, RunSoOftenAnHour) {
  Remedy remedy = clear_cache();
  remedy.max_per_hour = 2;
  Lab lab({remedy});
  for (std::uint64_t id = 1; id <= 3; ++id) {
    lab.raise(lab.alarm(id));
    if (id <= 2) lab.hands->end(id, 0);
    lab.step();
  }
  EXPECT_EQ(2U, lab.hands->begun.size());
  EXPECT_EQ(RunState::Skipped, lab.run(3).state);
  EXPECT_THAT(lab.run(3).why, HasSubstr("2 times within the last hour"));
  lab.restart();
  lab.now += 1h;
  lab.raise(lab.alarm(4));
  EXPECT_EQ(3U, lab.hands->begun.size());
  // Those that waited in the meantime count as well.
  remedy.parallel = 1;
  remedy.max_per_hour = 1;
  Lab queue({remedy});
  queue.raise(queue.alarm(1, "a"));
  queue.news(AlarmChange::Raised, queue.alarm(2, "b"));
  queue.step();
  EXPECT_EQ(RunState::Skipped, queue.run(2).state);
}

TEST(Remedies, StopAfterFailuresUntilResumed) {
  Remedy remedy = clear_cache();
  remedy.max_per_hour = 100;
  remedy.stop_after = 2;
  Lab lab({remedy});
  const auto one = [&](std::uint64_t id, int exit_code) {
    lab.raise(lab.alarm(id));
    if (!lab.hands->begun.empty() && lab.run(id).state == RunState::Started) lab.hands->end(id, exit_code);
    lab.step();
    return lab.run(id).state;
  };
  EXPECT_EQ(RunState::Done, one(1, 1));
  EXPECT_EQ(RunState::Done, one(2, 0));  // the row ends
  EXPECT_EQ(RunState::Done, one(3, 1));
  EXPECT_EQ(RunState::Done, one(4, 2));
  EXPECT_THAT(lab.state.audit().back(), HasSubstr("stopped after 2 failures in a row"));
  EXPECT_EQ(RunState::Skipped, one(5, 0));
  lab.restart();
  EXPECT_EQ(RunState::Skipped, one(6, 0));
  auto absent = lab.engine->resume("clear-cach", "kim");
  auto resumed = lab.engine->resume("clear-cache", "kim");
  lab.step();
  EXPECT_EQ(Code::NotFound, absent.get().error().code);
  EXPECT_TRUE(resumed.get());
  EXPECT_EQ("remedy clear-cache: resumed by kim", lab.state.audit().back());
  EXPECT_EQ(RunState::Done, one(7, 0));
  // A runner that is not there is a failure, too.
  lab.hands->refuse = true;
  EXPECT_EQ(RunState::Failed, one(8, 0));
  EXPECT_EQ(1, lab.engine->remedies(lab.now)[0].tally.failures);
}

TEST(Remedies, WaitForApproval) {
  Remedy remedy = clear_cache();
  remedy.approval = true;
  Lab lab({remedy});
  lab.raise(lab.alarm(1));
  lab.raise(lab.alarm(2));
  lab.raise(lab.alarm(3));
  EXPECT_TRUE(lab.hands->begun.empty());
  EXPECT_THAT(lab.state.audit().back(), HasSubstr("bongsu remedies approve 3"));
  lab.restart();
  auto yes = lab.engine->approve(1, "kim", true);
  auto no = lab.engine->approve(2, "lee", false);
  auto none = lab.engine->approve(9, "kim", true);
  lab.step();
  EXPECT_TRUE(yes.get());
  EXPECT_TRUE(no.get());
  EXPECT_EQ(Code::NotFound, none.get().error().code);
  EXPECT_EQ(RunState::Started, lab.run(1).state);
  EXPECT_EQ("kim", lab.run(1).by);
  EXPECT_EQ("refused by lee", lab.run(2).why);
  auto again = lab.engine->approve(1, "kim", true);
  lab.news(AlarmChange::Recovered, lab.alarm(3));
  lab.step();
  EXPECT_EQ(Code::Refused, again.get().error().code);
  EXPECT_EQ(RunState::Skipped, lab.run(3).state);
  // What the disk did not take was not approved.
  lab.raise(lab.alarm(4));
  lab.state.refuse = true;
  auto unkept = lab.engine->approve(4, "kim", true);
  lab.step();
  EXPECT_EQ(Code::Unavailable, unkept.get().error().code);
  EXPECT_EQ(1U, lab.hands->begun.size());
}

TEST(Remedies, AreOrderedByHand) {
  Remedy remedy = clear_cache();
  remedy.max_per_hour = 1;
  Lab lab({remedy});
  lab.raise(lab.alarm(1));
  auto busy = lab.engine->order("clear-cache", lab.alarm(1), "kim");
  lab.step();
  EXPECT_EQ(Code::Refused, busy.get().error().code);
  lab.hands->end(1, 1);
  lab.step();
  auto again = lab.engine->order("clear-cache", lab.alarm(1), "kim");  // beyond the limit by the hour
  Alarm over = lab.alarm(2);
  over.state = AlarmState::Recovered;
  auto late = lab.engine->order("clear-cache", over, "kim");
  lab.step();
  const auto ordered = again.get();
  ASSERT_TRUE(ordered) << ordered.error().text;
  EXPECT_EQ(RunState::Started, lab.run(*ordered).state);
  EXPECT_EQ(Code::Refused, late.get().error().code);
}

TEST(Remedies, KeepStillWhereSomebodyIsAtItOrItIsMaintenance) {
  Lab lab;
  Alarm suppressed = lab.alarm(1);
  suppressed.suppressed = true;
  suppressed.suppressed_by = "maintenance patch-night";
  Alarm taken = lab.alarm(2);
  taken.acknowledged = true;
  lab.raise(suppressed);
  lab.raise(taken);
  EXPECT_TRUE(lab.hands->begun.empty());
  EXPECT_THAT(lab.run(1).why, HasSubstr("maintenance"));
  EXPECT_THAT(lab.run(2).why, HasSubstr("acknowledged"));
  // The maintenance is over and it is still bad.
  lab.news(AlarmChange::Unsuppressed, lab.alarm(1));
  lab.step();
  EXPECT_EQ(1U, lab.hands->begun.size());
}

TEST(Remedies, OfADryRunRunNothing) {
  Remedy remedy = clear_cache();
  remedy.dry_run = true;
  Lab lab({remedy});
  lab.raise(lab.alarm(1));
  EXPECT_TRUE(lab.hands->begun.empty());
  EXPECT_EQ(RunState::Dry, lab.run(1).state);
  const auto shown = lab.engine->show("clear-cache", lab.alarm(1));
  ASSERT_TRUE(shown);
  EXPECT_EQ("clear-cache.sh", shown->script);
}

TEST(Remedies, TakeDeviceTextForText) {
  Lab lab;
  Alarm alarm = lab.alarm(1, "$(id)\n;\x1b[2J\xff" + std::string(5'000, 'x'));
  alarm.title = "\"; rm -rf / #\r\n";
  lab.raise(alarm);
  ASSERT_EQ(1U, lab.hands->begun.size());
  for (const auto& [name, value] : lab.hands->begun[0].second.environment) {
    EXPECT_LE(value.size(), 1'000U) << name;
    EXPECT_EQ(std::string::npos, value.find_first_of("\n\r\x1b")) << name;
  }
  EXPECT_THAT(lab.hands->begun[0].second.input, HasSubstr(R"(\"; rm -rf / #\r\n)"));
}

TEST(Remedies, KeepTheEndsOfALongOutput) {
  Lab lab;
  lab.raise(lab.alarm(1));
  lab.hands->results.emplace_back(
      1, Outcome{.ran = true, .exit_code = 0, .output = "first" + std::string(60'000, 'x') + "last", .left_out = 7});
  lab.step();
  const remedy::Run run = lab.run(1);
  EXPECT_LE(run.outcome.output.size(), 17'000U);
  EXPECT_TRUE(run.outcome.output.starts_with("firstx"));
  EXPECT_TRUE(run.outcome.output.ends_with("xlast"));
  EXPECT_EQ(7 + 60'009 - 16'384, run.outcome.left_out);
}

TEST(Remedies, ForgetTheOldestRuns) {
  Remedy remedy = clear_cache();
  remedy.max_per_hour = 1'000;
  Lab lab({remedy});
  for (std::uint64_t id = 1; id <= 1'100; ++id) {
    lab.raise(lab.alarm(id));
    lab.hands->end(id, 0);
    lab.step(Millis(10'000));
  }
  EXPECT_EQ(1'000U, lab.engine->runs().size());
  EXPECT_EQ(1'000U, lab.state.count(kRunTable));
  EXPECT_EQ(1'100U, lab.engine->runs().front().id);
}

TEST(RunRecords, ComeBackAsTheyWere) {
  Lab lab;
  remedy::Run run{
      .id = 7, .remedy = "r", .script = "s.sh", .alarm = lab.alarm(9), .state = RunState::Done, .by = "kim", .why = "w"};
  run.created = lab.now;
  run.started = lab.now + 1s;
  run.outcome = {
      .ran = true, .problem = "p", .exit_code = -1, .signal = 9, .timed_out = true, .took = 5s, .output = "o\xff", .left_out = 3};
  const auto read = decode_run(encode(run));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(run, *read);
  EXPECT_EQ(Code::Corrupt, decode_run(encode(run).substr(0, 40)).error().code);
  const Tally tally{.failures = 3, .stopped = lab.now};
  EXPECT_EQ(tally, decode_tally(encode(tally)).value());
}

}  // namespace bongsu::remedy
