// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "model/event.h"
#include "model/labels.h"
#include "store/store.h"

namespace bongsu::crash {

// What is written, as a function of its number alone: so whoever looks afterwards knows each value without having been told.
// Points come in batches, one for each series and time stamp, 30 seconds of the store's clock apart; some come a few batches
// late, and some are told wrong at first and right with the next batch.
inline constexpr std::int64_t kStart = 1'700'000'000'000;
inline constexpr std::int64_t kStep = 30'000;
inline constexpr std::uint32_t kSeries = 120;  // the first half from the beginning, then one more each 40 batches
inline constexpr std::int64_t kLogs = 5;       // a batch
inline constexpr std::int64_t kKeys = 16;      // that commits write in turn

Time time_of(std::int64_t batch);
std::int64_t first_batch(std::uint32_t series);
Labels labels_of(std::uint32_t series);
double value_of(std::uint32_t series, std::int64_t batch);
// The wrong value that is told first, if there is one; the right one comes with the next batch.
std::optional<double> wrong_value_of(std::uint32_t series, std::int64_t batch);
// By how many batches the sample comes late; 0 for most, and always for series 0.
std::int64_t delay_of(std::uint32_t series, std::int64_t batch);
inline constexpr std::int64_t kMostDelay = 8;

struct Told {
  std::uint32_t series;
  Sample sample;
};
std::vector<Told> batch_of(std::int64_t batch);

Event log_of(std::int64_t number);    // of batch number / kLogs
Event state_of(std::int64_t number);  // of batch `number`; the store has events of kind State of its own
StateBatch commit_of(std::int64_t number, Time at);

// The store's clock: it stands where the writer sets it.
class BatchClock final : public Clock {
 public:
  explicit BatchClock(std::int64_t batch) { set(batch); }
  void set(std::int64_t batch) { ms_ = to_ms(time_of(batch)); }
  std::chrono::nanoseconds precise() const override { return std::chrono::milliseconds(ms_.load()); }
  SteadyTime steady() const override { return SteadyTime(std::chrono::milliseconds(ms_.load() - kStart + 3'600'000)); }

 private:
  std::atomic<std::int64_t> ms_{0};
};

// Small buffers and short times to be kept, so that tables are written, merged and dropped while the loop runs.
store::StoreOptions store_options();
// Batches that must be there when `newest` is the last.
std::int64_t oldest_kept(std::int64_t newest);

}  // namespace bongsu::crash
