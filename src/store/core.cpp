// SPDX-License-Identifier: Apache-2.0
#include "store/core.h"

#include <algorithm>

#include "base/text.h"
#include "store/rescue.h"

namespace bongsu::store {
namespace {

constexpr std::size_t kMaxLabelOctets = 64 << 10;

Error unusable(std::string_view what) {
  return {Code::Unavailable, std::string(what) + ": the disk is full or failing; it resumes by itself once there is space"};
}

}  // namespace

Store::Core::Counters::Counters(Metrics& metrics)
    : points(metrics.counter("bongsu_store_appended_total", "taken in", {{"kind", "points"}})),
      events(metrics.counter("bongsu_store_appended_total", "taken in", {{"kind", "events"}})),
      commits(metrics.counter("bongsu_store_appended_total", "taken in", {{"kind", "commits"}})),
      too_old(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "too_old"}})),
      in_future(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "future"}})),
      before_1970(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "before_1970"}})),
      gone(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "series_gone"}})),
      series_limit(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "series_limit"}})),
      points_limit(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "points_queue_full"}})),
      points_disk(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "points_disk"}})),
      logs_disk(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "events_disk"}})),
      events_limit(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "events_queue_full"}})),
      event_large(metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "event_too_large"}})),
      lost(metrics.counter("bongsu_store_lost_records_total", "records of the head log found missing or damaged on opening")),
      write_errors(metrics.counter("bongsu_store_write_errors_total", "writes that the database refused")),
      groups(metrics.counter("bongsu_store_groups_total", "groups of samples sealed")),
      rollups(metrics.counter("bongsu_store_rollups_total", "days of 64 series rolled up into windows")),
      damaged(metrics.gauge("bongsu_store_damaged_tables", "tables that were found damaged and set aside")),
      reopened(metrics.counter("bongsu_store_reopened_total", "times the database was opened anew after a failure")),
      series(metrics.gauge("bongsu_store_series", "series that have data")),
      series_numbers(metrics.gauge("bongsu_store_series_numbers", "given to series so far, of 4294967232; none is used twice")),
      pending_points(metrics.gauge("bongsu_store_pending", "taken in and not yet on disk", {{"kind", "points"}})),
      pending_events(metrics.gauge("bongsu_store_pending", "taken in and not yet on disk", {{"kind", "events"}})),
      lag(metrics.gauge("bongsu_store_flush_lag_seconds", "age of the oldest thing not yet on disk, as the writer last saw it")),
      free_disk(metrics.gauge("bongsu_store_free_disk_bytes", "space left for the store")),
      octets(metrics.gauge("bongsu_store_bytes", "size of the tables on disk")),
      writable(metrics.gauge("bongsu_store_writable", "1 while what is appended reaches the disk")),
      disk(metrics.gauge("bongsu_store_disk_state",
                         "refused for want of disk: 0 nothing, 1 log lines, 2 points too, 3 state too, 4 the disk fails")),
      memory_series(metrics.gauge("bongsu_store_memory_bytes", "memory of the store, about", {{"kind", "series"}})),
      memory_labels(metrics.gauge("bongsu_store_memory_bytes", "memory of the store, about", {{"kind", "labels"}})),
      memory_cache(metrics.gauge("bongsu_store_memory_bytes", "memory of the store, about", {{"kind", "cache"}})),
      memory_pending(metrics.gauge("bongsu_store_memory_bytes", "memory of the store, about", {{"kind", "pending"}})),
      sealed_early(metrics.counter("bongsu_store_sealed_early_total", "blocks of series sealed early for want of memory")) {}

Store::Core::Core(DirectoryLock lock, std::filesystem::path dir, const StoreOptions& options, const Clock& clock,
                  Metrics& metrics, bool read_only)
    : read_only_(read_only),
      lock_(std::move(lock)),
      dir_(std::move(dir)),
      options_(options),
      clock_(clock),
      count_(metrics),
      events_(options.max_pending, [this] {
        { std::lock_guard hold(inbox_mutex_); }  // so that it does not fall between the writer's look and its sleep
        inbox_ready_.notify_one();
      }) {}

Result<std::unique_ptr<Store::Core>> Store::Core::open(const std::filesystem::path& dir, const StoreOptions& options,
                                                       const Clock& clock, Metrics& metrics, OpenAs as) {
  const bool read_only = as == OpenAs::Read;
  constexpr int kAttempts = 16;  // each sets a damaged table aside at least
  std::set<std::string> suspects;
  bool damaged = false;
  for (int attempt = 1;; ++attempt) {
    BONGSU_TRY(DirectoryLock lock, read_only ? DirectoryLock::share(dir) : DirectoryLock::take(dir));
    if (!read_only) BONGSU_TRY_OK(room_to_open(dir));
    std::unique_ptr<Core> core(new Core(std::move(lock), dir, options, clock, metrics, read_only));
    bool log_damaged = false;
    auto opened = read_only ? Rocks::open(dir, options, log_damaged, as) : open_sound(dir, options, log_damaged, as, suspects);
    damaged = damaged || log_damaged;
    BONGSU_TRY(auto rocks, std::move(opened));
    *core->rocks_.lock() = rocks;
    core->learn_set_aside();
    if (damaged) {
      *core->problem_.lock() = "the log in " + dir.string() + " was damaged; what was written after the damage is gone";
      core->lose_record(0, "the log of the database is damaged");
    }
    Status loaded = core->load();
    if (rocks->hurt() && (read_only || attempt == kAttempts)) {
      return Error{Code::Corrupt, "table " + *rocks->hurt_tables().begin() + " of the store in " + dir.string() +
                                      " is damaged: bongsu serve sets it aside when it opens the store"};
    }
    if (rocks->hurt()) {
      suspects = rocks->hurt_tables();
      continue;  // without what was loaded so far
    }
    BONGSU_TRY_OK(std::move(loaded));
    if (read_only) return core;
    return start(std::move(core));
  }
}

