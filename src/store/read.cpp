// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <numeric>
#include <thread>

#include "store/core.h"
#include "store/format1.h"

namespace bongsu::store {

// A series whose memory does not hold all that was asked.
struct Store::Core::Wanted {
  Id id = 0;
  std::size_t place = 0;  // in the selection
  Block::Parts parts{};
  std::vector<Sample> in_order{};                       // from the disk
  std::map<std::uint64_t, std::vector<Sample>> late{};  // the same, by the number of their group: as they came

  bool needs_disk(Time from) const { return from < parts.complete_from; }
  // All samples in [from, to], of equal times the last to arrive.
  std::vector<Sample> merge(Time from, Time to) {
    std::vector<Sample> all = std::move(in_order);
    all.reserve(all.size() + parts.in_order.size());
    const auto add = [&](const std::vector<Sample>& some) { all.insert(all.end(), some.begin(), some.end()); };
    add(parts.in_order);
    const auto not_later = [](const Sample& a, const Sample& b) { return a.at >= b.at; };
    if (late.empty() && parts.late.empty() && std::adjacent_find(all.begin(), all.end(), not_later) == all.end()) {
      // In order, as nearly always: only the ends are to be cut.
      all.erase(std::partition_point(all.begin(), all.end(), [&](const Sample& sample) { return sample.at <= to; }), all.end());
      all.erase(all.begin(),
                std::partition_point(all.begin(), all.end(), [&](const Sample& sample) { return sample.at < from; }));
      return all;
    }
    for (const auto& [number, some] : late) add(some);
    add(parts.late);
    std::erase_if(all, [&](const Sample& sample) { return sample.at < from || sample.at > to; });
    keep_last_of_equal(all);
    return all;
  }
};

Result<std::shared_ptr<const SeriesIndex::Selection>> Store::Core::selection(std::span<const Matcher> matchers) const {
  std::shared_lock hold(index_mutex_);
  return index_.sorted(matchers);
}

Status Store::Core::read_groups(std::span<Wanted> wanted, Time from, Time to, rocksdb::Iterator& at) const {
  const std::uint32_t block = wanted.front().id / Block::kSeries;
  const Time earliest = from - Time{} > kMaxGroupSpan ? from - kMaxGroupSpan : Time{};
  std::uint32_t day = day_of(earliest);
  const std::uint32_t last_day = day_of(to);
  const auto seek = [&] { at.Seek(Rocks::slice(group_key(day, block, earliest, 0, false))); };
  for (seek(); at.Valid();) {
    BONGSU_TRY(const GroupKey key, parse_group_key(Rocks::view(at.key())));
    if (key.day > last_day) break;
    if (key.day == day && key.block == block && key.first <= to) {
      BONGSU_TRY(GroupReader group, GroupReader::open(Rocks::view(at.value())));
      if (key.first + group.span() >= from) {
        for (Wanted& each : wanted) {
          if (each.needs_disk(from))
            BONGSU_TRY_OK(group.read(each.id % Block::kSeries, key.first, key.late ? each.late[key.number] : each.in_order));
        }
      }
      at.Next();
      continue;
    }
    // Past this day's groups of the block: on to the next day that may have some.
    day = key.day > day && key.block <= block ? key.day : std::max(day, key.day) + 1;
    if (day > last_day) break;
    seek();
  }
  if (!at.status().ok()) return to_error(at.status(), "reading samples");
  return {};
}

template <class Take>
Status Store::Core::read_part(Rocks& rocks, std::span<Wanted> wanted, Time from, Time to, const Take& take) const {
  const auto groups = rocks.iterate(Family::Groups);
  const auto chunks = format1_ ? rocks.iterate(Family::Chunks) : nullptr;
  for (auto begin = wanted.begin(); begin != wanted.end();) {
    const auto end = std::find_if(begin, wanted.end(),
                                  [&](const Wanted& each) { return each.id / Block::kSeries != begin->id / Block::kSeries; });
    if (std::any_of(begin, end, [&](const Wanted& each) { return each.needs_disk(from); })) {
      for (auto each = begin; chunks != nullptr && each != end; ++each) {
        if (each->needs_disk(from))
          BONGSU_TRY_OK(format1::read_chunks(*chunks, each->id, from, to, each->in_order, each->late[0]));
      }
      BONGSU_TRY_OK(read_groups(std::span(begin, end), from, to, *groups));
    }
    for (; begin != end; ++begin) {
      std::vector<Sample> samples = begin->merge(from, to);
      const std::size_t place = begin->place;
      *begin = {};
      if (!samples.empty()) BONGSU_TRY_OK(take(place, std::move(samples)));
    }
  }
  return {};
}

namespace {

// For in_parts: what is of one block stays together.
template <class BlockAt>
auto between_blocks(std::size_t count, const BlockAt& block_at) {
  return [count, &block_at](std::size_t at) {
    while (at > 0 && at < count && block_at(at) == block_at(at - 1)) ++at;
    return at;
  };
}

// Calls work(first, last) for parts of [0, count), on several threads where there are many: what costs is to decode them.
// `boundary` moves an end to where a part may end. The first error counts.
template <class Boundary, class Work>
Status in_parts(std::size_t count, const Boundary& boundary, const Work& work) {
  constexpr std::size_t kWorth = 256;
  const std::size_t parts = std::min<std::size_t>(std::clamp(std::thread::hardware_concurrency(), 1U, 4U), count / kWorth);
  if (parts < 2) return work(std::size_t{0}, count);
  std::vector<Status> done(parts);
  const auto one = [&](std::size_t part) {
    done[part] = work(boundary(count * part / parts), boundary(count * (part + 1) / parts));
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t part = 1; part < parts; ++part) {
      others.emplace_back([&one, part] {
        pthread_setname_np(pthread_self(), "read");
        one(part);
      });
    }
    one(0);
  }
  for (const Status& status : done) BONGSU_TRY_OK(status);
  return {};
}

}  // namespace

