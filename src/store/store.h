// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
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
  std::uint64_t memory = 256ull << 20;  // octets for caches and write buffers; the head of each series comes on top
  Millis raw_retention = std::chrono::hours(24 * 30);
  Millis log_retention = std::chrono::hours(24 * 30);     // syslog and traps
  Millis event_retention = std::chrono::hours(24 * 365);  // every other event
  Millis flush_interval{500};                             // what was appended is in the log at least this often
  PointSync point_sync = PointSync::Flush;
  std::uint64_t min_free_disk = 256ull << 20;  // octets; below it logs are refused, below half of it points stay in memory
  std::uint64_t max_pending = 64ull << 20;     // octets of points and events, each, that may wait for the disk
  std::uint64_t max_series = 16'000'000;       // at most 16,777,216
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
// Disk full or failing: reads go on, points wait in memory until max_pending, then append refuses with Unavailable;
// commit refuses. It resumes by itself. Thread: any, for every method; `clock` and `metrics` must outlive the store, and
// the clock is read on the writer's thread too.
class Store final : public PointSink, public PointSource, public EventSink, public EventReader, public StateStore {
 public:
  // Opens or creates the store in `dir`. Errors: Unavailable (another process holds it; the text names its pid), Corrupt,
  // Unsupported (written by a newer version), Io.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir, const StoreOptions& options, const Clock& clock,
                                             Metrics& metrics);
  ~Store() override;  // flushes, then joins the writer

  Result<SeriesId> series(const Labels& labels) override;
  Status append(std::span<const Point> points) override;

  Result<std::vector<Series>> select(std::span<const Matcher> matchers, Time from, Time to,
                                     const SelectLimits& limits = {}) const override;
  Result<std::vector<Latest>> latest(std::span<const Matcher> matchers, Time from, Time to,
                                     const SelectLimits& limits = {}) const override;
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

  struct Health {
    bool writable = true;  // what is appended now reaches the disk
    std::string problem;   // for a person: what is wrong and what to do; empty when nothing is
    std::uint64_t series = 0;
    std::uint64_t pending_points = 0;
    std::uint64_t pending_events = 0;
    std::uint64_t lost_records = 0;  // of the head log, found missing or damaged when it was opened
    std::uint64_t free_disk = 0;     // octets
  };
  Health health() const;

 private:
  class Core;
  explicit Store(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::store
