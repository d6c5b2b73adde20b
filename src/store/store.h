// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "model/sink.h"
#include "model/source.h"
#include "model/state.h"

namespace bongsu::store {

// When points go past the system's buffers to the disk itself. Killing the process loses the same either way; state, and what
// commit() or flush() acknowledged, never waits for the system.
enum class PointSync : std::uint8_t {
  Flush,   // with each flush: a power cut costs flush_interval
  System,  // when the system does, commonly within half a minute: kind to flash cards
};

struct StoreOptions {
  // Octets for RocksDB: two thirds for the cache of blocks, in which at most a half for write buffers; the rest is what it takes
  // beside.
  std::uint64_t memory = 256ull << 20;
  // Octets that series with their newest samples and their labels may take, about; 0 for no bound. Beyond, samples are sealed
  // early, which costs room on disk; when that is not enough, new series are refused (Limit).
  std::uint64_t series_memory = 0;
  Millis raw_retention = std::chrono::hours(24 * 30);
  Millis five_minute_retention = std::chrono::hours(24 * 180);  // of windows, see select_rollup
  Millis hour_retention = std::chrono::hours(24 * 365 * 3);
  Millis log_retention = std::chrono::hours(24 * 30);     // syslog and traps
  Millis event_retention = std::chrono::hours(24 * 365);  // every other event
  Millis flush_interval{500};                             // what was appended is in the log at least this often
  PointSync point_sync = PointSync::Flush;
  // Octets of the disk that are left alone: below this log lines are refused, below half of it points wait in memory, and
  // below an eighth state is refused too. Each resumes by itself at a ninth more.
  std::uint64_t min_free_disk = 256ull << 20;
  std::uint64_t max_pending = 64ull << 20;     // octets of points and events, each, that may wait for the disk
  std::uint64_t max_series = 16'000'000;       // at a time; over its life a store has numbers for 4,294,967,232
  std::function<std::uint64_t()> free_disk{};  // octets that may still be written; empty: as the system says
};

// All that Bongsu keeps, in one directory that one process at a time may open (FORMAT.md).
//
// append() and series() touch memory alone: a writer thread makes things durable, flush_interval later at most. What was
// appended is readable at once. After kill -9 or a power cut (see PointSync) at most the last flush_interval of points and events
// is gone, and nothing that commit() or flush() had acknowledged.
//
// Points: of two with one time stamp the later one stays; a point up to an hour older than the newest of its series
// is taken in its place. Points that are older, further than a day ahead of the clock or before 1970 are left out of the batch
// and counted in bongsu_store_refused_total{cause}.
//
// Events: a search sees what was appended at once; an event takes 16 MiB at most, or append and commit refuse with Invalid.
//
// A damaged table (*.sst) costs what stood in its damaged blocks: it is set aside into the folder `damaged`, on opening or as
// soon as it is met, what else it holds is kept, and an event of kind State and health() tell. Meanwhile reads refuse
// (Unavailable).
//
// Disk full or failing: reads go on, points wait in memory until max_pending, then append refuses with Unavailable; commit
// refuses last (Disk). It resumes by itself, and each change is an event of kind State. Thread: any, for every method; `clock`
// and `metrics` must outlive the store, and the clock is read on the writer's thread too.
class Store final : public PointSink, public PointSource, public EventSink, public EventReader, public StateStore {
 public:
  // Opens or creates the store in `dir`. Errors: Unavailable (another process holds it; the text names its pid), Corrupt,
  // Unsupported (written by a newer version), Io.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir, const StoreOptions& options, const Clock& clock,
                                             Metrics& metrics);
  // Reads what another Bongsu left behind, of this format or an older one; no file changes, and nothing is dropped that has had
  // its time. Errors: NotFound (no store there), Unavailable (a process uses it), Corrupt, Unsupported, Io.
  static Result<std::unique_ptr<const Store>> open_to_read(const std::filesystem::path& dir, const StoreOptions& options,
                                                           const Clock& clock, Metrics& metrics);
  ~Store() override;  // flushes, then joins the writer

