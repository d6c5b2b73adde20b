// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mib/mapped.h"

namespace bongsu::mib {
namespace {

using namespace std::string_literals;

TEST(Hint, WritesOctetsAsRfc2579Says) {
  const auto gives = [](std::string_view hint, const std::string& octets, const std::string& text) {
    SCOPED_TRACE(hint);
    const auto got = apply_hint(hint, octets);
    ASSERT_TRUE(got);
    EXPECT_EQ(text, *got);
  };
  gives("1x:", "\x00\x1b\x2c\xff"s, "00:1b:2c:ff");
  gives("1x:", "", "");
  gives("255a", "eth0", "eth0");
  gives("255t", "caf\xc3\xa9", "caf\xc3\xa9");
  gives("1d.1d.1d.1d", "\x7f\x00\x00\x01"s, "127.0.0.1");
  gives("1d.1d.1d.1d/2d", "\x0a\x00\x00\x01\x01\xbb"s, "10.0.0.1/443");
  gives("2x:2x:2x:2x:2x:2x:2x:2x", std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x05",
        "2001:0db8:0000:0000:0000:0000:0000:0005");
  gives("2d-1d-1d,1d:1d:1d.1d,1a1d:1d", "\x07\xea\x0b\x17\x01\x02\x03\x04"s, "2026-11-23,1:2:3.4");
  gives("2d-1d-1d,1d:1d:1d.1d,1a1d:1d", "\x07\xea\x0b\x17\x01\x02\x03\x04+\x09\x00"s, "2026-11-23,1:2:3.4,+9:0");
  gives("1x", "\x01\x02"s, "0102");
  gives("*1x:/1x:", "\x02\x0a\x0b\x0c\x0d"s, "0a:0b/0c:0d");  // a count, then its octets with a terminator
}

TEST(Hint, WritesIntegers) {
  const auto gives = [](std::string_view hint, std::int64_t number, const std::string& text) {
    SCOPED_TRACE(hint);
    ASSERT_TRUE(apply_hint(hint, number));
    EXPECT_EQ(text, *apply_hint(hint, number));
  };
  gives("d", -5, "-5");
  gives("x", 255, "ff");
  gives("o", 8, "10");
  gives("b", 5, "101");
  gives("d-2", 1234, "12.34");
  gives("d-2", 5, "0.05");
  gives("d-2", -5, "-0.05");
  gives("d-1", INT64_MIN, "-922337203685477580.8");
}

TEST(Hint, RefusesWhatDoesNotFit) {
  const auto refuses = [](std::string_view hint, const std::string& octets) {
    SCOPED_TRACE(hint);
    EXPECT_FALSE(apply_hint(hint, octets));
  };
  refuses("", "x");
  refuses("x", "x");
  refuses("0d", "abc");  // would never end
  refuses("1q", "abc");
  refuses("99999999999999999999d", "abc");
  refuses("255a", "\x01\x02"s);  // control octets are no text
  refuses("255t", "\xff\xfe"s);  // not UTF-8
  refuses("9d", "123456789");    // more than 64 bits
  EXPECT_FALSE(apply_hint("d-", std::int64_t{1}));
  EXPECT_FALSE(apply_hint("d-99", std::int64_t{1}));
  EXPECT_FALSE(apply_hint("255a", std::int64_t{1}));
}

}  // namespace
}  // namespace bongsu::mib
