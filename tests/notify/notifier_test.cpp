// SPDX-License-Identifier: Apache-2.0
#include "notify/notifier.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "lab.h"
#include "model/record.h"
#include "notify/desk.h"
#include "notify/direct.h"

namespace bongsu::notify {
namespace {

using namespace std::chrono_literals;

TEST(Notifier, TellsTheBeginningAndTheEndToTheSame) {
  Lab lab(spec_of({route_to({"ops"})}));
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [danger] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
  EXPECT_EQ(0U, lab.state.count(kAlarmNewsTable));
  alarm.level = alarm.peak = Severity::Urgent;
  lab.tell(AlarmChange::Level, alarm, Severity::Danger);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [urgent] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
  // Milder again: it is still open, and known.
  alarm.level = Severity::Danger;
  lab.tell(AlarmChange::Level, alarm, Severity::Urgent);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  lab.tell(AlarmChange::Recovered, alarm, Severity::Danger);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [recovered] web1: CPU usage, Lasted 15 s"}), lab.said());
  EXPECT_EQ(0U, lab.state.count(kCaseTable));
  EXPECT_EQ(0U, lab.state.count(kDeliveryTable));
}

// Told at once, alone and marked, counted nowhere, and never tried twice.
TEST(Notifier, FollowsADrill) {
  Spec spec = spec_of({route_to({"ops", "day"})});
  spec.routes[0].wait = 5min;
  Route quiet = route_to({"ops"});
  quiet.name = "quiet";
  quiet.via = {"spare"};
  quiet.recovered = false;
  spec.routes.push_back(quiet);
  spec.channels.at("spare").fallback = "hook";
  Lab lab(std::move(spec));
  lab.now += 12h;  // the evening in Seoul
  lab.courier.answer = [](const Request& request) {
    const bool bad = request.url.find("spare") != std::string::npos;
    return bad ? Reply{.status = 503, .said = "busy"} : Reply{.status = 200, .said = "ok"};
  };
  const Alarm drill = alarm_of(kFirstDrill + 7, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, drill);
  Alarm real = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.notifier->step(lab.now);
  lab.run(4s);
  using State = DrillStep::State;
  const auto steps = [&] {
    Said out;
    for (const DrillStep& one : lab.notifier->drill_steps(drill.id))
      out.push_back(one.to.channel + "/" + one.to.person + " " + std::string(to_string(one.reason)) +
                    (one.state == State::Sent     ? " sent"
                     : one.state == State::Failed ? " failed " + one.problem
                     : one.state == State::Held   ? " held"
                                                  : " waits") +
                    (one.end_follows ? "" : ", no end"));
    std::sort(out.begin(), out.end());
    return out;
  };
  EXPECT_EQ((Said{"ops-topic: [drill, danger] web1: CPU usage 93 % (limit 80 %)",
                  "ops-topic: [drill, danger] web1: CPU usage 93 % (limit 80 %)"}),
            lab.said());
  const Said begun = steps();
  ASSERT_EQ(3U, begun.size());
  EXPECT_EQ("hook/day raised held", begun[0]);
  EXPECT_EQ("hook/ops raised sent", begun[1]);
  EXPECT_TRUE(begun[2].starts_with("spare/ops raised failed ")) << begun[2];
  EXPECT_TRUE(begun[2].ends_with(", no end")) << begun[2];
  lab.tell(AlarmChange::Recovered, drill, Severity::Danger);
  lab.run(4s);
  EXPECT_EQ((Said{"ops-topic: [drill, recovered] web1: CPU usage, Lasted 4 s"}), lab.said());
  EXPECT_EQ("hook/ops recovered sent", steps()[1]);
  EXPECT_EQ(3U, steps().size());  // who was held back hears nothing of it
  EXPECT_EQ(0U, lab.state.count(kCaseTable));
  EXPECT_EQ(0U, lab.state.count(kDeliveryTable));
  lab.run(1h);
  EXPECT_EQ(Said{}, lab.said());
  lab.metrics.each([&](std::string_view name, const MetricLabels&, double) { EXPECT_NE("bongsu_notices_total", name); });
  // A channel, and a person, that a drill has reached are known to work, also after a restart.
  lab.open(spec_of({route_to({"ops"})}));
  EXPECT_TRUE(lab.notifier->channels()[0].reached);
  EXPECT_FALSE(lab.notifier->channels()[1].reached);
  EXPECT_EQ("day", lab.notifier->people()[0].name);
  EXPECT_FALSE(lab.notifier->people()[0].reached);
  EXPECT_TRUE(lab.notifier->people()[1].reached);
}

// What a service took before the end is not told again after it, what it did not take is.
TEST(Notifier, KeepsAtItsEndWhatWasTaken) {
  for (const bool answered : {true, false}) {
    Lab lab(spec_of({route_to({"ops"})}));
    lab.courier.answer = {};
    lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
    lab.run(5s);
    ASSERT_EQ(1U, lab.said().size());
    ASSERT_EQ(1U, lab.courier.hanging.size());
    if (answered) lab.courier.hanging[0]({.status = 200, .said = "ok"});
    lab.notifier->finish(lab.now, 0ms);
    lab.courier.answer = [](const Request&) { return Reply{.status = 200, .said = "ok"}; };
    lab.open(spec_of({route_to({"ops"})}));
    lab.run(5s);
    EXPECT_EQ(answered ? 0U : 1U, lab.said().size());
  }
}

// A drill and a fault of the same moment go apart.
TEST(Notifier, MixesNoDrillWithAFault) {
  Lab lab(spec_of({route_to({"ops"})}));
  lab.tell(AlarmChange::Raised, alarm_of(kFirstDrill + 7, "web1", Severity::Danger, lab.now));
  lab.tell(AlarmChange::Raised, alarm_of(1, "web2", Severity::Danger, lab.now));
  lab.tell(AlarmChange::Raised, alarm_of(2, "web3", Severity::Danger, lab.now));
  lab.run(10s);
  const Said said = lab.said();
  ASSERT_EQ(2U, said.size());
  const std::size_t drill = said[0].find("[drill") != std::string::npos ? 0 : 1;
  EXPECT_EQ("ops-topic: [drill, danger] web1: CPU usage 93 % (limit 80 %)", said[drill]);
  EXPECT_EQ(std::string::npos, said[1 - drill].find("drill"));
  EXPECT_NE(std::string::npos, said[1 - drill].find("2 notices"));
}

TEST(Notifier, EndsADrillThatARestartCutShort) {
  Lab lab(spec_of({route_to({"ops"})}));
  lab.tell(AlarmChange::Raised, alarm_of(kFirstDrill + 7, "web1", Severity::Danger, lab.now));
  lab.tell(AlarmChange::Raised, alarm_of(1, "web2", Severity::Danger, lab.now));
  lab.run(10s);
  EXPECT_EQ(2U, lab.said().size());
  lab.open(spec_of({route_to({"ops"})}));
  lab.run(10s);
  EXPECT_EQ((Said{"ops-topic: [drill, recovered] web1: CPU usage, Lasted 11 s"}), lab.said());
  EXPECT_EQ(1U, lab.state.count(kCaseTable));  // the true one is open still
}

// Whatever routes match: everybody whom one names at some time, once, and the rooms that none speaks to.
TEST(Notifier, DrillsEverybody) {
  Spec spec = spec_of({route_to({"ops"}, Severity::Fatal)});
  spec.routes[0].match.items = {"nothing"};
  spec.routes[0].escalate = {{.after = 30min, .to = {"day"}, .via = {}}};
  spec.routes.push_back(route_to({"all"}));
  spec.channels.at("spare").room = "spare-room";
  Lab lab(std::move(spec));
  Alarm drill = alarm_of(kFirstDrill + 9, "", Severity::Harmless, lab.now);
  drill.item = "drill";
  lab.notifier->drill_everybody(drill);
  lab.run(5s);
  Said said = lab.said();
  std::sort(said.begin(), said.end());
  ASSERT_EQ(3U, said.size());
  EXPECT_TRUE(said[0].starts_with("day-topic: [drill, harmless]")) << said[0];
  EXPECT_TRUE(said[1].starts_with("ops-topic: [drill, harmless]")) << said[1];
  EXPECT_TRUE(said[2].starts_with("spare-room: [drill, harmless]")) << said[2];
  lab.tell(AlarmChange::Recovered, drill);
  lab.run(5s);
  EXPECT_EQ(3U, lab.said().size());
  EXPECT_EQ(6U, lab.notifier->drill_steps(drill.id).size());
  EXPECT_EQ(0U, lab.state.count(kCaseTable));
}

TEST(Notifier, TellsWhatIsSuppressedWhenItIsNoLonger) {
  Lab lab(spec_of({route_to({"ops"})}));
  const auto suppress = [](Alarm& alarm, bool on) {
    alarm.suppressed = on;
    alarm.suppressed_by = on ? "maintenance move" : "";
  };
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  suppress(alarm, true);
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  EXPECT_EQ("nobody is told while it is suppressed: maintenance move", lab.notifier->explain(alarm, lab.now).at(0));
  // Neither of what it becomes, nor after a restart, nor where a person's word brings an older view of it.
  alarm.level = alarm.peak = Severity::Urgent;
  lab.tell(AlarmChange::Level, alarm, Severity::Danger);
  lab.open(spec_of({route_to({"ops"})}));
  lab.run(5s);
  Alarm seen = alarm;
  suppress(seen, false);
  seen.acknowledged = true;
  lab.tell(AlarmChange::Acknowledged, seen);
  lab.run(2s);
  seen.acknowledged = false;
  lab.tell(AlarmChange::Unacknowledged, seen);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  suppress(alarm, false);
  lab.tell(AlarmChange::Unsuppressed, alarm);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [urgent] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
  // Known already: suppressed and back it is told no more, but that it grew worse.
  suppress(alarm, true);
  lab.tell(AlarmChange::Suppressed, alarm);
  lab.run(5s);
  suppress(alarm, false);
  lab.tell(AlarmChange::Unsuppressed, alarm);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  suppress(alarm, true);
  lab.tell(AlarmChange::Suppressed, alarm);
  lab.run(1s);
  alarm.level = alarm.peak = Severity::Fatal;
  lab.tell(AlarmChange::Level, alarm, Severity::Urgent);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  suppress(alarm, false);
  lab.tell(AlarmChange::Unsuppressed, alarm);
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [fatal] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
  // Its end is told to who knew its beginning, also while it is suppressed.
  suppress(alarm, true);
  lab.tell(AlarmChange::Suppressed, alarm);
  lab.run(2s);
  lab.tell(AlarmChange::Recovered, alarm, Severity::Fatal);
  lab.run(5s);
  EXPECT_EQ(1U, lab.said().size());
  EXPECT_EQ(0U, lab.state.count(kCaseTable));
  EXPECT_EQ(0U, lab.state.count(kDeliveryTable));
}

TEST(Notifier, ASuppressedAlarmThatEndsWasNever) {
  auto slow = route_to({"ops"});
  slow.escalate = {{.after = 1min, .to = {"ops"}, .via = {}}};
  slow.repeat = 1min;
  Lab lab(spec_of({slow}));
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  // What has not left yet is taken back.
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(1s);
  alarm.suppressed = true;
  lab.tell(AlarmChange::Suppressed, alarm);
  lab.run(10min);
  EXPECT_EQ(Said{}, lab.said());
  lab.tell(AlarmChange::Recovered, alarm, Severity::Danger);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  EXPECT_EQ(0U, lab.state.count(kCaseTable));
}

TEST(Notifier, SaysNothingOfWhatNoRouteWants) {
  Lab lab(spec_of({route_to({"ops"})}));
  const Alarm mild = alarm_of(1, "web1", Severity::Caution, lab.now);
  lab.tell(AlarmChange::Raised, mild);
  lab.run(5s);
  lab.tell(AlarmChange::Recovered, mild, Severity::Caution);
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  EXPECT_EQ(0U, lab.state.count(kCaseTable));
  // One that grows into a route is told then, and its end, too.
  Alarm growing = alarm_of(2, "web1", Severity::Caution, lab.now);
  lab.tell(AlarmChange::Raised, growing);
  lab.run(5s);
  growing.level = growing.peak = Severity::Danger;
  lab.tell(AlarmChange::Level, growing, Severity::Caution);
  lab.run(5s);
  EXPECT_EQ(1U, lab.said().size());
  lab.tell(AlarmChange::Recovered, growing, Severity::Danger);
  lab.run(5s);
  EXPECT_EQ(1U, lab.said().size());
}

TEST(Notifier, WaitsForWhatMayPass) {
  auto route = route_to({"ops"});
  route.wait = 1min;
  Lab lab(spec_of({route}));
  const Alarm brief = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, brief);
  lab.run(50s);
  lab.tell(AlarmChange::Recovered, brief, Severity::Danger);
  lab.run(60s);
  EXPECT_EQ(Said{}, lab.said());
  lab.tell(AlarmChange::Raised, alarm_of(2, "web1", Severity::Danger, lab.now));
  lab.run(59s);
  EXPECT_EQ(Said{}, lab.said());
  lab.run(5s);
  EXPECT_EQ(1U, lab.said().size());
}

TEST(Notifier, HoldsForTheHoursOfAPerson) {
  Lab lab(spec_of({route_to({"day"})}));
  lab.now = parse_time("2026-11-23T12:00:00Z").value();  // Monday 21:00 in Seoul
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  const Alarm passing = alarm_of(2, "db1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, passing);
  lab.tell(AlarmChange::Raised, alarm_of(3, "web1", Severity::Fatal, lab.now));
  lab.run(10s);
  EXPECT_EQ((Said{"day-topic: [fatal] web1: CPU usage 93 % (limit 80 %)"}), lab.said());  // `always: fatal`
  lab.tell(AlarmChange::Recovered, passing, Severity::Danger);
  lab.run(10s);
  lab.now = parse_time("2026-11-23T23:59:50Z").value();
  lab.run(5s);
  EXPECT_EQ(Said{}, lab.said());
  lab.run(10s);  // 09:00: what is still true
  EXPECT_EQ((Said{"day-topic: [danger] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
}

TEST(Notifier, AsksRoutesAsTheirHoursBeginAndEnd) {
  auto office = route_to({"ops"});
  office.name = "office";
  office.match.hours = WeekHours::parse("Mon-Fri 09:00-18:00", "Asia/Seoul").value();
  office.last = true;
  auto evening = route_to({"day"});
  evening.name = "evening";
  evening.match.hours = WeekHours::parse("Mon-Fri 17:00-22:00", "Asia/Seoul").value();
  Lab lab(spec_of({office, evening}));
  lab.now = parse_time("2026-11-22T23:00:00Z").value();  // Monday 08:00 in Seoul
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Fatal, lab.now));
  lab.run(10s);
  lab.now = parse_time("2026-11-22T23:59:50Z").value();
  lab.run(9s);
  EXPECT_EQ(Said{}, lab.said());
  lab.run(5s);
  EXPECT_EQ((Said{"ops-topic: [fatal] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
  lab.now = parse_time("2026-11-23T08:59:50Z").value();  // the evening's have begun, and the office is the last that is asked
  lab.run(9s);
  EXPECT_EQ(Said{}, lab.said());
  lab.run(5s);
  EXPECT_EQ((Said{"day-topic: [fatal] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
}

TEST(Notifier, AnotherConfigurationHoldsForWhatWaits) {
  auto route = route_to({"ops"});
  route.wait = 1h;
  Lab lab(spec_of({route}));
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  lab.run(10s);
  EXPECT_EQ(Said{}, lab.said());
  route.wait = 0s;
  lab.notifier->reload(spec_of({route}));
  lab.run(5s);
  EXPECT_EQ(1U, lab.said().size());
}

TEST(Notifier, EscalatesAndRepeatsUntilSomebodyTakesIt) {
  auto route = route_to({"ops"});
  route.escalate.push_back({.after = 10min, .to = {"day"}, .via = {}});
  route.repeat = 30min;
  Lab lab(spec_of({route}));
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(9min);
  EXPECT_EQ(1U, lab.said().size());
  lab.run(2min);
  EXPECT_EQ((Said{"day-topic: [danger, escalated] web1: CPU usage 93 % (limit 80 %)"}), lab.said());
  lab.run(30min);
  auto repeated = lab.said();
  std::sort(repeated.begin(), repeated.end());
  EXPECT_EQ((Said{"day-topic: [danger, still open] web1: CPU usage 93 % (limit 80 %)",
                  "ops-topic: [danger, still open] web1: CPU usage 93 % (limit 80 %)"}),
            repeated);
  alarm.acknowledged = true;
  lab.tell(AlarmChange::Acknowledged, alarm, Severity::Danger);
  lab.run(2h);
  EXPECT_EQ(Said{}, lab.said());
  lab.tell(AlarmChange::Recovered, alarm, Severity::Danger);
  lab.run(5s);
  EXPECT_EQ(2U, lab.said().size());
}

// A slow round of evaluation tells of the alarm as it stood before somebody took it.
TEST(Notifier, KeepsAnAcknowledgementThatARoundDidNotKnow) {
  Route route = route_to({"ops"});
  route.repeat = 1min;
  Lab lab(spec_of({route}));
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(5s);
  alarm.acknowledged = true;
  lab.tell(AlarmChange::Acknowledged, alarm);
  alarm.acknowledged = false;
  alarm.level = alarm.peak = Severity::Urgent;
  lab.tell(AlarmChange::Level, alarm, Severity::Danger);
  lab.run(5s);
  EXPECT_EQ(
      (Said{"ops-topic: [danger] web1: CPU usage 93 % (limit 80 %)", "ops-topic: [urgent] web1: CPU usage 93 % (limit 80 %)"}),
      lab.said());
  lab.run(5min);
  EXPECT_EQ(Said{}, lab.said());
  // Nor does one bring it back.
  lab.tell(AlarmChange::Unacknowledged, alarm);
  alarm.acknowledged = true;
  lab.tell(AlarmChange::Flapping, alarm);
  lab.run(5s);
  EXPECT_EQ(1U, lab.said().size());
}

TEST(Notifier, TellsAPersonOnceWhateverTheRoutes) {
  auto first = route_to({"ops"});
  auto second = route_to({"all"});
  second.name = "second";
  Lab lab(spec_of({first, second}));
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  lab.run(5s);
  auto said = lab.said();
  std::sort(said.begin(), said.end());
  EXPECT_EQ(
      (Said{"day-topic: [danger] web1: CPU usage 93 % (limit 80 %)", "ops-topic: [danger] web1: CPU usage 93 % (limit 80 %)"}),
      said);
  // `last` keeps the second from being asked.
  first.last = true;
  Lab alone(spec_of({first, second}));
  alone.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, alone.now));
  alone.run(5s);
  EXPECT_EQ(1U, alone.said().size());
}

TEST(Notifier, GathersWhatArisesTogether) {
  Lab lab(spec_of({route_to({"ops"})}));
  for (std::uint64_t id = 1; id <= 50; ++id) lab.tell(AlarmChange::Raised, alarm_of(id, "web1", Severity::Danger, lab.now));
  lab.run(10s);
  EXPECT_EQ((Said{"ops-topic: [danger] 50 notices: web1: CPU usage 93 % (limit 80 %) and 49 more"}), lab.said());
}

// A storm of one alarm a second for an hour: half of the hour's messages, then one a minute with all that came.
TEST(Notifier, SpreadsAStorm) {
  Lab lab(spec_of({route_to({"ops"})}));
  for (std::uint64_t id = 1; id <= 3'600; ++id) {
    lab.tell(AlarmChange::Raised, alarm_of(id, "web1", Severity::Danger, lab.now));
    lab.run(1s);
  }
  lab.run(2min);
  std::size_t told = 0;
  for (const Request& request : lab.courier.sent) {
    const auto json = nlohmann::json::parse(request.body);
    const std::string title = json["title"];
    const auto many = title.find(" notices:");
    told += many == std::string::npos ? 1 : std::stoul(title.substr(title.find("] ") + 2));
  }
  EXPECT_EQ(3'600U, told);
  EXPECT_LE(lab.courier.sent.size(), 95U);
  EXPECT_GE(lab.courier.sent.size(), 60U);
}

// One notice a message: many messages at a time, and of one alarm in their order.
TEST(Notifier, AThousandIncidentsDoNotTakeLong) {
  Spec spec = spec_of({});
  Channel channel;
  channel.name = "duty";
  channel.type = ChannelType::PagerDuty;
  channel.token = Secret("key");
  channel.per_hour = 7'200;
  spec.channels.emplace("duty", std::move(channel));
  Route route;
  route.name = "main";
  route.via = {"duty"};
  spec.routes = {route};
  Lab lab(std::move(spec));
  for (std::uint64_t id = 1; id <= 1'000; ++id) lab.tell(AlarmChange::Raised, alarm_of(id, "web", Severity::Danger, lab.now));
  lab.run(40s);
  EXPECT_EQ(1'000U, lab.courier.sent.size());
  // The service is busy with the beginning of one: its end waits, those of others do not.
  lab.courier.answer = [](const Request& request) {
    const bool first = nlohmann::json::parse(request.body)["dedup_key"] == "bongsu-bongsu1-2001";
    return first ? Reply{.status = 429, .said = "slow down"} : Reply{.status = 202};
  };
  for (const std::uint64_t id : {2'001U, 2'002U}) lab.tell(AlarmChange::Raised, alarm_of(id, "web", Severity::Danger, lab.now));
  lab.run(5s);
  lab.tell(AlarmChange::Recovered, alarm_of(2'002, "web", Severity::Danger, kStart));
  lab.tell(AlarmChange::Recovered, alarm_of(2'001, "web", Severity::Danger, kStart));
  lab.run(5s);
  const auto actions = [&](const std::string& alarm) {
    std::vector<std::string> out;
    for (const Request& request : lab.courier.sent) {
      const auto json = nlohmann::json::parse(request.body);
      if (json["dedup_key"] == "bongsu-bongsu1-" + alarm) out.push_back(json["event_action"]);
    }
    return out;
  };
  EXPECT_EQ((Said{"trigger"}), actions("2001"));
  EXPECT_EQ((Said{"trigger", "resolve"}), actions("2002"));
  lab.courier.answer = [](const Request&) { return Reply{.status = 202}; };
  lab.run(30s);
  EXPECT_EQ((Said{"trigger", "trigger", "resolve"}), actions("2001"));
}

TEST(Notifier, ExplainsWhoIsOnCall) {
  Spec spec = spec_of({route_to({"night"})});
  spec.rotas["night"] = {.turns = {"ops", "day"}, .from = "2026-11-16 09:00", .zone = "Asia/Seoul"};
  Lab lab(std::move(spec));
  const auto lines = lab.notifier->explain(alarm_of(1, "web1", Severity::Danger), lab.now);
  EXPECT_EQ((Said{"main: matches", "  night: day is on call until 2026-11-30 09:00", "  day by hook"}), lines);
}

TEST(Notifier, TriesAgainThenTakesTheDetour) {
  Spec spec = spec_of({route_to({"ops"})});
  spec.channels.at("hook").fallback = "spare";
  spec.channels.at("hook").attempts = 3;
  Lab lab(std::move(spec));
  lab.courier.answer = [](const Request& request) {
    return request.url.ends_with("hook") ? Reply{.status = 503, .said = "busy"} : Reply{.status = 200};
  };
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  lab.run(5s);
  ASSERT_EQ(1U, lab.courier.sent.size());
  EXPECT_EQ("503 busy", lab.notifier->channels().at(0).problem);
  lab.run(2min);
  ASSERT_EQ(4U, lab.courier.sent.size());
  EXPECT_TRUE(lab.courier.sent[3].url.ends_with("spare"));
  // The same message, the same key.
  const auto key = [&](std::size_t i) {
    for (const auto& [name, value] : lab.courier.sent[i].headers) {
      if (name == "Idempotency-Key") return value;
    }
    return std::string();
  };
  EXPECT_EQ(key(0), key(1));
  EXPECT_EQ(key(0), key(2));
  EXPECT_NE(key(0), key(3));
  EXPECT_EQ(0U, lab.state.count(kDeliveryTable));
  // Also after a restart it is known what failed, and what went in its place.
  Spec again = spec_of({route_to({"ops"})});
  again.channels.at("hook").fallback = "spare";
  lab.open(std::move(again));
  Alarm alarm = alarm_of(1, "web1", Severity::Danger, kStart);
  auto lines = lab.notifier->explain(alarm, lab.now);
  ASSERT_EQ(3U, lines.size());
  EXPECT_TRUE(lines[1].starts_with("  ops by hook: not told at 2026-11-23T01:00:")) << lines[1];
  EXPECT_TRUE(lines[1].ends_with(" of danger: 503 busy; went by spare")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("  ops by spare in place of hook: told at 2026-11-23T01:0")) << lines[2];
  EXPECT_TRUE(lines[2].ends_with(" of danger")) << lines[2];
  // What is worse goes the way that was found.
  alarm.level = alarm.peak = Severity::Fatal;
  lab.tell(AlarmChange::Level, alarm, Severity::Danger);
  lab.run(5s);
  ASSERT_EQ(5U, lab.courier.sent.size());
  EXPECT_TRUE(lab.courier.sent[4].url.ends_with("spare"));
  // Refused for good, there and by the fallback.
  lab.courier.answer = [](const Request& request) {
    return Reply{.status = 403, .said = request.url.ends_with("hook") ? "no hook" : "no spare"};
  };
  const Alarm other = alarm_of(2, "db1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, other);
  lab.run(10s);
  lines = lab.notifier->explain(other, lab.now);
  ASSERT_EQ(3U, lines.size());
  EXPECT_TRUE(lines[1].ends_with(" of danger: 403 no hook; went by spare")) << lines[1];
  EXPECT_TRUE(lines[2].starts_with("  ops by spare in place of hook: not told at ")) << lines[2];
  EXPECT_TRUE(lines[2].ends_with(" of danger: 403 no spare")) << lines[2];
}

// What an address may get in an hour holds over restarts.
TEST(Notifier, ARestartGivesNoNewAllowance) {
  const auto ten = [] {
    Spec spec = spec_of({route_to({"ops"})});
    spec.channels.at("hook").per_hour = 10;
    return spec;
  };
  Lab lab(ten());
  for (std::uint64_t id = 1; id <= 30; ++id) {
    lab.open(ten());
    lab.tell(AlarmChange::Raised, alarm_of(id, "web1", Severity::Danger, lab.now));
    lab.run(10s);
  }
  EXPECT_EQ(5U, lab.said().size());  // half of it at once
  lab.run(6min);
  const Said digest = lab.said();
  ASSERT_EQ(1U, digest.size());
  EXPECT_NE(std::string::npos, digest[0].find("25 notices")) << digest[0];
  lab.now += 1h;
  lab.open(ten());
  lab.tell(AlarmChange::Raised, alarm_of(31, "web1", Severity::Danger, lab.now));
  lab.run(10s);
  EXPECT_EQ(1U, lab.said().size());
}

TEST(Notifier, LosesWhatIsRefusedForGoodAndSaysSo) {
  Lab lab(spec_of({route_to({"ops"})}));
  lab.courier.answer = [](const Request&) { return Reply{.status = 403, .said = "no such topic"}; };
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  lab.run(1min);
  EXPECT_EQ(1U, lab.courier.sent.size());
  EventQuery query;
  query.kinds = {EventKind::State};
  const auto page = lab.state.store.search(query);
  ASSERT_TRUE(page);
  ASSERT_EQ(1U, page->events.size());
  EXPECT_EQ(Severity::Danger, page->events[0].severity);
  EXPECT_EQ("not told ops by hook: 403 no such topic: CPU usage raised", page->events[0].text);
}

// An endpoint that hangs holds up its own messages and nobody else's.
TEST(Notifier, AHangingChannelDelaysItself) {
  auto hooked = route_to({"ops"});
  auto spared = route_to({"ops"});
  spared.name = "spared";
  spared.via = {"spare"};
  Lab lab(spec_of({hooked, spared}));
  struct Both final : public Courier {
    void send(Request request, std::function<void(Reply)> done) override {
      if (request.url.ends_with("hook")) {
        ++hung;
        return;
      }
      ++answered;
      done({.status = 200});
    }
    int hung = 0, answered = 0;
  } courier;
  auto notifier = Notifier::open(spec_of({hooked, spared}), lab.state, lab.devices, courier, lab.metrics);
  ASSERT_TRUE(notifier);
  for (std::uint64_t id = 1; id <= 5; ++id) {
    lab.tell(AlarmChange::Raised, alarm_of(id, "web1", Severity::Danger, lab.now));
    for (int i = 0; i < 5; ++i) (*notifier)->step(lab.now += 1s);
  }
  EXPECT_EQ(1, courier.hung);
  EXPECT_EQ(5, courier.answered);
}

// Killed at any point: what was not told is told, and only what was under way is told twice, under the same key.
TEST(Notifier, LosesNothingWhenItIsKilled) {
  Lab lab(spec_of({route_to({"ops"})}));
  lab.courier.answer = nullptr;  // hangs
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  lab.run(5s);
  ASSERT_EQ(1U, lab.courier.sent.size());
  const auto key = lab.courier.sent[0].headers.at(1);
  lab.tell(AlarmChange::Raised, alarm_of(2, "web1", Severity::Danger, lab.now));
  lab.open(spec_of({route_to({"ops"})}));
  lab.courier.answer = [](const Request&) { return Reply{.status = 200}; };
  lab.run(10s);
  ASSERT_EQ(3U, lab.courier.sent.size());
  EXPECT_EQ(key, lab.courier.sent[1].headers.at(1));
  EXPECT_NE(key, lab.courier.sent[2].headers.at(1));
  // Told before the kill, not told again; its end goes to the same.
  lab.heard = lab.courier.sent.size();
  lab.open(spec_of({route_to({"ops"})}));
  lab.run(10s);
  EXPECT_EQ(Said{}, lab.said());
  lab.tell(AlarmChange::Recovered, alarm_of(1, "web1", Severity::Danger, kStart), Severity::Danger);
  lab.run(10s);
  EXPECT_EQ(1U, lab.said().size());
}

TEST(Notifier, SendsNothingThatIsNotKept) {
  Lab lab(spec_of({route_to({"ops"})}));
  lab.tell(AlarmChange::Raised, alarm_of(1, "web1", Severity::Danger, lab.now));
  lab.state.refuse = true;
  lab.run(10s);
  EXPECT_EQ(Said{}, lab.said());
  lab.state.refuse = false;
  lab.run(2s);
  EXPECT_EQ(1U, lab.said().size());
}

// It ended while its beginning was under way: who may have heard of it hears of both, in order.
TEST(Notifier, TellsTheEndOfWhatWasUnderWay) {
  Lab lab(spec_of({route_to({"ops"})}));
  lab.courier.answer = [](const Request&) { return Reply{.said = "connection refused"}; };
  const Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(5s);
  lab.tell(AlarmChange::Recovered, alarm, Severity::Danger);
  lab.run(5s);
  lab.heard = lab.courier.sent.size();
  lab.courier.answer = [](const Request&) { return Reply{.status = 200}; };
  lab.run(1min);
  EXPECT_EQ((Said{"ops-topic: [danger] web1: CPU usage 93 % (limit 80 %)", "ops-topic: [recovered] web1: CPU usage, Lasted 5 s"}),
            lab.said());
  EXPECT_EQ(0U, lab.state.count(kCaseTable));
}

TEST(Notifier, ExplainsWhatItDid) {
  auto seoul = route_to({"all"});
  seoul.match.tags["site"] = {"seoul"};
  auto busan = route_to({"ops"});
  busan.name = "south";
  busan.match.tags["site"] = {"busan"};
  Lab lab(spec_of({seoul, busan}));
  lab.now = parse_time("2026-11-23T12:00:00Z").value();
  const Alarm alarm = alarm_of(1, "web1", Severity::Danger, lab.now);
  lab.tell(AlarmChange::Raised, alarm);
  lab.run(5s);
  EXPECT_EQ((std::vector<std::string>{"main: matches", "  ops by hook: told at 2026-11-23T12:00:04Z of danger",
                                      "  day by hook: raised waits for the hours of its person",
                                      "south: not for it: the tag site is \"seoul\", it wants busan"}),
            lab.notifier->explain(alarm, lab.now));
}

TEST(Notifier, TestsAChannel) {
  Lab lab(spec_of({}));
  EXPECT_TRUE(lab.notifier->test("hook", "ops", lab.now));
  ASSERT_EQ(1U, lab.courier.sent.size());
  EXPECT_NE(std::string::npos, lab.courier.sent[0].body.find("This is a test of the channel hook."));
  const auto unknown = lab.notifier->test("hok", "ops", lab.now);
  ASSERT_FALSE(unknown);
  EXPECT_EQ("no channel hok; there are hook, spare", unknown.error().text);
  lab.courier.answer = [](const Request&) { return Reply{.status = 401, .said = "who are you?"}; };
  const auto refused = lab.notifier->test("hook", "ops", lab.now);
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Refused, refused.error().code);
  EXPECT_EQ("401 who are you?", refused.error().text);
}

// The mail server hangs; the other hears of it, and who ends Bongsu does not wait.
TEST(TellLast, TellsAllAtATimeAndEndsWhenItIsEnough) {
  const Spec spec = spec_of({route_to({"ops"}), [] {
                               Route other = route_to({"ops"});
                               other.name = "spare";
                               other.via = {"spare"};
                               return other;
                             }()});
  struct HalfDead final : Courier {
    void send(Request request, std::function<void(Reply)> done) override {
      if (request.url.find("/hook") != std::string::npos) return;
      done({.status = 200, .said = "ok"});
      enough.request_stop();
    }
    std::stop_source enough;
  } courier;
  const LastTold told =
      tell_last(spec, courier, {.title = "Bongsu does not start", .since = kStart}, kStart, 10min, courier.enough.get_token());
  EXPECT_EQ(1U, told.reached);
  EXPECT_EQ(Said{"hook to ops: no answer in time"}, told.missed);
}

TEST(NoticeRecords, AreReadAsTheyWereWritten) {
  const AlarmNews news{.change = AlarmChange::Level,
                       .before = Severity::Caution,
                       .at = kStart,
                       .by = "kim",
                       .note = "looking",
                       .alarm = alarm_of(7, "web1", Severity::Fatal)};
  EXPECT_EQ(news, decode_alarm_news(encode(news)).value());
  Case kept{.news = news, .tags = {{"site", "seoul"}}, .over = true};
  kept.routes.push_back({.route = "main", .began = kStart, .told = true, .steps = 2, .last = kStart + 5s});
  // As version 1 wrote it.
  const std::string old = [&] {
    RecordWriter out(1);
    out.text(encode(news));
    out.flag(true);
    for (int i = 0; i < 2; ++i) out.number(0);
    out.number(1);
    for (const char* text : {"hook", "ops", "main"}) out.text(text);
    out.severity(Severity::Urgent);
    out.time(kStart);
    return out.take();
  }();
  Case before{.news = news, .over = true};
  before.told.push_back({.to = {"hook", "ops"}, .route = "main", .level = Severity::Urgent, .at = kStart});
  before.levels = {Severity::Fatal};
  EXPECT_EQ(before, decode_case(old).value());
  kept.told.push_back({.to = {"hook", "ops"}, .route = "main", .level = Severity::Urgent, .at = kStart, .flapping = true});
  kept.missed.push_back(
      {.to = {"spare", ""}, .route = "main", .level = Severity::Fatal, .at = kStart, .why = "503", .fallback = "hook"});
  kept.levels = {Severity::Caution, Severity::Fatal};
  EXPECT_EQ(kept, decode_case(encode(kept)).value());
  const std::string whole = encode(kept);
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decode_case(whole.substr(0, size)));
  const Spent spent{.minutes = {{kStart, 3}, {kStart + 1min, 1}}, .last = kStart + 70s};
  EXPECT_EQ(spent, decode_spent(encode(spent)).value());
  for (std::size_t size = 0; size < encode(spent).size(); ++size) EXPECT_FALSE(decode_spent(encode(spent).substr(0, size)));
  const Delivery delivery{.id = 9,
                          .to = {"hook", ""},
                          .route = "main",
                          .notice = {Reason::Escalated, news},
                          .created = kStart,
                          .due = kStart + 1h,
                          .attempts = 3,
                          .message = "k",
                          .problem = "503",
                          .detour = true,
                          .held = true};
  EXPECT_EQ(delivery, decode_delivery(encode(delivery)).value());
  const std::string octets = encode(delivery);
  for (std::size_t size = 0; size < octets.size(); ++size) EXPECT_FALSE(decode_delivery(octets.substr(0, size)));
  std::string newer = octets;
  newer[0] = 2;
  EXPECT_EQ(Code::Unsupported, decode_delivery(newer).error().code);
}

}  // namespace
}  // namespace bongsu::notify
