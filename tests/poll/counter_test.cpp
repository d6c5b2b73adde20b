// SPDX-License-Identifier: Apache-2.0
#include "poll/counter.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/random.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;
constexpr auto k32 = ValueType::Counter32;
constexpr auto k64 = ValueType::Counter64;
constexpr std::uint64_t kTop = 0xffffffff;
constexpr double kFast = 125e6;   // 1 Gbit/s in octets a second
constexpr double kSlow = 1.25e6;  // 10 Mbit/s

struct Line {
  CounterState state{};
  SteadyTime now{1h};
  std::optional<double> max_rate{};
  CounterStep read(ValueType type, std::uint64_t raw, Millis later = 60s) {
    now += later;
    return step(state, type, raw, {.at = now}, max_rate);
  }
  CounterStep after_restart(ValueType type, std::uint64_t raw, std::optional<double> since, Millis later = 60s,
                            Restart restart = Restart::Reset) {
    now += later;
    return step(state, type, raw, {.at = now, .restart = restart, .since = since}, max_rate);
  }
};

TEST(Counter, FirstReadingIsTheValueWithoutGrowth) {
  Line line;
  const auto first = line.read(k32, 7);
  EXPECT_EQ(7u, line.state.total);
  EXPECT_FALSE(first.growth);
  EXPECT_FALSE(first.gap);
}

TEST(Counter, GrowsExactlyAndStaysStill) {
  Line line;
  line.read(k64, 1000);
  EXPECT_EQ(500, line.read(k64, 1500).growth);
  EXPECT_EQ(0, line.read(k64, 1500).growth);
  EXPECT_EQ(1500u, line.state.total);
}

TEST(Counter, TrueWrapIsUnwrappedAtTheExactOctet) {
  Line line{.max_rate = kSlow};
  line.read(k32, kTop - 99);
  EXPECT_EQ(500, line.read(k32, 400).growth);
  EXPECT_EQ(kTop + 401, line.state.total);
  line.read(k32, 500);
  EXPECT_EQ(kTop + 501, line.state.total);
}

TEST(Counter, WrapsAgainAndAgain) {
  Line line{.max_rate = 100e6};
  std::uint64_t truth = 0;
  line.read(k32, 0);
  for (int poll = 0; poll < 100; ++poll) {
    truth += 2'000'000'000;
    line.read(k32, truth & kTop, 30s);
    ASSERT_EQ(truth, line.state.total) << poll;
  }
}

TEST(Counter, SeveralWrapsThatNobodyCanCountAreAGap) {
  Line line{.max_rate = kFast};
  line.read(k32, 1000);
  const auto lost = line.read(k32, 2000);  // 1,000, or 2^32 more: 7.5 GB could have passed
  EXPECT_EQ(GapCause::Ambiguous, lost.gap);
  EXPECT_FALSE(lost.growth);
  EXPECT_EQ(1000u, line.state.total);
  EXPECT_EQ(500, line.read(k32, 2500, 10s).growth);  // soon enough to know again
  // One wrap more would be more than the line carries.
  EXPECT_EQ(4'200'000'000, line.read(k32, 4'200'002'500).growth);
}

TEST(Counter, WideCounterWrapsToo) {
  Line line{.max_rate = kFast};
  line.read(k64, UINT64_MAX - 9);
  EXPECT_EQ(30, line.read(k64, 20).growth);
}

TEST(Counter, WrapWithoutALineSpeedNeedsTheUpperHalf) {
  Line line;
  line.read(k32, kTop - 9);
  EXPECT_EQ(20, line.read(k32, 10).growth);
  Line cleared;
  cleared.read(k32, 1'000'000);
  const auto reset = cleared.read(k32, 10);
  EXPECT_TRUE(reset.reset);
  EXPECT_EQ(10, reset.growth);
}

