// SPDX-License-Identifier: Apache-2.0
#include "poll/counter.h"

#include <gtest/gtest.h>

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;
constexpr auto k32 = ValueType::Counter32;
constexpr auto k64 = ValueType::Counter64;
constexpr std::uint64_t kTop = 0xffffffff;
constexpr double kFast = 125e6;   // 1 Gbit/s in octets a second
constexpr double kSlow = 1.25e6;  // 10 Mbit/s

struct Reader {
  CounterState state{};
  SteadyTime now{1h};
  std::optional<double> max_rate{};
  CounterStep read(ValueType type, std::uint64_t raw, Millis later = 60s) {
    now += later;
    return step(state, type, raw, {.at = now, .restarted = false, .since_restart = {}}, max_rate);
  }
  CounterStep after_restart(ValueType type, std::uint64_t raw, std::optional<double> since, Millis later = 60s) {
    now += later;
    return step(state, type, raw, {.at = now, .restarted = true, .since_restart = since}, max_rate);
  }
};

TEST(Counter, FirstReadingIsTheValueWithoutGrowth) {
  Reader reader;
  const auto first = reader.read(k32, 7);
  EXPECT_EQ(7u, first.total);
  EXPECT_FALSE(first.growth);
  EXPECT_FALSE(first.gap);
}

TEST(Counter, GrowsExactlyAndStaysStill) {
  Reader reader;
  reader.read(k64, 1000);
  EXPECT_EQ(1500u, reader.read(k64, 1500).total);
  const auto still = reader.read(k64, 1500);
  EXPECT_EQ(1500u, still.total);
  EXPECT_EQ(0, still.growth);
}

TEST(Counter, TrueWrapIsUnwrappedAtTheExactOctet) {
  Reader reader{.max_rate = kSlow};
  reader.read(k32, kTop - 99);
  const auto wrapped = reader.read(k32, 400);
  EXPECT_FALSE(wrapped.gap);
  EXPECT_EQ(500, wrapped.growth);
  EXPECT_EQ(kTop + 401, wrapped.total);
  EXPECT_EQ(kTop + 501, reader.read(k32, 500).total);
}

TEST(Counter, WrapsAgainAndAgain) {
  Reader reader{.max_rate = 100e6};
  std::uint64_t truth = 0;
  reader.read(k32, 0);
  for (int poll = 0; poll < 100; ++poll) {
    truth += 2'000'000'000;
    ASSERT_EQ(truth, reader.read(k32, truth & kTop, 30s).total) << poll;
  }
}

TEST(Counter, SeveralWrapsThatNobodyCanCountAreAGap) {
  Reader reader{.max_rate = kFast};
  reader.read(k32, 1000);
  const auto lost = reader.read(k32, 2000);  // 7.5 GB could have passed
  EXPECT_EQ(GapCause::Ambiguous, lost.gap);
  EXPECT_FALSE(lost.growth);
  EXPECT_EQ(1000u, lost.total);
  const auto next = reader.read(k32, 2500, 10s);  // soon enough to know again
  EXPECT_FALSE(next.gap);
  EXPECT_EQ(1500u, next.total);
}

TEST(Counter, WrapWithoutALineSpeedNeedsTheUpperHalf) {
  Reader reader;
  reader.read(k32, kTop - 9);
  EXPECT_EQ(kTop + 11, reader.read(k32, 10).total);
  Reader cleared;
  cleared.read(k32, 1'000'000);
  const auto reset = cleared.read(k32, 10);
  EXPECT_TRUE(reset.reset);
  EXPECT_EQ(10u, reset.total);
}

