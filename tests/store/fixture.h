// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "folder.h"
#include "store/store.h"

namespace bongsu::store {

inline constexpr std::int64_t kStart = 1'700'000'000'000;
inline constexpr std::int64_t kMinute = 60'000;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

inline Time at(std::int64_t after_start_ms) { return time_from_ms(kStart + after_start_ms); }

// Moved by the test, read by the store's writer as well.
class SharedClock final : public Clock {
 public:
  std::chrono::nanoseconds precise() const override { return std::chrono::nanoseconds(wall_.load()); }
  SteadyTime steady() const override { return SteadyTime(std::chrono::nanoseconds(steady_.load())); }
  void advance(std::chrono::nanoseconds by) {
    wall_ += by.count();
    steady_ += by.count();
  }
  void step_wall(std::chrono::nanoseconds by) { wall_ += by.count(); }

 private:
  std::atomic<std::int64_t> wall_{kStart * 1'000'000};
  std::atomic<std::int64_t> steady_{3'600'000'000'000};
};

// A store that can be closed and opened again.
struct Opened {
  explicit Opened(std::filesystem::path where, StoreOptions with = {}) : dir(std::move(where)), options(with) {
    options.memory = std::min<std::uint64_t>(options.memory, 32ull << 20);
    options.min_free_disk = 0;
    open();
  }
  void open() {
    auto opened = Store::open(dir, options, clock, metrics);
    if (!opened) {
      ADD_FAILURE() << opened.error().text;
      std::abort();
    }
    store = std::move(opened).value();
  }
  void reopen() {
    store.reset();
    open();
  }
  Store* operator->() const { return store.get(); }

  std::filesystem::path dir;
  StoreOptions options;
  SharedClock clock;
  Metrics metrics;
  std::unique_ptr<Store> store;
};

}  // namespace bongsu::store
