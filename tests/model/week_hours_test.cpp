// SPDX-License-Identifier: Apache-2.0
#include "model/week_hours.h"

#include <gtest/gtest.h>

namespace bongsu {
namespace {

Time at(std::string_view text) { return parse_time(text).value(); }

WeekHours hours(std::string_view text, std::string_view zone) {
  auto parsed = WeekHours::parse(text, zone);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().text);
  return parsed ? *parsed : WeekHours();
}

TEST(WeekHours, FollowTheClockOfTheirZone) {
  const WeekHours office = hours("Mon-Fri 08:00-19:00, Sat 9-12", "Asia/Seoul");
  // 2026-11-23 is a Monday; Seoul is nine hours ahead.
  EXPECT_FALSE(office.contains(at("2026-11-22T22:59:59Z")));
  EXPECT_TRUE(office.contains(at("2026-11-22T23:00:00Z")));
  EXPECT_TRUE(office.contains(at("2026-11-23T09:59:59Z")));
  EXPECT_FALSE(office.contains(at("2026-11-23T10:00:00Z")));
  EXPECT_TRUE(office.contains(at("2026-11-28T00:30:00Z")));   // Saturday 09:30
  EXPECT_FALSE(office.contains(at("2026-11-28T04:00:00Z")));  // Saturday 13:00
  EXPECT_FALSE(office.contains(at("2026-11-29T01:00:00Z")));  // Sunday
  EXPECT_EQ(at("2026-11-23T23:00:00Z"), office.next(at("2026-11-23T10:00:00Z")));
  EXPECT_EQ(at("2026-11-29T23:00:00Z"), office.next(at("2026-11-28T04:00:00Z")));
  EXPECT_EQ(at("2026-11-23T01:02:03Z"), office.next(at("2026-11-23T01:02:03Z")));
}

TEST(WeekHours, RunIntoTheNextDay) {
  const WeekHours night = hours("Fri 22:00-06:00", "UTC");
  EXPECT_FALSE(night.contains(at("2026-11-27T21:59:00Z")));
  EXPECT_TRUE(night.contains(at("2026-11-27T22:00:00Z")));
  EXPECT_TRUE(night.contains(at("2026-11-28T05:59:00Z")));
  EXPECT_FALSE(night.contains(at("2026-11-28T06:00:00Z")));
  EXPECT_FALSE(night.contains(at("2026-11-28T23:00:00Z")));
  const WeekHours over_sunday = hours("Sat-Mon", "");
  EXPECT_TRUE(over_sunday.contains(at("2026-11-29T12:00:00Z")));
  EXPECT_FALSE(over_sunday.contains(at("2026-11-24T00:00:00Z")));
}

// The wall clock decides: 08:00 stays 08:00 when summer time begins and ends.
TEST(WeekHours, KeepTheWallClockOverSummerTime) {
  const WeekHours berlin = hours("daily 08:00-09:00", "Europe/Berlin");
  EXPECT_TRUE(berlin.contains(at("2026-03-28T07:30:00Z")));   // CET
  EXPECT_FALSE(berlin.contains(at("2026-03-29T07:30:00Z")));  // CEST since 01:00 UTC
  EXPECT_TRUE(berlin.contains(at("2026-03-29T06:30:00Z")));
  EXPECT_TRUE(berlin.contains(at("2026-10-25T07:30:00Z")));  // CET again
  const WeekHours york = hours("Sun 01:00-02:00", "America/New_York");
  // 2026-11-01: the hour from 01:00 to 02:00 comes twice, and both are within.
  EXPECT_TRUE(york.contains(at("2026-11-01T05:30:00Z")));
  EXPECT_TRUE(york.contains(at("2026-11-01T06:30:00Z")));
  EXPECT_FALSE(york.contains(at("2026-11-01T07:00:00Z")));
  // 2026-03-08: 02:30 does not exist; an hour that is skipped is not waited for.
  const WeekHours gone = hours("Sun 02:00-03:00", "America/New_York");
  EXPECT_FALSE(gone.contains(at("2026-03-08T07:30:00Z")));
  EXPECT_EQ(at("2026-03-15T06:00:00Z"), gone.next(at("2026-03-08T06:00:00Z")));
}

// 2026-10-25 in Berlin: at 03:00 it is 02:00 again. A night from 01:00 to 02:30 is not over at the first 02:30 and begun again
// half an hour later.
TEST(WeekHours, AreOnePieceWhereAnHourComesTwice) {
  const WeekHours night = hours("daily 01:00-02:30", "Europe/Berlin");
  EXPECT_FALSE(night.contains(at("2026-10-24T22:59:59Z")));
  for (Time time = at("2026-10-24T23:00:00Z"); time < at("2026-10-25T01:30:00Z"); time += std::chrono::minutes(1))
    ASSERT_TRUE(night.contains(time)) << format_time(time);
  EXPECT_FALSE(night.contains(at("2026-10-25T01:30:00Z")));
  EXPECT_EQ(at("2026-10-25T01:30:00Z"), night.until(at("2026-10-25T00:00:00Z")));
  EXPECT_EQ(std::nullopt, night.until(at("2026-10-25T12:00:00Z")));
  // The year 2026 has as many such nights as days, in each zone, one of them an hour longer and one as much shorter.
  for (const char* zone : {"Europe/Berlin", "America/New_York", "Asia/Seoul"}) {
    const WeekHours nights = hours("daily 22:00-04:00", zone);
    int begins = 0, minutes = 0;
    bool before = nights.contains(at("2026-01-01T12:00:00Z"));
    for (Time time = at("2026-01-01T12:00:00Z"); time < at("2027-01-01T12:00:00Z"); time += std::chrono::minutes(1)) {
      const bool now = nights.contains(time);
      begins += now && !before ? 1 : 0;
      minutes += now ? 1 : 0;
      before = now;
    }
    EXPECT_EQ(365, begins) << zone;
    EXPECT_EQ(365 * 6 * 60, minutes) << zone;
  }
}

TEST(WeekHours, AreClosedOnHolidays) {
  WeekHours office = hours("Mon-Fri 08:00-19:00", "Asia/Seoul");
  ASSERT_TRUE(office.close_on({"2026-11-24", "12-25"}));
  EXPECT_TRUE(office.contains(at("2026-11-23T01:00:00Z")));
  EXPECT_FALSE(office.contains(at("2026-11-24T01:00:00Z")));
  EXPECT_EQ(at("2026-11-24T23:00:00Z"), office.next(at("2026-11-23T10:00:00Z")));
  EXPECT_FALSE(office.contains(at("2026-12-25T01:00:00Z")));
  EXPECT_FALSE(office.contains(at("2028-12-25T01:00:00Z")));
  // A long holiday; and when all days are off, there is none.
  ASSERT_TRUE(
      office.close_on({"12-21", "12-22", "12-23", "12-24", "12-25", "12-28", "12-29", "12-30", "12-31", "01-01", "2027-01-04"}));
  EXPECT_EQ(at("2027-01-04T23:00:00Z"), office.next(at("2026-12-19T10:00:00Z")));
  WeekHours nights = hours("daily 22:00-06:00", "Asia/Seoul");
  ASSERT_TRUE(nights.close_on({"2026-11-24"}));
  EXPECT_EQ(at("2026-11-24T15:00:00Z"), nights.next(at("2026-11-24T14:00:00Z")));
  std::vector<std::string> all;
  for (int day = 0; day < 366; ++day)
    all.push_back(show_local(at("2024-01-01T00:00:00Z") + std::chrono::days(day), "").substr(5, 5));
  ASSERT_TRUE(office.close_on(all));
  EXPECT_FALSE(office.contains(office.next(at("2026-12-19T10:00:00Z"))));
  EXPECT_EQ(at("2027-12-20T10:00:00Z"), office.next(at("2026-12-19T10:00:00Z")));
  WeekHours always;
  ASSERT_TRUE(always.close_on({"02-29"}));
  EXPECT_FALSE(always.always());
  EXPECT_FALSE(always.contains(at("2028-02-29T01:00:00Z")));
  EXPECT_TRUE(always.contains(at("2028-03-01T01:00:00Z")));
  for (const char* wrong : {"2026-13-01", "12-32", "Christmas", "2026-12-25 10:00", ""})
    EXPECT_FALSE(always.close_on({wrong})) << wrong;
}

TEST(WeekHours, RefuseWithTheWordAtFault) {
  const auto refuses = [](std::string_view text, std::string_view zone, std::string_view named) {
    SCOPED_TRACE(text);
    const auto parsed = WeekHours::parse(text, zone);
    ASSERT_FALSE(parsed);
    EXPECT_NE(std::string::npos, parsed.error().text.find(named)) << parsed.error().text;
  };
  refuses("Mon-Fri 08:00-25:00", "UTC", "Mon-Fri 08:00-25:00");
  refuses("Mon-Fri 08:00", "UTC", "Mon-Fri 08:00");
  refuses("Funday 08:00-09:00", "UTC", "Funday");
  refuses("08:00-08:00", "UTC", "08:00-08:00");
  refuses("", "UTC", "not hours");
  refuses("always", "Asia/Soul", "Asia/Soul");
}

TEST(ParseLocal, ReadsTheClockOfItsZone) {
  EXPECT_EQ(at("2026-11-30T17:00:00Z"), parse_local("2026-12-01 02:00", "Asia/Seoul").value());
  EXPECT_EQ(at("2026-12-01T00:00:00Z"), parse_local("2026-12-01", "").value());
  EXPECT_EQ(at("2026-11-30T17:00:00Z"), parse_local("2026-12-01T02:00:00+09:00", "Europe/Berlin").value());
  EXPECT_EQ(at("2026-03-29T01:00:00Z"), parse_local("2026-03-29 02:30", "Europe/Berlin").value());  // skipped
  EXPECT_EQ(at("2026-10-25T00:30:00Z"), parse_local("2026-10-25 02:30", "Europe/Berlin").value());  // twice
  for (const char* wrong : {"", "2026-13-01", "2026-02-30 10:00", "tomorrow", "2026-12-01 25:00", "2026-12-01x02:00"})
    EXPECT_FALSE(parse_local(wrong, "UTC")) << wrong;
}

TEST(ShowLocal, SaysTheZoneWhereItIsNone) {
  EXPECT_EQ("2026-11-23 10:02", show_local(at("2026-11-23T01:02:03Z"), "Asia/Seoul"));
  EXPECT_EQ("2026-11-23 01:02 UTC", show_local(at("2026-11-23T01:02:03Z"), ""));
}

}  // namespace
}  // namespace bongsu