TEST(Counter, ClearedAloneRestartsWhenTheWrapIsImpossible) {
  Line line{.max_rate = kSlow};
  line.read(k32, 3'000'000'000);
  const auto reset = line.read(k32, 5'000);
  EXPECT_TRUE(reset.reset);
  EXPECT_EQ(5'000, reset.growth);
  EXPECT_EQ(3'000'005'000u, line.state.total);
}

TEST(Counter, AfterARestartEverythingItShowsIsGrowth) {
  Line line{.max_rate = kSlow};
  line.read(k32, kTop - 10);
  const auto reset = line.after_restart(k32, 300, 20);  // would look like a wrap
  EXPECT_TRUE(reset.reset);
  EXPECT_EQ(300, reset.growth);
  Line wide;
  wide.read(k64, 1'000'000'000'000);
  EXPECT_EQ(5, wide.after_restart(k64, 5, {}).growth);
  Line past{.max_rate = kSlow};
  past.read(k64, 1000);
  EXPECT_EQ(5000, past.after_restart(k64, 5000, 20).growth);  // beyond what it was
}

TEST(Counter, MoreThanCanHavePassedSinceARestartIsAGap) {
  Line line{.max_rate = kSlow};
  line.read(k64, 1000);
  EXPECT_EQ(GapCause::Reboot, line.after_restart(k64, 50'000'000, 20).gap);
  EXPECT_EQ(10, line.read(k64, 50'000'010).growth);
}

TEST(Counter, InDoubtAboutARestartOnlyStandingStillIsTaken) {
  Line line;
  line.read(k64, 1000);
  EXPECT_EQ(0, line.after_restart(k64, 1000, 20, 60s, Restart::Doubt).growth);
  EXPECT_EQ(GapCause::Reboot, line.after_restart(k64, 1001, 20, 60s, Restart::Doubt).gap);
  EXPECT_EQ(GapCause::Reboot, line.after_restart(k64, 7, 20, 60s, Restart::Doubt).gap);
  EXPECT_EQ(3, line.read(k64, 10).growth);
}

TEST(Counter, WitnessesOfARestart) {
  const auto says = [](Witness expected, ValueType type, std::uint64_t before, std::uint64_t now, std::optional<double> rate) {
    SCOPED_TRACE(std::to_string(before) + " -> " + std::to_string(now));
    Line line;
    line.read(type, before);
    EXPECT_EQ(expected, witness(line.state, type, now, {.at = line.now + 60s, .since = 20}, rate));
  };
  says(Witness::BeganAtZero, k64, 1000, 5, kSlow);
  says(Witness::BeganAtZero, k32, 1000, 5, kSlow);
  says(Witness::Silent, k32, kTop - 5, 5, kSlow);       // it may have wrapped
  says(Witness::WentOn, k64, 1000, 50'000'000, kSlow);  // in 20 s 25 MB pass at most, and 6 MB more
  says(Witness::Silent, k64, 1000, 5'000, kSlow);
  says(Witness::Silent, k64, 1000, 50'000'000, {});
  says(Witness::Silent, k64, 0, 0, kSlow);
}

TEST(Counter, AnAgentsCacheMayBeLate) {
  Line line{.max_rate = 100};
  line.read(k64, 0);
  EXPECT_EQ(6'300, line.read(k64, 6'300).growth);  // the cache was 3 s younger this time
  EXPECT_EQ(5'700, line.read(k64, 12'000).growth);
}

TEST(Counter, ImpossibleGrowthIsAGapAndTheNextGoesOnFromThere) {
  Line line{.max_rate = 100};
  line.read(k64, 0);
  const auto wild = line.read(k64, 1'000'000);
  EXPECT_EQ(GapCause::Discontinuity, wild.gap);
  const auto next = line.read(k64, 1'000'600);
  EXPECT_EQ(600, next.growth);
  EXPECT_EQ(600u, line.state.total);
}

TEST(Counter, LineSpeedThatLiesIsFoundOut) {
  Line line{.max_rate = 100};  // a bridge that says 10 Mbit/s
  std::uint64_t raw = 0;
  line.read(k64, raw);
  for (int poll = 0; poll < 3; ++poll) EXPECT_TRUE(line.read(k64, raw += 1'000'000).gap) << poll;
  const auto believed = line.read(k64, raw += 1'000'000);
  EXPECT_FALSE(believed.gap);
  EXPECT_EQ(1'000'000, believed.growth);
  EXPECT_FALSE(line.read(k64, raw += 1'000'000).gap);
}

TEST(Counter, LineSpeedIsBelievedAgainOnceGrowthKeepsToIt) {
  Line line{.max_rate = 100};
  std::uint64_t raw = 0;
  line.read(k64, raw);
  for (int poll = 0; poll < 4; ++poll) line.read(k64, raw += 1'000'000);
  // A line that stands still says nothing, and one reading beyond it begins anew.
  for (int poll = 0; poll < 200; ++poll) EXPECT_EQ(0, line.read(k64, raw).growth);
  for (int poll = 0; poll < 99; ++poll) EXPECT_EQ(6'000, line.read(k64, raw += 6'000).growth);
  EXPECT_EQ(1'000'000, line.read(k64, raw += 1'000'000).growth);
  for (int poll = 0; poll < 99; ++poll) EXPECT_EQ(6'000, line.read(k64, raw += 6'000).growth);
  EXPECT_TRUE(line.state.line_speed_lies());
  EXPECT_EQ(6'000, line.read(k64, raw += 6'000).growth);
  EXPECT_FALSE(line.state.line_speed_lies());
  for (int poll = 0; poll < 3; ++poll) EXPECT_TRUE(line.read(k64, raw += 1'000'000).gap) << poll;
  EXPECT_EQ(1'000'000, line.read(k64, raw += 1'000'000).growth);
}

