// SPDX-License-Identifier: Apache-2.0
#include "net/timer.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/random.h"

namespace bongsu::net {

using namespace std::chrono_literals;

TEST(TimerWheel, FiresOnceNotEarlyInOrder) {
  const SteadyTime zero{1h};
  TimerWheel wheel(zero);
  std::vector<int> fired;
  CallbackTimer a([&] { fired.push_back(1); }), b([&] { fired.push_back(2); }), c([&] { fired.push_back(3); });
  wheel.arm(b, zero + 20ms);
  wheel.arm(a, zero + 10ms);
  wheel.arm(c, zero + 20ms);
  EXPECT_EQ(zero + 10ms, wheel.next());
  wheel.advance(zero + 9ms);
  EXPECT_TRUE(fired.empty());
  wheel.advance(zero + 1h);
  EXPECT_EQ((std::vector{1, 2, 3}), fired);
  EXPECT_EQ(std::nullopt, wheel.next());
}

TEST(TimerWheel, LetsWhatFiresArmCancelAndDestroy) {
  const SteadyTime zero{1h};
  TimerWheel wheel(zero);
  int again = 0;
  auto victim = std::make_unique<CallbackTimer>([] { FAIL() << "was destroyed before its time"; });
  CallbackTimer cancelled([] { FAIL() << "was cancelled"; });
  CallbackTimer repeating([&] {
    victim.reset();
    cancelled.cancel();
    if (++again < 5) wheel.arm(repeating, zero);
  });
  wheel.arm(repeating, zero + 5ms);
  wheel.arm(*victim, zero + 5ms);
  wheel.arm(cancelled, zero + 5ms);
  wheel.advance(zero + 6ms);
  EXPECT_EQ(2, again);
  wheel.advance(zero + 20ms);
  EXPECT_EQ(5, again);
  EXPECT_EQ(0U, wheel.size());
}

// Against a sorted map, over spans far beyond one round of the wheel.
TEST(TimerWheel, AgreesWithASortedMap) {
  const SteadyTime zero{1h};
  TimerWheel wheel(zero);
  Random random(7);
  SteadyTime now = zero;
  std::map<int, SteadyTime> expected;
  std::map<int, SteadyTime> fired;
  std::vector<std::unique_ptr<CallbackTimer>> timers;
  for (int i = 0; i < 500; ++i) timers.push_back(std::make_unique<CallbackTimer>([&fired, &now, i] { fired[i] = now; }));
  for (int step = 0; step < 20'000; ++step) {
    const int i = static_cast<int>(random.below(timers.size()));
    switch (random.below(4)) {
      case 0:
      case 1: {
        const SteadyTime at = now + Millis(random.below(random.chance(0.1) ? 200'000 : 500));
        wheel.arm(*timers[static_cast<std::size_t>(i)], at);
        expected[i] = std::max(at, now + 1ms);
        break;
      }
      case 2:
        timers[static_cast<std::size_t>(i)]->cancel();
        expected.erase(i);
        break;
      default: {
        const SteadyTime to = now + Millis(random.below(random.chance(0.02) ? 100'000 : 50));
        const auto next = wheel.next();
        for (const auto& [key, at] : expected) ASSERT_LE(*next, at) << key;
        now = to;
        fired.clear();
        wheel.advance(now);
        for (auto at = expected.begin(); at != expected.end();) {
          if (at->second <= now) {
            ASSERT_TRUE(fired.contains(at->first)) << "step " << step;
            fired.erase(at->first);
            at = expected.erase(at);
          } else {
            ++at;
          }
        }
        ASSERT_TRUE(fired.empty()) << "fired early at step " << step;
      }
    }
    ASSERT_EQ(expected.size(), wheel.size());
  }
}

}  // namespace bongsu::net
