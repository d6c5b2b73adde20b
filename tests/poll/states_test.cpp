// SPDX-License-Identifier: Apache-2.0
#include "poll/states.h"

#include <gtest/gtest.h>

namespace bongsu::poll {
namespace {

TEST(States, SeverityFollowsTheWordsOfAName) {
  const auto means = [](Severity severity, const char* word) { EXPECT_EQ(severity, severity_of_word(word)) << word; };
  for (const char* word :
       {"ok", "normal", "batteryNormal", "PRESENT", "noFault", "no alarm", "up", "fullyCharged", "none", "notFailed"})
    means(Severity::Normal, word);
  for (const char* word : {"unknown", "notPresent", "off", "disabled", "other", "notAvailable", "flibber", ""})
    means(Severity::Harmless, word);
  for (const char* word : {"nonCritical", "warning", "minorAlarm", "batteryLow", "rebuilding", "WARNING"})
    means(Severity::Caution, word);
  for (const char* word : {"major", "degraded", "upperAlarm"}) means(Severity::Danger, word);
  for (const char* word : {"failed", "psFailed", "PS_FAIL", "critical", "faulty", "notOk", "linkDown", "error(5)"})
    means(Severity::Urgent, word);
  for (const char* word : {"nonRecoverable", "emergency", "nonrecoverable"}) means(Severity::Fatal, word);
}

TEST(States, EachClassHasAUnit) {
  EXPECT_EQ("celsius", unit_of_class("temperature"));
  EXPECT_EQ("", unit_of_class("state"));
  EXPECT_FALSE(unit_of_class("temperatur"));
  for (const auto name : sensor_classes()) EXPECT_TRUE(unit_of_class(name)) << name;
}

}  // namespace
}  // namespace bongsu::poll
