// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "store/codec.h"
#include "store/core.h"
#include "store/event_codec.h"
#include "store/journal.h"

namespace bongsu::store {
namespace {

constexpr std::size_t kRecordPoints = 4096;
constexpr std::size_t kBlockEvents = 512;
constexpr std::size_t kBlockOctets = 128 << 10;
// Each open chunk is saved this often, so that the head log needs to hold no more.
constexpr double kSaveRoundMs = 600'000;
constexpr Millis kRetentionEvery = std::chrono::minutes(1);

std::string varint_text(std::uint64_t value) {
  std::string out;
  put_varint(out, value);
  return out;
}

}  // namespace

void Store::Core::run() {
  pthread_setname_np(pthread_self(), "store");
  last_save_ = last_written_ = last_retention_steady_ = clock_.steady();
  for (bool open = true; open;) {
    open = wait_for_work();
    look_at_disk();
    if (broken_) recover();
    std::vector<Request*> requests = take_requests();
    bool durable = false;
    if (usable()) {
      take_all();
      save_some_blocks();
      retain();
      const bool commits =
          std::any_of(requests.begin(), requests.end(), [](const Request* each) { return each->batch != nullptr; });
      durable = write_bulk(!commits);
    } else if (!broken_) {
      // Little space is left, and what has had its time can make some.
      retain();
      write_bulk(true);
    }
    answer(requests, durable);
  }
  close();
}

bool Store::Core::wait_for_work() {
  std::unique_lock hold(inbox_mutex_);
  const bool taking = usable();
  inbox_ready_.wait_for(hold, options_.flush_interval, [&] {
    return inbox_.stop || !inbox_.requests.empty() ||
           (taking && (inbox_.points.size() >= kWakeAtPoints || inbox_.event_weight >= kWakeAtEventOctets));
  });
  return !inbox_.stop;
}

std::vector<Store::Core::Request*> Store::Core::take_requests() {
  std::lock_guard hold(inbox_mutex_);
  return std::exchange(inbox_.requests, {});
}

void Store::Core::put(Family family, std::string_view key, std::string_view value) {
  BONGSU_CHECK(bulk_.Put(rocks()->family(family), Rocks::slice(key), Rocks::slice(value)).ok());
}

void Store::Core::take_all() {
  Inbox taken;
  std::vector<EventBatch> batches;
  {
    std::lock_guard hold(inbox_mutex_);
    taken.series.swap(inbox_.series);
    taken.points.swap(inbox_.points);
    taken.blocks.swap(inbox_.blocks);
    batches.assign(inbox_.events.begin() + static_cast<std::ptrdiff_t>(inbox_.events_taken), inbox_.events.end());
    inbox_.events_taken = inbox_.events.size();
  }
  for (const auto& [id, labels] : taken.series) {
    std::string value;
    put_u8(value, 1);
    put_varint(value, labels->size());
    for (const auto& [name, text] : *labels) {
      put_text(value, name);
      put_text(value, text);
    }
    put(Family::Series, series_key(id), value);
  }
  prepare_points(taken.points);
  for (const std::uint32_t number : taken.blocks) {
    Block& block = *(*blocks_)[number].load();
    std::lock_guard hold(block.mutex);
    block.listed = false;
    prepare_chunks(block);
  }
  std::vector<const Event*> events;
  for (const EventBatch& batch : batches) {
    for (const Event& event : *batch) events.push_back(&event);
  }
  prepare_event_blocks(bulk_, events);
  bulk_batches_ += batches.size();
}

void Store::Core::prepare_points(std::span<const Point> points) {
  bulk_points_ += points.size();
  for (std::size_t from = 0; from < points.size(); from += kRecordPoints) {
    const auto some = points.subspan(from, std::min(kRecordPoints, points.size() - from));
    put(Family::Journal, be64(next_seq_), encode_record(next_seq_, some));
    ++next_seq_;
  }
}

void Store::Core::prepare_chunks(Block& block) {
  const auto& sealed = block.sealed();
  if (block.taken == sealed.size()) return;
  for (; block.taken < sealed.size(); ++block.taken) {
    const SealedChunk& chunk = sealed[block.taken];
    std::uint64_t order = 0;
    if (chunk.late) order = next_order_ = std::max(next_order_ + 1, next_seq_ << 20);
    put(Family::Chunks, chunk_key(day_of(chunk.first), chunk.series, chunk.first, order), *chunk.value);
    count_.chunks.add();
  }
  if (std::find(bulk_blocks_.begin(), bulk_blocks_.end(), &block) == bulk_blocks_.end()) bulk_blocks_.push_back(&block);
}

// A block holds ids in a row, cut where one is missing: so no two blocks of a kind ever overlap.
void Store::Core::prepare_event_blocks(rocksdb::WriteBatch& batch, std::span<const Event* const> events) {
  if (events.empty()) return;
  const auto rocks = this->rocks();
  struct Stream {
    Family bodies, index;
    std::vector<const Event*> events{};
    std::size_t octets = 0;
  };
  std::array<Stream, 2> streams{Stream{Family::Logs, Family::LogIndex}, Stream{Family::Events, Family::EventIndex}};
  const auto close_block = [&](Stream& stream) {
    if (stream.events.empty()) return;
    const std::string key = be64(stream.events.front()->id);
    BONGSU_CHECK(batch.Put(rocks->family(stream.bodies), key, encode(stream.events)).ok());
    BONGSU_CHECK(batch.Put(rocks->family(stream.index), key, encode(summarize(stream.events))).ok());
    stream.events.clear();
    stream.octets = 0;
  };
  std::uint64_t last = events.front()->id;
  for (const Event* event : events) {
    if (event->id > last + 1) std::for_each(streams.begin(), streams.end(), close_block);
    last = event->id;
    Stream& stream = streams[is_log(event->kind) ? 0 : 1];
    stream.events.push_back(event);
    stream.octets += weight(*event);
    if (stream.events.size() >= kBlockEvents || stream.octets >= kBlockOctets) close_block(stream);
  }
  std::for_each(streams.begin(), streams.end(), close_block);
}

// What could not be written stays in `bulk_` and is written again later; under the same keys, so that it does not matter
// whether a failed write had reached the disk after all.
bool Store::Core::write_bulk(bool sync) {
  const auto now = clock_.steady();
  if (bulk_.Count() > 0) {
    rocksdb::WriteOptions options;
    options.sync = sync;
    const auto rocks = this->rocks();
    if (const auto status = rocks->db().Write(options, &bulk_); !status.ok()) {
      failed(status);
      return false;
    }
    waiting_points_.fetch_sub(bulk_points_);
    for (Block* block : bulk_blocks_) {
      std::lock_guard hold(block->mutex);
      block->drop_taken();
    }
    {
      std::lock_guard hold(inbox_mutex_);
      for (std::size_t i = 0; i < bulk_batches_; ++i) {
        for (const Event& event : *inbox_.events.front()) inbox_.event_weight -= weight(event);
        inbox_.event_count -= inbox_.events.front()->size();
        inbox_.events.pop_front();
      }
      inbox_.events_taken -= bulk_batches_;
      count_.pending_events.set(static_cast<double>(inbox_.event_count));
    }
    for (const Drop& drop : bulk_drops_) rocks->drop_files(drop.family, drop.from, drop.to);
    bulk_.Clear();
    bulk_points_ = bulk_batches_ = 0;
    bulk_blocks_.clear();
    bulk_drops_.clear();
  }
  count_.pending_points.set(static_cast<double>(waiting_points_.load()));
  last_written_ = now;
  count_.lag.set(0);
  return true;
}

void Store::Core::answer(std::vector<Request*>& requests, bool durable) {
  std::vector<Request*> commits;
  std::vector<Request*> flushes;
  for (Request* request : requests) (request->batch != nullptr ? commits : flushes).push_back(request);
  const auto refusal = [&] {
    return Status(Error{Code::Unavailable, "the store in " + dir_.string() + " cannot write: " + *problem_.lock()});
  };
  if (!commits.empty()) {
    // A commit is small, and is tried while there is any space at all.
    const Status status = broken_ || rocks() == nullptr ? refusal() : write_commits(commits);
    durable = durable && status.ok();
    for (Request* request : commits) request->done.set_value(status);
  }
  for (Request* request : flushes) request->done.set_value(durable ? Status() : refusal());
}

Status Store::Core::write_commits(std::span<Request* const> requests) {
  const auto rocks = this->rocks();
  rocksdb::ColumnFamilyHandle* state = rocks->family(Family::State);
  rocksdb::WriteBatch batch;
  std::vector<Event> events;
  for (const Request* request : requests) {
    for (const StateBatch::Change& change : request->batch->changes) {
      const std::string key = state_key(change.table, change.key);
      BONGSU_CHECK((change.value ? batch.Put(state, key, *change.value) : batch.Delete(state, key)).ok());
    }
    events.insert(events.end(), request->batch->events.begin(), request->batch->events.end());
  }
  {
    std::lock_guard hold(inbox_mutex_);
    for (Event& event : events) event.id = inbox_.next_event++;
  }
  std::vector<const Event*> each;
  for (const Event& event : events) each.push_back(&event);
  prepare_event_blocks(batch, each);
  rocksdb::WriteOptions options;
  options.sync = true;
  if (const auto status = rocks->db().Write(options, &batch); !status.ok()) {
    failed(status);
    return to_error(status, "keeping state in " + dir_.string());
  }
  count_.commits.add(requests.size());
  count_.events.add(events.size());
  return {};
}

void Store::Core::save_some_blocks() {
  const auto now = clock_.steady();
  const std::uint32_t blocks = block_count_.load();
  save_credit_ += std::chrono::duration<double, std::milli>(now - last_save_).count() / kSaveRoundMs * blocks;
  save_credit_ = std::min(save_credit_, static_cast<double>(blocks));
  last_save_ = now;
  for (; save_credit_ >= 1; save_credit_ -= 1) {
    if (next_save_ >= blocks) {
      next_save_ = 0;
      trim_journal();
      if (blocks == 0) return;
    }
    if (Block* block = (*blocks_)[next_save_++].load(); block != nullptr) save_block(*block);
  }
}

// Everything of the block that stands in records so far is then in its saved form or in sealed chunks, written together.
void Store::Core::save_block(Block& block) {
  std::string value;
  {
    std::lock_guard hold(block.mutex);
    block.saved_seq = next_seq_ - 1;
    if (!block.dirty) return;
    prepare_chunks(block);
    value = block.save();
    block.dirty = false;
  }
  put(Family::Open, series_key(block.number()), value);
}

void Store::Core::trim_journal() {
  std::uint64_t floor = next_seq_ - 1;
  for (std::uint32_t number = 0; number < block_count_.load(); ++number) {
    Block* block = (*blocks_)[number].load();
    if (block == nullptr) continue;
    std::lock_guard hold(block->mutex);
    floor = std::min(floor, block->saved_seq);
  }
  if (floor <= journal_floor_) return;
  const std::string from = be64(journal_floor_ + 1);
  const std::string to = be64(floor + 1);
  rocks()->drop_range(Family::Journal, from, to, bulk_);
  put(Family::Meta, "journal_floor", varint_text(floor));
  bulk_drops_.push_back({Family::Journal, from, to});
  journal_floor_ = floor;
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
  // A day may go when the longest chunk that began in it has ended before.
  if (const std::uint32_t day = day_of(oldest - Chunk::kMaxSpan); day > dropped_day_) {
    const std::string from = chunk_key(dropped_day_, 0, Time{}, 0);
    const std::string to = chunk_key(day, 0, Time{}, 0);
    rocks()->drop_range(Family::Chunks, from, to, bulk_);
    bulk_drops_.push_back({Family::Chunks, from, to});
    dropped_day_ = day;
    forget_idle_series(oldest);
  }
  drop_old_events(Family::Logs, Family::LogIndex, now - options_.log_retention);
  drop_old_events(Family::Events, Family::EventIndex, now - options_.event_retention);
}

void Store::Core::forget_idle_series(Time before) {
  std::vector<Id> idle;
  for (std::uint32_t number = 0; number < block_count_.load(); ++number) {
    Block* block = (*blocks_)[number].load();
    if (block == nullptr) continue;
    std::lock_guard hold(block->mutex);
    for (Id id = number * Block::kSeries; id < (number + 1) * Block::kSeries; ++id) {
      const Head& head = block->head(id);
      if (!head.alive || head.newest == Time::min() || head.newest >= before) continue;
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
  put(Family::Meta, "next_series", varint_text(next));
  for (const Id id : idle) BONGSU_CHECK(bulk_.Delete(rocks()->family(Family::Series), series_key(id)).ok());
  log::info("{} series without data since {} left the store", idle.size(), format_time(before));
}

void Store::Core::drop_old_events(Family bodies, Family index, Time before) {
  const auto rocks = this->rocks();
  std::optional<std::uint64_t> end;
  std::uint64_t next = 0;
  {
    std::lock_guard hold(inbox_mutex_);
    next = inbox_.next_event;
  }
  const Status read = rocks->each(index, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
    BONGSU_TRY(const auto summary, decode_summary(Reader(key).be64(), value));
    if (summary.newest >= before) return false;
    end = summary.last_id + 1;
    return true;
  });
  if (!read) {
    count_.write_errors.add();
    std::uint64_t suppressed = 0;
    if (disk_gate_.open(clock_.steady(), suppressed)) log::error("dropping old events of the store: {}", read.error().text);
  }
  if (!end) return;
  for (const Family family : {bodies, index}) {
    rocks->drop_range(family, be64(0), be64(*end), bulk_);
    bulk_drops_.push_back({family, be64(0), be64(*end)});
  }
  put(Family::Meta, "next_event", varint_text(next));
}

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

void Store::Core::close() {
  if (rocks() != nullptr && !broken_) {
    take_all();
    for (std::uint32_t number = 0; number < block_count_.load(); ++number) {
      if (Block* block = (*blocks_)[number].load(); block != nullptr) save_block(*block);
    }
    trim_journal();
    // Tables open faster than the log that they come from.
    if (write_bulk(true)) {
      if (const Status flushed = rocks()->flush_all(); !flushed) log::warning("{}", flushed.error().text);
    }
  }
  if (waiting_points_.load() > 0) {
    log::error("the store in {} closes with {} points that it could not write: {}", dir_.string(), waiting_points_.load(),
               *problem_.lock());
  }
}

}  // namespace bongsu::store
