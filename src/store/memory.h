// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/sink.h"
#include "model/source.h"
#include "model/state.h"

namespace bongsu::store {

// Everything that Store answers, kept in memory alone: for tests, simulations and one-shot commands. It has no threads,
// no clock and no bound; points may come in any order, and of two with one time stamp the later one stays.
// Thread: any.
class MemoryStore final : public PointSink, public PointSource, public EventSink, public EventReader, public StateStore {
 public:
  MemoryStore();
  ~MemoryStore() override;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

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

 private:
  struct Kept;
  std::unique_ptr<Kept> kept_;
};

}  // namespace bongsu::store
