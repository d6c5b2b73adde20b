// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "store/codec.h"
#include "store/core.h"
#include "store/event_codec.h"
#include "store/filter.h"

namespace bongsu::store {

struct Store::Core::Wanted {
  Id id = 0;
  std::size_t place = 0;  // in the selection
  std::shared_ptr<const Labels> labels{};
  Block::Parts parts{};
};

Result<std::shared_ptr<const SeriesIndex::Selection>> Store::Core::selection(std::span<const Matcher> matchers) const {
  std::shared_lock hold(index_mutex_);
  return index_.sorted(matchers);
}

// The memory of each series is copied before the disk is read: a chunk on its way is then seen at least once.
Result<std::vector<Store::Core::Wanted>> Store::Core::wanted(std::span<const Matcher> matchers, Time from, Time to) const {
  std::vector<Wanted> result;
  {
    std::shared_lock hold(index_mutex_);
    BONGSU_TRY(const auto ids, index_.select(matchers));
    result.reserve(ids.size());
    for (const Id id : ids) result.push_back({.id = id, .labels = index_.labels(id)});
  }
  for (Wanted& each : result) {
    Block& block = *block_of(each.id);
    std::lock_guard hold(block.mutex);
    block.copy(each.id, from, to, each.parts);
  }
  return result;
}

Status Store::Core::read_chunks(std::uint32_t series, Time from, Time to, std::vector<SealedChunk>& out,
                                rocksdb::Iterator& at) const {
  const Time earliest = from - Time{} > Chunk::kMaxSpan ? from - Chunk::kMaxSpan : Time{};
  std::uint32_t day = day_of(earliest);
  const std::uint32_t last_day = day_of(to);
  const auto seek = [&] { at.Seek(Rocks::slice(chunk_key(day, series, earliest, 0))); };
  for (seek(); at.Valid();) {
    BONGSU_TRY(const ChunkKey key, parse_chunk_key(Rocks::view(at.key())));
    if (key.day > last_day) break;
    if (key.day == day && key.series == series && key.first <= to) {
      BONGSU_TRY(const ChunkHeader header, read_chunk_header(Rocks::view(at.value())));
      if (key.first + header.span >= from) {
        out.push_back({.series = series,
                       .late = key.order != 0,
                       .order = key.order,
                       .first = key.first,
                       .last = key.first + header.span,
                       .value = std::make_shared<const std::string>(at.value().ToString())});
      }
      at.Next();
      continue;
    }
    // Past this day's chunks of the series: on to the next day that may have some.
    day = key.day > day && key.series <= series ? key.day : std::max(day, key.day) + 1;
    if (day > last_day) break;
    seek();
  }
  if (!at.status().ok()) return to_error(at.status(), "reading samples");
  std::stable_sort(out.begin(), out.end(), [](const SealedChunk& a, const SealedChunk& b) { return a.order < b.order; });
  return {};
}

namespace {

// All samples in [from, to], of equal times the last to arrive.
Result<std::vector<Sample>> merge(const Block::Parts& parts, std::vector<SealedChunk>& on_disk, Time from, Time to) {
  std::vector<Sample> samples;
  samples.reserve((on_disk.size() + parts.sealed.size()) * Chunk::kMaxSamples + parts.open.size() + parts.late.size());
  const auto take = [&](bool late) -> Status {
    for (const std::vector<SealedChunk>* chunks : {static_cast<const std::vector<SealedChunk>*>(&on_disk), &parts.sealed}) {
      for (const SealedChunk& chunk : *chunks) {
        if (chunk.late == late) BONGSU_TRY_OK(read_chunk(*chunk.value, samples));
      }
    }
    return {};
  };
  BONGSU_TRY_OK(take(false));
  samples.insert(samples.end(), parts.open.begin(), parts.open.end());
  BONGSU_TRY_OK(take(true));
  samples.insert(samples.end(), parts.late.begin(), parts.late.end());
  std::erase_if(samples, [&](const Sample& sample) { return sample.at < from || sample.at > to; });
  keep_last_of_equal(samples);
  return samples;
}

}  // namespace

template <class Take>
Status Store::Core::read_whole(std::vector<Wanted>& wanted, Time from, Time to, const Take& take) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  if (wanted.empty()) return {};
  // As they stand on the disk.
  std::sort(wanted.begin(), wanted.end(), [](const Wanted& a, const Wanted& b) { return a.id < b.id; });
  const auto at = rocks->iterate(Family::Chunks);
  std::vector<SealedChunk> on_disk;
  for (Wanted& each : wanted) {
    on_disk.clear();
    if (from < each.parts.complete_from) BONGSU_TRY_OK(read_chunks(each.id, from, to, on_disk, *at));
    BONGSU_TRY(std::vector<Sample> samples, merge(each.parts, on_disk, from, to));
    each.parts = {};
    if (!samples.empty()) BONGSU_TRY_OK(take(each.place, std::move(samples)));
  }
  return {};
}

