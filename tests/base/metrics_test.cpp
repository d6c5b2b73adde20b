// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bongsu {
namespace {

TEST(Histogram, CountsUpToEachBound) {
  Metrics metrics;
  Histogram& late = metrics.histogram("late_seconds", "How late.", {0.1, 1, 10}, {{"part", "poll"}});
  EXPECT_EQ(0, late.quantile(0.99));
  for (const double value : {0.0, 0.1, 0.5, 2.0, 20.0}) late.observe(value);
  EXPECT_EQ(5u, late.count());
  EXPECT_EQ(0.1, late.quantile(0.4));
  EXPECT_EQ(1, late.quantile(0.5));
  EXPECT_EQ(10, late.quantile(0.8));
  EXPECT_TRUE(std::isinf(late.quantile(0.81)));
  EXPECT_EQ(
      "# HELP late_seconds How late.\n# TYPE late_seconds histogram\n"
      "late_seconds_bucket{part=\"poll\",le=\"0.1\"} 2\n"
      "late_seconds_bucket{part=\"poll\",le=\"1\"} 3\n"
      "late_seconds_bucket{part=\"poll\",le=\"10\"} 4\n"
      "late_seconds_bucket{part=\"poll\",le=\"+Inf\"} 5\n"
      "late_seconds_sum{part=\"poll\"} 22.6\n"
      "late_seconds_count{part=\"poll\"} 5\n",
      metrics.render());
}

TEST(Histogram, SameNameAndLabelsAreOne) {
  Metrics metrics;
  metrics.histogram("a", "", {1, 2}).observe(1);
  EXPECT_EQ(1u, metrics.histogram("a", "", {5}).count());
  Histogram& other = metrics.histogram("a", "", {5}, {{"other", "labels"}});
  other.observe(2);
  EXPECT_EQ(2, other.quantile(1));  // the bounds of the first
}

}  // namespace
}  // namespace bongsu
