// SPDX-License-Identifier: Apache-2.0
#include "discover/propose.h"

#include <gmock/gmock.h>

#include "base_modules.h"
#include "config/profiles.h"
#include "discover/units.h"
#include "poll/plan.h"

namespace bongsu::discover {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kAcme = R"(ACME-MIB DEFINITIONS ::= BEGIN
IMPORTS enterprises, OBJECT-TYPE, Integer32, Unsigned32, Counter32, Gauge32, TimeTicks FROM SNMPv2-SMI
  DisplayString FROM SNMPv2-TC;
acme OBJECT IDENTIFIER ::= { enterprises 99999 }
acmeInfo OBJECT IDENTIFIER ::= { acme 1 }
acmeOutput OBJECT-TYPE SYNTAX Integer32 UNITS "0.1 Volts DC" MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeInfo 1 }
acmeHealth OBJECT-TYPE SYNTAX INTEGER { ok(1), failed(2) } MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeInfo 2 }
acmeMode OBJECT-TYPE SYNTAX INTEGER { dhcp(1), static(2) } MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeInfo 3 }
acmeCalls OBJECT-TYPE SYNTAX Counter32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeInfo 4 }
acmeUsers OBJECT-TYPE SYNTAX Gauge32 UNITS "user's" MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeInfo 5 }
acmeAlive OBJECT-TYPE SYNTAX TimeTicks MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeInfo 6 }
acmeLimit OBJECT-TYPE SYNTAX Gauge32 MAX-ACCESS read-write STATUS current DESCRIPTION "" ::= { acmeInfo 7 }
acmeAnswer OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeInfo 8 }
acmeOld OBJECT-TYPE SYNTAX Counter32 MAX-ACCESS read-only STATUS obsolete DESCRIPTION "" ::= { acmeInfo 9 }
acmeSilent OBJECT-TYPE SYNTAX Counter32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeInfo 10 }
acmeTempTable OBJECT-TYPE SYNTAX SEQUENCE OF AcmeTempEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acme 2 }
acmeTempEntry OBJECT-TYPE SYNTAX AcmeTempEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION ""
  INDEX { acmeTempIndex } ::= { acmeTempTable 1 }
acmeTempIndex OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeTempEntry 1 }
acmeTempName OBJECT-TYPE SYNTAX DisplayString MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeTempEntry 2 }
acmeTempValue OBJECT-TYPE SYNTAX Integer32 UNITS "degrees Celsius" MAX-ACCESS read-only STATUS current DESCRIPTION ""
  ::= { acmeTempEntry 3 }
acmePairTable OBJECT-TYPE SYNTAX SEQUENCE OF AcmePairEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acme 3 }
acmePairEntry OBJECT-TYPE SYNTAX AcmePairEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION ""
  INDEX { acmeShelf, acmeSlot } ::= { acmePairTable 1 }
acmeShelf OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acmePairEntry 1 }
acmeSlot OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acmePairEntry 2 }
acme-frames OBJECT-TYPE SYNTAX Counter32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmePairEntry 3 }
acmeMixTable OBJECT-TYPE SYNTAX SEQUENCE OF AcmeMixEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acme 4 }
acmeMixEntry OBJECT-TYPE SYNTAX AcmeMixEntry MAX-ACCESS not-accessible STATUS current DESCRIPTION ""
  INDEX { acmeMixIndex } ::= { acmeMixTable 1 }
acmeMixIndex OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS not-accessible STATUS current DESCRIPTION "" ::= { acmeMixEntry 1 }
acmeMixName OBJECT-TYPE SYNTAX DisplayString MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeMixEntry 2 }
acmeMixType OBJECT-TYPE SYNTAX INTEGER { other(1), voltsDC(3), celsius(8) } MAX-ACCESS read-only STATUS current DESCRIPTION ""
  ::= { acmeMixEntry 3 }
acmeMixScale OBJECT-TYPE SYNTAX INTEGER { milli(8), units(9), kilo(10) } MAX-ACCESS read-only STATUS current DESCRIPTION ""
  ::= { acmeMixEntry 4 }
acmeMixPrecision OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeMixEntry 5 }
acmeMixValue OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeMixEntry 6 }
acmeSystem OBJECT IDENTIFIER ::= { acme 5 }
acmeCpu5Sec OBJECT-TYPE SYNTAX Integer32 UNITS "%" MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeSystem 1 }
acmeCpu1Min OBJECT-TYPE SYNTAX Integer32 UNITS "%" MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeSystem 2 }
acmeMemTotal OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION "Installed, in kilobytes." ::= { acmeSystem 3 }
acmeMemFree OBJECT-TYPE SYNTAX Integer32 UNITS "KB" MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeSystem 4 }
acmeDiskFreePercent OBJECT-TYPE SYNTAX Integer32 MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeSystem 5 }
acmeLoadText OBJECT-TYPE SYNTAX DisplayString UNITS "V" MAX-ACCESS read-only STATUS current DESCRIPTION "" ::= { acmeSystem 6 }
END
)";

