// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/time.h"

namespace bongsu {

// Where every part of Bongsu reads the time; passed in, so that a test can move it. Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall clock since 1970 in UTC. It may step.
  virtual std::chrono::nanoseconds precise() const = 0;
  // Never steps back.
  virtual SteadyTime steady() const = 0;
  Time now() const { return Time(std::chrono::floor<Millis>(precise())); }
};

class SystemClock final : public Clock {
 public:
  std::chrono::nanoseconds precise() const override;
  SteadyTime steady() const override;
};

// Stands still until it is moved. Thread: one.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = time_from_ms(1'700'000'000'000)) : wall_(start.time_since_epoch()) {}
  std::chrono::nanoseconds precise() const override { return wall_; }
  SteadyTime steady() const override { return steady_; }
  void advance(std::chrono::nanoseconds by) {
    wall_ += by;
    steady_ += by;
  }
  // The wall clock alone: an operator or NTP set it.
  void step_wall(std::chrono::nanoseconds by) { wall_ += by; }

 private:
  std::chrono::nanoseconds wall_;
  SteadyTime steady_{std::chrono::hours(1)};
};

}  // namespace bongsu
