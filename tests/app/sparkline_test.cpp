// SPDX-License-Identifier: Apache-2.0
#include "app/sparkline.h"

#include <gtest/gtest.h>

#include <cmath>

namespace bongsu::app {

TEST(Sparkline, DrawsFromTheLowestToTheHighest) {
  EXPECT_EQ("▁▂▃▄▅▆▇█", sparkline({{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}}, 0, 8, 8));
  EXPECT_EQ("▁ █", sparkline({{0, -5}, {10, 5}}, 0, 10, 3));                        // a gap, and the end falls on the last letter
  EXPECT_EQ("▅▅", sparkline({{0, 3}, {1, 3}}, 0, 1, 2));                            // nothing changes
  EXPECT_EQ("▁█", sparkline({{0, 0}, {1, 2}, {2, 5}, {3, 7}}, 0, 4, 2));            // means of two
  EXPECT_EQ("  ", sparkline({{0, std::nan("")}, {1, HUGE_VAL}, {9, 1}}, 0, 2, 2));  // nothing to draw, and one outside
  EXPECT_EQ("▅", sparkline({{5, 1}}, 5, 5, 1));
}

TEST(CsvCell, QuotesWhatMustBe) {
  EXPECT_EQ("plain 한글", csv_cell("plain 한글"));
  EXPECT_EQ("\"a,b\"", csv_cell("a,b"));
  EXPECT_EQ("\"say \"\"yes\"\"\"", csv_cell("say \"yes\""));
  EXPECT_EQ("\"a\r\nb\"", csv_cell("a\r\nb"));
}

}  // namespace bongsu::app
