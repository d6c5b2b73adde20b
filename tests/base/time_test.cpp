// SPDX-License-Identifier: Apache-2.0
#include "base/time.h"

#include <gtest/gtest.h>

namespace bongsu {

TEST(Duration, ReadsWhatPeopleWrite) {
  const auto reads = [](std::int64_t ms, std::string_view text) {
    SCOPED_TRACE(text);
    const auto span = parse_duration(text);
    ASSERT_TRUE(span) << span.error().text;
    EXPECT_EQ(ms, span->count());
  };
  reads(30'000, "30s");
  reads(250, "250ms");
  reads(5'400'000, "1h30m");
  reads(604'800'000, "7d");
  reads(2'419'200'000, "4w");
  reads(94'608'000'000, "3y");
  reads(0, "0s");
}

TEST(Duration, RefusesTheRest) {
  for (const std::string_view text :
       {"", "5", "s", "5 s", "-5s", "5s5m", "5s5s", "1.5h", "9999999999999s", "999999999999y", "5x"}) {
    SCOPED_TRACE(text);
    const auto span = parse_duration(text);
    ASSERT_FALSE(span);
    EXPECT_EQ(Code::Invalid, span.error().code);
  }
}

TEST(Duration, SaysItAgain) {
  for (const std::string_view text : {"0s", "30s", "1h30m", "1d", "90d", "1w", "1y", "1ms", "1m1s500ms"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(*parse_duration(text), *parse_duration(format_duration(*parse_duration(text))));
  }
  EXPECT_EQ("90d", format_duration(*parse_duration("90d")));
  EXPECT_EQ("1h30m", format_duration(*parse_duration("90m")));
}

TEST(TimeText, IsRfc3339) {
  EXPECT_EQ("1970-01-01T00:00:00Z", format_time(Time{}));
  EXPECT_EQ("2023-11-14T22:13:20.007Z", format_time(time_from_ms(1'700'000'000'007)));
  const auto reads = [](std::int64_t ms, std::string_view text) {
    SCOPED_TRACE(text);
    const auto at = parse_time(text);
    ASSERT_TRUE(at) << at.error().text;
    EXPECT_EQ(ms, to_ms(*at));
  };
  reads(1'700'000'000'000, "2023-11-14T22:13:20Z");
  reads(1'700'000'000'120, "2023-11-15T07:13:20.12+09:00");
  reads(1'700'000'000'500, "1700000000.5");
  reads(-1, "1969-12-31T23:59:59.999Z");
  for (const std::string_view text : {"", "2023-02-30T00:00:00Z", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T24:00:00Z",
                                      "nan", "1e300", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20+9:00"}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(parse_time(text));
  }
}

}  // namespace bongsu
