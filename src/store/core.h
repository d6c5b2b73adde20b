// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "base/lock.h"
#include "base/log.h"
#include "store/block_table.h"
#include "store/directory.h"
#include "store/event_log.h"
#include "store/head.h"
#include "store/index.h"
#include "store/rescue.h"
#include "store/rocks.h"
#include "store/store.h"

namespace bongsu::store {

// The parts of a Store. core.cpp: taking in; load.cpp: opening; read.cpp and search.cpp: answering with points and events;
// rollup.cpp: windows, made and read; writer.cpp: the thread that alone writes, with write_points.cpp, retain.cpp and disk.cpp.
// Locks, in the only order in which two are ever held: index or the gate of appends, then a block's or the inbox's.
class Store::Core {
 public:
  static Result<std::unique_ptr<Core>> open(const std::filesystem::path& dir, const StoreOptions& options, const Clock& clock,
                                            Metrics& metrics, OpenAs as);
  ~Core();

  Result<SeriesId> series(const Labels& labels);
  // `any_age`: also points that are older than the newest of their series by more than an hour. Gives how many were left out.
  Result<std::size_t> append(std::span<const Point> points, bool any_age);
  Status append(std::vector<Event> events);
  Status commit(const StateBatch* batch);  // null: only flush
  Health health() const;
  Result<Extent> extent() const;
  Status each_event(const std::function<Result<bool>(Event)>& visit) const;
  const std::filesystem::path& directory() const { return dir_; }
  Result<std::uint64_t> checkpoint(const std::filesystem::path& to) const;

  Result<std::vector<Series>> select(std::span<const Matcher> matchers, Time from, Time to, const SelectLimits& limits) const;
  Result<std::vector<Latest>> latest(std::span<const Matcher> matchers, Time from, Time to, const SelectLimits& limits) const;
  Result<std::vector<RollupSeries>> select_rollup(std::span<const Matcher> matchers, Time from, Time to, Resolution resolution,
                                                  const SelectLimits& limits) const;
  Time kept_since(Resolution resolution) const;
  Result<std::vector<Labels>> find(std::span<const Matcher> matchers, Time from, Time to) const;
  std::vector<std::string> label_names() const;
  std::vector<std::string> label_values(std::string_view name) const;
  Cardinality cardinality(std::size_t top) const;
  Result<EventPage> search(const EventQuery& query) const;
  Result<std::optional<std::string>> get(std::string_view table, std::string_view key) const;
  Status scan(std::string_view table, std::string_view prefix,
              const std::function<bool(std::string_view, std::string_view)>& visit) const;

 private:
  using Id = SeriesIndex::Id;

  static constexpr std::size_t kWakeAtPoints = 1 << 17;  // so much waits, and the writer does not
  static constexpr std::size_t kRecordPoints = 4096;     // of the head log
  static constexpr std::uint32_t kTrimsInRound = 8;      // of it, while all blocks are saved once
  static constexpr Millis kOutOfOrder = std::chrono::hours(1);
  static constexpr Millis kFuture = std::chrono::hours(24);

  // Somebody who waits for the writer.
  struct Request {
    const StateBatch* batch = nullptr;
    std::promise<Status> done;
  };
  // What the writer has not yet taken.
  struct Inbox {
    std::vector<Id> series;  // new ones
    std::vector<Point> points;
    std::vector<std::uint32_t> blocks;  // with frozen groups
    std::vector<Request*> requests;
    bool stop = false;
  };
  struct Counters {
    explicit Counters(Metrics& metrics);
    Counter &points, &events, &commits, &too_old, &in_future, &before_1970, &gone, &series_limit, &points_limit, &points_disk,
        &logs_disk, &events_limit, &event_large, &lost, &write_errors, &groups, &rollups;
    Gauge& damaged;
    Counter& reopened;
    Gauge &series, &series_numbers, &pending_points, &pending_events, &lag, &free_disk, &octets, &writable, &disk, &memory_series,
        &memory_labels, &memory_cache, &memory_pending;
    Counter& sealed_early;
  };

