// SPDX-License-Identifier: Apache-2.0
#include "poll/limits.h"

#include <algorithm>
#include <cmath>

namespace bongsu::poll {
namespace {

constexpr std::size_t kLows = 3;  // of the bounds, the first

bool is_high(std::size_t bound) { return bound >= kLows; }

// What a limit of a class must lie between, both excluded; and the end of the range of an optical module's register for it, as
// it comes after any rounding.
struct Reach {
  std::string_view sensor_class;
  double least, most;
  double full = 0;  // 0: none
  double about = 0;
  bool low_zero = false;   // 0 can be meant as a low limit
  bool high_zero = false;  // and as a high one
};
constexpr std::array kReaches{
    Reach{"temperature", -100, 200, 127.996, 0.01, true, false},  // 0x7fff / 256
    Reach{"humidity", 0, 100},
    Reach{"percent", 0, 100},
    Reach{"load", 0, 100},
    Reach{"charge", 0, 100},
    Reach{"dbm", -40, 40, 8.165, 0.02, true, true},  // 0xffff tenths of a microwatt; -40 dBm is the least but none
    Reach{"voltage", -1e6, 1e6, 6.5535, 0.0005},     // 0xffff tenths of a millivolt
    Reach{"current", -1e6, 1e6, 0.13107, 0.0001}     // 0xffff times two microampere
};

bool can_be(double value, const Reach* reach) {
  if (!std::isfinite(value)) return false;
  if (reach == nullptr) return std::abs(value) < 1e12;
  if (!(value > reach->least && value < reach->most)) return false;
  const double distance = std::abs(std::abs(value) - reach->full);
  return !(reach->full > 0 && distance <= reach->about);
}

// 0 says mostly that a limit was not set. It can be meant where a limit of the other side makes sense of it, and it stands in
// order with those of its own side.
bool zero_is_meant(const Limits& given, std::size_t bound, const Reach* reach) {
  const bool high = is_high(bound);
  if (reach == nullptr || !(high ? reach->high_zero : reach->low_zero)) return false;
  bool sense = false;
  for (std::size_t i = 0; i < kBounds; ++i) {
    if (!given[i]) continue;
    if (i<bound&& * given[i]> 0) return false;
    if (i > bound && *given[i] < 0) return false;
    sense |= is_high(i) != high && *given[i] != 0;
  }
  return sense;
}

}  // namespace

std::optional<Bound> parse_bound(std::string_view name) {
  const auto at = std::find(kBoundNames.begin(), kBoundNames.end(), name);
  return at == kBoundNames.end() ? std::nullopt : std::optional(static_cast<Bound>(at - kBoundNames.begin()));
}

Limits believable(Limits given, std::string_view sensor_class) {
  const auto reach =
      std::find_if(kReaches.begin(), kReaches.end(), [&](const Reach& one) { return one.sensor_class == sensor_class; });
  const Reach* known = reach == kReaches.end() ? nullptr : &*reach;
  for (std::size_t i = 0; i < kBounds; ++i) {
    if (given[i] && !can_be(*given[i], known)) given[i].reset();
  }
  for (std::size_t i = 0; i < kBounds; ++i) {
    if (given[i] && *given[i] == 0 && !zero_is_meant(given, i, known)) given[i].reset();
  }
  // Of limits that stand in the wrong order nobody knows which one is meant.
  const auto drop_unordered = [&](std::size_t from, std::size_t to) {
    bool ordered = true;
    for (std::size_t a = from; a < to; ++a) {
      for (std::size_t b = a + 1; b < to; ++b) ordered &= !given[a] || !given[b] || *given[a] <= *given[b];
    }
    for (std::size_t i = from; i < to && !ordered; ++i) given[i].reset();
  };
  drop_unordered(0, kLows);
  drop_unordered(kLows, kBounds);
  for (std::size_t low = 0; low < kLows; ++low) {
    for (std::size_t high = kLows; high < kBounds; ++high) {
      if (given[low] && given[high] && *given[low] >= *given[high]) return {};
    }
  }
  return given;
}

bool is_no_limit(const Value& value) {
  if (value.type == ValueType::Integer) {
    const std::int64_t number = value.integer;
    return number == INT32_MAX || number == INT32_MIN || number == INT16_MAX || number == INT16_MIN || number == UINT16_MAX ||
           number == -1;
  }
  const bool number =
      value.type == ValueType::Gauge32 || value.type == ValueType::Counter32 || value.type == ValueType::Counter64;
  return number && (value.number == UINT32_MAX || value.number == INT32_MAX || value.number == UINT16_MAX);
}

}  // namespace bongsu::poll