Result<std::unique_ptr<Store::Core>> Store::Core::start(std::unique_ptr<Core> core) {
  core->look_at_disk();
  core->writer_ = std::thread([raw = core.get()] { raw->run(); });
  return core;
}

Store::Core::~Core() {
  if (writer_.joinable()) {
    {
      std::lock_guard hold(inbox_mutex_);
      inbox_.stop = true;
    }
    inbox_ready_.notify_all();
    writer_.join();
  }
}

Block* Store::Core::block_of(std::uint64_t series) const { return blocks_.find(series / Block::kSeries); }

Block& Store::Core::make_block(std::uint32_t number) {
  if (Block* made = blocks_.find(number); made != nullptr) return *made;
  auto block = std::make_unique<Block>(number);
  block->number_from(first_group_);
  blocks_.make(std::move(block));
  return *blocks_.find(number);
}

Result<std::shared_ptr<Rocks>> Store::Core::rocks_or_error() const {
  if (auto rocks = this->rocks()) return rocks;
  return Error{Code::Unavailable,
               "the store in " + dir_.string() + " is being opened anew after a disk failure: ask again in a moment"};
}

Result<SeriesId> Store::Core::series(const Labels& labels) {
  {
    std::shared_lock hold(index_mutex_);
    if (const auto found = index_.find(labels)) return SeriesId{*found};
  }
  if (labels.metric().empty())
    return Error{Code::Invalid, "a series needs a metric name (label __name__): " + labels.to_string()};
  std::size_t octets = 0;
  for (const auto& [name, value] : labels) octets += name.size() + value.size();
  if (octets > kMaxLabelOctets)
    return Error{Code::Invalid, "the labels of a series may take 64 KiB at most; " + std::string(labels.metric()) + " has more"};

  std::unique_lock hold(index_mutex_);
  if (const auto found = index_.find(labels)) return SeriesId{*found};
  if (index_.next() >= SeriesIndex::kNumbers) {
    count_.series_limit.add();
    return Error{Code::Limit,
                 "the store has given each of its 4,294,967,232 series numbers away, and none is used twice; move what "
                 "it holds into a new one with `bongsu store export` and `bongsu store import`"};
  }
  if (index_.size() >= options_.max_series) {
    count_.series_limit.add();
    return Error{Code::Limit, "the store holds " + std::to_string(index_.size()) + " series and takes no more"};
  }
  if (series_full_.load()) {
    count_.series_limit.add();
    return Error{Code::Limit, "the memory for series is full with " + std::to_string(index_.size()) +
                                  " of them, and no more are taken: give the key `memory:` more, or watch less"};
  }
  const Id id = index_.add(labels);
  Block& block = make_block(id / Block::kSeries);
  {
    std::lock_guard block_hold(block.mutex);
    block.set_alive(id);
  }
  {
    // Before anyone else can learn the number, so that the series is written no later than its first points.
    std::lock_guard inbox_hold(inbox_mutex_);
    inbox_.series.push_back(id);
  }
  count_.series.set(static_cast<double>(index_.size()));
  count_.series_numbers.set(static_cast<double>(index_.next()));
  return SeriesId{id};
}

