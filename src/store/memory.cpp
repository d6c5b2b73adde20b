// SPDX-License-Identifier: Apache-2.0
#include "store/memory.h"

#include <algorithm>

#include "base/lock.h"
#include "store/filter.h"
#include "store/index.h"

namespace bongsu::store {

struct MemoryStore::Kept {
  struct Points {
    SeriesIndex index;
    std::vector<std::vector<Sample>> samples;  // by series, oldest first
  };
  struct Events {
    std::vector<Event> all;  // ids 1, 2, 3, ...
    void add(Event event) {
      event.id = all.size() + 1;
      all.push_back(std::move(event));
    }
  };
  Guarded<Points> points;
  Guarded<Events> events;
  Guarded<std::map<std::pair<std::string, std::string>, std::string>> state;
};

namespace {

// Places are looked for from the end, in growing steps: what is asked for and what comes is mostly new.
template <class Samples, class Before>
auto place_near_end(Samples& samples, const Before& before) {
  auto last = samples.end();
  for (std::ptrdiff_t step = 1; step < last - samples.begin(); step *= 2) {
    const auto at = last - step;
    if (before(*at)) return std::partition_point(at, last, before);
    last = at;
  }
  return std::partition_point(samples.begin(), last, before);
}
auto at_or_after(auto& samples, Time at) {
  return place_near_end(samples, [at](const Sample& sample) { return sample.at < at; });
}
auto after(auto& samples, Time at) {
  return place_near_end(samples, [at](const Sample& sample) { return sample.at <= at; });
}

}  // namespace

MemoryStore::MemoryStore() : kept_(std::make_unique<Kept>()) {}
MemoryStore::~MemoryStore() = default;

Result<SeriesId> MemoryStore::series(const Labels& labels) {
  if (labels.metric().empty())
    return Error{Code::Invalid, "a series needs a metric name (label __name__): " + labels.to_string()};
  auto points = kept_->points.lock();
  if (const auto found = points->index.find(labels)) return SeriesId{*found};
  const auto id = points->index.add(labels);
  points->samples.emplace_back();
  return SeriesId{id};
}

Status MemoryStore::append(std::span<const Point> batch) {
  auto points = kept_->points.lock();
  for (const Point& point : batch) {
    const auto id = static_cast<std::uint64_t>(point.series);
    if (id >= points->samples.size())
      return Error{Code::NotFound, "series " + std::to_string(id) + " is not known: ask series() for it"};
  }
  for (const Point& point : batch) {
    auto& samples = points->samples[static_cast<std::size_t>(point.series)];
    const auto place = at_or_after(samples, point.sample.at);
    if (place != samples.end() && place->at == point.sample.at) *place = point.sample;
    else samples.insert(place, point.sample);
  }
  return {};
}

namespace {

Error past(const SelectLimits& limits) {
  return {Code::Limit, "the selection has more than " + std::to_string(limits.max_series) + " series or " +
                           std::to_string(limits.max_samples) + " samples: narrow its labels or its time"};
}

}  // namespace

Result<std::vector<Series>> MemoryStore::select(std::span<const Matcher> matchers, Time from, Time to,
                                                const SelectLimits& limits) const {
  std::vector<Series> result;
  std::size_t total = 0;
  auto points = kept_->points.lock();
  BONGSU_TRY(const auto selected, points->index.sorted(matchers));
  result.reserve(std::min(selected->ids.size(), limits.max_series));
  for (std::size_t i = 0; i < selected->ids.size(); ++i) {
    const auto& samples = points->samples[selected->ids[i]];
    const auto first = at_or_after(samples, from);
    const auto last = after(samples, to);
    if (first >= last) continue;
    total += static_cast<std::size_t>(last - first);
    if (result.size() >= limits.max_series || total > limits.max_samples) return past(limits);
    result.push_back({selected->labels[i], {first, last}});
  }
  return result;
}

Result<std::vector<Latest>> MemoryStore::latest(std::span<const Matcher> matchers, Time from, Time to,
                                                const SelectLimits& limits) const {
  std::vector<Latest> result;
  auto points = kept_->points.lock();
  BONGSU_TRY(const auto selected, points->index.sorted(matchers));
  result.reserve(std::min(selected->ids.size(), limits.max_series));
  for (std::size_t i = 0; i < selected->ids.size(); ++i) {
    const auto& samples = points->samples[selected->ids[i]];
    const auto last = after(samples, to);
    if (last == samples.begin() || (last - 1)->at < from) continue;
    if (result.size() >= std::min(limits.max_series, limits.max_samples)) return past(limits);
    result.push_back({selected->labels[i], *(last - 1)});
  }
  return result;
}

Result<std::vector<Labels>> MemoryStore::find(std::span<const Matcher> matchers, Time from, Time to) const {
  std::vector<Labels> result;
  auto points = kept_->points.lock();
  BONGSU_TRY(const auto ids, points->index.select(matchers));
  for (const auto id : ids) {
    const auto& samples = points->samples[id];
    if (at_or_after(samples, from) < after(samples, to)) result.push_back(*points->index.labels(id));
  }
  std::sort(result.begin(), result.end());
  return result;
}

Result<std::vector<std::string>> MemoryStore::label_names() const { return kept_->points.lock()->index.label_names(); }

Result<std::vector<std::string>> MemoryStore::label_values(std::string_view name) const {
  return kept_->points.lock()->index.label_values(name);
}

Result<Cardinality> MemoryStore::cardinality(std::size_t top) const { return kept_->points.lock()->index.cardinality(top); }

Status MemoryStore::append(std::vector<Event> events) {
  auto kept = kept_->events.lock();
  for (Event& event : events) kept->add(std::move(event));
  return {};
}

Result<EventPage> MemoryStore::search(const EventQuery& query) const {
  EventFilter wanted(query);
  EventPage page;
  auto kept = kept_->events.lock();
  for (auto event = kept->all.rbegin(); event != kept->all.rend(); ++event) {
    if (query.before_id != 0 && event->id >= query.before_id) continue;
    if (!wanted(*event)) continue;
    if (page.events.size() >= query.limit) {
      page.next = page.events.empty() ? 0 : page.events.back().id;
      break;
    }
    page.events.push_back(*event);
  }
  return page;
}

Result<std::optional<std::string>> MemoryStore::get(std::string_view table, std::string_view key) const {
  auto state = kept_->state.lock();
  const auto found = state->find({std::string(table), std::string(key)});
  if (found == state->end()) return std::optional<std::string>();
  return std::optional(found->second);
}

Status MemoryStore::scan(std::string_view table, std::string_view prefix,
                         const std::function<bool(std::string_view, std::string_view)>& visit) const {
  std::vector<std::pair<std::string, std::string>> records;  // `visit` runs without the lock
  {
    auto state = kept_->state.lock();
    for (auto at = state->lower_bound({std::string(table), std::string(prefix)}); at != state->end(); ++at) {
      if (at->first.first != table || !at->first.second.starts_with(prefix)) break;
      records.emplace_back(at->first.second, at->second);
    }
  }
  for (const auto& [key, value] : records) {
    if (!visit(key, value)) break;
  }
  return {};
}

Status MemoryStore::commit(const StateBatch& batch) {
  {
    auto state = kept_->state.lock();
    for (const StateBatch::Change& change : batch.changes) {
      if (change.value) (*state)[{change.table, change.key}] = *change.value;
      else state->erase({change.table, change.key});
    }
  }
  return append(batch.events);
}

}  // namespace bongsu::store