TEST(Counter, SmallStepBackOfAWideCounterIsNoReset) {
  Line line;
  line.read(k64, 1'000'000);
  EXPECT_EQ(GapCause::Discontinuity, line.read(k64, 999'990).gap);
  EXPECT_EQ(100, line.read(k64, 1'000'090).growth);
  EXPECT_EQ(1'000'100u, line.state.total);
}

TEST(Counter, MissedPollsCountInFull) {
  Line line{.max_rate = kSlow};
  line.read(k32, kTop - 999);
  EXPECT_EQ(600'000'000, line.read(k32, 599'999'000, 600s).growth);
  EXPECT_EQ(GapCause::Ambiguous, line.read(k32, 599'999'100, 3600s).gap);  // 4.5 GB could have passed
}

TEST(Counter, ChangeOfWidthIsAGap) {
  Line line;
  line.read(k64, 10'000'000'000);
  EXPECT_TRUE(line.read(k32, 1'410'065'408).gap);
  EXPECT_EQ(5, line.read(k32, 1'410'065'413).growth);
  EXPECT_EQ(10'000'000'005u, line.state.total);
}

TEST(Counter, HoldsOverEveryPairOfReadings) {
  // Whatever comes, the total never falls, and never grows faster than the line with its cache.
  const std::uint64_t edges[] = {0, 1, 1000, kTop / 2, kTop / 2 + 1, kTop - 1, kTop};
  for (const auto a : edges) {
    for (const auto b : edges) {
      for (const auto type : {k32, k64}) {
        for (const std::optional<double> rate :
             {std::optional<double>(), std::optional(10.0), std::optional(1e6), std::optional(1e9)}) {
          for (const Restart restart : {Restart::None, Restart::Reset, Restart::Doubt}) {
            SCOPED_TRACE(std::to_string(a) + " " + std::to_string(b) + (type == k64 ? " 64" : " 32"));
            Line line{.max_rate = rate};
            line.read(type, a);
            const auto taken = line.after_restart(type, b, 30, 60s, restart);
            EXPECT_NE(taken.growth.has_value(), taken.gap.has_value());
            EXPECT_GE(line.state.total, a);
            EXPECT_EQ(line.state.total - a, static_cast<std::uint64_t>(taken.growth.value_or(0)));
            if (rate) {
              EXPECT_LE(taken.growth.value_or(0), *rate * 65);
            }
          }
        }
      }
    }
  }
}

// Counters of one truth, read as 32 bits at random times: each growth is the true one, or a gap.
TEST(Counter, RandomWalksAreTrueOrAGap) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    const double rate = std::pow(10, 3 + static_cast<double>(random.below(70)) / 10);
    Line line{.max_rate = rate};
    std::uint64_t truth = random.below(UINT64_MAX / 2), at_last = truth;
    line.read(k32, truth & kTop);
    int known = 0;
    for (int poll = 0; poll < 200; ++poll) {
      const Millis later(1'000 + static_cast<std::int64_t>(random.below(120'000)));
      const auto most = static_cast<std::uint64_t>(rate * static_cast<double>(later.count()) / 1000);
      truth += random.below(4) == 0 ? most : random.below(most + 1);
      const auto taken = line.read(k32, truth & kTop, later);
      if (taken.growth) {
        ASSERT_EQ(static_cast<double>(truth - at_last), *taken.growth);
        ++known;
      } else {
        ASSERT_EQ(GapCause::Ambiguous, taken.gap);
        ASSERT_GT(rate * (static_cast<double>(later.count()) / 1000 + 5), static_cast<double>(kTop));
      }
      at_last = truth;
    }
    if (rate * 130 < static_cast<double>(kTop)) {
      EXPECT_EQ(200, known);
    }
  }
}

struct Drawn {
  SeriesHeight state{};
  Time now = time_from_ms(1'000'000);
  std::optional<double> max_rate{};
  SeriesStep put(double computed, Millis later = 60s, bool reset = false, std::uint64_t source = 1) {
    now += later;
    return step(state, computed, source, reset, max_rate, now, false);
  }
};

TEST(Series, GoesOnAtItsHeightWhenTheSourceChanges) {
  Drawn series;
  EXPECT_EQ(10e9, series.put(10e9).value);
  EXPECT_EQ(GapCause::Discontinuity, series.put(1.4e9, 60s, false, 2).gap);
  EXPECT_EQ(10e9 + 100, series.put(1.4e9 + 100, 60s, false, 2).value);
  EXPECT_EQ(GapCause::Discontinuity, series.put(11e9).gap);
  EXPECT_EQ(10e9 + 150, series.put(11e9 + 50).value);
}

TEST(Series, RestartIsAFallThatLosesNothing) {
  Drawn series;
  series.put(1000);
  EXPECT_EQ(300, series.put(1300, 60s, true).value);  // 300 since the restart
  EXPECT_EQ(350, series.put(1350).value);
  // More than before would show as too little growth: it goes on at its height.
  EXPECT_EQ(350 + 400, series.put(1750, 60s, true).value);
}

TEST(Series, NeverFasterThanTheLineAndNothingIsLost) {
  Drawn series{.max_rate = 100};
  series.put(0);
  EXPECT_EQ(6000, series.put(6300).value);
  EXPECT_EQ(12'000, series.put(12'100).value);
  EXPECT_EQ(12'200, series.put(12'200).value);
}

TEST(Series, ClockThatJumpsForwardOrBackClaimsNoRate) {
  Drawn series{.max_rate = 100};
  series.put(0);
  // Back by 30 s: two readings 60 s apart have stamps 30 s apart.
  EXPECT_EQ(GapCause::Discontinuity, series.put(6000, 30s).gap);
  EXPECT_EQ(5900, series.put(11'900).value);
  // Back by more than the interval: nothing is stored until it has caught up.
  const auto behind = series.put(12'000, -60s);
  EXPECT_FALSE(behind.value || behind.gap);
  EXPECT_EQ(6100, series.put(12'100, 120s).value);
  EXPECT_EQ(6200, series.put(12'200, 3600s).value);
  // Back by a day: that is believed.
  EXPECT_EQ(GapCause::Discontinuity, series.put(12'300, -24h).gap);
  EXPECT_EQ(6300, series.put(12'400).value);
}

TEST(Series, BeginsAtZeroWhereItMayHaveBeenBefore) {
  SeriesHeight state;
  EXPECT_EQ(0, step(state, 5e9, 1, false, {}, time_from_ms(1'000), true).value);
  EXPECT_EQ(70, step(state, 5e9 + 70, 1, false, {}, time_from_ms(2'000), true).value);
}

TEST(Series, AnExpressionThatFallsIsHeld) {
  Drawn series;
  series.put(100);
  EXPECT_EQ(100, series.put(90).value);
  EXPECT_EQ(110, series.put(110).value);
}

TEST(Uptime, TellsARestartFromItsWrap) {
  const auto is = [](Uptime expected, std::uint32_t before, std::uint32_t now, Millis elapsed) {
    SCOPED_TRACE(std::to_string(before) + " -> " + std::to_string(now) + " in " + format_duration(elapsed));
    const SteadyTime at{1h};
    EXPECT_EQ(expected, compare({true, before, at}, {true, now, at + elapsed}));
  };
  is(Uptime::Going, 1'000, 7'000, 60s);
  is(Uptime::Restarted, 100'000, 500, 60s);
  is(Uptime::Going, 0xffffffff - 2'000, 4'000, 60s);  // 497 days
  is(Uptime::Restarted, 0xffffffff - 50'000, 4'000, 60s);
  is(Uptime::Restarted, 360'000, 720'000, 5h);  // grew past the last one after a restart
  is(Uptime::Restarted, 2'000, 4'500, 60s);
  is(Uptime::Going, 360'000, 359'990 + 6'000, 60s);
  is(Uptime::Going, 1'000, 1'000, 10s);              // an agent that counts in big steps
  is(Uptime::Going, 100'000, 100'000 + 6'300, 60s);  // a fast clock
  is(Uptime::Going, 100'000'000, 100'000'000, 60s);  // stands still, and is older than the time that passed
  is(Uptime::Jumped, 100'000'000, 50'000'000, 60s);
  is(Uptime::Going, 100'000, 100'000 + 360'000, 60s);  // this machine slept
  EXPECT_EQ(Uptime::Unknown, compare({}, {true, 1, SteadyTime(1h)}));
}

TEST(Uptime, SaysHowLongThisMachineSlept) {
  const SteadyTime at{1h};
  EXPECT_EQ(3540, slept({true, 100'000, at}, {true, 100'000 + 360'000, at + 60s}));
  EXPECT_EQ(0, slept({true, 100'000, at}, {true, 106'000, at + 60s}));
  EXPECT_EQ(0, slept({true, 100'000, at}, {true, 500, at + 60s}));
}

}  // namespace
}  // namespace bongsu::poll