class Propose : public ::testing::Test {
 protected:
  static const mib::Tree& tree() {
    static const Folder folder;
    static const auto report = [] {
      folder.write("m/acme.txt", kAcme);
      return compile_into(folder, {kBaseModules, folder / "m"});
    }();
    return *report->tree;
  }
  void say(std::string_view name, Value value) { subject.walked.push_back({*tree().resolve(name), std::move(value)}); }
  static Value integer(int value) { return Value::of_integer(value); }
  static Value counter(std::uint64_t value) { return Value::of_number(ValueType::Counter32, value); }
  static Value text(std::string value) { return Value::of_octets(std::move(value)); }
  // What `bongsu check` says of it.
  static std::vector<std::string> faults(const Proposal& proposal) {
    config::Problems problems;
    const auto files = config::parse_profiles(proposal.yaml, "proposed.yaml", problems);
    std::vector<poll::Finding> findings;
    EXPECT_TRUE(poll::ProfileSet::compile(files, std::shared_ptr<const mib::Tree>(std::shared_ptr<void>(), &tree()), findings));
    config::add_findings(findings, problems);
    return problems.lines();
  }
  Subject subject{.device = "dc1", .sys_object_id = *Oid::parse("1.3.6.1.4.1.99999.7"), .walked = {}, .covered = {}};
};

TEST_F(Propose, SaysWhatAModuleSays) {
  say("acmeOutput.0", integer(541));
  say("acmeHealth.0", integer(1));
  say("acmeMode.0", integer(1));
  say("acmeCalls.0", counter(9));
  say("acmeUsers.0", Value::of_number(ValueType::Gauge32, 3));
  say("acmeAlive.0", Value::of_number(ValueType::TimeTicks, 300));
  say("acmeLimit.0", Value::of_number(ValueType::Gauge32, 3));
  say("acmeAnswer.0", integer(42));
  say("acmeOld.0", counter(1));
  for (const char* row : {"1", "2"}) {
    say(std::string("acmeTempIndex.") + row, integer(1));
    say(std::string("acmeTempName.") + row, text(std::string("inlet ") + row));
    say(std::string("acmeTempValue.") + row, integer(21));
    say(std::string("acme-frames.1.") + row, counter(5));
  }
  say("1.3.6.1.4.1.99999.77.1.0", integer(1));
  const Proposal proposal = propose(tree(), subject);
  EXPECT_EQ("proposed-99999", proposal.profile);
  EXPECT_EQ(
      R"(# SPDX-License-Identifier: Apache-2.0
# Proposed from what dc1 answers and what its MIB modules say of it. Change what you know better.
- profile: proposed-99999
  title: 'What MIB modules say of devices like dc1'
  match: {sysObjectID: .1.3.6.1.4.1.99999, has: [ACME-MIB::acmeInfo, ACME-MIB::acmeTempEntry, ACME-MIB::acmePairEntry]}
  collect:
    - scalars: acmeInfo
      metrics:
        acmeCalls_total: ACME-MIB::acmeCalls.0
        acmeUsers: {value: ACME-MIB::acmeUsers.0, unit: 'user''s'}
        acmeAlive_seconds: ACME-MIB::acmeAlive.0 / 100
      sensors:
        - {class: voltage, value: ACME-MIB::acmeOutput.0 / 10, name: 'acmeOutput'}
        - {class: state, value: ACME-MIB::acmeHealth.0, name: 'acmeHealth'}
    - table: acmeTempTable
      labels: {sensor: "trim(ACME-MIB::acmeTempName) ?? index"}
      sensors:
        - {class: temperature, value: ACME-MIB::acmeTempValue}
    - table: acmePairTable
      labels: {name: index, acmeShelf: index(1), acmeSlot: index(2)}
      metrics:
        acme_frames_total: .1.3.6.1.4.1.99999.3.1.3
)",
      proposal.yaml);
  EXPECT_EQ(9U, proposal.series);
  EXPECT_THAT(faults(proposal), ElementsAre());
  EXPECT_THAT(proposal.notes, ElementsAre(HasSubstr("1 values of objects that no loaded MIB module names"),
                                          HasSubstr("1 objects that may be set"), HasSubstr("1 numbers of which")));
}

