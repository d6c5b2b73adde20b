// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "store/core.h"

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

}  // namespace bongsu::store
