// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>

namespace bongsu {

// Randomness that a seed repeats. Seeded by the operating system when live. Thread: one.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  static Random from_system() {
    std::random_device device;
    return Random(static_cast<std::uint64_t>(device()) << 32 | device());
  }
  std::uint64_t next() { return engine_(); }
  std::uint32_t next32() { return static_cast<std::uint32_t>(engine_() >> 32); }
  // 0 <= result < bound; bound > 0.
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  // 0 <= result < 1.
  double unit() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  bool chance(double probability) { return unit() < probability; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace bongsu
