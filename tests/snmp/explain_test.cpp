// SPDX-License-Identifier: Apache-2.0
#include "snmp/explain.h"

#include <gmock/gmock.h>

#include <set>

namespace bongsu::snmp {

TEST(Explain, HasWordsOfItsOwnForEachTrait) {
  std::set<std::string_view> what;
  for (std::size_t i = 0; i < kTraits; ++i) {
    const auto trait = static_cast<Trait>(i);
    SCOPED_TRACE(to_string(trait));
    const Explanation& words = explain(trait);
    EXPECT_TRUE(what.insert(words.what).second);
    EXPECT_FALSE(words.so.empty());
    EXPECT_FALSE(words.remedy.empty());
    EXPECT_GT(words.severity, Severity::Normal);
  }
}

TEST(Explain, SpeaksOfTheTraitItIsAskedFor) {
  const auto says = [](Trait trait, const char* words) {
    EXPECT_THAT(std::string(explain(trait).what), testing::HasSubstr(words)) << to_string(trait);
  };
  says(Trait::VarbindLimit, "so many objects");
  says(Trait::BulkIgnored, "does not answer GETBULK");
  says(Trait::EndlessTable, "does not end");
  says(Trait::WrongRequestId, "request-id");
  says(Trait::Counter32Only, "64-bit");
  says(Trait::DuplicateEngineId, "engine ID of another");
  says(Trait::TimeJump, "clock");
  says(Trait::BootsReset, "engineBoots");
  says(Trait::V1Only, "SNMPv1");
  says(Trait::LateReply, "given up");
  says(Trait::WrongError, "does not fit");
}

TEST(Explain, TheTimeoutFollowsTheRoundTrips) {
  Dialect dialect;
  EXPECT_FALSE(round_trip_timeout(dialect));
  dialect.srtt = std::chrono::microseconds(2'000);
  dialect.rttvar = std::chrono::microseconds(500);
  EXPECT_EQ(std::chrono::microseconds(4'000), round_trip_timeout(dialect));
}

TEST(Explain, SumsUpWhatIsUsed) {
  Dialect dialect;
  EXPECT_EQ("GETBULK", summary(dialect));
  dialect.v1 = true;
  dialect.in_flight = 1;
  dialect.loss = 0.3F;
  EXPECT_EQ("SNMPv1, 1 request at a time, loss 30 %", summary(dialect));
}

}  // namespace bongsu::snmp