template <class Take>
Status Store::Core::read_whole(std::vector<Wanted>& wanted, Time from, Time to, const Take& take) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  if (wanted.empty()) return {};
  // As they stand on the disk.
  std::sort(wanted.begin(), wanted.end(), [](const Wanted& a, const Wanted& b) { return a.id < b.id; });
  const auto block_at = [&](std::size_t at) { return wanted[at].id / Block::kSeries; };
  return in_parts(wanted.size(), between_blocks(wanted.size(), block_at), [&](std::size_t first, std::size_t last) {
    return read_part(*rocks, std::span(wanted).subspan(first, last - first), from, to, take);
  });
}

namespace {

// Counts what is selected against the limits. Thread: any.
class Budget {
 public:
  explicit Budget(const SelectLimits& limits) : limits_(limits) {}
  Status take(std::size_t samples) {
    const std::size_t all = samples_.fetch_add(samples) + samples;
    if (series_.fetch_add(1) < limits_.max_series && all <= limits_.max_samples) return {};
    return Error{Code::Limit, "the selection has more than " + std::to_string(limits_.max_series) + " series or " +
                                  std::to_string(limits_.max_samples) + " samples: narrow its labels or its time"};
  }

 private:
  const SelectLimits& limits_;
  std::atomic<std::size_t> series_{0};
  std::atomic<std::size_t> samples_{0};
};

}  // namespace