namespace {

// Counts what is selected against the limits.
class Budget {
 public:
  explicit Budget(const SelectLimits& limits) : limits_(limits) {}
  Status take(std::size_t samples) {
    samples_ += samples;
    if (++series_ <= limits_.max_series && samples_ <= limits_.max_samples) return {};
    return Error{Code::Limit, "the selection has more than " + std::to_string(limits_.max_series) + " series or " +
                                  std::to_string(limits_.max_samples) + " samples: narrow its labels or its time"};
  }

 private:
  const SelectLimits& limits_;
  std::size_t series_ = 0;
  std::size_t samples_ = 0;
};

}  // namespace

Result<std::vector<Series>> Store::Core::select(std::span<const Matcher> matchers, Time from, Time to,
                                                const SelectLimits& limits) const {
  BONGSU_TRY(const auto selected, selection(matchers));
  Budget budget(limits);
  std::vector<Series> result(selected->ids.size());
  std::vector<Wanted> rest;
  std::vector<Sample> open;
  for (std::size_t i = 0; i < selected->ids.size(); ++i) {
    const Id id = selected->ids[i];
    Block& block = *block_of(id);
    open.clear();
    {
      std::lock_guard hold(block.mutex);
      const Chunk* recent = block.recent(id, from);
      if (recent == nullptr) {
        rest.push_back({.id = id, .place = i});
        block.copy(id, from, to, rest.back().parts);
        continue;
      }
      if (recent->last() < from) continue;
      recent->read(open);
    }
    const auto first = std::partition_point(open.begin(), open.end(), [&](const Sample& sample) { return sample.at < from; });
    const auto last = std::partition_point(first, open.end(), [&](const Sample& sample) { return sample.at <= to; });
    if (first == last) continue;
    BONGSU_TRY_OK(budget.take(static_cast<std::size_t>(last - first)));
    result[i] = {selected->labels[i], {first, last}};
  }
  const auto take = [&](std::size_t place, std::vector<Sample> samples) -> Status {
    BONGSU_TRY_OK(budget.take(samples.size()));
    result[place] = {selected->labels[place], std::move(samples)};
    return {};
  };
  BONGSU_TRY_OK(read_whole(rest, from, to, take));
  std::erase_if(result, [](const Series& series) { return series.samples.empty(); });
  return result;
}

Result<std::vector<Latest>> Store::Core::latest(std::span<const Matcher> matchers, Time from, Time to,
                                                const SelectLimits& limits) const {
  BONGSU_TRY(const auto selected, selection(matchers));
  Budget budget(limits);
  std::vector<Latest> result(selected->ids.size());
  std::vector<Wanted> rest;
  for (std::size_t i = 0; i < selected->ids.size(); ++i) {
    const Id id = selected->ids[i];
    Block& block = *block_of(id);
    Sample sample;
    {
      std::lock_guard hold(block.mutex);
      const Chunk* newest = block.newest(id, to);
      if (newest == nullptr) {
        rest.push_back({.id = id, .place = i});
        block.copy(id, from, to, rest.back().parts);
        continue;
      }
      sample = {newest->last(), newest->last_value()};
    }
    if (sample.at < from) continue;
    BONGSU_TRY_OK(budget.take(1));
    result[i] = {selected->labels[i], sample};
  }
  const auto take = [&](std::size_t place, const std::vector<Sample>& samples) -> Status {
    BONGSU_TRY_OK(budget.take(1));
    result[place] = {selected->labels[place], samples.back()};
    return {};
  };
  BONGSU_TRY_OK(read_whole(rest, from, to, take));
  std::erase_if(result, [](const Latest& one) { return !one.labels; });
  return result;
}

