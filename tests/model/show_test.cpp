// SPDX-License-Identifier: Apache-2.0
#include "model/show.h"

#include <gtest/gtest.h>

namespace bongsu {

TEST(ShowQuantity, ReadsWellInItsUnit) {
  const auto says = [](std::string_view words, double value, std::string_view unit) {
    EXPECT_EQ(words, show_quantity(value, unit)) << value << ' ' << unit;
  };
  says("93.4 %", 93.4, "percent");
  says("1.23 %", 1.23, "percent");
  says("98.6 %", 98.5999984741211, "percent");
  says("100 %", 100, "percent");
  says("0.0572 %", 0.05718599999999999, "percent");
  says("512 B", 512, "bytes");
  says("1.5 GiB", 1.5 * 1024 * 1024 * 1024, "bytes");
  says("10.0 Gbit/s", 1e10, "bits");
  says("1.5 ms", 0.0015, "seconds");
  says("3 h 10 min", 3 * 3600 + 600, "seconds");
  says("0.25 load", 0.25, "load");
  says("12345678", 12345678, "");
  says("4243040", 4243040.25, "");
  says("0.00005719", 0.00005718599999999999, "");
  says("57.2 µs", 0.00005718599999999999, "seconds");
  says("2.4 GHz", 2.4e9, "hertz");
  says("540 mV", 0.54, "volt");
  says("-12 °C", -12, "celsius");
  says("0", -0.0, "");
  says("no value", std::numeric_limits<double>::quiet_NaN(), "percent");
}

TEST(ShowSeconds, HasTwoUnitsAtMost) {
  EXPECT_EQ("0 s", show_seconds(-5));
  EXPECT_EQ("59 s", show_seconds(59));
  EXPECT_EQ("59 min", show_seconds(3'599));
  EXPECT_EQ("1 h", show_seconds(3'600));
  EXPECT_EQ("2 d 4 h", show_seconds(2 * 86'400 + 4 * 3'600 + 59));
  EXPECT_EQ("1 y 20 d", show_seconds(385 * 86'400));
}

TEST(ShowLabels, LeavesOutWhatStandsBesideThem) {
  EXPECT_EQ("ifIndex 3, interface eth0",
            show_labels({{"__name__", "up"}, {"device", "a"}, {"interface", "eth0"}, {"ifIndex", "3"}}));
  EXPECT_EQ("", show_labels({{"__name__", "up"}, {"device", "a"}}));
}

}  // namespace bongsu