  Core(DirectoryLock lock, std::filesystem::path dir, const StoreOptions& options, const Clock& clock, Metrics& metrics,
       bool read_only);

  // Opening.
  static Result<std::unique_ptr<Core>> start(std::unique_ptr<Core> core);
  void learn_set_aside();
  Status load();
  void pass_numbers();
  Status load_series();
  Status load_heads();
  Status raise_format1();
  Status number_groups();
  Status replay();
  Status replay_records();
  Status begin_rollups();
  void replay_record(std::uint64_t seq, std::string_view value);
  void lose_record(std::uint64_t seq, std::string_view why);

  Block* block_of(std::uint64_t series) const;
  Block& make_block(std::uint32_t number);
  std::shared_ptr<Rocks> rocks() const { return *rocks_.lock(); }
  Result<std::shared_ptr<Rocks>> rocks_or_error() const;

  // Reading.
  struct Wanted;
  Result<std::shared_ptr<const SeriesIndex::Selection>> selection(std::span<const Matcher> matchers) const;
  // Gives to `take` the samples of each of `wanted`, after what is in memory of it was copied.
  // `take` is called by several threads at once, for different places.
  template <class Take>
  Status read_whole(std::vector<Wanted>& wanted, Time from, Time to, const Take& take) const;
  template <class Take>
  Status read_part(Rocks& rocks, std::span<Wanted> wanted, Time from, Time to, const Take& take) const;
  // Adds what is on disk, for series of one block.
  Status read_groups(std::span<Wanted> wanted, Time from, Time to, rocksdb::Iterator& at) const;

  using TakeSamples = std::function<Status(std::size_t place, std::vector<Sample> samples)>;
  // The samples of each of `ids`, rising; for those that have some. `take` is called by one thread at a time.
  Status read_series(std::span<const Id> ids, Time from, Time to, const TakeSamples& take) const;
  // The same in (from, to], with the last value before where it counts for the first window.
  Status read_for_rollup(std::span<const Id> ids, Time from, Time to, const TakeSamples& take) const;

  // The writer's thread; all of what follows is its own.
  void run();
  bool wait_for_work();  // false once the store closes; sets due_
  std::vector<Request*> take_requests();
  bool usable() const { return !broken_ && disk_.load() < Disk::NoPoints; }
  // What is taken at once while no batch stands half in memory, so that after a crash each is there whole or not at all.
  struct Taken {
    Inbox inbox;
    std::vector<std::pair<Block*, std::vector<std::shared_ptr<const Frozen>>>> frozen;
    std::vector<std::pair<std::uint32_t, std::string>> heads;  // by block
  };
  Taken take(bool every_block);
  void prepare(Taken taken);  // into `bulk_`
  void put(Family family, std::string_view key, std::string_view value);
  void put_catalogue(std::span<const Id> changed);      // rising
  static std::uint64_t records_of(std::size_t points);  // of the head log
  void prepare_points(std::span<const Point> points);
  void prepare_groups(Block& block, std::vector<std::shared_ptr<const Frozen>> frozen);
  bool write_bulk(bool sync);
  void answer(std::vector<Request*>& requests, bool durable);
  Status write_commits(std::span<Request* const> requests);
  void save_some_blocks(Taken& taken, std::uint64_t last_seq);
  void save_block(Block& block, Taken& taken, std::uint64_t last_seq);
  void trim_journal();
  void retain();
  void drop_old_rollups(Time now);
  void note_late(std::span<const Point> points);
  void roll_up_days();
  Status roll_block(std::uint32_t day, std::uint32_t number);
  void shed_idle_series(Time before);
  void forget_idle_series(Time before);
  void drop_old_events(std::size_t stream, Time before, Millis kept);
  void look_at_disk();
  void look_at_memory();
  std::uint64_t free_space() const { return options_.free_disk ? options_.free_disk() : free_octets(dir_); }
  void tell(Disk disk, const std::string& text);  // the log, and an event
  void failed(const rocksdb::Status& status);
  void recover();
  void reopen();
  void prepare_mended();
  void tell_set_aside();
  void close();