Result<std::vector<Labels>> Store::Core::find(std::span<const Matcher> matchers, Time from, Time to) const {
  BONGSU_TRY(std::vector<Wanted> candidates, wanted(matchers, from, to));
  BONGSU_TRY(const auto rocks, rocks_or_error());
  const auto at = rocks->iterate(Family::Chunks);
  const auto inside = [&](Time time) { return time >= from && time <= to; };
  const auto ends_inside = [&](const SealedChunk& chunk) { return inside(chunk.first) || inside(chunk.last); };
  std::vector<Labels> result;
  for (const Wanted& each : candidates) {
    const Block::Parts& parts = each.parts;
    bool found = std::any_of(parts.open.begin(), parts.open.end(), [&](const Sample& sample) { return inside(sample.at); }) ||
                 std::any_of(parts.late.begin(), parts.late.end(), [&](const Sample& sample) { return inside(sample.at); }) ||
                 std::any_of(parts.sealed.begin(), parts.sealed.end(), ends_inside);
    if (!found && from < parts.complete_from) {
      std::vector<SealedChunk> on_disk;
      BONGSU_TRY_OK(read_chunks(each.id, from, to, on_disk, *at));
      found = std::any_of(on_disk.begin(), on_disk.end(), ends_inside);
      if (!found) {
        BONGSU_TRY(const auto samples, merge(parts, on_disk, from, to));
        found = !samples.empty();
      }
    }
    if (found) result.push_back(*each.labels);
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<std::string> Store::Core::label_names() const {
  std::shared_lock hold(index_mutex_);
  return index_.label_names();
}

std::vector<std::string> Store::Core::label_values(std::string_view name) const {
  std::shared_lock hold(index_mutex_);
  return index_.label_values(name);
}

namespace {

// The events of one kind on disk that satisfy a query, newest first, a block at a time.
class EventCursor {
 public:
  EventCursor(const Rocks& rocks, Family bodies, Family index, const EventQuery& query, const EventFilter& filter)
      : rocks_(rocks), bodies_(bodies), query_(query), filter_(filter), at_(rocks.iterate(index)) {
    if (query.before_id != 0) at_->SeekForPrev(Rocks::slice(be64(query.before_id - 1)));
    else at_->SeekToLast();
  }
  // The next one; null at the end.
  Result<const Event*> peek() {
    while (events_.empty()) {
      if (!at_->Valid()) {
        if (!at_->status().ok()) return to_error(at_->status(), "reading the index of events");
        return static_cast<const Event*>(nullptr);
      }
      BONGSU_TRY_OK(read_block());
      at_->Prev();
    }
    return static_cast<const Event*>(&events_.back());
  }
  Event take() {
    Event event = std::move(events_.back());
    events_.pop_back();
    return event;
  }

 private:
  Status read_block() {
    Reader key(Rocks::view(at_->key()));
    BONGSU_TRY(const auto summary, decode_summary(key.be64(), Rocks::view(at_->value())));
    if (!summary.may_hold(query_)) return {};
    BONGSU_TRY(const auto body, rocks_.get(bodies_, Rocks::view(at_->key())));
    if (!body) return {};  // its time to be kept ended meanwhile
    BONGSU_TRY(events_, decode_events(*body));
    std::erase_if(events_,
                  [&](const Event& event) { return (query_.before_id != 0 && event.id >= query_.before_id) || !filter_(event); });
    return {};
  }
  const Rocks& rocks_;
  const Family bodies_;
  const EventQuery& query_;
  const EventFilter& filter_;
  std::unique_ptr<rocksdb::Iterator> at_;
  std::vector<Event> events_;  // oldest first
};

}  // namespace

Result<EventPage> Store::Core::search(const EventQuery& query) const {
  const EventFilter filter(query);
  EventPage page;
  if (query.limit == 0) return page;
  // What still waits for the disk first: between the two, an event may be seen twice, never missed.
  std::vector<EventBatch> batches;
  {
    std::lock_guard hold(inbox_mutex_);
    batches.assign(inbox_.events.begin(), inbox_.events.end());
  }
  std::vector<const Event*> waiting;  // oldest first
  for (const EventBatch& batch : batches) {
    for (const Event& event : *batch) {
      if ((query.before_id == 0 || event.id < query.before_id) && filter(event)) waiting.push_back(&event);
    }
  }
  BONGSU_TRY(const auto rocks, rocks_or_error());
  std::vector<EventCursor> cursors;
  if (!query.kind || is_log(*query.kind)) cursors.emplace_back(*rocks, Family::Logs, Family::LogIndex, query, filter);
  if (!query.kind || !is_log(*query.kind)) cursors.emplace_back(*rocks, Family::Events, Family::EventIndex, query, filter);

  std::uint64_t last = UINT64_MAX;
  for (;;) {
    const Event* newest = waiting.empty() ? nullptr : waiting.back();
    EventCursor* from = nullptr;
    for (EventCursor& cursor : cursors) {
      BONGSU_TRY(const Event* event, cursor.peek());
      if (event != nullptr && (newest == nullptr || event->id > newest->id)) {
        newest = event;
        from = &cursor;
      }
    }
    if (newest == nullptr) return page;
    const bool seen = newest->id >= last;
    if (!seen && page.events.size() >= query.limit) {
      page.next = page.events.back().id;
      return page;
    }
    last = newest->id;
    Event event = from != nullptr ? from->take() : *newest;
    if (from == nullptr) waiting.pop_back();
    if (!seen) page.events.push_back(std::move(event));
  }
}

Result<std::optional<std::string>> Store::Core::get(std::string_view table, std::string_view key) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  return rocks->get(Family::State, state_key(table, key));
}

Status Store::Core::scan(std::string_view table, std::string_view prefix,
                         const std::function<bool(std::string_view, std::string_view)>& visit) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  const std::string from = state_key(table, prefix);
  return rocks->each(Family::State, from, [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (!key.starts_with(from)) return false;
    return visit(key.substr(table.size() + 1), value);
  });
}

}  // namespace bongsu::store
