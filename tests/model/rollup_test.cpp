// SPDX-License-Identifier: Apache-2.0
#include "model/rollup.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/marker.h"

namespace bongsu {
namespace {

constexpr std::int64_t kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr Time at(std::int64_t ms) { return time_from_ms(kDay + ms); }

std::vector<Bucket> fives(const std::vector<Sample>& samples, std::int64_t from = 0, std::int64_t to = kHour) {
  return roll_up(samples, at(from), at(to), Resolution::FiveMinutes);
}

TEST(RollUp, AWindowHoldsItsEndAndNotItsBegin) {
  EXPECT_EQ(at(0), window_end(at(0), Resolution::FiveMinutes));
  EXPECT_EQ(at(5 * kMinute), window_end(at(1), Resolution::FiveMinutes));
  EXPECT_EQ(at(kHour), window_end(at(1), Resolution::Hour));
  EXPECT_EQ(time_from_ms(-kHour), window_end(time_from_ms(-kHour - 1), Resolution::Hour));
  const auto found = fives({{at(0), 9}, {at(1), 3}, {at(5 * kMinute), 1}, {at(5 * kMinute + 1), 4}});
  ASSERT_EQ(2u, found.size());
  EXPECT_EQ(at(5 * kMinute), found[0].end);
  EXPECT_EQ(2u, found[0].count);
  EXPECT_EQ(1, found[0].min);
  EXPECT_EQ(3, found[0].max);
  EXPECT_EQ(4, found[0].sum);
  EXPECT_EQ(1, found[0].last);
  EXPECT_EQ(4, found[0].increase);  // fell from 9 to 3 and to 1: twice a reset
  EXPECT_EQ(at(10 * kMinute), found[1].end);
  EXPECT_EQ(3, found[1].increase);
  EXPECT_EQ(1u, fives({{at(kHour), 1}, {at(kHour + 1), 1}}).size());
}

TEST(RollUp, CountsGrowthOverHolesUpToADayWide) {
  EXPECT_EQ(5, fives({{at(1 - kDay), 10}, {at(1), 15}})[0].increase);
  EXPECT_EQ(0, fives({{at(-kDay), 10}, {at(1), 15}})[0].increase);
  EXPECT_EQ(0, fives({{at(1), 15}})[0].increase);
  EXPECT_EQ(5, fives({{at(1), 10}, {at(2), gap_marker(GapCause::Timeout)}, {at(40 * kMinute), 15}})[1].increase);
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_EQ(0, fives({{at(1), infinite}, {at(2), 15}, {at(3), std::nan("")}})[0].increase);
}

TEST(RollUp, MarkersAreNoValuesButEndASeries) {
  const double gone = stale_marker();
  EXPECT_TRUE(fives({{at(1), gone}}).empty());
  const auto found =
      fives({{at(1), gone}, {at(2), 1}, {at(3), gone}, {at(6 * kMinute), gone}, {at(11 * kMinute), gone}, {at(12 * kMinute), 2}});
  ASSERT_EQ(2u, found.size());
  EXPECT_TRUE(found[0].stale);
  EXPECT_EQ(1u, found[0].count);
  EXPECT_EQ(at(15 * kMinute), found[1].end);
  EXPECT_FALSE(found[1].stale);
}

TEST(RollUp, HoursAreTheirFiveMinutes) {
  const std::vector<Sample> samples{
      {at(1), 2}, {at(30 * kMinute), 8}, {at(kHour), 5}, {at(kHour + 1), 7}, {at(kHour + 6 * kMinute), stale_marker()}};
  const auto found = fives(samples, 0, 2 * kHour);
  EXPECT_FALSE(found.back().stale);
  const auto hours = roll_up_hours(found, samples);
  EXPECT_FALSE(hours[0].stale);
  EXPECT_TRUE(hours[1].stale);
  ASSERT_EQ(2u, hours.size());
  EXPECT_EQ(at(kHour), hours[0].end);
  EXPECT_EQ(3u, hours[0].count);
  EXPECT_EQ(2, hours[0].min);
  EXPECT_EQ(8, hours[0].max);
  EXPECT_EQ(15, hours[0].sum);
  EXPECT_EQ(5, hours[0].last);
  EXPECT_EQ(11, hours[0].increase);
  EXPECT_EQ(2, hours[1].increase);
  Bucket all;
  EXPECT_TRUE(merge(hours, all));
  EXPECT_EQ(22, all.sum);
  EXPECT_EQ(at(2 * kHour), all.end);
  EXPECT_FALSE(merge({}, all));
}

TEST(RollUp, AValueThatIsNoNumberHidesNoOther) {
  const auto found = fives({{at(1), std::nan("")}, {at(2), 3}, {at(3), std::nan("")}});
  EXPECT_EQ(3, found[0].min);
  EXPECT_EQ(3, found[0].max);
  EXPECT_EQ(3u, found[0].count);
  EXPECT_TRUE(std::isnan(found[0].sum));
}

TEST(Hours, HoldWhatIsAskedWithinAllYears) {
  const Hours some(at(1), at(kHour + 1));
  EXPECT_EQ(at(0), some.from);
  EXPECT_EQ(at(2 * kHour), some.to);
  EXPECT_EQ(at(0), Hours(at(0), at(0)).from);
  EXPECT_TRUE(Hours(at(0), at(0)).empty());
  EXPECT_EQ(Time{}, Hours(Time::min(), Time::max()).from);
}

}  // namespace
}  // namespace bongsu
