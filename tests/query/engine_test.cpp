// SPDX-License-Identifier: Apache-2.0
#include "query/engine.h"

#include <gtest/gtest.h>

#include "model/marker.h"
#include "query/parse.h"
#include "store/memory.h"

namespace bongsu::query {
namespace {

using namespace std::chrono_literals;

constexpr Time at_second(std::int64_t seconds) { return time_from_ms(seconds * 1000); }

class EngineTest : public testing::Test {
 protected:
  void put(const Labels& labels, std::vector<Sample> samples) {
    const auto id = store_.series(labels);
    ASSERT_TRUE(id);
    std::vector<Point> points;
    for (const Sample& sample : samples) points.push_back({*id, sample});
    ASSERT_TRUE(store_.append(points));
  }
  Result<Answer> ask(std::string_view text, Time at, EngineOptions options = {}) const {
    BONGSU_TRY(const auto expr, parse(text));
    return Engine(store_, options).instant(*expr, at);
  }
  std::size_t count(std::string_view text, Time at, EngineOptions options = {}) const {
    const auto answer = ask(text, at, options);
    EXPECT_TRUE(answer) << answer.error().text;
    return answer ? answer->vector.size() : 999;
  }
  store::MemoryStore store_;
};

TEST_F(EngineTest, LooksBackUpToTheLimitAndNotAMillisecondMore) {
  put({{"__name__", "m"}}, {{at_second(100), 7}});
  EXPECT_EQ(0U, count("m", at_second(100) - 1ms));
  EXPECT_EQ(1U, count("m", at_second(100)));
  EXPECT_EQ(1U, count("m", at_second(400) - 1ms));
  EXPECT_EQ(0U, count("m", at_second(400)));
  EXPECT_EQ(0U, count("m", at_second(130), {.lookback = 30s}));
  EXPECT_EQ(1U, count("m", at_second(130) - 1ms, {.lookback = 30s}));
}

TEST_F(EngineTest, EveryMarkerEndsTheSeries) {
  put({{"__name__", "m"}},
      {{at_second(10), 1}, {at_second(20), gap_marker(GapCause::Timeout)}, {at_second(30), 2}, {at_second(40), stale_marker()}});
  EXPECT_EQ(1U, count("m", at_second(19)));
  EXPECT_EQ(0U, count("m", at_second(20)));
  EXPECT_EQ(0U, count("m", at_second(29)));
  EXPECT_EQ(1U, count("m", at_second(39)));
  EXPECT_EQ(0U, count("m", at_second(40)));
  const auto counted = ask("count_over_time(m[1m])", at_second(45));
  ASSERT_TRUE(counted);
  ASSERT_EQ(1U, counted->vector.size());
  EXPECT_EQ(2, counted->vector[0].value);
}

TEST_F(EngineTest, RangesAreOpenOnTheLeft) {
  put({{"__name__", "m"}}, {{at_second(10), 1}, {at_second(20), 2}, {at_second(30), 3}});
  const auto answer = ask("m[20s]", at_second(30));
  ASSERT_TRUE(answer);
  ASSERT_EQ(1U, answer->matrix.size());
  ASSERT_EQ(2U, answer->matrix[0].samples.size());
  EXPECT_EQ(at_second(20), answer->matrix[0].samples[0].at);
}

// The end that was asked for counts, not the last step before it.
TEST_F(EngineTest, EndIsTheQuerysOwn) {
  put({{"__name__", "m"}}, {{at_second(10), 1}, {at_second(20), 2}, {at_second(30), 3}});
  const Engine engine(store_);
  const auto ends = engine.range(**parse("m @ end()"), at_second(10), at_second(30), 7s);
  ASSERT_TRUE(ends);
  ASSERT_EQ(1U, ends->matrix.size());
  ASSERT_EQ(3U, ends->matrix[0].samples.size());
  EXPECT_EQ(3, ends->matrix[0].samples[0].value);
  const auto counted = engine.range(**parse("count_over_time((vector(1))[range():1s])"), at_second(1000), at_second(1010), 4s);
  ASSERT_TRUE(counted);
  EXPECT_EQ(10, counted->matrix.at(0).samples.at(0).value);
}

TEST_F(EngineTest, TimeInAQueueCounts) {
  const auto late = Engine(store_).instant(**parse("vector(1)"), at_second(0),
                                           {.max_time = 5s, .since = std::chrono::steady_clock::now() - 6s});
  ASSERT_FALSE(late);
  EXPECT_EQ(Code::Timeout, late.error().code);
}

TEST_F(EngineTest, ClampsAsGoDoes) {
  const auto one = [&](std::string_view text) { return ask(text, at_second(0))->vector.at(0).value; };
  EXPECT_EQ(std::numeric_limits<double>::infinity(), one("clamp_min(vector(Inf), NaN)"));
  EXPECT_EQ(-std::numeric_limits<double>::infinity(), one("clamp_max(vector(-Inf), NaN)"));
  EXPECT_TRUE(std::isnan(one("clamp_min(vector(1), NaN)")));
  EXPECT_TRUE(std::signbit(one("clamp_max(vector(-0), 0)")));
}

TEST_F(EngineTest, NamesWhatItDoesNotAnswer) {
  const auto says = [&](std::string_view text, std::string_view name) {
    SCOPED_TRACE(text);
    const auto answer = ask(text, at_second(0));
    ASSERT_FALSE(answer);
    EXPECT_EQ(Code::Unsupported, answer.error().code);
    EXPECT_EQ(0U, answer.error().text.find(name)) << answer.error().text;
  };
  says("histogram_sum(m)", "histogram_sum()");
  says("1 + sum(histogram_count(m))", "histogram_count()");
  says("max_over_time(histogram_avg(m)[5m:])", "histogram_avg()");
}

TEST_F(EngineTest, EndsWhenTimeIsUpOrNobodyWaits) {
  put({{"__name__", "m"}}, {{at_second(0), 1}});
  const auto expr = parse("sum(m)");
  ASSERT_TRUE(expr);
  const auto late = Engine(store_).instant(**expr, at_second(0), {.max_time = 0ms});
  ASSERT_FALSE(late);
  EXPECT_EQ(Code::Timeout, late.error().code);
  EXPECT_EQ("query timed out after 0s; ask for less time, fewer series or a larger step", late.error().text);
  std::stop_source gone;
  gone.request_stop();
  const auto cancelled = Engine(store_).range(**expr, at_second(0), at_second(60), 1s, {.stop = gone.get_token()});
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(Code::Cancelled, cancelled.error().code);
}

TEST_F(EngineTest, ALookBackMayBeGivenWithTheQuery) {
  put({{"__name__", "m"}}, {{at_second(0), 1}});
  const auto expr = parse("m");
  ASSERT_TRUE(expr);
  const Engine engine(store_);
  EXPECT_EQ(1U, engine.instant(**expr, at_second(599), {.lookback = 10min})->vector.size());
  EXPECT_EQ(0U, engine.instant(**expr, at_second(599), {})->vector.size());
}

TEST_F(EngineTest, NotesSayWhatToReadAnAnswerWith) {
  put({{"__name__", "m"}}, {{at_second(0), 1}, {at_second(30), 2}});
  const std::string_view text = "quantile(2, rate(m[1m]))\n+ quantile(2, m)";
  const auto answer = ask(text, at_second(30));
  ASSERT_TRUE(answer);
  EXPECT_EQ((std::vector<std::string>{"PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)",
                                      "PromQL warning: quantile value should be between 0 and 1, got 2 (2:12)"}),
            show_notes(answer->warnings, text));
  EXPECT_EQ((std::vector<std::string>{
                "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"m\" (1:18)"}),
            show_notes(answer->infos, text));
  EXPECT_EQ((std::vector<std::string>{"PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)",
                                      "1 more warning annotations omitted"}),
            show_notes(answer->warnings, text, 1));
}

TEST_F(EngineTest, NamesAreDroppedAtOnceOrAtTheEnd) {
  put({{"__name__", "a_total"}, {"i", "1"}}, {{at_second(0), 1}, {at_second(30), 2}});
  put({{"__name__", "b_total"}, {"i", "1"}}, {{at_second(0), 1}, {at_second(30), 3}});
  EXPECT_EQ(Code::Invalid, ask("count(rate({i=\"1\"}[1m]))", at_second(30)).error().code);
  const auto answer = ask("count(rate({i=\"1\"}[1m]))", at_second(30), {.delayed_names = true});
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(2, answer->vector[0].value);
  EXPECT_EQ(Code::Invalid, ask("rate({i=\"1\"}[1m])", at_second(30), {.delayed_names = true}).error().code);
  const auto renamed =
      ask("label_replace(rate({i=\"1\"}[1m]), \"n\", \"$1\", \"__name__\", \"(.*)\")", at_second(30), {.delayed_names = true});
  ASSERT_TRUE(renamed) << renamed.error().text;
  ASSERT_EQ(2U, renamed->vector.size());
  EXPECT_EQ(Labels({{"i", "1"}, {"n", "a_total"}}), *renamed->vector[0].labels);
}

TEST_F(EngineTest, KeepsItsBounds) {
  for (int i = 0; i < 10; ++i) put({{"__name__", "m"}, {"i", std::to_string(i)}}, {{at_second(0), 1}, {at_second(60), 1}});
  const auto limited = [&](const Result<Answer>& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(Code::Limit, answer.error().code);
  };
  limited(ask("m[5m]", at_second(60), {.max_samples = 19}));
  EXPECT_TRUE(ask("m[5m]", at_second(60), {.max_samples = 20}));
  limited(ask("count_over_time(m[100y:1ms])", at_second(60)));
  const auto expr = parse("m");
  ASSERT_TRUE(expr);
  limited(Engine(store_).range(**expr, at_second(0), at_second(11'000), 1s));
  EXPECT_TRUE(Engine(store_).range(**expr, at_second(0), at_second(10'999), 1s));
  EXPECT_EQ(Code::Invalid, Engine(store_).range(**expr, at_second(1), at_second(0), 1s).error().code);
  EXPECT_EQ(Code::Invalid, Engine(store_).range(**expr, at_second(0), at_second(1), 0s).error().code);
}

TEST_F(EngineTest, ARangeQueryAnswersAsManyInstants) {
  for (int series = 0; series < 3; ++series) {
    std::vector<Sample> samples;
    for (int i = 0; i < 40; ++i) {
      if ((i + series) % 7 != 0) samples.push_back({at_second(i * 15), static_cast<double>(i * i % 50 + series)});
    }
    put({{"__name__", "m"}, {"i", std::to_string(series)}}, samples);
  }
  for (const std::string_view text :
       {"m", "sum(m)", "rate(m[1m])", "m > 20", "m + on (i) group_left m", "m or m > 5", "max_over_time(rate(m[45s])[2m:10s])",
        "topk(1, m)", "m offset 30s", "avg by (i) (m) - 3", "time() - 5", "absent(m > 49)", "m unless on (i) (m > 10)"}) {
    SCOPED_TRACE(text);
    const auto expr = parse(text);
    ASSERT_TRUE(expr);
    const Engine engine(store_, {.lookback = 20s});
    const auto matrix = engine.range(**expr, at_second(0), at_second(700), 7s);
    ASSERT_TRUE(matrix) << matrix.error().text;
    std::size_t samples = 0;
    for (const Series& series : matrix->matrix) samples += series.samples.size();
    std::size_t expected = 0;
    for (Time at = at_second(0); at <= at_second(700); at += 7s) {
      const auto answer = engine.instant(**expr, at);
      ASSERT_TRUE(answer);
      if (answer->kind == Answer::Scalar) {
        ++expected;
        continue;
      }
      expected += answer->vector.size();
      for (const VectorSample& element : answer->vector) {
        bool found = false;
        for (const Series& series : matrix->matrix) {
          if (*series.labels != *element.labels) continue;
          for (const Sample& sample : series.samples) found = found || (sample.at == at && sample.value == element.value);
        }
        EXPECT_TRUE(found) << element.labels->to_string() << " at " << to_ms(at);
      }
    }
    EXPECT_EQ(expected, samples);
  }
}

}  // namespace
}  // namespace bongsu::query