Result<std::size_t> Store::Core::append(std::span<const Point> points, bool any_age) {
  if (points.empty()) return std::size_t{0};
  if ((waiting_points_.load() + points.size()) * sizeof(Point) > options_.max_pending) {
    if (disk_.load() >= Disk::NoPoints) {
      count_.points_disk.add(points.size());
      return unusable("points are not taken");
    }
    count_.points_limit.add(points.size());
    return Error{Code::Limit,
                 std::to_string(waiting_points_.load()) + " points wait for the disk; no more are taken until it catches up"};
  }
  // All of the batch or none: the numbers are looked at first.
  for (std::size_t i = 0; i < points.size();) {
    const std::uint64_t number = static_cast<std::uint64_t>(points[i].series) / Block::kSeries;
    Block* block = block_of(static_cast<std::uint64_t>(points[i].series));
    std::unique_lock<std::mutex> hold;
    if (block != nullptr) hold = std::unique_lock(block->mutex);
    for (; i < points.size() && static_cast<std::uint64_t>(points[i].series) / Block::kSeries == number; ++i) {
      if (block == nullptr || !block->alive(static_cast<Id>(points[i].series))) {
        return Error{Code::NotFound, "series " + std::to_string(static_cast<std::uint64_t>(points[i].series)) +
                                         " is not known, or its data has ended: ask series() for it"};
      }
    }
  }

  const Time now = clock_.now();
  std::vector<std::size_t> refused;  // hardly ever any
  std::vector<std::uint32_t> frozen;
  const auto refuse = [&](std::size_t i, Counter& cause) {
    refused.push_back(i);
    cause.add();
  };
  { std::lock_guard turn(append_turn_); }
  std::shared_lock gate(append_gate_);
  for (std::size_t i = 0; i < points.size();) {
    const std::uint32_t number = static_cast<Id>(points[i].series) / Block::kSeries;
    Block& block = *block_of(static_cast<std::uint64_t>(points[i].series));
    std::lock_guard hold(block.mutex);
    for (; i < points.size() && static_cast<Id>(points[i].series) / Block::kSeries == number; ++i) {
      const auto id = static_cast<Id>(points[i].series);
      const Sample& sample = points[i].sample;
      const Time newest = block.newest(id);
      if (!block.alive(id)) refuse(i, count_.gone);
      else if (sample.at < Time{}) refuse(i, count_.before_1970);
      else if (sample.at > now + kFuture) refuse(i, count_.in_future);
      // A newest sample ahead of the clock (the clock was set back) must not shut the series.
      else if (!any_age && newest != Time::min() && sample.at < std::min(newest, now) - kOutOfOrder) refuse(i, count_.too_old);
      else block.put(id, sample);
    }
    if (block.frozen().size() > block.taken && !block.listed) {
      block.listed = true;
      frozen.push_back(number);
    }
  }

  std::vector<Point> kept;
  if (!refused.empty()) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (next < refused.size() && refused[next] == i) ++next;
      else kept.push_back(points[i]);
    }
    points = kept;
  }
  waiting_points_.fetch_add(points.size());  // before the writer can take them off again
  bool wake = false;
  {
    std::lock_guard hold(inbox_mutex_);
    inbox_.points.insert(inbox_.points.end(), points.begin(), points.end());
    inbox_.blocks.insert(inbox_.blocks.end(), frozen.begin(), frozen.end());
    wake = inbox_.points.size() >= kWakeAtPoints;
  }
  gate.unlock();
  count_.points.add(points.size());
  if (wake) inbox_ready_.notify_one();
  return refused.size();
}

Status Store::Core::append(std::vector<Event> events) {
  if (events.empty()) return {};
  const Disk disk = disk_.load();
  if (disk != Disk::Well &&
      std::any_of(events.begin(), events.end(), [](const Event& event) { return stream_of(event.kind) == 0; })) {
    count_.logs_disk.add(events.size());
    return unusable("log lines are not taken");
  }
  const std::size_t number = events.size();
  if (const Status taken = events_.append(std::move(events)); !taken) {
    const bool large = taken.error().code == Code::Invalid;
    (large ? count_.event_large : disk >= Disk::NoPoints ? count_.logs_disk : count_.events_limit).add(number);
    return disk >= Disk::NoPoints && !large ? Status(unusable("events are not taken")) : taken;
  }
  count_.events.add(number);
  return {};
}

Status Store::Core::commit(const StateBatch* batch) {
  if (batch != nullptr) {
    for (const StateBatch::Change& change : batch->changes) {
      if (change.table.find('\0') != std::string::npos)
        return Error{Code::Invalid, "a table of the state store has a NUL in its name"};
    }
    BONGSU_TRY_OK(EventLog::check(batch->events));
  }
  Request request{.batch = batch};
  std::future<Status> done = request.done.get_future();
  {
    std::lock_guard hold(inbox_mutex_);
    if (inbox_.stop) return Error{Code::Unavailable, "the store is closing"};
    inbox_.requests.push_back(&request);
  }
  inbox_ready_.notify_one();
  return done.get();
}

Store::Health Store::Core::health() const {
  Health health;
  {
    std::shared_lock hold(index_mutex_);
    health.series = index_.size();
  }
  health.pending_events = events_.pending();
  health.pending_points = waiting_points_.load();
  health.disk = disk_.load();
  health.writable = health.disk < Disk::NoPoints;
  health.memory = *memory_.lock();
  health.problem = *problem_.lock();
  for (const SetAside& each : *set_aside_.lock()) health.set_aside.push_back(each.text);
  if (!health.set_aside.empty()) {
    health.problem += (health.problem.empty() ? "" : "; ") + std::to_string(health.set_aside.size()) +
                      " damaged table(s) of the store were set aside in " + (dir_ / "damaged").string() +
                      ", the last: " + health.set_aside.back() + "; remove the folder once this is known";
  }
  health.lost_records = lost_.load();
  health.free_disk = free_space();
  return health;
}

}  // namespace bongsu::store
