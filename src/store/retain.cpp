// SPDX-License-Identifier: Apache-2.0
// The writer's part for what has had its time.
#include <algorithm>

#include "store/codec.h"
#include "store/core.h"

namespace bongsu::store {
namespace {
constexpr Millis kRetentionEvery = std::chrono::minutes(1);
}

void Store::Core::retain() {
  const Time now = clock_.now();
  const SteadyTime steady = clock_.steady();
  if (last_retention_) {
    const auto wall = now - *last_retention_;
    if (wall >= Millis(0) && wall < kRetentionEvery) return;
    // A clock that jumped ahead must not cost a month of data: somebody may set it back.
    if (wall - std::chrono::floor<Millis>(steady - last_retention_steady_) > std::chrono::hours(24)) {
      retention_held_until_ = steady + std::chrono::hours(1);
      log::warning("the clock jumped to {}; nothing is dropped from the store for an hour", format_time(now));
    }
  }
  last_retention_ = now;
  last_retention_steady_ = steady;
  std::uint64_t octets = 0;
  if (rocks()->db().GetAggregatedIntProperty("rocksdb.live-sst-files-size", &octets))
    count_.octets.set(static_cast<double>(octets));
  if (steady < retention_held_until_) return;

  const Time oldest = now - options_.raw_retention;
  // A day may go when the longest group that began in it has ended before.
  // What is not rolled up yet stays, and the day before it.
  const std::uint32_t ripe = rolled_day_ > 0 ? rolled_day_ - 1 : 0;
  if (const std::uint32_t day = std::min(day_of(oldest - kMaxGroupSpan), ripe); day > dropped_day_) {
    std::string from, to;
    put_be32(from, dropped_day_);
    put_be32(to, day);
    for (const Family family : {Family::Groups, Family::Chunks}) {
      if (family == Family::Chunks && !format1_) continue;
      rocks()->drop_range(family, from, to, bulk_);
      bulk_drops_.push_back({family, from, to});
    }
    shed_idle_series(time_from_ms(std::int64_t{day} * 86'400'000));
    dropped_day_ = day;
    if (day > raw_gone_) put(Family::Meta, "raw_gone", varint(raw_gone_ = day));
  }
  drop_old_rollups(now);
  const Time last = now - std::max({options_.raw_retention, options_.five_minute_retention, options_.hour_retention});
  if (const std::uint32_t day = day_of(last); day > forgot_day_) {
    forgot_day_ = day;
    forget_idle_series(last);
  }
  drop_old_events(0, now - options_.log_retention, options_.log_retention);
  drop_old_events(1, now - options_.event_retention, options_.event_retention);
}

void Store::Core::shed_idle_series(Time before) {
  for (Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
    const std::uint32_t number = block->number();
    std::lock_guard hold(block->mutex);
    for (Id id = number * Block::kSeries; id < (number + 1) * Block::kSeries; ++id) {
      if (block->alive(id) && block->newest(id) < before) block->shed(id);
    }
  }
}

void Store::Core::forget_idle_series(Time before) {
  std::vector<Id> idle;
  for (Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
    const std::uint32_t number = block->number();
    std::lock_guard hold(block->mutex);
    for (Id id = number * Block::kSeries; id < (number + 1) * Block::kSeries; ++id) {
      if (!block->alive(id) || block->newest(id) == Time::min() || block->newest(id) >= before) continue;
      block->forget(id);
      idle.push_back(id);
    }
  }
  if (idle.empty()) return;
  Id next = 0;
  {
    std::unique_lock hold(index_mutex_);
    for (const Id id : idle) index_.remove(id);
    next = index_.next();
    count_.series.set(static_cast<double>(index_.size()));
  }
  put(Family::Meta, "next_series", varint(next));
  put_catalogue(idle);
  log::info("{} series without data since {} left the store", idle.size(), format_time(before));
}

void Store::Core::drop_old_events(std::size_t stream, Time before, Millis kept) {
  // Not at each turn: every cut leaves a mark in the tables until they are next merged.
  auto dropped = events_.drop_old(*rocks(), bulk_, stream, before, kept / 64);
  if (dropped) {
    for (EventLog::Range& range : *dropped) bulk_drops_.push_back({range.family, std::move(range.from), std::move(range.to)});
    return;
  }
  count_.write_errors.add();
  std::uint64_t suppressed = 0;
  if (disk_gate_.open(clock_.steady(), suppressed)) log::error("dropping old events of the store: {}", dropped.error().text);
}

}  // namespace bongsu::store
