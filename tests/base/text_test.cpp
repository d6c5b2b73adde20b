// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <random>

#include "base/url.h"

namespace bongsu {

TEST(EscapeHtml, LeavesNoMarkup) {
  EXPECT_EQ("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;", escape_html("<script>alert('x')</script>&\""));
  EXPECT_EQ("\xef\xbf\xbd", escape_html("\xff"));
  EXPECT_EQ("정상", escape_html("정상"));
}

TEST(UrlPart, LeavesWhatIsUnreserved) {
  EXPECT_EQ("aZ09-._~", url_part("aZ09-._~"));
  EXPECT_EQ("a%2Fb%20%26%3D%25%2B%0A%C3%A9", url_part("a/b &=%+\n\xc3\xa9"));
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
  EXPECT_EQ("123456789012345680000", format_number(123456789012345678901.0));  // as Go: no digit that was not asked for
  EXPECT_EQ("9007199254740992", format_number(9007199254740992.0));
  EXPECT_EQ("-0", format_number(-0.0));
  EXPECT_EQ("0.000001", format_number(1e-6));
  EXPECT_EQ("1e-07", format_number(1e-7));
  EXPECT_EQ("-1.5", format_number(-1.5));
  EXPECT_EQ("0.1", format_number(0.1));
  EXPECT_EQ("+Inf", format_number(std::numeric_limits<double>::infinity()));
  EXPECT_EQ("NaN", format_number(std::nan("")));
}

// Whatever a double holds, its text reads back as the same bits, has no exponent, and no digit more than the shortest needs.
TEST(Number, ReadsBackAsTheSameDouble) {
  std::mt19937_64 random(7);
  std::array<char, kPositionalRoom> room;
  std::array<char, 40> shortest;
  for (int i = 0; i < 50'000; ++i) {
    const double value = i % 2 == 0 ? std::bit_cast<double>(random()) : static_cast<double>(random() % 1'000'000) / 997;
    if (!std::isfinite(value)) continue;
    const std::string text(room.data(), write_positional(room.data(), value));
    ASSERT_EQ(std::bit_cast<std::uint64_t>(value), std::bit_cast<std::uint64_t>(parse_number(text).value())) << text;
    ASSERT_EQ(std::string::npos, text.find('e'));
    ASSERT_EQ(value, parse_number(format_number(value)).value());
    const auto end = std::to_chars(shortest.data(), shortest.data() + shortest.size(), value, std::chars_format::scientific).ptr;
    const auto digits = [](std::string_view of) {
      std::string kept;
      for (const char c : of.substr(0, of.find('e'))) {
        if (c >= '0' && c <= '9' && !(kept.empty() && c == '0')) kept += c;
      }
      kept.resize(kept.find_last_not_of('0') + 1);
      return kept;
    };
    ASSERT_EQ(digits({shortest.data(), end}), digits(text));
  }
}

TEST(ShownWidth, CountsColumnsNotOctets) {
  const auto takes = [](std::size_t columns, std::string_view text) { EXPECT_EQ(columns, shown_width(text)) << text; };
  takes(0, "");
  takes(7, "core-sw");
  takes(6, "é à ü!");
  takes(4, "위험");
  takes(8, "CPU 사용");
  takes(4, "漢字");
  takes(2, "Ａ");  // full width
  takes(1, "ｱ");   // half width
  takes(2, "🔥");
  takes(1, "e\u0301");             // an accent of its own
  takes(2, "\u1112\u1161\u11ab");  // Hangul in its parts, as some systems write file names
}

TEST(ShownWidth, SurvivesTextCutInTheMiddleOfALetter) {
  const std::string_view text = "위험";
  EXPECT_EQ(2U, shown_width(text.substr(0, 3)));
  for (std::size_t length = 0; length < text.size(); ++length) EXPECT_LE(shown_width(text.substr(0, length)), 4U);
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
