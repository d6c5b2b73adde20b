// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "store/catalogue.h"
#include "store/codec.h"
#include "store/core.h"

namespace bongsu::store {
void Store::Core::run() {
  pthread_setname_np(pthread_self(), "store");
  last_save_ = last_written_ = last_retention_steady_ = clock_.steady();
  for (bool open = true; open;) {
    open = wait_for_work();
    look_at_disk();
    look_at_memory();
    if (const auto rocks = this->rocks(); rocks != nullptr && rocks->hurt()) broken_ = true;
    if (broken_) recover();
    std::vector<Request*> requests = take_requests();
    due_ = due_ || !requests.empty();
    bool durable = false;
    if (usable()) {
      const bool mends = std::exchange(mend_, false);
      due_ = due_ || mends;
      if (mends) prepare_mended();
      prepare(take(mends));
      if (mends) trim_journal();
      retain();
      roll_up_days();
      const auto commits =
          std::count_if(requests.begin(), requests.end(), [](const Request* each) { return each->batch != nullptr; });
      const bool flushes = commits < std::ssize(requests);
      // A commit is synced after this, and the log with it.
      durable = write_bulk(commits == 0 && (flushes || options_.point_sync == PointSync::Flush));
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
  const bool woken = inbox_ready_.wait_for(hold, options_.flush_interval, [&] {
    return inbox_.stop || !inbox_.requests.empty() || (taking && (inbox_.points.size() >= kWakeAtPoints || events_.ready()));
  });
  const SteadyTime now = clock_.steady();
  due_ = !woken || inbox_.stop || !inbox_.requests.empty() || now - last_due_ >= options_.flush_interval;
  if (due_) last_due_ = now;
  return !inbox_.stop;
}

std::vector<Store::Core::Request*> Store::Core::take_requests() {
  std::lock_guard hold(inbox_mutex_);
  return std::exchange(inbox_.requests, {});
}

void Store::Core::put(Family family, std::string_view key, std::string_view value) {
  BONGSU_CHECK(bulk_.Put(rocks()->family(family), Rocks::slice(key), Rocks::slice(value)).ok());
}

void Store::Core::put_catalogue(std::span<const Id> changed) {
  constexpr Id kNone = UINT32_MAX;
  Id last = kNone;
  for (const Id id : changed) {
    if (const Id group = id / SeriesIndex::kGroup; std::exchange(last, group) == group) continue;
    std::string value;
    {
      std::shared_lock hold(index_mutex_);
      value = encode_catalogue(index_, last);
    }
    if (!value.empty()) put(Family::Series, catalogue_key(last), value);
    else BONGSU_CHECK(bulk_.Delete(rocks()->family(Family::Series), catalogue_key(last)).ok());
  }
}

Store::Core::Taken Store::Core::take(bool every_block) {
  Taken taken;
  std::unique_lock turn(append_turn_);
  std::unique_lock gate(append_gate_);
  {
    std::lock_guard hold(inbox_mutex_);
    taken.inbox.series.swap(inbox_.series);
    taken.inbox.points.swap(inbox_.points);
    taken.inbox.blocks.swap(inbox_.blocks);
  }
  for (const std::uint32_t number : taken.inbox.blocks) {
    Block& block = *blocks_.find(number);
    std::lock_guard hold(block.mutex);
    block.listed = false;
    taken.frozen.emplace_back(&block, block.take_frozen());
  }
  const std::uint64_t last_seq = next_seq_ - 1 + records_of(taken.inbox.points.size());
  if (!every_block) save_some_blocks(taken, last_seq);
  for (Block* block = every_block ? blocks_.from(0) : nullptr; block != nullptr; block = blocks_.from(block->number() + 1))
    save_block(*block, taken, last_seq);
  return taken;
}

void Store::Core::prepare(Taken taken) {
  put_catalogue(taken.inbox.series);
  prepare_points(taken.inbox.points);
  for (auto& [block, frozen] : taken.frozen) prepare_groups(*block, std::move(frozen));
  for (auto& [number, value] : taken.heads) {
    put(Family::Heads, series_key(number), value);
    std::string().swap(value);  // when closing these are many
  }
  if (const std::uint32_t blocks = blocks_.size(); blocks > 0 && saved_blocks_ * kTrimsInRound >= blocks) {
    saved_blocks_ = 0;
    trim_journal();
  }
  events_.prepare(*rocks(), bulk_, due_);
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
    events_.written();
    tell_set_aside();
    rolled_ = rolled_day_;
    for (const Drop& drop : bulk_drops_) {
      rocks->drop_files(drop.family, drop.from, drop.to);
      // A day or more of points at once, and seldom.
      if (drop.family == Family::Groups || drop.family == Family::FiveMinutes || drop.family == Family::Hours)
        rocks->squeeze(drop.family, drop.from, drop.to);
    }
    bulk_.Clear();
    bulk_points_ = 0;
    bulk_blocks_.clear();
    bulk_drops_.clear();
  }
  count_.pending_events.set(static_cast<double>(events_.pending()));
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
    // A commit is small, and the last thing to be refused.
    const bool room = disk_.load() < Disk::NoState;
    const Status status = broken_ || !room || rocks() == nullptr ? refusal() : write_commits(commits);
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
  const std::size_t told = events.size();
  events_.prepare_commit(*rocks, batch, std::move(events));
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = rocks->db().Write(options, &batch);
  events_.committed(status.ok());
  if (!status.ok()) {
    failed(status);
    return to_error(status, "keeping state in " + dir_.string());
  }
  count_.commits.add(requests.size());
  count_.events.add(told);
  return {};
}

void Store::Core::close() {
  if (rocks() != nullptr && !broken_) {
    due_ = true;
    prepare(take(true));
    trim_journal();
    // Tables open faster than the log that they come from.
    if (write_bulk(true)) {
      if (const Status flushed = rocks()->settle(); !flushed) log::warning("{}", flushed.error().text);
    }
  }
  if (waiting_points_.load() > 0) {
    log::error("the store in {} closes with {} points that it could not write: {}", dir_.string(), waiting_points_.load(),
               *problem_.lock());
  }
}

}  // namespace bongsu::store
