// SPDX-License-Identifier: Apache-2.0
// The writer's part for a disk that is full or fails.
#include <algorithm>
#include <array>
#include <utility>

#include "store/codec.h"
#include "store/core.h"
#include "store/rescue.h"

namespace bongsu::store {
namespace {

Store::Disk stage(std::uint64_t free, std::uint64_t reserve) {
  return free < reserve / 8   ? Store::Disk::NoState
         : free < reserve / 2 ? Store::Disk::NoPoints
         : free < reserve     ? Store::Disk::NoLogs
                              : Store::Disk::Well;
}

}  // namespace

void Store::Core::look_at_disk() {
  const std::uint64_t free = free_space();
  count_.free_disk.set(static_cast<double>(free));
  const Disk before = disk_.load();
  Disk disk = stage(free, options_.min_free_disk);
  // Better only with some to spare, so that it does not go to and fro.
  if (disk < before && before < Disk::Failing) disk = std::min(before, stage(free - free / 10, options_.min_free_disk));
  if (broken_) disk = Disk::Failing;
  disk_.store(disk);
  count_.disk.set(static_cast<double>(disk));
  count_.writable.set(disk < Disk::NoPoints ? 1 : 0);
  if (waiting_points_.load() > 0) count_.lag.set(std::chrono::duration<double>(clock_.steady() - last_written_).count());
  if (disk == before || broken_) return;  // failed() has said it
  if (disk == Disk::Well) {
    problem_.lock()->clear();
    return tell(disk, "the store in " + dir_.string() + " takes everything again");
  }
  static constexpr std::array<const char*, 3> kRefused{"log lines are refused", "log lines are refused, points wait in memory",
                                                       "log lines and changes of state are refused, points wait in memory"};
  const std::string text = "the disk of " + dir_.string() + " has " + std::to_string(free >> 20) + " MiB left (" +
                           kRefused[static_cast<std::size_t>(disk) - 1] + "): make room, or move the data with the key `data:`";
  *problem_.lock() = text;
  tell(disk, text);
}

void Store::Core::tell(Disk disk, const std::string& text) {
  std::uint64_t suppressed = 0;
  if (disk == Disk::Well) log::info("{}", text);
  else if (disk_gate_.open(clock_.steady(), suppressed)) log::error("{}", text);
  static constexpr std::array kSeverities{Severity::Normal, Severity::Danger, Severity::Urgent, Severity::Fatal, Severity::Fatal};
  Event event{.kind = EventKind::State,
              .severity = kSeverities[static_cast<std::size_t>(disk)],
              .received = clock_.now(),
              .app = "bongsu",
              .text = text};
  // It waits in memory while nothing can be written; with no room there either the log has it.
  if (!read_only_ && !events_.append({std::move(event)})) count_.events_limit.add();
}

void Store::Core::failed(const rocksdb::Status& status) {
  const Disk before = disk_.load();
  broken_ = true;
  disk_.store(Disk::Failing);
  count_.disk.set(static_cast<double>(Disk::Failing));
  count_.write_errors.add();
  count_.writable.set(0);
  const std::string text = "the store in " + dir_.string() + " cannot write (" + status.ToString() +
                           "); points wait in memory, it tries again by itself: see to the disk";
  *problem_.lock() = text;
  if (before != Disk::Failing) tell(Disk::Failing, text);
}

// RocksDB refuses every write after a failed one. Resume() helps after a failed flush; after a failed log only opening
// the database anew does, which must wait until the last reader has let go of the old one.
void Store::Core::recover() {
  // Until there is room for the log that opening would write into tables, reads go on with the database as it is.
  if (free_space() < std::max(options_.min_free_disk / 2, kOpenSpace) || !room_to_open(dir_)) return;
  if (const auto rocks = this->rocks(); rocks != nullptr && !rocks->hurt()) {
    const auto resumed = rocks->db().Resume();
    rocksdb::WriteOptions options;
    options.sync = true;
    std::string probe;
    put_varint(probe, 1);
    if (resumed.ok() && rocks->db().Put(options, rocks->family(Family::Meta), "probe", probe).ok()) {
      broken_ = false;
    } else {
      leaving_ = rocks;
      rocks_.lock()->reset();
    }
  } else if (rocks != nullptr) {
    suspects_ = rocks->hurt_tables();
    leaving_ = rocks;
    rocks_.lock()->reset();
  }
  // Readers of a damaged one let go at once, and then nobody need learn of it but by what is lost.
  for (int i = 0; !suspects_.empty() && !leaving_.expired() && i < 500; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(4));
  if (broken_ && leaving_.expired()) reopen();
  if (!broken_) look_at_disk();
}

void Store::Core::reopen() {
  bool damaged = false;
  auto opened = open_sound(dir_, options_, damaged, OpenAs::Use, suspects_);
  if (!opened) {
    count_.write_errors.add();
    *problem_.lock() = opened.error().text;
    return;
  }
  if (damaged) lose_record(0, "the log of the database is damaged");
  *rocks_.lock() = std::move(opened).value();
  suspects_.clear();
  count_.reopened.add();
  broken_ = false;
  learn_set_aside();
}

void Store::Core::learn_set_aside() {
  std::vector<SetAside> found = set_aside(dir_);
  mend_ = !read_only_ && std::any_of(found.begin(), found.end(), [](const SetAside& each) { return !each.told; });
  count_.damaged.set(static_cast<double>(found.size()));
  *set_aside_.lock() = std::move(found);
}

// What is in memory whole, though it may be gone from the disk.
void Store::Core::prepare_mended() {
  Id next = 0;
  {
    std::shared_lock hold(index_mutex_);
    next = index_.next();
  }
  std::vector<Id> series;  // one of each block
  for (const Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1))
    series.push_back(block->number() * Block::kSeries);
  put_catalogue(series);
  for (Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
    std::lock_guard hold(block->mutex);
    block->dirty = block->dirty || !block->empty();
  }
  put(Family::Meta, "format", varint(kFormat));
  put(Family::Meta, "next_series", varint(next));
  put(Family::Meta, "journal_floor", varint(journal_floor_));
  put(Family::Meta, "rolled_day", varint(rolled_day_));
  if (raw_gone_ > 0) put(Family::Meta, "raw_gone", varint(raw_gone_));
  const std::vector<SetAside> all = *set_aside_.lock();
  for (const SetAside& each : all) {
    if (each.told) continue;
    Event event{.kind = EventKind::State,
                .severity = Severity::Urgent,
                .received = clock_.now(),
                .app = "bongsu",
                .text = "the store lost data: " + each.text};
    if (!events_.append({std::move(event)})) count_.events_limit.add();
  }
  untold_ = true;
}

void Store::Core::tell_set_aside() {
  if (!std::exchange(untold_, false)) return;
  mark_told(dir_);
  learn_set_aside();
}

}  // namespace bongsu::store
