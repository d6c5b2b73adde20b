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
  one.alarm.meaning = "no answer";
  one.alarm.asked = "192.0.2.7: no answer to ping";
  EXPECT_EQ(one, decode_alarm_news(encode(one)).value());
}

// Version 1 did not say what suppressed it, version 2 not what the value means and what was asked: the same octets without the
// last text, or the last two.
TEST(AlarmNews, ReadsOlderVersions) {
  std::string bytes = encode(news());
  ASSERT_EQ(3, bytes[0]);
  for (const int version : {2, 1}) {
    for (int texts = version == 2 ? 2 : 1; texts > 0; --texts) {
      ASSERT_EQ(0, bytes.back());
      bytes.pop_back();
    }
    bytes[0] = static_cast<char>(version);
    EXPECT_EQ(news(), decode_alarm_news(bytes).value()) << version;
  }
}

}  // namespace
}  // namespace bongsu
