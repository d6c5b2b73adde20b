// SPDX-License-Identifier: Apache-2.0
#include "app/set_value.h"

#include <gmock/gmock.h>

#include "base_modules.h"

namespace bongsu::app {
namespace {

using ::testing::HasSubstr;

const Oid kContact{1, 3, 6, 1, 2, 1, 1, 4, 0}, kAdminStatus{1, 3, 6, 1, 2, 1, 2, 2, 1, 7, 3},
    kAnything{1, 3, 6, 1, 4, 1, 99999, 1};

void reads(const Oid& oid, std::string_view type, std::string_view text, const Value& expected) {
  SCOPED_TRACE(std::string(type) + " " + std::string(text));
  const auto value = parse_set_value(*base_tree(), oid, type, text);
  ASSERT_TRUE(value) << value.error().text;
  EXPECT_EQ(expected, *value);
}
void refuses_value(const Oid& oid, std::string_view type, std::string_view text, const std::string& why) {
  SCOPED_TRACE(std::string(type) + " " + std::string(text));
  const auto value = parse_set_value(*base_tree(), oid, type, text);
  ASSERT_FALSE(value);
  EXPECT_THAT(value.error().text, HasSubstr(why));
}

}  // namespace

TEST(SetValue, ReadsEachLetter) {
  reads(kAnything, "i", "-5", Value::of_integer(-5));
  reads(kAnything, "u", "4294967295", Value::of_number(ValueType::Gauge32, UINT32_MAX));
  reads(kAnything, "c", "7", Value::of_number(ValueType::Counter32, 7));
  reads(kAnything, "t", "360000", Value::of_number(ValueType::TimeTicks, 360'000));
  reads(kAnything, "s", "", Value::of_octets(""));
  reads(kAnything, "s", "rack 7", Value::of_octets("rack 7"));
  reads(kAnything, "x", "00 1F:88", Value::of_octets(std::string("\0\x1f\x88", 3)));
  reads(kAnything, "x", "0x001f88", Value::of_octets(std::string("\0\x1f\x88", 3)));
  reads(kAnything, "d", "72 105.33", Value::of_octets("Hi!"));
  reads(kAnything, "n", "whatever", Value{});
  reads(kAnything, "o", "sysUpTime.0", Value::of_oid(Oid{1, 3, 6, 1, 2, 1, 1, 3, 0}));
  reads(kAnything, "o", ".0.0", Value::of_oid(Oid{0, 0}));
  reads(kAnything, "a", "192.0.2.1", Value{.type = ValueType::IpAddress, .octets = std::string("\xc0\0\2\1", 4)});
  reads(kAnything, "b", "0 9", Value::of_octets("\x80\x40"));
  reads(kAnything, "b", "", Value::of_octets(""));
  reads(kAnything, "F", "1.5", Value{.type = ValueType::OpaqueFloat, .real = 1.5});
  reads(kAnything, "D", "-2e3", Value{.type = ValueType::OpaqueDouble, .real = -2'000});
}

TEST(SetValue, KnowsWhatTheMibSays) {
  reads(kContact, "=", "noc@example.com", Value::of_octets("noc@example.com"));
  reads(kAdminStatus, "=", "down", Value::of_integer(2));
  reads(kAdminStatus, "=", "down(2)", Value::of_integer(2));
  reads(kAdminStatus, "=", "2", Value::of_integer(2));
  reads(kAdminStatus, "i", "up", Value::of_integer(1));
  reads(Oid{1, 3, 6, 1, 2, 1, 2, 2, 1, 6, 3}, "=", "00:1f:88:00:00:01", Value::of_octets(std::string("\0\x1f\x88\0\0\1", 6)));
  reads(Oid{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6, 3}, "=", "18446744073709551615",
        Value::of_number(ValueType::Counter64, UINT64_MAX));
  refuses_value(kAdminStatus, "=", "sideways", "write a number, or one of up(1), down(2), testing(3)");
  refuses_value(kAnything, "=", "5", "say its type in place of =");
}

TEST(SetValue, RefusesWhatTheTypeCannotHave) {
  refuses_value(kAnything, "i", "2147483648", "not an INTEGER");
  refuses_value(kAnything, "i", "5x", "not an INTEGER");
  refuses_value(kAnything, "u", "4294967296", "not a Gauge32");
  refuses_value(kAnything, "u", "-1", "not a Gauge32");
  refuses_value(kAnything, "x", "0", "not octets in hex");
  refuses_value(kAnything, "d", "256", "not octets in decimal");
  refuses_value(kAnything, "a", "::1", "not an IpAddress");
  refuses_value(kAnything, "b", "4096", "not bits");
  refuses_value(kAnything, "b", "-1", "not bits");
  refuses_value(kAnything, "D", "one", "not a number");
  refuses_value(kAnything, "q", "1", "\"q\" is no type of a value; there are i u c s x d n o t a b F D =");
  refuses_value(kAnything, "ii", "1", "is no type of a value");
}

}  // namespace bongsu::app
