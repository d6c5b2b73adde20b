// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "store/store.h"

namespace bongsu::store {

inline constexpr std::int64_t kStart = 1'700'000'000'000;
inline constexpr std::int64_t kMinute = 60'000;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDay = 24 * kHour;

inline Time at(std::int64_t after_start_ms) { return time_from_ms(kStart + after_start_ms); }

// A directory that goes away with the test; in memory where that is to be had, since these tests sync a thousand times.
class Scratch {
 public:
  Scratch() {
    std::error_code ignored;
    const std::filesystem::path memory = "/dev/shm";
    const auto space = std::filesystem::space(memory, ignored);
    const bool in_memory = !ignored && space.available > (256u << 20) && ::access(memory.c_str(), W_OK) == 0;
    std::string form = ((in_memory ? memory : std::filesystem::temp_directory_path()) / "bongsu-store-XXXXXX").string();
    if (::mkdtemp(form.data()) == nullptr) std::abort();
    path_ = form;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

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
