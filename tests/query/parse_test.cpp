// SPDX-License-Identifier: Apache-2.0
#include "query/parse.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "query/functions.h"

namespace bongsu::query {

TEST(Parse, SaysAgainWhatItRead) {
  const auto reads = [](std::string_view text, std::string_view canonical) {
    SCOPED_TRACE(text);
    const auto tree = parse(text);
    ASSERT_TRUE(tree) << tree.error().text;
    EXPECT_EQ(canonical, to_string(**tree));
    const auto again = parse(to_string(**tree));
    ASSERT_TRUE(again) << again.error().text;
    EXPECT_EQ(canonical, to_string(**again));
  };
  reads("1", "1");
  reads("-1", "-1");
  reads("+Inf", "+Inf");
  reads("-inf", "-Inf");
  reads("nAn", "NaN");
  reads(".5", "0.5");
  reads("2.", "2");
  reads("0x1F", "31");
  reads("0755", "493");
  reads("1_000_000", "1000000");
  reads("1e3", "1000");
  reads("5m", "5m");
  reads("1h30m", "1h30m");
  reads("36h", "1d12h");
  reads("48h", "2d");
  reads(R"('a"b')", R"("a\"b")");
  reads(R"("\u00e9\x41\101\n")", R"("éAA\n")");
  reads("`raw\\n`", R"("raw\\n")");
  reads("up", "up");
  reads("job:up:sum5m", "job:up:sum5m");
  reads("up{}", "up");
  reads("up{a='b',}", R"(up{a="b"})");
  reads("{a!='b',c=~\"d.*\",e!~\"f\"}", R"({a!="b",c=~"d.*",e!~"f"})");
  reads(R"({"spaced name"})", R"({"spaced name"})");
  reads(R"({"plain", "x.y"="z"})", R"(plain{"x.y"="z"})");
  reads(R"({__name__="up"})", R"({__name__="up"})");
  reads(R"({a="b",__name__="up"})", R"({__name__="up",a="b"})");
  reads(R"({a="b","up"})", R"(up{a="b"})");
  reads(R"({__name__="a",__name__!="b"})", R"({__name__!="b",__name__="a"})");
  reads("sum", "sum");
  reads("offset", "offset");
  reads("by", "by");
  reads("up{by=\"1\",on=\"2\",inf=\"3\"}", R"(up{"inf"="3",by="1",on="2"})");
  reads("up[5m]", "up[5m]");
  reads("up[90]", "up[1m30s]");
  reads("up[5m] offset 1h", "up[5m] offset 1h");
  reads("up offset -5m", "up offset -5m");
  reads("up offset 30", "up offset 30s");
  reads("up @ 1.5 offset 5m", "up @ 1.500 offset 5m");
  reads("up[5m + 2*step()] offset (1h - range())", "up[5m + 2 * step()] offset (1h - range())");
  reads("up[max(1m, step())] offset -step()", "up[max(1m, step())] offset -step()");
  reads("up offset 5m * 2", "up offset 5m * 2");
  reads("up[5m] smoothed @ 1 offset 2m", "up[5m] smoothed @ 1.000 offset 2m");
  reads("anchored anchored", "anchored anchored");
  reads("sum(up)[-(1m - 3m):step() ^ 2 ^ 1m]", "sum(up)[-(1m - 3m):step() ^ 2 ^ 1m]");
  reads("info(up, {build=~\".*\"})", "info(up, {build=~\".*\"})");
  reads("up offset 5m @ start()", "up @ start() offset 5m");
  reads("up[5m] @ end()", "up[5m] @ end()");
  reads("(up > 1)[1h:]", "(up > 1)[1h:]");
  reads("rate(up[5m])[1h:30s] offset 1m @ -7", "rate(up[5m])[1h:30s] @ -7.000 offset 1m");
  reads("- - - up", "---up");
  reads("-2^2", "-2 ^ 2");
  reads("a or b and c == d + e * f ^ g", "a or b and c == d + e * f ^ g");
  reads("SUM(a) BY (b, c)", "sum by (b, c) (a)");
  reads("sum without (b,) (a)", "sum without (b) (a)");
  reads("sum by () (a)", "sum(a)");
  reads("sum without () (a)", "sum without () (a)");
  reads(R"(sum by ("x.y", on) (a))", R"(sum by ("x.y", on) (a))");
  reads("topk(3, a) by (b)", "topk by (b) (3, a)");
  reads("count_values('v', a)", R"(count_values("v", a))");
  reads("a == bool on (x) b", "a == bool on (x) b");
  reads("a * on (x, y) group_left (z) b", "a * on (x, y) group_left (z) b");
  reads("a / ignoring (x) group_right b", "a / ignoring (x) group_right () b");
  reads("1 == bool 2", "1 == bool 2");
  reads("1 atan2 2", "1 atan2 2");
  reads("time()", "time()");
  reads("round(a, 5)", "round(a, 5)");
  reads("label_join(a, 'd', '-', 's1', 's2')", R"(label_join(a, "d", "-", "s1", "s2"))");
  reads("a # comment\n + b", "a + b");
}

TEST(Parse, BindsAsPrometheusDoes) {
  // The tree, with every operator in brackets.
  const std::function<std::string(const Expr&)> tree = [&](const Expr& expr) -> std::string {
    if (const auto* binary = std::get_if<Binary>(&expr.node)) {
      return "[" + tree(*binary->left) + " " + std::string(to_string(binary->op)) + " " + tree(*binary->right) + "]";
    }
    if (const auto* unary = std::get_if<Unary>(&expr.node))
      return std::string("[") + (unary->minus ? "-" : "+") + tree(*unary->inner) + "]";
    return to_string(expr);
  };
  const auto binds = [&](std::string_view text, std::string_view expected) {
    SCOPED_TRACE(text);
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed) << parsed.error().text;
    EXPECT_EQ(expected, tree(**parsed));
  };
  binds("a + b + c", "[[a + b] + c]");
  binds("a ^ b ^ c", "[a ^ [b ^ c]]");
  binds("-a ^ b", "[-[a ^ b]]");
  binds("-a * b", "[[-a] * b]");
  binds("a ^ -b ^ c", "[a ^ [-[b ^ c]]]");
  binds("a + b * c % d", "[a + [[b * c] % d]]");
  binds("a > b + c", "[a > [b + c]]");
  binds("a or b and c unless d or e", "[[a or [[b and c] unless d]] or e]");
  binds("a and b == c", "[a and [b == c]]");
  binds("a * b atan2 c", "[[a * b] atan2 c]");
}

TEST(Parse, NamesPlaceAndRemedy) {
  const auto refuses = [](std::string_view text, std::string_view expected) {
    SCOPED_TRACE(text);
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(expected, parsed.error().text);
    EXPECT_EQ(Code::Invalid, parsed.error().code);
  };
  refuses("", "1:1: parse error: no expression; write a metric name, as in device_up == 0");
  refuses("a b", "1:3: parse error: unexpected \"b\"; an operator or the end must stand here");
  refuses("sum(", "1:5: parse error: unexpected end of the expression; a metric, a function, a number or \"(\" must stand here");
  refuses("(a", "1:3: parse error: unexpected end of the expression; an operator or \")\" must stand here");
  refuses("a +\n  *b", "2:3: parse error: unexpected \"*\"; a metric, a function, a number or \"(\" must stand here");
  refuses("rate(cpu_usage_percent)",
          "1:6: parse error: argument 1 of rate must be a range vector, not an instant vector; add a range, as in [5m]");
  refuses("sum(a[5m])",
          "1:5: parse error: argument 1 of sum must be an instant vector, not a range vector; take a function such as rate() or "
          "leave the [range] out");
  refuses("a[5m] + 1",
          "1:1: parse error: an operand of + must be a scalar or an instant vector, not a range vector; take a function such as "
          "rate() or leave the [range] out");
  refuses("raet(a[5m])", "1:1: parse error: unknown function \"raet\"; did you mean \"rate\"?");
  refuses("rate(a[5m], 1)", "1:1: parse error: rate takes 1 argument, not 2");
  refuses("topk(a)", "1:1: parse error: topk takes 2 arguments: a parameter and an instant vector, not 1");
  refuses("topk(a, a)",
          "1:6: parse error: argument 1 of topk must be a scalar, not an instant vector; make it one with scalar()");
  refuses("1 == 2", "1:3: parse error: comparisons between scalars must use bool: write == bool");
  refuses("a + bool b", "1:5: parse error: bool stands only behind a comparison (== != < > <= >=), not behind +; leave it out");
  refuses("a and 1", "1:3: parse error: set operator \"and\" joins two instant vectors; make a scalar one with vector()");
  refuses("a and on (x) group_left b", "1:14: parse error: no grouping is allowed for \"and\"; leave group_left out");
  refuses("a * on (x) group_left (x) b", "1:12: parse error: label \"x\" stands in on() and in group_left(); keep one");
  refuses("a * group_left b", "1:5: parse error: group_left needs on(...) or ignoring(...) before it");
  refuses("a * on (x) 1", "1:3: parse error: on and ignoring match two instant vectors; one side is a scalar, so leave them out");
  refuses("{}",
          "1:1: parse error: a selector needs a metric name or a matcher that leaves out the empty value; add one, as in "
          "{device=\"web1\"}");
  refuses("{a=~\".*\"}",
          "1:1: parse error: a selector needs a metric name or a matcher that leaves out the empty value; add one, as in "
          "{device=\"web1\"}");
  refuses("a{b=\"c\"", "1:8: parse error: unexpected end of the expression; \",\" or \"}\" must stand here");
  refuses("a{b==\"c\"}", "1:4: parse error: unexpected \"==\"; a matcher writes =");
  refuses("a{b=c}", "1:5: parse error: unexpected \"c\"; a value in quotes, as in b=\"value\", must stand here");
  refuses("a{b=~\"(\"}", "1:6: parse error: bad regular expression: missing ): (; write it in RE2's syntax");
  refuses("a{__name__=\"b\"}", "1:3: parse error: the metric name stands twice; keep one");
  refuses("{\"a\", \"b\"}", "1:7: parse error: the metric name stands twice; keep one");
  refuses("a[5m", "1:5: parse error: unexpected end of the expression; \"]\" or \":\" must stand here");
  refuses("a[0s]", "1:3: parse error: duration must be greater than 0 for the range, as 5m is");
  refuses("a[b]", "1:3: parse error: unexpected \"b\"; a duration such as 5m must stand here");
  refuses("(a)[5m]",
          "1:4: parse error: ranges only allowed for vector selectors; of any other expression take a subquery, as in [5m:1m]");
  refuses("a offset 5m[5m]", "1:12: parse error: no offset modifiers allowed before range; write it behind the range");
  refuses("sum(a) offset 5m", "1:8: parse error: offset stands only behind a selector or a subquery; move it next to the metric");
  refuses("a offset 5m offset 5m", "1:13: parse error: offset stands twice; keep one");
  refuses("a @ 1 @ 2", "1:7: parse error: @ stands twice; keep one");
  refuses("a @ b", "1:5: parse error: unexpected \"b\"; a time in seconds since 1970, start() or end() must stand here");
  refuses("5m1h",
          "1:1: parse error: bad number or duration \"5m1h\"; units are y w d h m s ms, large to small, each once, as in 1h30m");
  refuses("1.5m", "1:1: parse error: bad number \"1.5m\"; write 5, 0.5, 1e6, 0x1f or a duration such as 5m");
  refuses("\"abc", "1:1: parse error: string without its end; close it with \"");
  refuses(
      "\"a\\qb\"",
      "1:3: parse error: bad escape in a string; known are \\n \\t \\\\ \\\" \\xHH \\uHHHH and the like, or quote it with ` `");
  refuses("a && b", "1:3: parse error: unexpected \"&\"; PromQL writes \"and\"");
  refuses("온도 > 5", "1:1: parse error: unexpected character \"온\"; names beyond ASCII go in quotes, as in {\"name\"}");
  refuses("{\"온도\"} > $", "1:10: parse error: unexpected character \"$\"; names beyond ASCII go in quotes, as in {\"name\"}");
  refuses("-\"a\"", "1:2: parse error: a sign stands before a scalar or an instant vector, not a string");
  refuses("1[5m:]",
          "1:1: parse error: subquery is only allowed on instant vector, got scalar instead; make it one with vector()");
  refuses("on", "1:1: parse error: unexpected \"on\"; it belongs behind an operator (a metric of this name is written {\"on\"})");
  refuses("a[5m / 0]", "1:3: parse error: division by zero in a duration");
  refuses("a[5m - 5m]", "1:3: parse error: duration must be greater than 0 for the range");
  refuses("a smoothed anchored", "1:12: parse error: anchored and smoothed modifiers cannot be used together; keep one");
  refuses("info(a, b)",
          "1:9: parse error: expected label selectors only, got an expression instead; write them as {label=\"value\"}");
  refuses(std::string_view("a\xff", 2), "1:2: parse error: not UTF-8 near here; save it as UTF-8");
}

TEST(Parse, PointsAtThePlace) {
  const auto shows = [](std::string_view text, std::string_view expected) {
    SCOPED_TRACE(text);
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(expected, show_place(text, parsed.error()));
  };
  shows("a +\n  *b", "    *b\n    ^\n");
  shows("{\"온도\"} > $", "  {\"온도\"} > $\n             ^\n");  // Hangul takes two columns
  shows("\ta +\t$", "  \\x09a +\\x09$\n             ^\n");
  EXPECT_EQ("", show_place("a", Error{Code::Limit, "too much"}));
}

TEST(Parse, LaysOutWhatIsLong) {
  const auto lays = [](std::string_view text, std::string_view expected) {
    const auto parsed = parse(text);
    ASSERT_TRUE(parsed) << parsed.error().text;
    EXPECT_EQ(expected, format_pretty(**parsed));
  };
  lays("sum( a )by(b)", "sum by (b) (a)");
  const std::string metric(60, 'm');
  lays("sum(rate(" + metric + "[5m])) by (a) / on (a) group_left sum(rate(" + metric + "[5m] offset 1w))",
       "  sum by (a) (rate(" + metric + "[5m]))\n/ on (a) group_left ()\n  sum(rate(" + metric + "[5m] offset 1w))");
  lays("topk(5, (sum by (device, interface) (" + metric + "{a=\"b\"}) > " + metric + "))",
       "topk(\n  5,\n  (\n      sum by (device, interface) (" + metric + "{a=\"b\"})\n    >\n      " + metric + "\n  )\n)");
}

TEST(Parse, BoundsSizeAndDepth) {
  const auto limited = [](const std::string& text) {
    const auto parsed = parse(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(Code::Limit, parsed.error().code) << parsed.error().text;
  };
  limited(std::string(20'000, '(') + "1" + std::string(20'000, ')'));
  limited(std::string(20'000, '-') + "a");
  limited("a" + std::string(60'000, ' ') + std::string(10'000, ' '));
  std::string chain = "a";
  for (int i = 0; i < 10'000; ++i) chain += "+a";
  limited(chain);
  std::string power = "a";
  for (int i = 0; i < 10'000; ++i) power += "^a";
  limited(power);
  std::string subqueries = "a";
  for (int i = 0; i < 5'000; ++i) subqueries = "(" + subqueries;
  limited(subqueries);
  EXPECT_TRUE(parse(std::string(100, '(') + "1" + std::string(100, ')')));
}

TEST(Functions, AreSortedAndFound) {
  const auto all = functions();
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(&all[i], find_function(all[i].name));
    EXPECT_LE(all[i].required, all[i].args.size()) << all[i].name;
    if (i > 0) {
      EXPECT_LT(all[i - 1].name, all[i].name);
    }
  }
  EXPECT_EQ(nullptr, find_function("no_such"));
}

}  // namespace bongsu::query
