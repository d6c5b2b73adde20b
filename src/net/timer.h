// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/time.h"

namespace bongsu::net {

class TimerWheel;

// A deadline that lives in its owner and costs nothing while it is not armed. It ends itself when destroyed.
// Thread: the wheel's.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() { cancel(); }
  void cancel();

 protected:
  virtual void expired() = 0;

 private:
  friend class TimerWheel;
  Timer* before_ = nullptr;
  Timer* after_ = nullptr;
  std::uint64_t tick_ = 0;
  TimerWheel* wheel_ = nullptr;
};

class CallbackTimer final : public Timer {
 public:
  explicit CallbackTimer(std::function<void()> then) : then_(std::move(then)) {}

 private:
  void expired() override { then_(); }
  std::function<void()> then_;
};

// A hashed wheel of 16,384 slots of one millisecond: arming and cancelling cost the same for one timer or a million.
// Timers of one millisecond fire in the order they were armed. Thread: one.
class TimerWheel {
 public:
  explicit TimerWheel(SteadyTime origin);
  ~TimerWheel();  // disarms what is left
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // Fires `timer` at the first advance() at or after `at` (rounded up to a millisecond); re-arms one that is armed.
  void arm(Timer& timer, SteadyTime at);
  // Fires everything that is due, oldest first. Timers may be armed, cancelled and destroyed by what fires.
  void advance(SteadyTime now);
  // Never later than the next deadline; it may be earlier by whole rounds of the wheel. Nothing when no timer is armed.
  std::optional<SteadyTime> next() const;
  std::size_t size() const { return size_; }
  // Called when a timer is armed before everything that next() last told of.
  void on_earlier(std::function<void(SteadyTime)> told) { earlier_ = std::move(told); }

 private:
  friend class Timer;
  static constexpr std::size_t kSlots = 16'384;
  struct Slot {
    Timer* first = nullptr;
    Timer* last = nullptr;
  };
  void unlink(Timer& timer);
  SteadyTime time_of(std::uint64_t tick) const { return origin_ + Millis(tick); }

  const SteadyTime origin_;
  std::uint64_t tick_ = 0;  // everything up to here has fired
  std::size_t size_ = 0;
  mutable std::uint64_t told_ = UINT64_MAX;
  std::unique_ptr<std::array<Slot, kSlots>> slots_ = std::make_unique<std::array<Slot, kSlots>>();
  std::array<std::uint64_t, kSlots / 64> used_{};
  Timer* firing_next_ = nullptr;
  std::function<void(SteadyTime)> earlier_;
};

}  // namespace bongsu::net
