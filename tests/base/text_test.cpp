// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bongsu {

TEST(EscapeHtml, LeavesNoMarkup) {
  EXPECT_EQ("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;", escape_html("<script>alert('x')</script>&\""));
  EXPECT_EQ("\xef\xbf\xbd", escape_html("\xff"));
  EXPECT_EQ("정상", escape_html("정상"));
}

TEST(EscapeTerminal, LeavesNoControl) {
  EXPECT_EQ("\\x1b[31mred\\x0a", escape_terminal("\x1b[31mred\n"));
  EXPECT_EQ("\\xc2\\x9b", escape_terminal("\xc2\x9b"));
  EXPECT_EQ("\\xff위험", escape_terminal("\xff위험"));
  // U+202E turns what follows around, U+2066 isolates, U+2028 ends a line; U+2014 and U+2044 are plain signs.
  EXPECT_EQ("a\\xe2\\x80\\xaeb", escape_terminal("a\u202eb"));
  EXPECT_EQ("\\xe2\\x81\\xa6\\xe2\\x80\\xa8\\xd8\\x9c", escape_terminal("\u2066\u2028\u061c"));
  EXPECT_EQ("\u2014\u2044", escape_terminal("\u2014\u2044"));
}

TEST(Utf8, RefusesOverlongAndSurrogates) {
  EXPECT_TRUE(is_valid_utf8("aé정\xf0\x9f\x94\xa5"));
  for (const std::string_view text : {"\xc0\xaf", "\xed\xa0\x80", "\xe0\x80\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text)) << to_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
}

TEST(Number, ReadsWholeWordsOnly) {
  EXPECT_EQ(1.5, parse_number("1.5"));
  EXPECT_EQ(2.0, parse_number("+2"));
  EXPECT_EQ(std::nullopt, parse_number("+-2"));
  EXPECT_EQ(std::nullopt, parse_number("1.5x"));
  EXPECT_EQ(std::nullopt, parse_number(""));
  EXPECT_TRUE(std::isnan(parse_number("NaN").value()));
}

TEST(Number, FormatsAsPrometheus) {
  EXPECT_EQ("0", format_number(0));
  EXPECT_EQ("100000000000000000000", format_number(1e20));
  EXPECT_EQ("1e+21", format_number(1e21));
  EXPECT_EQ("0.1", format_number(0.1));
  EXPECT_EQ("+Inf", format_number(std::numeric_limits<double>::infinity()));
  EXPECT_EQ("NaN", format_number(std::nan("")));
}

TEST(Size, ReadsUnits) {
  EXPECT_EQ(64U << 20, parse_size("64MiB"));
  EXPECT_EQ(4096U, parse_size("4096"));
  EXPECT_EQ(std::nullopt, parse_size("64MB"));
  EXPECT_EQ(std::nullopt, parse_size("99999999999TiB"));
}

TEST(Hex, GoesBothWays) {
  EXPECT_EQ("00ff1a", to_hex(*from_hex("00:FF 1a")));
  EXPECT_EQ(std::nullopt, from_hex("0"));
  EXPECT_EQ(std::nullopt, from_hex("zz"));
  EXPECT_EQ(0xfaU, hex_octet("fA1"));
  for (const auto* text : {"", "f", "fg", "gf", " f"}) EXPECT_EQ(std::nullopt, hex_octet(text)) << text;
}

TEST(Quoted, EscapesWhatEndsALabelValue) {
  std::string out = "disk=";
  append_quoted(out, "C:\\ \"data\"\nD");
  EXPECT_EQ(R"(disk="C:\\ \"data\"\nD")", out);
}

TEST(Nearest, FindsTheSlip) {
  const std::string_view words[] = {"interval", "timeout", "retries"};
  EXPECT_EQ("interval", nearest("intreval", words));
  EXPECT_EQ("timeout", nearest("time_out", words));
  EXPECT_EQ(std::nullopt, nearest("zzzzzzzzz", words));
}

}  // namespace bongsu
