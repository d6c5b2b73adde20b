// SPDX-License-Identifier: Apache-2.0
#include "model/labels.h"

#include <gtest/gtest.h>

#include "model/marker.h"

namespace bongsu {

TEST(Labels, SortsAndDropsEmpty) {
  Labels labels{{"b", "2"}, {"a", "1"}, {"c", ""}, {"a", "3"}, {"__name__", "up"}};
  EXPECT_EQ(R"(up{a="3", b="2"})", labels.to_string());
  EXPECT_EQ("", labels.get("c"));
  labels.set("b", "");
  labels.set("aa", "x");
  EXPECT_EQ(R"(up{a="3", aa="x"})", labels.to_string());
}

TEST(Labels, WithoutOneOfThem) {
  const Labels labels{{"__name__", "up"}, {"a", "1"}, {"b", "2"}};
  EXPECT_EQ((Labels{{"a", "1"}, {"b", "2"}}), labels.without(kMetricName));
  EXPECT_EQ((Labels{{"__name__", "up"}, {"a", "1"}}), labels.without("b"));
  EXPECT_EQ(labels, labels.without("c"));
  EXPECT_TRUE(Labels().without("a").empty());
}

TEST(Labels, HashFollowsEquality) {
  EXPECT_EQ((Labels{{"a", "1"}, {"b", "2"}}).hash(), (Labels{{"b", "2"}, {"a", "1"}}).hash());
  EXPECT_NE((Labels{{"a", "1b"}, {"c", "2"}}).hash(), (Labels{{"a", "1"}, {"bc", "2"}}).hash());
}

TEST(Marker, CarriesItsCause) {
  EXPECT_TRUE(is_marker(stale_marker()));
  EXPECT_EQ(std::nullopt, gap_cause(stale_marker()));
  for (const GapCause cause : {GapCause::Timeout, GapCause::Unreachable}) {
    EXPECT_TRUE(is_marker(gap_marker(cause)));
    EXPECT_EQ(cause, gap_cause(gap_marker(cause)));
  }
  EXPECT_FALSE(is_marker(0.0 / 0.0));
  EXPECT_FALSE(is_marker(0.0));
}

}  // namespace bongsu