TEST(Counter, ClearedAloneRestartsWhenTheWrapIsImpossible) {
  Reader reader{.max_rate = kSlow};
  reader.read(k32, 3'000'000'000);
  const auto reset = reader.read(k32, 5'000);
  EXPECT_TRUE(reset.reset);
  EXPECT_EQ(5'000u, reset.total);
  EXPECT_FALSE(reset.gap);
}

TEST(Counter, RestartIsAReset) {
  Reader reader{.max_rate = kSlow};
  reader.read(k32, kTop - 10);
  const auto reset = reader.after_restart(k32, 300, 20);  // would look like a wrap
  EXPECT_TRUE(reset.reset);
  EXPECT_EQ(300u, reset.total);
  Reader wide;
  wide.read(k64, 1'000'000'000'000);
  EXPECT_EQ(5u, wide.after_restart(k64, 5, {}).total);
}

TEST(Counter, AgentRestartThatKeepsTheCountersGoesOn) {
  Reader reader{.max_rate = kSlow};
  reader.read(k32, kTop - 99);
  reader.read(k32, 900'000'000, 3600s);
  const std::uint64_t before = reader.state.total;
  const auto same = reader.after_restart(k32, 900'001'000, 10);  // 900 MB do not pass in 10 s at 10 Mbit/s
  EXPECT_FALSE(same.reset);
  EXPECT_EQ(before + 1000, same.total);
}

TEST(Counter, NeverStoredBeyondTheLineAndNothingOfAJitterIsLost) {
  Reader reader{.max_rate = 100};
  reader.read(k64, 0);
  EXPECT_EQ(6000, reader.read(k64, 6'300).growth);  // the agent's cache was 3 s younger this time
  EXPECT_EQ(6000, reader.read(k64, 12'000).growth);
  EXPECT_EQ(12'000u, reader.state.total);
}

TEST(Counter, ImpossibleGrowthIsAGapAndTheNextGoesOnFromThere) {
  Reader reader{.max_rate = 100};
  reader.read(k64, 0);
  const auto wild = reader.read(k64, 1'000'000);
  EXPECT_EQ(GapCause::Discontinuity, wild.gap);
  const auto next = reader.read(k64, 1'000'600);
  EXPECT_EQ(600, next.growth);
  EXPECT_EQ(600u, next.total);
}

TEST(Counter, LineSpeedThatLiesIsFoundOut) {
  Reader reader{.max_rate = 100};  // a bridge that says 10 Mbit/s
  std::uint64_t raw = 0;
  reader.read(k64, raw);
  for (int poll = 0; poll < 3; ++poll) EXPECT_TRUE(reader.read(k64, raw += 1'000'000).gap) << poll;
  const auto believed = reader.read(k64, raw += 1'000'000);
  EXPECT_FALSE(believed.gap);
  EXPECT_EQ(1'000'000, believed.growth);
  EXPECT_FALSE(reader.read(k64, raw += 1'000'000).gap);
}

TEST(Counter, SmallStepBackOfAWideCounterIsNoReset) {
  Reader reader;
  reader.read(k64, 1'000'000);
  const auto back = reader.read(k64, 999'990);
  EXPECT_EQ(GapCause::Discontinuity, back.gap);
  EXPECT_EQ(1'000'000u, back.total);
  EXPECT_EQ(1'000'100u, reader.read(k64, 1'000'090).total);
}

TEST(Counter, MissedPollsCountInFull) {
  Reader reader{.max_rate = kSlow};
  reader.read(k32, kTop - 999);
  EXPECT_EQ(600'000'000, reader.read(k32, 599'999'000, 600s).growth);
  EXPECT_EQ(GapCause::Ambiguous, reader.read(k32, 0, 3600s).gap);  // 4.5 GB could have passed
}

TEST(Counter, ChangeOfWidthIsAGap) {
  Reader reader;
  reader.read(k64, 10'000'000'000);
  EXPECT_TRUE(reader.read(k32, 1'410'065'408).gap);
  EXPECT_EQ(10'000'000'005u, reader.read(k32, 1'410'065'413).total);
}

TEST(Counter, HoldsOverEveryPairOfReadings) {
  // Whatever comes, the stored value never falls without a reset, and never grows faster than the line.
  const std::uint64_t edges[] = {0, 1, 1000, kTop / 2, kTop / 2 + 1, kTop - 1, kTop};
  for (const auto a : edges) {
    for (const auto b : edges) {
      for (const bool wide : {false, true}) {
        for (const std::optional<double> rate :
             {std::optional<double>(), std::optional(10.0), std::optional(1e6), std::optional(1e9)}) {
          for (const bool restart : {false, true}) {
            SCOPED_TRACE(std::to_string(a) + " " + std::to_string(b) + (wide ? " 64" : " 32") + (restart ? " restart" : ""));
            Reader reader{.max_rate = rate};
            const auto type = wide ? k64 : k32;
            reader.read(type, a);
            const auto s = restart ? reader.after_restart(type, b, 30) : reader.read(type, b);
            if (!s.reset) {
              EXPECT_GE(s.total, a);
            }
            if (s.reset) {
              EXPECT_EQ(b, s.total);
            }
            if (s.growth && rate) {
              EXPECT_LE(*s.growth, *rate * 60);
            }
            if (s.reset && rate) {
              EXPECT_LE(static_cast<double>(b), *rate * 65);
            }
          }
        }
      }
    }
  }
}

TEST(Continuity, GoesOnAtItsHeightWhenTheSourceChanges) {
  SeriesContinuity series;
  EXPECT_EQ(10e9, carry_on(series, 10e9, 64, false));
  EXPECT_FALSE(carry_on(series, 1.4e9, 32, false));
  EXPECT_EQ(10e9 + 100, carry_on(series, 1.4e9 + 100, 32, false));
  EXPECT_FALSE(carry_on(series, 11e9, 64, false));
  EXPECT_EQ(10e9 + 150, carry_on(series, 11e9 + 50, 64, false));
  EXPECT_EQ(5, carry_on(series, 5, 64, true));
}

TEST(Uptime, TellsARestartFromItsWrap) {
  const auto is = [](bool expected, std::uint32_t before, std::uint32_t now, Millis elapsed) {
    SCOPED_TRACE(std::to_string(before) + " -> " + std::to_string(now) + " in " + format_duration(elapsed));
    UptimeState state;
    SteadyTime at{1h};
    EXPECT_FALSE(restarted(state, before, at));
    EXPECT_EQ(expected, restarted(state, now, at + elapsed));
  };
  is(false, 1'000, 7'000, 60s);
  is(true, 100'000, 500, 60s);
  is(false, 0xffffffff - 2'000, 4'000, 60s);  // 497 days
  is(true, 360'000, 720'000, 5h);             // grew past the last one after a restart
  is(false, 360'000, 359'990 + 6'000, 60s);
  is(false, 1'000, 1'000, 10s);              // an agent that counts in big steps
  is(false, 100'000, 100'000 + 6'300, 60s);  // a fast clock
}

}  // namespace
}  // namespace bongsu::poll
