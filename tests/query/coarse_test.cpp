// SPDX-License-Identifier: Apache-2.0
// Windows of five minutes and an hour in place of samples.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>
#include <random>

#include "model/marker.h"
#include "query/engine.h"
#include "query/parse.h"
#include "store/memory.h"

namespace bongsu::query {
namespace {

using namespace std::chrono_literals;

constexpr Millis kDays = 24h;
const Time kMidnight = Time(kDays * 19'000);
Time day(int number) { return kMidnight + kDays * number; }

// A store that has dropped samples, and windows of five minutes, up to some day. It counts who reads windows.
class Aged final : public PointSource {
 public:
  Time raw = Time::min(), five = Time::min();
  mutable int windows_read = 0;

  void put(const std::string& name, std::span<const Sample> samples) {
    const SeriesId id = *all_.series({{"__name__", name}});
    std::vector<Point> points;
    for (const Sample& sample : samples) points.push_back({id, sample});
    ASSERT_TRUE(all_.append(points));
  }
  Result<std::vector<Series>> select(std::span<const Matcher> matchers, Time from, Time to,
                                     const SelectLimits& limits) const override {
    return all_.select(matchers, raw == Time::min() ? from : std::max(from, raw + 1ms), to, limits);
  }
  Result<std::vector<RollupSeries>> select_rollup(std::span<const Matcher> matchers, Time from, Time to, Resolution resolution,
                                                  const SelectLimits& limits) const override {
    ++windows_read;
    BONGSU_TRY(std::vector<RollupSeries> found, all_.select_rollup(matchers, from, to, resolution, limits));
    if (resolution == Resolution::FiveMinutes) {
      for (RollupSeries& series : found) std::erase_if(series.buckets, [&](const Bucket& bucket) { return bucket.end <= five; });
    }
    return found;
  }
  Time kept_since(Resolution resolution) const override {
    return resolution == Resolution::Raw ? raw : resolution == Resolution::FiveMinutes ? five : Time::min();
  }
  Result<std::vector<Labels>> find(std::span<const Matcher> matchers, Time from, Time to) const override {
    return all_.find(matchers, from, to);
  }
  Result<std::vector<std::string>> label_names() const override { return all_.label_names(); }
  Result<std::vector<std::string>> label_values(std::string_view name) const override { return all_.label_values(name); }

  // The only series of the answer, by time.
  std::map<Time, double> ask(const std::string& text, Time from, Time to, Millis step) const {
    SCOPED_TRACE(text);
    std::map<Time, double> out;
    const auto expr = parse(text);
    EXPECT_TRUE(expr);
    const auto answer = Engine(*this).range(**expr, from, to, step);
    EXPECT_TRUE(answer) << answer.error().text;
    if (!answer || answer->matrix.empty()) return out;
    EXPECT_EQ(1u, answer->matrix.size());
    for (const Sample& sample : answer->matrix.front().samples) out.emplace(sample.at, sample.value);
    return out;
  }

 private:
  store::MemoryStore all_;
};

// Ranges that end with windows are answered from windows, and bit for bit as from samples.
TEST(Coarse, WindowsAnswerAsSamplesDo) {
  std::mt19937_64 random(20'261'123);
  std::vector<Sample> samples;
  for (Time at = kMidnight + 13s; at < day(12); at += 60s) {
    const auto dice = random() % 1000;
    if (dice < 5) at += std::chrono::hours(random() % 9);
    double value = std::sin(static_cast<double>(to_ms(at) % 86'400'000) / 1e7) * 1e3 + static_cast<double>(dice) / 7;
    if (dice == 999) value = std::nan("");
    if (dice == 998) value = -0.0;
    if (dice == 997) value = HUGE_VAL;
    if (dice == 996) value = stale_marker();
    samples.push_back({at, value});
  }
  Aged store;
  store.put("x", samples);
  std::erase_if(samples, [](const Sample& sample) { return is_marker(sample.value); });
  const auto expects = [&](const std::string& function, Millis range, Millis step, int reads, auto&& fold) {
    store.windows_read = 0;
    const std::string text = function + "(x[" + std::to_string(range.count()) + "ms])";
    const auto found = store.ask(text, day(1), day(11), step);
    SCOPED_TRACE(text);
    EXPECT_EQ(reads, store.windows_read);
    for (Time at = day(1); at <= day(11); at += step) {
      std::vector<double> values;
      for (const Sample& sample : samples) {
        if (sample.at > at - range && sample.at <= at) values.push_back(sample.value);
      }
      const auto answer = found.find(at);
      ASSERT_EQ(values.empty(), answer == found.end()) << to_ms(at);
      if (values.empty()) continue;
      const double wanted = fold(values);
      if (std::isnan(wanted) && std::isnan(answer->second)) continue;
      ASSERT_EQ(std::bit_cast<std::uint64_t>(wanted), std::bit_cast<std::uint64_t>(answer->second)) << to_ms(at);
    }
  };
  const auto best = [](bool most) {
    return [most](const std::vector<double>& values) {
      double found = std::nan("");
      for (const double value : values) {
        if (std::isnan(found) || (most ? value > found : value < found)) found = value;
      }
      return found;
    };
  };
  for (const auto& [range, step] : {std::pair<Millis, Millis>(1h, 6h), {24h, 1h}, {65min, 5min}, {7h, 24h}}) {
    expects("max_over_time", range, step, 1, best(true));
    expects("min_over_time", range, step, 1, best(false));
    expects("count_over_time", range, step, 1, [](const auto& values) { return static_cast<double>(values.size()); });
    expects("last_over_time", range, step, 1, [](const auto& values) { return values.back(); });
    expects("present_over_time", range, step, 1, [](const auto&) { return 1.0; });
  }
  // Where they do not end together, samples are read.
  expects("max_over_time", 61min, 6h, 0, best(true));
  expects("max_over_time", 1h, 61min, 0, best(true));
}

// A sample in five minutes for 400 days; samples are kept of the last 30, windows of five minutes of the last 180.
class CoarseYear : public testing::Test {
 protected:
  CoarseYear() {
    std::vector<Sample> gauge, counter;
    double total = 0;
    for (Time at = day(0) + 7s; at < day(400); at += 5min) {
      const bool spike = at > day(100) + 13h && at <= day(100) + 13h + 5min;
      gauge.push_back({at, spike ? 1e6 : 20 + static_cast<double>((at - day(0)) / kDays)});
      total += 300;  // one a second
      if (at >= day(50) + 5h && at < day(50) + 5h + 5min) total = 0;
      if (at >= day(385) && at < day(385) + 5min) total = 0;
      counter.push_back({at, total});
    }
    store_.put("g", gauge);
    store_.put("c_total", counter);
    store_.raw = day(370);
    store_.five = day(220) + 1234567ms;
  }
  Aged store_;
};

TEST_F(CoarseYear, ASpikeOfOneSampleIsSeen) {
  const auto found = store_.ask("max_over_time(g[1d])", day(10), day(399), kDays);
  ASSERT_EQ(390u, found.size());
  for (const auto& [at, value] : found) {
    const auto number = static_cast<double>((at - day(0)) / kDays);
    EXPECT_EQ(at == day(101) ? 1e6 : 20 + number - 1, value) << number;
  }
}

TEST_F(CoarseYear, EachStepHasAValueWhereverItFalls) {
  const std::vector<std::pair<Millis, Millis>> grids{{24h, 0s}, {24h, 7h + 123s}, {6h, 61min}, {20min, 4min}};
  for (const auto& [step, off] : grids) {
    SCOPED_TRACE(step.count());
    for (const char* text : {"g", "last_over_time(g[5m])", "avg_over_time(g[10m])", "g + 0 * min_over_time(g[1h])"}) {
      const Time from = day(step < 1h ? 200 : 101) + off, to = day(step < 1h ? 240 : 398) + off;
      const auto found = store_.ask(text, from, to, step);
      ASSERT_EQ(static_cast<std::size_t>((to - from) / step) + 1, found.size()) << text;
      for (const auto& [at, value] : found) {
        if (at < day(102)) continue;
        ASSERT_NEAR(20 + static_cast<double>((at - day(0)) / kDays), value, 1) << text << " " << to_ms(at);
      }
    }
    EXPECT_TRUE(store_.ask("absent(g) or absent_over_time(g[5m])", day(300) + off, day(301) + off, step).empty());
  }
  const auto instant = Engine(store_).instant(**parse("g"), day(150) + 17min);
  ASSERT_TRUE(instant);
  ASSERT_EQ(1u, instant->vector.size());
  EXPECT_EQ(169, instant->vector[0].value);  // as it was at the last whole hour
}

TEST_F(CoarseYear, SumsCountsAndMeansAreThose) {
  for (const int first : {60, 300, 369}) {
    const auto sums = store_.ask("sum_over_time(g[1d])", day(first), day(first + 20), kDays);
    const auto counts = store_.ask("count_over_time(g[1d])", day(first), day(first + 20), kDays);
    const auto means = store_.ask("avg_over_time(g[1d])", day(first), day(first + 20), kDays);
    ASSERT_EQ(21u, sums.size());
    ASSERT_EQ(21u, counts.size());
    for (const auto& [at, mean] : means) {
      const double wanted = 19 + static_cast<double>((at - day(0)) / kDays);
      EXPECT_DOUBLE_EQ(wanted, mean);
      EXPECT_EQ(288, counts.at(at));
      EXPECT_DOUBLE_EQ(wanted * 288, sums.at(at));
    }
  }
}

TEST_F(CoarseYear, CountersGrowEvenlyOverResetsAndFromWindowsIntoSamples) {
  for (const char* range : {"5m", "30m", "3h", "1d"}) {
    const std::string text = std::string("rate(c_total[") + range + "])";
    const auto rates = store_.ask(text, day(20) + 17min, day(399) + 17min, 12h);
    // Where there are samples, two of them stand in a range of five minutes hardly ever.
    EXPECT_LE(std::string(range) == "5m" ? 699u : 759u, rates.size()) << text;
    for (const auto& [at, value] : rates) {
      const bool reset = (at >= day(50) && at < day(52)) || (at >= day(385) && at < day(387));
      ASSERT_NEAR(1, value, reset ? 0.3 : 1e-9) << text << " " << to_ms(at);
    }
  }
  for (const auto& [at, value] : store_.ask("increase(c_total[5m])", day(60), day(360), kDays)) ASSERT_NEAR(300, value, 1e-6);
  for (const auto& [at, value] : store_.ask("increase(c_total[1d])", day(60), day(398), kDays))
    ASSERT_NEAR(86'400, value, at > day(384) && at < day(387) ? 700 : 1e-3);
}

}  // namespace
}  // namespace bongsu::query
