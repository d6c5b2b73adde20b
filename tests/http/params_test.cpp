// SPDX-License-Identifier: Apache-2.0
#include "http/params.h"

#include <gmock/gmock.h>

namespace bongsu::http {
namespace {

using Kind = ParamSpec::Kind;
using testing::HasSubstr;

const std::vector<ParamSpec>& known() {
  static const std::vector<ParamSpec> specs{
      {.name = "q"},
      {.name = "limit", .kind = Kind::Count, .high = 50, .usual = 7},
      {.name = "level", .kind = Kind::Level},
      {.name = "severity", .kind = Kind::LogSeverity},
      {.name = "from", .kind = Kind::Time},
      {.name = "state", .kind = Kind::Word, .words = {"up", "down"}},
      {.name = "cursor", .kind = Kind::Cursor, .mark = 'a'},
  };
  return specs;
}

TEST(Params, TakesEachKind) {
  const auto params = Params::parse(
      "q=link+down%21&limit=50&level=%EC%9C%84%ED%97%98&severity=err&from=1970-01-01T00:00:01%2B00:00&state=up&cursor=" +
          encode_cursor('a', "42"),
      known());
  ASSERT_TRUE(params) << params.error().text;
  EXPECT_EQ("link down!", params->text("q"));
  EXPECT_EQ(50U, params->count("limit"));
  EXPECT_EQ(Severity::Danger, params->level("level"));
  EXPECT_EQ(3, params->syslog("severity"));
  EXPECT_EQ(std::nullopt, params->level("severity"));
  EXPECT_EQ(time_from_ms(1000), params->time("from"));
  EXPECT_EQ("up", params->text("state"));
  EXPECT_EQ(42U, params->cursor_number("cursor"));
}

TEST(Params, AbsentOrEmptyIsTheUsual) {
  for (const std::string_view query : {"", "&&", "limit=&level=&from=&cursor=&q="}) {
    SCOPED_TRACE(query);
    const auto params = Params::parse(query, known());
    ASSERT_TRUE(params);
    EXPECT_EQ("", params->text("q"));
    EXPECT_EQ(7U, params->count("limit"));
    EXPECT_EQ(std::nullopt, params->level("level"));
    EXPECT_EQ(std::nullopt, params->time("from"));
    EXPECT_EQ(std::nullopt, params->cursor("cursor"));
  }
}

TEST(Params, NamesWhatIsWrong) {
  const auto refuses = [](std::string_view query, const char* words) {
    SCOPED_TRACE(query);
    const auto params = Params::parse(query, known());
    ASSERT_FALSE(params);
    EXPECT_EQ(Code::Invalid, params.error().code);
    EXPECT_THAT(params.error().text, HasSubstr(words));
  };
  refuses("leval=fatal", "did you mean \"level\"");
  refuses("zzzzzz=1", "taken are q, limit");
  refuses("limit=0", "\"limit\": \"0\" is not a whole number from 1 to 50");
  refuses("limit=51", "\"limit\"");
  refuses("limit=-1", "\"limit\"");
  refuses("limit=1.5", "\"limit\"");
  refuses("limit=99999999999999999999999", "\"limit\"");
  refuses("limit=1&limit=1", "given twice");
  refuses("level=err", "\"level\"");
  refuses("severity=loud", "\"severity\"");
  refuses("from=yesterday", "RFC 3339");
  refuses("state=sideways", "is none of up, down");
  refuses("q=%f", "\"q\" is not percent-encoded");
  refuses("q=%zz", "\"q\" is not percent-encoded");
  refuses("q=%ff", "\"q\" is not percent-encoded");
  refuses("q=a%00b", "\"q\" is not percent-encoded");
  refuses("%ff=1", "name is not percent-encoded");
  refuses("cursor=xyz", "\"cursor\"");
  refuses("cursor=" + encode_cursor('b', "42"), "not a cursor of this list");
  std::string many;
  for (int i = 0; i < 40; ++i) many += "q&";
  refuses(many, "more than 32");
}

TEST(Cursor, ComesBack) {
  for (const std::string_view key : {"1", "18446744073709551615", "sw1/랙 2"})
    EXPECT_EQ(key, decode_cursor('d', encode_cursor('d', key)));
  for (const std::string_view bad : {"", "d", "d1", "d1g", "x31", "d313", "d 1"})
    EXPECT_EQ(std::nullopt, decode_cursor('d', bad)) << bad;
}

TEST(Component, ComesBack) {
  EXPECT_EQ("a%2Fb%20%3C%EC%9C%84%3E~", encode_component("a/b <위>~"));
  EXPECT_EQ("a/b <위>~", decode_component(encode_component("a/b <위>~")));
}

}  // namespace
}  // namespace bongsu::http
