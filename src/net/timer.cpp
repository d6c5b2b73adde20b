// SPDX-License-Identifier: Apache-2.0
#include "net/timer.h"

#include <bit>

namespace bongsu::net {

void Timer::cancel() {
  if (wheel_ != nullptr) wheel_->unlink(*this);
}

TimerWheel::TimerWheel(SteadyTime origin) : origin_(origin) {}

TimerWheel::~TimerWheel() {
  for (Slot& slot : *slots_) {
    while (slot.first != nullptr) unlink(*slot.first);
  }
}

void TimerWheel::arm(Timer& timer, SteadyTime at) {
  timer.cancel();
  const auto ahead = std::chrono::ceil<Millis>(at - origin_).count();
  const std::uint64_t tick = std::max<std::uint64_t>(ahead > 0 ? static_cast<std::uint64_t>(ahead) : 0, tick_ + 1);
  const std::size_t index = tick % kSlots;
  Slot& slot = (*slots_)[index];
  timer.tick_ = tick;
  timer.wheel_ = this;
  timer.after_ = nullptr;
  timer.before_ = slot.last;
  (slot.last != nullptr ? slot.last->after_ : slot.first) = &timer;
  slot.last = &timer;
  used_[index / 64] |= std::uint64_t{1} << (index % 64);
  ++size_;
  if (tick < told_ && earlier_) {
    told_ = tick;
    earlier_(time_of(tick));
  }
}

void TimerWheel::unlink(Timer& timer) {
  const std::size_t index = timer.tick_ % kSlots;
  Slot& slot = (*slots_)[index];
  if (firing_next_ == &timer) firing_next_ = timer.after_;
  (timer.before_ != nullptr ? timer.before_->after_ : slot.first) = timer.after_;
  (timer.after_ != nullptr ? timer.after_->before_ : slot.last) = timer.before_;
  if (slot.first == nullptr) used_[index / 64] &= ~(std::uint64_t{1} << (index % 64));
  timer.wheel_ = nullptr;
  timer.before_ = timer.after_ = nullptr;
  --size_;
}

void TimerWheel::advance(SteadyTime now) {
  const auto ahead = std::chrono::floor<Millis>(now - origin_).count();
  const std::uint64_t target = ahead > 0 ? static_cast<std::uint64_t>(ahead) : 0;
  while (tick_ < target) {
    // To the next slot in use, at most as far as the target.
    const std::uint64_t from = tick_ + 1;
    std::uint64_t step = 0;
    while (from + step <= target && step < kSlots) {
      const std::size_t index = (from + step) % kSlots;
      const std::uint64_t word = used_[index / 64] >> (index % 64);
      if (word != 0) {
        step += static_cast<std::uint64_t>(std::countr_zero(word));
        break;
      }
      step += 64 - index % 64;
    }
    if (from + step > target || step >= kSlots) {
      tick_ = target;
      break;
    }
    // The tick counts as passed before its timers fire, so that what they arm for "now" lands on a later one.
    tick_ = from + step;
    const std::uint64_t tick = tick_;
    for (Timer* timer = (*slots_)[tick % kSlots].first; timer != nullptr; timer = firing_next_) {
      firing_next_ = timer->after_;
      if (timer->tick_ > tick) continue;
      unlink(*timer);
      timer->expired();
    }
    firing_next_ = nullptr;
  }
}

std::optional<SteadyTime> TimerWheel::next() const {
  told_ = UINT64_MAX;
  if (size_ == 0) return std::nullopt;
  const std::uint64_t from = tick_ + 1;
  for (std::uint64_t step = 0; step < kSlots + 64;) {
    const std::size_t index = (from + step) % kSlots;
    const std::uint64_t word = used_[index / 64] >> (index % 64);
    if (word != 0) {
      told_ = from + step + static_cast<std::uint64_t>(std::countr_zero(word));
      return time_of(told_);
    }
    step += 64 - index % 64;
  }
  return std::nullopt;
}

}  // namespace bongsu::net
