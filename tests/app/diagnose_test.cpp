// SPDX-License-Identifier: Apache-2.0
#include "app/diagnose.h"

#include <gmock/gmock.h>

namespace bongsu::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Port = Examination::Port;

TriedCredentials tried(snmp::Version version, std::optional<Error> error = std::nullopt, bool derived = false) {
  auto credentials = std::make_shared<snmp::Credentials>();
  credentials->name = "office";
  credentials->version = version;
  return {.credentials = std::move(credentials), .error = std::move(error), .derived = derived};
}

Examination reached() {
  Examination seen;
  seen.host = "core-sw1";
  seen.endpoint = net::Endpoint{*net::Address::parse("192.0.2.10"), 161};
  seen.ping = icmp::PingStats{.sent = 5, .received = 5};
  seen.port = Port::Silent;
  return seen;
}

Examination well() {
  Examination seen = reached();
  seen.port = Port::Answers;
  seen.tried = {tried(snmp::Version::V2c)};
  seen.winner = 0;
  seen.tables = {{.profile = "interfaces", .name = "interfaces", .rows = 24, .complete = true}};
  return seen;
}

std::vector<std::string> traits(const Examination& seen) {
  std::vector<std::string> out;
  for (const Finding& one : diagnose(seen).findings) {
    out.push_back(one.trait);
    EXPECT_FALSE(one.text.empty());
    EXPECT_FALSE(one.consequence.empty());
    EXPECT_FALSE(one.evidence.empty()) << one.trait;
    EXPECT_FALSE(one.remedy.empty());
  }
  return out;
}

const Error kSilence{Code::Timeout, "core-sw1: no answer to GET in 3 tries of 2s; check that it is up"};

}  // namespace

TEST(Diagnose, AWellDeviceHasNoFinding) {
  EXPECT_THAT(traits(well()), IsEmpty());
  EXPECT_EQ("core-sw1 (192.0.2.10:161) answers v2c, and all is well", diagnose(well()).verdict);
}

TEST(Diagnose, TellsTheKindsOfSilenceApart) {
  Examination seen;
  seen.host = "core-sw1";
  seen.no_address = Error{Code::NotFound, "core-sw1: no such name"};
  EXPECT_THAT(traits(seen), ElementsAre("no_address"));

  seen = reached();
  seen.checks = {{"port", Check::Outcome::Bad, "nothing listens"}};
  seen.port = Port::Closed;
  EXPECT_THAT(traits(seen), ElementsAre("port_closed"));
  seen.port = Port::NoWay;
  EXPECT_THAT(traits(seen), ElementsAre("unreachable"));

  seen.port = Port::Silent;
  seen.tried = {tried(snmp::Version::V2c, kSilence), tried(snmp::Version::V1, kSilence, true)};
  EXPECT_THAT(traits(seen), ElementsAre("no_answer"));
  seen.ping->received = 0;
  EXPECT_THAT(traits(seen), ElementsAre("unreachable"));
  EXPECT_EQ("core-sw1 (192.0.2.10:161) answers neither ping nor SNMP", diagnose(seen).verdict);

  seen.port = Port::Answers;  // SNMPv3 discovery
  EXPECT_THAT(traits(seen), ElementsAre("wrong_credentials"));
  EXPECT_THAT(diagnose(seen).findings[0].remedy, HasSubstr("community"));

  seen.tried = {tried(snmp::Version::V3, Error{Code::Denied, "the agent does not know user \"nms\""})};
  EXPECT_THAT(traits(seen), ElementsAre("wrong_credentials"));
  EXPECT_THAT(diagnose(seen).findings[0].evidence, HasSubstr("does not know user"));
}

TEST(Diagnose, AnswersThatAreNotBelievedAreTheReason) {
  Examination seen = reached();
  seen.tried = {tried(snmp::Version::V2c, kSilence)};
  seen.dialect.note(snmp::Trait::ReplyAddress, Time{}, "answered from 192.0.2.11:161");
  EXPECT_THAT(traits(seen), ElementsAre("reply_address"));
  EXPECT_EQ("core-sw1 (192.0.2.10:161) answers from another address or port than it was asked at", diagnose(seen).verdict);
}

