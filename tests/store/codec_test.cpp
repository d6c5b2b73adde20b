// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "model/marker.h"
#include "store/journal.h"

namespace bongsu::store {
namespace {

TEST(Journal, RefusesWhatIsNotWhatWasWritten) {
  std::vector<Point> points;
  for (int i = 0; i < 50; ++i)
    points.push_back({SeriesId{static_cast<std::uint64_t>(i * 7 % 5)}, {time_from_ms(1000 - i), i * 0.5}});
  const std::string record = encode_record(9, points);
  const auto read = decode_record(9, record);
  ASSERT_TRUE(read);
  ASSERT_EQ(points.size(), read->size());
  EXPECT_EQ(points[49].series, (*read)[49].series);
  EXPECT_EQ(points[49].sample.at, (*read)[49].sample.at);
  EXPECT_EQ(24.5, (*read)[49].sample.value);
  EXPECT_FALSE(decode_record(9, {}));
  EXPECT_EQ(Code::Corrupt, decode_record(8, record).error().code);
  for (std::size_t i = 0; i < record.size() * 8; ++i) {
    std::string flipped = record;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ 1 << i % 8);
    EXPECT_FALSE(decode_record(9, flipped)) << i;
  }
}

TEST(Journal, KeepsEveryBit) {
  std::vector<Point> points;
  for (const double value :
       {0.0, -0.0, 1.0, -1.0, 0.1, 1e300, 9007199254740991.0, -9007199254740993.0, std::nan("7"), stale_marker()}) {
    points.push_back({SeriesId{points.size() % 3 == 0 ? 900u : points.size()}, {time_from_ms(5), value}});
  }
  points.push_back({SeriesId{UINT64_MAX}, {time_from_ms(-1), 0.5}});
  const auto read = decode_record(1, encode_record(1, points));
  ASSERT_TRUE(read);
  ASSERT_EQ(points.size(), read->size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_EQ(points[i].series, (*read)[i].series);
    EXPECT_EQ(points[i].sample.at, (*read)[i].sample.at);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(points[i].sample.value), std::bit_cast<std::uint64_t>((*read)[i].sample.value)) << i;
  }
}

}  // namespace
}  // namespace bongsu::store