Result<std::vector<Series>> Store::Core::select(std::span<const Matcher> matchers, Time from, Time to,
                                                const SelectLimits& limits) const {
  BONGSU_TRY(const auto selected, selection(matchers));
  BONGSU_TRY_OK(rocks_or_error());
  const std::vector<Id>& ids = selected->ids;
  Budget budget(limits);
  std::vector<Series> result(ids.size());
  const auto take = [&](std::size_t place, std::vector<Sample> samples) -> Status {
    BONGSU_TRY_OK(budget.take(samples.size()));
    result[place] = {selected->labels[place], std::move(samples)};
    return {};
  };
  // As they stand in memory and on the disk. A thread reads both of its series: it alone makes and frees what is between.
  std::vector<std::uint32_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return ids[a] < ids[b]; });
  const auto block_at = [&](std::size_t at) { return ids[order[at]] / Block::kSeries; };
  const auto read = [&](std::size_t begin, std::size_t end) -> Status {
    std::vector<Wanted> rest;
    std::vector<Sample> open;
    while (begin < end) {
      Block& block = *block_of(ids[order[begin]]);
      const Id number = block_at(begin);
      std::lock_guard hold(block.mutex);
      for (; begin < end && block_at(begin) == number; ++begin) {
        const std::size_t place = order[begin];
        const Id id = ids[place];
        if (const Time newest = block.newest(id); newest != Time::min() && newest < from) continue;
        open.clear();
        if (!block.read_recent(id, from, open)) {
          rest.push_back({.id = id, .place = place});
          block.copy(id, from, to, rest.back().parts);
          continue;
        }
        const auto first = std::partition_point(open.begin(), open.end(), [&](const Sample& sample) { return sample.at < from; });
        const auto last = std::partition_point(first, open.end(), [&](const Sample& sample) { return sample.at <= to; });
        if (first != last) BONGSU_TRY_OK(take(place, {first, last}));
      }
    }
    if (rest.empty()) return {};
    BONGSU_TRY(const auto rocks, rocks_or_error());
    return read_part(*rocks, rest, from, to, take);
  };
  BONGSU_TRY_OK(in_parts(ids.size(), between_blocks(ids.size(), block_at), read));
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
      sample = block.last(id);
      if (sample.at == Time::min() || sample.at > to) {
        rest.push_back({.id = id, .place = i});
        block.copy(id, from, to, rest.back().parts);
        continue;
      }
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

Status Store::Core::read_series(std::span<const Id> ids, Time from, Time to, const TakeSamples& take) const {
  std::vector<Wanted> wanted;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Block& block = *block_of(ids[i]);
    std::lock_guard hold(block.mutex);
    if (const Time newest = block.newest(ids[i]); newest != Time::min() && newest < from) continue;
    wanted.push_back({.id = ids[i], .place = i});
    block.copy(ids[i], from, to, wanted.back().parts);
  }
  std::mutex taking;
  return read_whole(wanted, from, to, [&](std::size_t place, std::vector<Sample> samples) -> Status {
    std::lock_guard hold(taking);
    return take(place, std::move(samples));
  });
}

Result<std::vector<Labels>> Store::Core::find(std::span<const Matcher> matchers, Time from, Time to) const {
  BONGSU_TRY(const auto selected, selection(matchers));
  std::vector<Wanted> rest;
  std::vector<char> found(selected->ids.size());  // written by several threads
  for (std::size_t i = 0; i < selected->ids.size(); ++i) {
    const Id id = selected->ids[i];
    Block& block = *block_of(id);
    std::lock_guard hold(block.mutex);
    const Time newest = block.newest(id);
    found[i] = newest != Time::min() && newest >= from && newest <= to;
    if (found[i] || (newest != Time::min() && newest < from)) continue;
    rest.push_back({.id = id, .place = i});
    block.copy(id, from, to, rest.back().parts);
  }
  const auto take = [&](std::size_t place, const std::vector<Sample>&) -> Status {
    found[place] = 1;
    return {};
  };
  BONGSU_TRY_OK(read_whole(rest, from, to, take));
  std::vector<Labels> result;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i]) result.push_back(*selected->labels[i]);
  }
  return result;
}

std::vector<std::string> Store::Core::label_names() const {
  std::shared_lock hold(index_mutex_);
  return index_.label_names();
}

Cardinality Store::Core::cardinality(std::size_t top) const {
  std::shared_lock hold(index_mutex_);
  return index_.cardinality(top);
}

std::vector<std::string> Store::Core::label_values(std::string_view name) const {
  std::shared_lock hold(index_mutex_);
  return index_.label_values(name);
}

}  // namespace bongsu::store