// Its other columns were left out by who wrote the profile.
TEST_F(Propose, ATableOfWhichAColumnIsReadIsNotUnread) {
  for (const char* column : {"acmeTempIndex.1", "acmeTempValue.1"}) say(column, integer(21));
  say("acmeTempName.1", text("inlet"));
  say("acme-frames.1.1", counter(5));
  subject.covered = {*tree().resolve("acmeTempValue")};
  const Proposal proposal = propose(tree(), subject);
  ASSERT_EQ(1U, proposal.unused.size());
  EXPECT_EQ("ACME-MIB::acmePairTable", proposal.unused[0].name);
}

TEST_F(Propose, LeavesOutWhatIsReadAlreadyAndWhatIsTooMuch) {
  say("acmeCalls.0", counter(9));
  for (int row = 1; row <= 20; ++row) say("acmeTempValue." + std::to_string(row), integer(21));
  EXPECT_EQ(21U, propose(tree(), subject).series);
  const Proposal few = propose(tree(), subject, {.rows = 19});
  EXPECT_EQ(1U, few.series);
  EXPECT_THAT(few.notes, ElementsAre("20 rows in acmeTempTable, more than are proposed"));
  EXPECT_EQ(1U, propose(tree(), subject, {.series = 5}).series);
  subject.covered = {*tree().resolve("acmeCalls.0"), *tree().resolve("acmeTempValue")};
  const Proposal none = propose(tree(), subject);
  EXPECT_EQ("", none.yaml);
  EXPECT_EQ(0U, none.series);
}

TEST_F(Propose, OfADeviceWithoutAVendorsNumber) {
  subject.sys_object_id = *Oid::parse("0.0");
  subject.device = "evil\n- profile: x";
  say("acmeCalls.0", counter(9));
  const Proposal proposal = propose(tree(), subject);
  EXPECT_THAT(proposal.yaml, HasSubstr("  match: {has: [ACME-MIB::acmeInfo]}\n"));
  EXPECT_THAT(proposal.yaml, ::testing::Not(HasSubstr("\n- profile: x")));
  EXPECT_THAT(faults(proposal), ElementsAre());
}

TEST(Units, SayClassAndScale) {
  const auto says = [](const char* units, const char* name, const char* expected) {
    const auto reading = reading_of_units(units, words_of_name(name));
    EXPECT_EQ(expected, reading ? std::string(reading->sensor_class) + ":" + std::string(reading->before) + "x" +
                                      std::string(reading->after)
                                : "")
        << units;
  };
  says("degrees Celsius", "t", "temperature:x");
  says("0.1 degrees C", "t", "temperature:x / 10");
  says("tenths of a degree Celsius", "t", "temperature:x / 10");
  says("deci-degrees", "boardTemp", "temperature:x / 10");
  says("degrees", "boardTemp", "temperature:x");
  says("degrees", "antennaTilt", "");
  says("Degrees Fahrenheit", "t", "temperature:5 / 9 * (x - 32)");
  says("1/100 Volts", "v", "voltage:x / 100");
  says("milliVolts", "v", "voltage:x / 1000");
  says("mV", "v", "voltage:x / 1000");
  says("0.1 mV", "v", "");
  says("Amps", "a", "current:x");
  says("kW", "p", "power:x * 1000");
  says("RPM", "fan", "fanspeed:x");
  says("%", "relativeHumidity", "humidity:x");
  says("Percent", "acmeCPULoad", "load:x");
  says("percentage", "x", "percent:x");
  says("dBm", "rx", "dbm:x");
  says("kbps", "acmeRate", "bitrate:x * 1000");
  says("seconds", "x", "");
  says("", "x", "");
  EXPECT_THAT(words_of_name("acmeFanSpeedRPM2-in"), ElementsAre("acme", "fan", "speed", "rpm", "2", "in"));
}

