// SPDX-License-Identifier: Apache-2.0
// The writer's part for a disk that is full or fails.
#include <algorithm>

#include "store/codec.h"
#include "store/core.h"

namespace bongsu::store {

void Store::Core::look_at_disk() {
  const std::uint64_t free = free_octets(dir_);
  count_.free_disk.set(static_cast<double>(free));
  const Disk disk = broken_ || free < options_.min_free_disk / 2 ? Disk::Paused
                    : free < options_.min_free_disk              ? Disk::NoLogs
                                                                 : Disk::Well;
  const Disk before = disk_.exchange(disk);
  count_.writable.set(disk == Disk::Paused ? 0 : 1);
  const auto now = clock_.steady();
  if (waiting_points_.load() > 0) count_.lag.set(std::chrono::duration<double>(now - last_written_).count());
  if (disk == before) return;
  if (disk == Disk::Well) {
    problem_.lock()->clear();
    log::info("the store in {} writes again", dir_.string());
    return;
  }
  if (broken_) return;  // failed() has said it
  const std::string text = "the disk of " + dir_.string() + " has " + std::to_string(free >> 20) + " MiB left (" +
                           (disk == Disk::Paused ? "points wait in memory, log lines are refused" : "log lines are refused") +
                           "): make room, or move the data with the key `data:`";
  *problem_.lock() = text;
  std::uint64_t suppressed = 0;
  if (disk_gate_.open(now, suppressed)) log::error("{}", text);
}

void Store::Core::failed(const rocksdb::Status& status) {
  broken_ = true;
  disk_.store(Disk::Paused);
  count_.write_errors.add();
  count_.writable.set(0);
  const std::string text = "the store in " + dir_.string() + " cannot write (" + status.ToString() +
                           "); points wait in memory, it tries again by itself: see to the disk";
  *problem_.lock() = text;
  std::uint64_t suppressed = 0;
  if (disk_gate_.open(clock_.steady(), suppressed)) log::error("{}", text);
}

// RocksDB refuses every write after a failed one. Resume() helps after a failed flush; after a failed log only opening
// the database anew does, which must wait until the last reader has let go of the old one.
void Store::Core::recover() {
  // Until there is room for the log that opening would write into tables, reads go on with the database as it is.
  if (free_octets(dir_) < std::max(options_.min_free_disk / 2, kOpenSpace) || !room_to_open(dir_)) return;
  if (const auto rocks = this->rocks()) {
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
  }
  if (broken_ && leaving_.expired()) {
    bool damaged = false;
    auto opened = Rocks::open(dir_, options_, damaged);
    if (!opened) {
      count_.write_errors.add();
      *problem_.lock() = opened.error().text;
      return;
    }
    *rocks_.lock() = std::move(opened).value();
    count_.reopened.add();
    broken_ = false;
  }
  if (!broken_) look_at_disk();
}

}  // namespace bongsu::store