  const bool read_only_;
  const DirectoryLock lock_;
  const std::filesystem::path dir_;
  const StoreOptions options_;
  const Clock& clock_;
  Counters count_;
  log::Gate disk_gate_;

  mutable std::shared_mutex index_mutex_;
  SeriesIndex index_;  // under index_mutex_
  BlockTable blocks_;  // made under index_mutex_

  Guarded<std::shared_ptr<Rocks>> rocks_;  // null while it is opened anew
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<std::uint64_t> first_group_{1};  // the least number of a group frozen in this life
  std::atomic<std::uint32_t> rolled_{0};       // windows of days before this one are on disk
  bool format1_ = false;                       // chunks of format 1 are still there; set while opening

  // Shared by who appends, from the first point in memory until the inbox has them all; whole for the writer when it takes.
  std::shared_mutex append_gate_;
  std::mutex append_turn_;  // held by the writer while it waits for the gate, and for a moment by who is next to append
  mutable std::mutex inbox_mutex_;
  std::condition_variable inbox_ready_;
  Inbox inbox_;                                 // under inbox_mutex_
  std::atomic<std::size_t> waiting_points_{0};  // in the inbox and in the writer's hands
  std::atomic<Disk> disk_{Disk::Well};
  std::atomic<bool> series_full_{false};  // no memory for new ones
  Guarded<Memory> memory_;
  Guarded<std::string> problem_;
  Guarded<std::vector<SetAside>> set_aside_;
  EventLog events_;

  // The writer's.
  struct Drop {
    Family family;
    std::string from, to;
  };
  rocksdb::WriteBatch bulk_;  // all that is due except commits; kept until it is written
  std::size_t bulk_points_ = 0;
  std::vector<Block*> bulk_blocks_;  // with groups in `bulk_`
  std::vector<Drop> bulk_drops_;     // files that may go once `bulk_` is written
  std::uint64_t next_seq_ = 1;       // of the head log
  std::uint64_t journal_floor_ = 0;  // records up to here are not needed any more
  std::uint32_t next_save_ = 0;      // the block to be looked at next
  double save_credit_ = 0;           // blocks that are due
  std::size_t unsaved_points_ = 0;   // written to the head log since blocks were last saved
  std::uint32_t saved_blocks_ = 0;   // since the head log was last trimmed
  SteadyTime last_save_{};
  SteadyTime last_written_{};
  SteadyTime last_due_{};
  SteadyTime last_memory_{};
  bool due_ = false;  // what was appended is to be on disk after this turn, not only what is plenty
  std::optional<Time> last_retention_{};
  SteadyTime last_retention_steady_{};
  SteadyTime retention_held_until_{};
  std::uint32_t dropped_day_ = 0;  // days before this one are gone
  std::uint32_t forgot_day_ = 0;
  std::atomic<std::uint32_t> raw_gone_{0};                    // the same in whatever life it was
  std::uint32_t rolled_day_ = 0;                              // rolled_, once `bulk_` is written
  std::uint32_t next_roll_ = 0;                               // the next block of rolled_day_
  std::set<std::pair<std::uint32_t, std::uint32_t>> remake_;  // day, block: rolled up, and samples came late
  std::array<std::uint32_t, 2> dropped_periods_{};            // of five minutes, of hours
  bool broken_ = false;                                       // the last write failed, or a table is damaged
  bool mend_ = false;                                         // tables were set aside: what is known is written anew
  bool untold_ = false;                                       // that they were is in `bulk_`
  std::set<std::string> suspects_;                            // tables to be looked at when the database is opened anew
  std::weak_ptr<Rocks> leaving_;                              // the database that is to close before it can be opened anew
  std::thread writer_;
};

}  // namespace bongsu::store
