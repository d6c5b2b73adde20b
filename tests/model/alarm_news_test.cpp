// SPDX-License-Identifier: Apache-2.0
#include "model/alarm_news.h"

#include <gtest/gtest.h>

namespace bongsu {
namespace {

AlarmNews news() {
  AlarmNews out{.change = AlarmChange::Suppressed, .before = Severity::Danger, .at = time_from_ms(1'700'000'000'000)};
  out.alarm = {.id = 7, .item = "device_down", .labels = {{"device", "web1"}}, .device = "web1", .level = Severity::Fatal};
  out.alarm.suppressed = true;
  return out;
}

TEST(AlarmNews, SaysWhatItWasTold) {
  AlarmNews one = news();
  one.alarm.suppressed_by = "core-sw1 is down";
  EXPECT_EQ(one, decode_alarm_news(encode(one)).value());
}

// Version 1 did not say what suppressed it: the same octets without the last text.
TEST(AlarmNews, ReadsVersionOne) {
  std::string bytes = encode(news());
  ASSERT_EQ(2, bytes[0]);
  ASSERT_EQ(0, bytes.back());
  bytes.pop_back();
  bytes[0] = 1;
  EXPECT_EQ(news(), decode_alarm_news(bytes).value());
}

}  // namespace
}  // namespace bongsu
