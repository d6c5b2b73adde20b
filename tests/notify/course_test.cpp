// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "lab.h"
#include "notify/desk.h"

namespace bongsu::notify {
namespace {

using namespace std::chrono_literals;

// What waits for a person's hours when it becomes bad enough for any hour goes at once, as it would had it begun so.
TEST(Worse, WakesAPersonForWhatHasGrownWorse) {
  Route route = route_to({"day"});
  route.escalate = {{.after = 1min, .to = {"day"}, .via = {"spare"}}};
  Lab lab(spec_of({route}));
  lab.now = parse_time("2026-11-23T12:00:00Z").value();  // Monday 21:00 in Seoul
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(2min);
  lab.open(spec_of({route}));
  EXPECT_EQ(Said{}, lab.said());
  alarm.level = alarm.peak = Severity::Urgent;  // not enough
  lab.tell(AlarmChange::Level, alarm, Severity::Danger);
  lab.run(10s);
  EXPECT_EQ(Said{}, lab.said());
  alarm.level = alarm.peak = Severity::Fatal;
  lab.tell(AlarmChange::Level, alarm, Severity::Urgent);
  lab.run(10s);
  EXPECT_EQ((Said{"day-topic: [fatal] web1: CPU usage 93 % (limit 80 %)",
                  "day-topic: [fatal, escalated] web1: CPU usage 93 % (limit 80 %)"}),
            lab.said());
  for (const std::string& line : lab.notifier->explain(alarm, lab.now)) EXPECT_EQ(std::string::npos, line.find("waits")) << line;
  // Milder again before the message has left: it waits for the hours.
  Alarm brief = alarm_of(2, "db1", Severity::Fatal, lab.now);
  lab.tell(AlarmChange::Raised, brief);
  lab.run(1s);
  brief.level = Severity::Danger;
  lab.tell(AlarmChange::Level, brief, Severity::Fatal);
  lab.run(10s);
  EXPECT_EQ(Said{}, lab.said());
}

// A route of a higher level to somebody who waits by a lower one.
TEST(Worse, WakesAPersonByWhicheverRoute) {
  Route high = route_to({"day"}, Severity::Fatal);
  high.name = "high";
  Lab lab(spec_of({route_to({"day"}), high}));
  lab.now = parse_time("2026-11-23T12:00:00Z").value();
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(10s);
  EXPECT_EQ(Said{}, lab.said());
  alarm.level = alarm.peak = Severity::Fatal;
  lab.tell(AlarmChange::Level, alarm, Severity::Danger);
  lab.run(10s);
  EXPECT_EQ((Said{"day-topic: [fatal] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
}

TEST(Worse, AsksAgainAboutHoursThatWereChanged) {
  Lab lab(spec_of({route_to({"day"})}));
  lab.now = parse_time("2026-11-23T12:00:00Z").value();
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  lab.run(10s);
  EXPECT_EQ(Said{}, lab.said());
  Spec spec = spec_of({route_to({"day"})});
  spec.people.at("day").always = Severity::Danger;
  lab.notifier->reload(std::move(spec));
  lab.run(10s);
  EXPECT_EQ(1U, lab.said().size());
}

// The message that goes again and again tells of a lesser level; so does nothing, where the service refused it for good.
TEST(Worse, TellsOfWorseWhomALesserMessageDidNotReach) {
  for (const int status : {503, 403}) {
    SCOPED_TRACE(status);
    Lab lab(spec_of({route_to({"ops"})}));
    lab.courier.answer = [&](const Request&) { return Reply{.status = status, .said = "no"}; };
    Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
    lab.tell(AlarmChange::Raised, alarm);
    lab.run(5s);
    EXPECT_EQ(1U, lab.said().size());
    lab.courier.answer = [](const Request&) { return Reply{.status = 200}; };
    alarm.level = alarm.peak = Severity::Fatal;
    lab.tell(AlarmChange::Level, alarm, Severity::Danger);
    lab.run(1min);
    Said expected{"ops-topic: [fatal] web1: CPU usage 93 % (limit 80 %)"};
    if (status == 503) expected.insert(expected.begin(), "ops-topic: [danger] web1: CPU usage 93 % (limit 80 %)");
    EXPECT_EQ(expected, lab.said());
    lab.tell(AlarmChange::Recovered, alarm, Severity::Fatal);
    lab.run(10s);
    EXPECT_EQ(1U, lab.said().size());
    EXPECT_EQ(0U, lab.state.count(kCaseTable));
  }
}

// The turn passed on between the beginning and the worse; nobody else's does who took it on.
TEST(Worse, TellsOfWorseWhoeverIsOnCallThen) {
  Spec spec = spec_of({route_to({"turns"})});
  spec.rotas["turns"] = {.turns = {"ops", "day"}, .every_minutes = 1440, .from = "2026-11-22 09:00", .zone = "Asia/Seoul"};
  Lab lab(std::move(spec));
  const auto worse = [&](Alarm& alarm, Severity level) {
    const Severity before = std::exchange(alarm.level, level);
    alarm.peak = level;
    lab.tell(AlarmChange::Level, alarm, before);
    lab.run(10s);
    Said said = lab.said();
    std::sort(said.begin(), said.end());
    return said;
  };
  lab.now = parse_time("2026-11-22T23:00:00Z").value();  // Monday 08:00 in Seoul: the turn of ops, then from 09:00 of day
  Alarm open = alarm_of(1, "web1", Severity::Danger, lab.now), taken = alarm_of(2, "db1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, open);
  lab.tell(AlarmChange::Raised, taken);
  lab.run(10s);
  EXPECT_EQ(1U, lab.said().size());
  taken.acknowledged = true;
  lab.tell(AlarmChange::Acknowledged, taken);
  lab.run(1s);
  lab.now = parse_time("2026-11-23T00:30:00Z").value();
  EXPECT_EQ(
      (Said{"day-topic: [urgent] web1: CPU usage 93 % (limit 80 %)", "ops-topic: [urgent] web1: CPU usage 93 % (limit 80 %)"}),
      worse(open, Severity::Urgent));
  EXPECT_EQ((Said{"ops-topic: [urgent] db1: CPU usage 93 % (limit 80 %)"}), worse(taken, Severity::Urgent));
  // Acknowledged until it is worse.
  taken.acknowledged = false;
  lab.tell(AlarmChange::Unacknowledged, taken);
  lab.run(10s);
  EXPECT_EQ((Said{"day-topic: [urgent] db1: CPU usage 93 % (limit 80 %)"}), lab.said());
}

// What waits for its turn tells how bad it is when that comes.
TEST(Worse, ADigestTellsTheWorst) {
  Spec spec = spec_of({route_to({"ops"})});
  spec.channels.at("hook").per_hour = 2;
  Lab lab(std::move(spec));
  Alarm second = alarm_of(2, "db1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  lab.run(10s);
  lab.tell(AlarmChange::Raised, second);
  lab.tell(AlarmChange::Raised, alarm_of(3, "db2", Severity::Caution, lab.now));
  lab.run(1min);
  EXPECT_EQ(1U, lab.said().size());
  second.level = second.peak = Severity::Fatal;
  lab.tell(AlarmChange::Level, second, Severity::Danger);
  lab.run(31min);
  EXPECT_EQ((Said{"ops-topic: [fatal] db1: CPU usage 93 % (limit 80 %)"}), lab.said());
  lab.run(2h);
  EXPECT_EQ(Said{}, lab.said());
}

// One notice in and one out, and nothing between but that it grew worse still.
TEST(Flapping, IsToldOnceAndSoIsItsRest) {
  Lab lab(spec_of({route_to({"ops"})}));
  const std::string cpu = " web1: CPU usage 93 % (limit 80 %)";
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  alarm.flapping = true;
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [danger, flapping]" + cpu}), lab.said());
  alarm.flapping = false;
  lab.tell(AlarmChange::Settled, alarm, Severity::Danger);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [danger, settled]" + cpu + ", rests at danger"}), lab.said());
  const auto level = [&](Severity next) {
    const Severity before = std::exchange(alarm.level, next);
    alarm.peak = std::max(alarm.peak, next);
    lab.tell(AlarmChange::Level, alarm, before);
    lab.run(5s);
  };
  const auto flap = [&](bool on) {
    alarm.flapping = on;
    lab.tell(on ? AlarmChange::Flapping : AlarmChange::Settled, alarm, alarm.level);
    lab.run(5s);
  };
  level(Severity::Urgent);
  level(Severity::Caution);  // below what the route is for
  level(Severity::Urgent);
  EXPECT_EQ(2U, lab.said().size());
  flap(true);
  EXPECT_EQ((Said{"ops-topic: [urgent, flapping]" + cpu + ", comes and goes between caution and urgent"}), lab.said());
  lab.open(spec_of({route_to({"ops"})}));
  lab.run(1h);
  EXPECT_EQ(Said{}, lab.said());
  const auto lines = lab.notifier->explain(alarm, lab.now);
  EXPECT_NE(std::string::npos, lines.at(1).find("of urgent, that it flaps")) << lines.at(1);
  level(Severity::Fatal);
  EXPECT_EQ((Said{"ops-topic: [fatal, flapping]" + cpu}), lab.said());
  level(Severity::Caution);
  EXPECT_EQ(Said{}, lab.said());
  flap(false);
  EXPECT_EQ((Said{"ops-topic: [caution, settled]" + cpu + ", rests at caution"}), lab.said());
  EXPECT_TRUE(lab.notifier->explain(alarm, lab.now).at(1).starts_with("  ops by hook: told at "));  // though not for it now
  flap(true);
  EXPECT_EQ(1U, lab.said().size());
  lab.tell(AlarmChange::Recovered, alarm, Severity::Caution);
  lab.run(5s);
  EXPECT_EQ(1U, lab.said().size());
  EXPECT_EQ(0U, lab.state.count(kCaseTable));
}

// What has not left when it comes to rest, or begins to flap again, says how it stands or is not said at all; nor is anything
// to who never heard of it. What was suppressed meanwhile is told afterwards.
TEST(Flapping, IsNotToldWhenItHasPassed) {
  Lab lab(spec_of({route_to({"ops"})}));
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now), mild = alarm_of(2, "db1", Severity::Caution, lab.now);
  const auto news = [&](AlarmChange change) {
    alarm.flapping = mild.flapping = change == AlarmChange::Flapping;
    lab.tell(change, alarm, alarm.level);
    lab.tell(change, mild, mild.level);
    lab.run(1s);
  };
  lab.tell(AlarmChange::Raised, mild);
  lab.tell(AlarmChange::Raised, alarm);
  news(AlarmChange::Flapping);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [danger, flapping] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
  news(AlarmChange::Settled);
  news(AlarmChange::Flapping);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  news(AlarmChange::Settled);
  lab.run(5s);
  EXPECT_EQ(1U, lab.said().size());
  news(AlarmChange::Flapping);
  news(AlarmChange::Settled);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  alarm.suppressed = true;
  lab.tell(AlarmChange::Suppressed, alarm);
  news(AlarmChange::Flapping);
  EXPECT_EQ(Said{}, lab.said());
  alarm.suppressed = false;
  lab.tell(AlarmChange::Unsuppressed, alarm);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [danger, flapping] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
  EXPECT_EQ(0U, lab.state.count(kDeliveryTable));
}

}  // namespace
}  // namespace bongsu::notify