  Result<SeriesId> series(const Labels& labels) override;
  Status append(std::span<const Point> points) override;
  // The same; gives how many were left out.
  Result<std::size_t> append_counted(std::span<const Point> points);

  // The same for points of any age, as an import brings them: they go to where they belong, and it costs more. Gives how many
  // were left out: before 1970, or ahead of the clock by more than a day.
  Result<std::size_t> backfill(std::span<const Point> points);

  Result<std::vector<Series>> select(std::span<const Matcher> matchers, Time from, Time to,
                                     const SelectLimits& limits = {}) const override;
  Result<std::vector<Latest>> latest(std::span<const Matcher> matchers, Time from, Time to,
                                     const SelectLimits& limits = {}) const override;
  // Windows of days that ended more than an hour ago are made once and kept; samples that come for such a day later are in them
  // after the next flush, as long as the day's samples are kept. Newer windows are made of samples when they are asked for.
  Result<std::vector<RollupSeries>> select_rollup(std::span<const Matcher> matchers, Time from, Time to, Resolution resolution,
                                                  const SelectLimits& limits = {}) const override;
  Time kept_since(Resolution resolution) const override;
  Result<std::vector<Labels>> find(std::span<const Matcher> matchers, Time from, Time to) const override;
  Result<std::vector<std::string>> label_names() const override;
  Result<std::vector<std::string>> label_values(std::string_view name) const override;
  Result<Cardinality> cardinality(std::size_t top) const override;

  Status append(std::vector<Event> events) override;
  Result<EventPage> search(const EventQuery& query) const override;

  Result<std::optional<std::string>> get(std::string_view table, std::string_view key) const override;
  Status scan(std::string_view table, std::string_view prefix,
              const std::function<bool(std::string_view key, std::string_view value)>& visit) const override;
  Status commit(const StateBatch& batch) override;

  // Returns when everything appended so far survives a power cut. Error: Unavailable (disk). Not on a reactor's thread.
  Status flush();

  // From when to when there may be points; nothing in a store without any.
  struct Extent {
    std::optional<Time> oldest;
    std::optional<Time> newest;
  };
  Result<Extent> extent() const;
  // Every event that is on disk, in order of the ids, until `visit` gives false or an Error. What was appended just now is there
  // after flush(). Errors also: Corrupt, Unavailable.
  Status each_event(const std::function<Result<bool>(Event event)>& visit) const;

  const std::filesystem::path& directory() const;

  // Copies all that was appended so far into the folder `to`, which must not be there (links to files where it can). Gives
  // the number of the database's last change that is surely in it. backup.h does this and more. Blocks; not on a reactor's
  // thread.
  Result<std::uint64_t> checkpoint(const std::filesystem::path& to);

  // What is refused for want of disk, each with all that stands before it.
  enum class Disk : std::uint8_t { Well, NoLogs, NoPoints, NoState, Failing };
  // Octets, about, as last counted.
  struct Memory {
    std::uint64_t series = 0;   // their newest samples
    std::uint64_t labels = 0;   // and the index over them
    std::uint64_t cache = 0;    // blocks and write buffers
    std::uint64_t pending = 0;  // points that wait for the disk
  };
  struct Health {
    bool writable = true;  // what is appended now reaches the disk
    std::string problem;   // for a person: what is wrong and what to do; empty when nothing is
    std::uint64_t series = 0;
    std::uint64_t pending_points = 0;
    std::uint64_t pending_events = 0;
    std::uint64_t lost_records = 0;  // of the head log, found missing or damaged when it was opened
    std::uint64_t free_disk = 0;     // octets
    Disk disk = Disk::Well;
    Memory memory{};
    std::vector<std::string> set_aside{};  // of each table that was found damaged: what was lost with it
  };
  Health health() const;

 private:
  class Core;
  explicit Store(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::store
