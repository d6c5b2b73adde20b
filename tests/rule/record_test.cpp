// SPDX-License-Identifier: Apache-2.0
#include "rule/record.h"

#include <gtest/gtest.h>

namespace bongsu::rule {
namespace {

Alarm some_alarm() {
  return {.id = 0x1234567890,
          .item = "cpu_usage",
          .title = "CPU",
          .labels = {{"device", "db1"}, {"cpu", "0"}},
          .device = "db1",
          .state = AlarmState::Recovered,
          .level = Severity::Fatal,
          .peak = Severity::Fatal,
          .value = 95.5,
          .limit = 95,
          .unit = "percent",
          .meaning = "much",
          .asked = "192.0.2.7: no answer to ping",
          .why = "because",
          .since = time_from_ms(1'700'000'000'000),
          .changed = time_from_ms(1'700'000'060'000),
          .ended = time_from_ms(1'700'000'060'000)};
}

}  // namespace

TEST(Record, ReadsWhatItWrote) {
  const auto alarm = decode_alarm(encode(some_alarm()));
  ASSERT_TRUE(alarm);
  EXPECT_EQ(some_alarm(), *alarm);

  KeptWatch watch{.item = "v",
                  .expr = 77,
                  .labels = {{"device", "a"}},
                  .state = AlarmState::Pending,
                  .had_value = true,
                  .alarm = 9,
                  .cause = "timeout"};
  watch.clocks[4] = {.since = time_from_ms(5), .history = ~std::uint64_t{0}, .reached = true};
  const auto read = decode_watch(encode(watch));
  ASSERT_TRUE(read);
  EXPECT_EQ(watch.clocks, read->clocks);
  EXPECT_EQ(watch.labels, read->labels);
  EXPECT_EQ(watch.state, read->state);
  EXPECT_TRUE(read->had_value);
  EXPECT_FALSE(read->silent);
  EXPECT_EQ(9U, read->alarm);
  EXPECT_EQ(77U, read->expr);
  EXPECT_EQ("timeout", read->cause);
}

// Version 1 said neither what the value means nor what was asked.
TEST(Record, ReadsAlarmsOfVersionOne) {
  Alarm old = some_alarm();
  old.meaning.clear();
  old.asked.clear();
  std::string bytes = encode(old);
  ASSERT_EQ(std::string(2, '\0'), bytes.substr(bytes.size() - 2));
  bytes.resize(bytes.size() - 2);
  bytes[0] = 1;
  EXPECT_EQ(old, decode_alarm(bytes).value());
}

TEST(Record, RefusesWhatIsCutOrLongerOrNewer) {
  const std::string whole = encode(some_alarm());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decode_alarm(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(cut) << size;
    EXPECT_EQ(Code::Corrupt, cut.error().code);
  }
  EXPECT_EQ(Code::Corrupt, decode_alarm(whole + '\0').error().code);
  std::string newer = whole;
  newer[0] = 3;
  EXPECT_EQ(Code::Unsupported, decode_alarm(newer).error().code);
}

TEST(Record, KeysSortByIdAndTellLabelsApart) {
  EXPECT_LT(alarm_key(9), alarm_key(10));
  EXPECT_LT(alarm_key(255), alarm_key(256));
  EXPECT_NE(watch_key("i", {{"a", "bc"}}), watch_key("i", {{"ab", "c"}}));
}

}  // namespace bongsu::rule
