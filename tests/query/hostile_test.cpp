// SPDX-License-Identifier: Apache-2.0
// Expressions that are meant to hurt: each ends in an error that says what to do, and soon.
#include <gtest/gtest.h>

#include <chrono>

#include "query/engine.h"
#include "query/parse.h"
#include "store/memory.h"

namespace bongsu::query {
namespace {

using namespace std::chrono_literals;

class Hostile : public testing::Test {
 protected:
  Hostile() {
    for (int i = 0; i < 2000; ++i) {
      const auto id = store_.series(Labels({{"__name__", "m"}, {"i", std::to_string(i)}, {"text", std::string(60, 'a')}}));
      std::vector<Point> points;
      for (int k = 0; k < 50; ++k) points.push_back({*id, {Time(std::chrono::seconds(k * 15)), 1.0 * i * k}});
      EXPECT_TRUE(store_.append(points));
    }
  }
  Result<Answer> ask(const std::string& text, EngineOptions options = {}) {
    BONGSU_TRY(const auto expr, parse(text));
    return Engine(store_, options).range(*expr, Time(0s), Time(700s), 1s);
  }
  void ends(Code code, const std::string& text, EngineOptions options = {}) {
    SCOPED_TRACE(text.substr(0, 100));
    const auto answer = ask(text, options);
    ASSERT_FALSE(answer);
    EXPECT_EQ(code, answer.error().code) << answer.error().text;
    EXPECT_NE(std::string::npos, answer.error().text.find_first_of(":;")) << "names no remedy: " << answer.error().text;
  }
  store::MemoryStore store_;
};

std::string times(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST_F(Hostile, BracketsWithoutEnd) {
  for (const char* open : {"(", "{", "[", "sum(", "-", "m[", "rate(", "!", "\"", "m{a=\"", "by("}) {
    ends(Code::Limit, times(open, 100'000 / static_cast<int>(std::string_view(open).size())));  // over the bound of the text
    const auto within = ask(times(open, 60'000 / static_cast<int>(std::string_view(open).size())));
    EXPECT_FALSE(within) << open;
  }
  ends(Code::Limit, times("(", 30'000) + "m" + times(")", 30'000));
  ends(Code::Limit, "m[" + times("(", 20'000) + "1m" + times(")", 20'000) + "]");
  ends(Code::Limit, "m" + times(" + m", 10'000));
  ends(Code::Limit, "m[1m" + times(" + 1m", 10'000) + "]");
}

TEST_F(Hostile, RegularExpressions) {
  // RE2 takes time in proportion to the text; what another engine would try for ever is only a slow way to say no.
  const auto answer = ask("m{text=~\"(a*)*(a*)*(a|aa)+(a?){60}b\"}");
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_TRUE(answer->matrix.empty());
  ends(Code::Invalid, "m{text=~\"((a{100}){100}){100}\"}");
  ends(Code::Invalid, "m{text=~\"(\"}");
  ends(Code::Invalid, "label_replace(m, \"a\", \"$1\", \"i\", \"(\")");
  ends(Code::Limit, "m{" + times("text=~\"[\\\\pL\\\\d]{30}\",", 2000) + "i=\"1\"}");
}

TEST_F(Hostile, TimeWithoutEnd) {
  ends(Code::Limit, "count_over_time(m[100y:1ms])");
  ends(Code::Limit, "max_over_time(max_over_time(max_over_time(m[1y:1s])[1y:1s])[1y:1s])");
  const auto expr = parse("m");
  const auto century = Engine(store_).range(**expr, Time(0s), Time(std::chrono::hours(24 * 36'500)), 1ms);
  ASSERT_FALSE(century);
  EXPECT_EQ(Code::Limit, century.error().code);
  EXPECT_TRUE(ask("count_over_time(m[285000y])", {.max_samples = 10'000'000}));
  EXPECT_TRUE(ask("m offset 285000y"));
  EXPECT_TRUE(ask("m @ 9e12 offset -285000y"));
  ends(Code::Invalid, "m[9999999999y]");
}

TEST_F(Hostile, MoreSeriesThanAreGood) {
  ends(Code::Limit, "m", {.limits = {.max_series = 1000}});
  ends(Code::Limit, "rate(m[5m])", {.limits = {.max_series = 1000}});
  ends(Code::Limit, "m", {.max_samples = 50'000});
  ends(Code::Limit, "label_replace(m, \"a\", \"b\", \"\", \"\") or m * 2 or m * 3", {.max_samples = 1'000'000});
  ends(Code::Limit, "count_values(\"v\", m)", {.max_samples = 1'500'000});
}

TEST_F(Hostile, WorkWithoutEnd) {
  // Windows that are read anew at each step, within windows.
  const auto began = std::chrono::steady_clock::now();
  ends(Code::Timeout, "stddev_over_time(quantile_over_time(0.5, m[10m:1s])[10m:1s])", {.max_time = 300ms, .threads = 1});
  EXPECT_LT(std::chrono::steady_clock::now() - began, 60s);  // of some minutes; no figure, only that it does not go on
}

TEST_F(Hostile, LabelsThatGrow) {
  std::string replaced = "m{i=\"1\"}", joined = "m{i=\"2\"}";
  for (int i = 0; i < 12; ++i) replaced = "label_replace(" + replaced + ",\"i\",\"$1$1$1$1$1$1$1$1\",\"i\",\"(.*)\")";
  for (int i = 0; i < 30; ++i) joined = "label_join(" + joined + ",\"i\",\"\",\"i\",\"i\")";
  ends(Code::Limit, replaced);
  ends(Code::Limit, joined);
  ends(Code::Limit, "label_replace(m, \"a\", \"" + times("$1", 30'000) + "\", \"text\", \"(.*)\")");
  ends(Code::Limit, "label_replace(m, \"a\", \"$1\", \"text\", \"" + times("(.*)", 5'000) + "\")");
  ends(Code::Limit, "label_replace(m, \"a\", \"" + times("x", 60'000) + "\", \"\", \"\")", {.max_samples = 5'000'000});
}

TEST_F(Hostile, WhatIsNoText) {
  ends(Code::Invalid, "m{a=\"\xff\"}");
  ends(Code::Invalid, std::string(60'000, '\xc3'));
  ends(Code::Invalid, times("é", 20'000) + "\xff");
  ends(Code::Invalid, std::string("m\0m", 3));
  const auto placed = parse(times("é", 5) + "\xff");
  ASSERT_FALSE(placed);
  EXPECT_EQ("1:6: parse error: not UTF-8 near here; save it as UTF-8", placed.error().text);
}

}  // namespace
}  // namespace bongsu::query