TEST(Units, WhereThereAreNoneNameAndDescriptionTell) {
  const auto says = [](const char* name, const char* description, double most, const char* expected, const char* hint = "",
                       const char* convention = "") {
    SCOPED_TRACE(name);
    const auto words = words_of_name(name);
    const auto reading = reading_of_words(
        {.words = words, .description = description, .hint = hint, .convention = convention, .least = 0, .most = most});
    EXPECT_EQ(expected, reading ? std::string(reading->sensor_class) + ":" + std::string(reading->before) + "x" +
                                      std::string(reading->after)
                                : "");
  };
  says("acmeCpuTemp", "", 60, "temperature:x");
  says("acmeCpuTemp", "", 412, "temperature:x / 10");  // no part is that hot
  says("acmeCpuTemp", "", 4120, "");
  says("acmeBoardTemperature", "Of the board, in tenths of a degree Celsius.", 29, "temperature:x / 10");
  says("acmeInletTemp", "Degrees Fahrenheit", 80, "temperature:5 / 9 * (x - 32)");
  says("acmeRailVoltage", "The reading of this rail in millivolts.", 3300, "voltage:x / 1000");
  says("acmeVoltage", "Phase voltage, accurate to one decimal place.", 2300, "voltage:x / 10");
  says("acmeVoltage", "Volts DC", 54, "voltage:x");
  says("acmeVoltage", "", 54'000, "");
  says("acmeOutletCurrent", "The outlet Current in 0.001 Amp.", 400, "current:x / 1000");
  says("acmePoeCurrent", "mA", 82, "current:x / 1000");
  says("acmeTotalCurrent", "stored as 0.1A.", 19, "current:x / 10");
  says("acmeCurrentState", "", 2, "");
  says("acmeFrequency", "", 49'990, "frequency:x / 1000", "", "MilliHertz");
  says("acmePoePower", "W", 154, "power:x / 10", "d-1");
  says("acmeRxPower", "Received power in 0.01 dBm", 30, "dbm:x / 100");
  says("acmeFanSpeed", "In RPM", 6600, "fanspeed:x");
  says("acmeHumidity", "", 41, "humidity:x");
  says("acmeSessionUtil", "", 7, "load:x");
  says("acmeSessionUtil", "", 3000, "");
  says("acmeSerialNumber", "", 7, "");
}

// A table of sensors of several kinds, processors, memory and storage become what every profile gives.
TEST_F(Propose, TellsTheCanonicalMetrics) {
  for (const char* row : {"1", "2"}) {
    const std::string dot = std::string(".") + row;
    say("acmeMixName" + dot, text(std::string("probe ") + row));
    say("acmeMixType" + dot, integer(row[0] == '1' ? 8 : 3));
    say("acmeMixScale" + dot, integer(8));
    say("acmeMixPrecision" + dot, integer(1));
    say("acmeMixValue" + dot, integer(215));
  }
  say("acmeCpu5Sec.0", integer(90));
  say("acmeCpu1Min.0", integer(40));
  say("acmeMemTotal.0", integer(1000));
  say("acmeMemFree.0", integer(400));
  say("acmeDiskFreePercent.0", integer(30));
  say("acmeLoadText.0", text("12.5"));
  const Proposal proposal = propose(tree(), subject);
  EXPECT_THAT(faults(proposal), ElementsAre());
  EXPECT_THAT(proposal.yaml,
              HasSubstr("  - {class: temperature, value: \"ACME-MIB::acmeMixType in (8) ? ACME-MIB::acmeMixValue * "
                        "pow(10, 3 * (ACME-MIB::acmeMixScale - 9) - ACME-MIB::acmeMixPrecision) : none\"}"));
  EXPECT_THAT(proposal.yaml, HasSubstr("  - {class: voltage, value: \"ACME-MIB::acmeMixType in (3) ? "));
  EXPECT_THAT(proposal.yaml, HasSubstr("labels: {cpu: \"'acme cpu 1 min'\"}\n      metrics:\n        cpu_usage_percent: "
                                       "ACME-MIB::acmeCpu1Min.0\n"));
  EXPECT_THAT(proposal.yaml, HasSubstr("{class: load, value: ACME-MIB::acmeCpu5Sec.0, name: 'acmeCpu5Sec'}"));
  EXPECT_THAT(
      proposal.yaml,
      HasSubstr("labels: {pool: \"'acme mem'\"}\n      metrics:\n        memory_used_percent: \"ACME-MIB::acmeMemTotal.0 > 0 ? "
                "100 * (ACME-MIB::acmeMemTotal.0 - ACME-MIB::acmeMemFree.0) / (ACME-MIB::acmeMemTotal.0) : none\"\n"
                "        memory_used_bytes: ACME-MIB::acmeMemTotal.0 * 1024 - ACME-MIB::acmeMemFree.0 * 1024\n"));
  EXPECT_THAT(proposal.yaml, HasSubstr("storage_used_percent: 100 - ACME-MIB::acmeDiskFreePercent.0"));
  EXPECT_THAT(proposal.yaml, HasSubstr("{class: voltage, value: number(ACME-MIB::acmeLoadText.0), name: 'acmeLoadText'}"));
  subject.given = {"cpu_usage_percent", "memory_used_percent"};
  const Proposal less = propose(tree(), subject);
  EXPECT_THAT(less.yaml, ::testing::Not(HasSubstr("cpu_usage_percent")));
  EXPECT_THAT(less.yaml, ::testing::Not(HasSubstr("memory_used_percent")));
}

}  // namespace
}  // namespace bongsu::discover