TEST(Diagnose, ATimeOutBelowTheAnswersTimeIsTheReason) {
  Examination seen = well();
  seen.timeout = Millis(2'000);
  seen.answers_in = Millis(3'000);
  seen.tables[0].complete = false;
  seen.tables[0].out_of_time = true;
  seen.dialect.note(snmp::Trait::SlowTable, Time{}, "1.3.6.1.2.1.2.2.1.1 took 18s");
  EXPECT_THAT(traits(seen), UnorderedElementsAre("late_reply", "not_examined"));
}

TEST(Diagnose, AnswersThatAllTakeLongAreNoSlowTable) {
  Examination seen = well();
  seen.dialect.note(snmp::Trait::SlowTable, Time{}, "1.3.6.1.2.1.2.2.1.1 took 6s");
  seen.dialect.srtt = std::chrono::milliseconds(900);
  EXPECT_THAT(traits(seen), ElementsAre("slow_table"));
  seen.dialect.srtt = std::chrono::milliseconds(1'500);
  EXPECT_THAT(traits(seen), ElementsAre("slow_answers"));
  EXPECT_EQ("a round trip takes 1.5 s of late", diagnose(seen).findings[0].evidence);
}

TEST(Diagnose, SilenceAmongLossesIsNoTrait) {
  Examination seen = well();
  seen.singles = 20;
  seen.singles_answered = 15;
  seen.dialect.note(snmp::Trait::VarbindLimit, Time{}, "no answer to a GET of 3 objects, while 2 are answered");
  seen.dialect.note(snmp::Trait::BulkIgnored, Time{}, "no answer to GETBULK of 1.3.6.1.2.1.1, while GETNEXT is answered");
  seen.dialect.note(snmp::Trait::SilentObject, Time{}, "no answer to GETNEXT of 1.3.6.1.2.1.2.2.1.3");
  EXPECT_THAT(traits(seen), ElementsAre("packet_loss"));
  // What was looked at again stands.
  Examination both = seen;
  both.too_many = 8;
  both.bulk_problem = "not answered, GETNEXT is";
  both.tables[0].complete = false;
  both.tables[0].note = "left at 1.3.6.1.2.1.2.2.1.3";
  EXPECT_THAT(traits(both),
              UnorderedElementsAre("packet_loss", "varbind_limit", "bulk_ignored", "silent_object", "missing_tables"));
  seen.tables[0].complete = false;
  seen.tables[0].out_of_time = true;
  seen.tables[0].note = "not done in 3s";
  seen.dialect.observations.clear();
  EXPECT_THAT(traits(seen), UnorderedElementsAre("packet_loss", "not_examined"));
  seen.singles_answered = 20;
  seen.dialect.note(snmp::Trait::VarbindLimit, Time{}, "no answer to a GET of 3 objects, while 2 are answered");
  EXPECT_THAT(traits(seen), UnorderedElementsAre("varbind_limit", "slow_table"));
}

TEST(Diagnose, TheWorstStandsFirst) {
  Examination seen = well();
  seen.dialect.note(snmp::Trait::VarbindLimit, Time{}, "50 were cut to 25");
  seen.dialect.note(snmp::Trait::NotIncreasing, Time{}, "1.3.6.1.2 came after 1.3.6.1.3");
  seen.dialect.note(snmp::Trait::NotIncreasing, Time{}, "again");
  seen.tables[0].complete = false;
  seen.tables[0].note = "left at 1.3.6.1.3";
  EXPECT_THAT(traits(seen), ElementsAre("not_increasing", "missing_tables", "varbind_limit"));
  EXPECT_EQ(2U, diagnose(seen).findings[0].count);
  EXPECT_THAT(diagnose(seen).verdict, HasSubstr("goes back to an earlier object where a later one is due, and 1 more"));
}

TEST(Diagnose, WhatIsMadeGoodForIsSaidSo) {
  Examination seen = well();
  seen.dialect.note(snmp::Trait::VarbindLimit, Time{}, "50 were cut to 25");
  EXPECT_EQ("core-sw1 (192.0.2.10:161) answers v2c; its peculiarities are made good for", diagnose(seen).verdict);
}

TEST(Diagnose, SeesWhatTheEngineHasNoTraitFor) {
  Examination seen = well();
  seen.tried = {tried(snmp::Version::V2c, kSilence), tried(snmp::Version::V1, std::nullopt, true)};
  seen.winner = 1;
  EXPECT_THAT(traits(seen), ElementsAre("v1_only"));

  seen = well();
  seen.tried.push_back(tried(snmp::Version::V3, Error{Code::Denied, "the agent does not know user \"nms\""}));
  EXPECT_THAT(traits(seen), ElementsAre("some_credentials"));

  seen = well();
  seen.tables.clear();
  EXPECT_THAT(traits(seen), ElementsAre("no_tables"));
  seen.unidentified = kSilence;
  EXPECT_THAT(traits(seen), ElementsAre("unidentified"));

  seen = well();
  seen.bulk_problem = "not answered, GETNEXT is";
  EXPECT_THAT(traits(seen), ElementsAre("bulk_ignored"));
  seen.bulk_problem = "answered genErr";
  EXPECT_THAT(traits(seen), ElementsAre("bulk_refused"));
  seen.bulk_problem = "its objects are not in order";
  EXPECT_THAT(traits(seen), ElementsAre("bulk_wrong"));

  seen = well();
  seen.octets32 = "24 interfaces";
  EXPECT_THAT(traits(seen), ElementsAre("counter32_only"));

  seen = well();
  seen.tables[0].rows = 0;
  EXPECT_THAT(traits(seen), ElementsAre("hidden_tables"));
  seen.tables.clear();
  EXPECT_THAT(traits(seen), ElementsAre("no_tables"));

  seen = well();
  seen.ping->received = 3;
  EXPECT_THAT(traits(seen), ElementsAre("packet_loss"));
  seen = well();
  seen.checks = {{"loss", Check::Outcome::Bad, "some"}, {"at once", Check::Outcome::Bad, "some"}};
  seen.singles = seen.singles_answered = 20;
  seen.together = seen.together_answered = 6;
  EXPECT_THAT(traits(seen), IsEmpty());
  seen.together_answered = 1;
  EXPECT_THAT(traits(seen), ElementsAre("in_flight_limit"));
  seen.singles_answered = 14;
  EXPECT_THAT(traits(seen), ElementsAre("packet_loss"));  // what is lost together may be lost to the same
  seen.singles_late = 6;
  EXPECT_THAT(traits(seen), ElementsAre("late_reply"));  // nothing was lost
  seen.singles_late = 2;
  EXPECT_THAT(traits(seen), UnorderedElementsAre("late_reply", "packet_loss"));
}

TEST(Diagnose, ReadsTheClockOfTheEngine) {
  using namespace std::chrono_literals;
  Examination seen = well();
  const SteadyTime start{};
  const auto clocks = [&](EngineClock before, EngineClock after) {
    seen.clocks = {before, after};
    return traits(seen);
  };
  EXPECT_THAT(clocks({3, 100, 100, start}, {3, 110, 110, start + 10s}), IsEmpty());
  EXPECT_THAT(clocks({3, 100, 100, start}, {3, 101, 100.1, start + 100ms}), IsEmpty());  // whole seconds
  EXPECT_THAT(clocks({3, 100, 100, start}, {3, 120, 110, start + 10s}), ElementsAre("clock_drift"));
  EXPECT_THAT(clocks({3, 100, 100, start}, {4, 1, 110, start + 10s}), ElementsAre("engine_reboots"));
  EXPECT_THAT(clocks({3, 100, 100, start}, {3, 2, 110, start + 10s}), ElementsAre("boots_reset"));
  EXPECT_THAT(clocks({3, 1, 100, start}, {3, 2, 110, start + 10s}), ElementsAre("boots_reset"));
  EXPECT_THAT(clocks({2, 50, 100, start}, {1, 2, 110, start + 10s}), ElementsAre("boots_reset"));
  EXPECT_THAT(clocks({1, 20, 86'400, start}, {1, 21, 86'401, start + 1s}), ElementsAre("boots_reset"));  // its first, again
  EXPECT_THAT(clocks({1, 86'400, 86'400, start}, {1, 86'401, 86'401, start + 1s}), IsEmpty());
  EXPECT_THAT(clocks({17, 12, 86'400, start}, {17, 13, 86'401, start + 1s}), ElementsAre("engine_reboots"));
}

}  // namespace bongsu::app
