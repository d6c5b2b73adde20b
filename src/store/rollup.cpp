// SPDX-License-Identifier: Apache-2.0
// Windows of five minutes and an hour: a day of a block at a time is made of its samples, and so can be made again.
#include "model/rollup.h"

#include <algorithm>

#include "model/marker.h"
#include "store/codec.h"
#include "store/core.h"
#include "store/rollup_codec.h"

namespace bongsu::store {
namespace {

constexpr std::array kTiers{Resolution::FiveMinutes, Resolution::Hour};
constexpr Millis kSettled = std::chrono::hours(1);  // after a day's end hardly any sample of it comes
constexpr Millis kTurn{20};                         // of the writer's time
constexpr Millis kNearby = std::chrono::hours(1);   // where the predecessor of a first sample is looked for first

Family family_of(Resolution resolution) { return resolution == Resolution::Hour ? Family::Hours : Family::FiveMinutes; }
Time begin_of(std::uint32_t day) { return Time(kDaySpan * std::int64_t{day}); }
// Windows end with midnight.
std::uint32_t window_day(Time at) { return day_of(at - Millis(1)); }

}  // namespace

Time Store::Core::kept_since(Resolution resolution) const {
  if (resolution == Resolution::Raw) {
    // A group of a day that is gone may have held samples of the next.
    const std::uint32_t gone = raw_gone_.load();
    return gone == 0 ? Time::min() : window_end(begin_of(gone) + kMaxGroupSpan, Resolution::Hour);
  }
  return clock_.now() - (resolution == Resolution::FiveMinutes ? options_.five_minute_retention : options_.hour_retention);
}

// Where nothing was rolled up before, it begins with the oldest samples that there are.
Status Store::Core::begin_rollups() {
  const auto rocks = this->rocks();
  BONGSU_TRY(const auto gone, rocks->get(Family::Meta, "raw_gone"));
  if (gone) raw_gone_ = static_cast<std::uint32_t>(Reader(*gone).varint());
  BONGSU_TRY(const auto rolled, rocks->get(Family::Meta, "rolled_day"));
  if (rolled) {
    rolled_day_ = static_cast<std::uint32_t>(Reader(*rolled).varint());
  } else {
    Time oldest = clock_.now() - kSettled;
    for (const Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
      const std::uint32_t number = block->number();
      for (Id id = number * Block::kSeries; id < (number + 1) * Block::kSeries; ++id) {
        if (block->newest(id) != Time::min()) oldest = std::min(oldest, block->newest(id) - kMaxGroupSpan);
      }
    }
    std::uint32_t day = day_of(oldest);
    for (const Family family : {Family::Groups, Family::Chunks}) {
      const auto first = rocks->iterate(family);
      first->SeekToFirst();
      if (!first->status().ok()) return to_error(first->status(), "reading the store in " + dir_.string());
      if (first->Valid()) day = std::min(day, Reader(Rocks::view(first->key())).be32());
    }
    rolled_day_ = day > 0 ? day - 1 : 0;
  }
  rolled_ = rolled_day_;
  return {};
}

Status Store::Core::read_for_rollup(std::span<const Id> ids, Time from, Time to, const TakeSamples& take) const {
  std::vector<std::vector<Sample>> found(ids.size());
  std::vector<std::size_t> headless;
  std::vector<Id> headless_ids;
  const TakeSamples keep = [&](std::size_t place, std::vector<Sample> samples) -> Status {
    const auto value = [](const Sample& sample) { return !is_marker(sample.value); };
    const auto first = std::find_if(samples.begin(), samples.end(), value);
    if (first == samples.end() || samples.back().at <= from) return {};
    if (first->at > from) headless.push_back(place);
    found[place] = std::move(samples);
    return {};
  };
  BONGSU_TRY_OK(read_series(ids, from - kNearby, to, keep));
  std::sort(headless.begin(), headless.end());
  for (const std::size_t place : headless) headless_ids.push_back(ids[place]);
  const TakeSamples head = [&](std::size_t place, std::vector<Sample> samples) -> Status {
    std::erase_if(samples, [](const Sample& sample) { return is_marker(sample.value); });
    std::vector<Sample>& own = found[headless[place]];
    if (!samples.empty()) own.insert(own.begin(), samples.back());
    return {};
  };
  if (!headless.empty()) BONGSU_TRY_OK(read_series(headless_ids, from - kCounterReach, from - kNearby - Millis(1), head));
  for (std::size_t place = 0; place < found.size(); ++place) {
    if (!found[place].empty()) BONGSU_TRY_OK(take(place, std::move(found[place])));
  }
  return {};
}

// What comes late is told apart here, and not by a reader: so that the windows are written with it, or not at all.
void Store::Core::note_late(std::span<const Point> points) {
  const std::uint32_t made = rolled_day_ + (next_roll_ > 0 ? 1 : 0);
  const Time until = begin_of(made);
  for (const Point& point : points) {
    if (point.sample.at > until) continue;
    const std::uint32_t block = static_cast<Id>(point.series) / Block::kSeries;
    const std::uint32_t day = window_day(point.sample.at);
    // It may also be what the next day's first sample grew from.
    for (const std::uint32_t each : {day, day + 1}) {
      if (each < made && (raw_gone_ == 0 || each > raw_gone_)) remake_.emplace(each, block);
    }
  }
}

Status Store::Core::roll_block(std::uint32_t day, std::uint32_t number) {
  Block* block = blocks_.find(number);
  if (block == nullptr) return {};
  const Time from = begin_of(day), to = begin_of(day + 1);
  std::vector<Id> ids;
  {
    std::lock_guard hold(block->mutex);
    for (Id id = number * Block::kSeries; id < (number + 1) * Block::kSeries; ++id) {
      if (block->alive(id) && block->newest(id) > from) ids.push_back(id);
    }
  }
  if (ids.empty()) return {};
  std::array<std::vector<SeriesBuckets>, kTiers.size()> all;
  const TakeSamples take = [&](std::size_t place, std::vector<Sample> samples) -> Status {
    std::vector<Bucket> buckets = roll_up(samples, from, to, Resolution::FiveMinutes);
    if (buckets.empty()) return {};
    const std::uint32_t slot = ids[place] % Block::kSeries;
    all[1].push_back({slot, roll_up_hours(buckets, samples)});
    all[0].push_back({slot, std::move(buckets)});
    return {};
  };
  BONGSU_TRY_OK(read_for_rollup(ids, from, to, take));
  for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
    if (all[tier].empty() || to <= kept_since(kTiers[tier])) continue;
    const Family family = family_of(kTiers[tier]);
    put(family, rollup_key(family, day, number), seal_rollup(all[tier], from, kTiers[tier]));
  }
  count_.rollups.add();
  return {};
}

void Store::Core::roll_up_days() {
  const Time now = clock_.now();
  const std::uint32_t ended = day_of(now - kSettled);
  // The clock was set back: these days are not over after all.
  if (ended < rolled_day_) {
    rolled_day_ = ended;
    rolled_ = ended;
    next_roll_ = 0;
    raw_gone_ = std::min(raw_gone_.load(), ended);
    put(Family::Meta, "rolled_day", varint(rolled_day_));
    put(Family::Meta, "raw_gone", varint(raw_gone_));
  }
  const SteadyTime began = clock_.steady();
  const auto failed = [&](const Status& status) {
    if (status) return false;
    count_.write_errors.add();
    std::uint64_t suppressed = 0;
    if (disk_gate_.open(began, suppressed)) log::error("rolling up samples of the store: {}", status.error().text);
    return true;
  };
  for (; !remake_.empty(); remake_.erase(remake_.begin())) {
    const auto [day, block] = *remake_.begin();
    if (failed(roll_block(day, block))) return;
  }
  if (began < retention_held_until_) return;
  while (rolled_day_ < ended) {
    for (const Block* block; (block = blocks_.from(next_roll_)) != nullptr; ++next_roll_) {
      next_roll_ = block->number();
      if (clock_.steady() - began > kTurn) return;
      if (failed(roll_block(rolled_day_, next_roll_))) return;
    }
    next_roll_ = 0;
    put(Family::Meta, "rolled_day", varint(++rolled_day_));
  }
}

void Store::Core::drop_old_rollups(Time now) {
  for (std::size_t tier = 0; tier < kTiers.size(); ++tier) {
    const Family family = family_of(kTiers[tier]);
    const Millis kept = tier == 0 ? options_.five_minute_retention : options_.hour_retention;
    const std::uint32_t period = day_of(now - kept) / period_days(family);
    if (period <= dropped_periods_[tier]) continue;
    std::string to;
    put_be32(to, period);
    const auto rocks = this->rocks();
    const auto first = rocks->iterate(family);
    first->SeekToFirst();
    if (first->Valid() && Rocks::view(first->key()) < to) {
      const std::string from(first->key().data(), sizeof period);
      rocks->drop_range(family, from, to, bulk_);
      bulk_drops_.push_back({family, from, to});
    }
    dropped_periods_[tier] = period;
  }
}

Result<std::vector<RollupSeries>> Store::Core::select_rollup(std::span<const Matcher> matchers, Time wanted_from, Time wanted_to,
                                                             Resolution resolution, const SelectLimits& limits) const {
  BONGSU_CHECK(resolution != Resolution::Raw);
  BONGSU_TRY(const auto selected, selection(matchers));
  const Hours hours(wanted_from, wanted_to);
  std::vector<RollupSeries> result;
  if (hours.empty()) return result;
  result.resize(selected->ids.size());
  std::vector<std::size_t> places(selected->ids.size());  // in the order of their ids
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  std::sort(places.begin(), places.end(), [&](std::size_t a, std::size_t b) { return selected->ids[a] < selected->ids[b]; });

  const Error too_many{Code::Limit, "the selection has more than " + std::to_string(limits.max_series) + " series or " +
                                        std::to_string(limits.max_samples) + " windows: narrow its labels or its time"};
  std::size_t windows = 0;
  const auto add = [&](std::size_t place, std::span<const Bucket> buckets) -> Status {
    std::vector<Bucket>& own = result[place].buckets;
    const std::size_t before = own.size();
    std::copy_if(buckets.begin(), buckets.end(), std::back_inserter(own),
                 [&](const Bucket& bucket) { return bucket.end > hours.from && bucket.end <= hours.to; });
    windows += own.size() - before;
    return windows <= limits.max_samples ? Status() : Status(too_many);
  };

  // First how far it was rolled up, then what there is: it only grows.
  const std::uint32_t rolled = rolled_.load();
  BONGSU_TRY(const auto rocks, rocks_or_error());
  const Family family = family_of(resolution);
  const std::uint32_t first_day = day_of(hours.from), last_day = window_day(hours.to);
  const auto at = rocks->iterate(family);
  std::vector<Bucket> buckets;
  for (auto begin = places.begin(); begin != places.end();) {
    const std::uint32_t block = selected->ids[*begin] / Block::kSeries;
    const auto end =
        std::find_if(begin, places.end(), [&](std::size_t place) { return selected->ids[place] / Block::kSeries != block; });
    for (std::uint32_t day = first_day; day <= last_day && day < rolled;) {
      at->Seek(Rocks::slice(rollup_key(family, day, block)));
      if (!at->Valid()) break;
      Reader key(Rocks::view(at->key()));
      const std::uint32_t period = key.be32(), key_block = key.be32(), key_day = key.be32();
      if (!key.done()) return Error{Code::Corrupt, "a rollup stands under a key that is none"};
      if (period != day / period_days(family) || key_block != block) {  // no more in this period
        day = std::max((day / period_days(family) + 1), key_block > block ? period + 1 : period) * period_days(family);
        continue;
      }
      if (key_day > last_day || key_day >= rolled) break;
      BONGSU_TRY(const RollupReader rollup, RollupReader::open(Rocks::view(at->value())));
      for (auto place = begin; place != end; ++place) {
        buckets.clear();
        BONGSU_TRY_OK(rollup.read(selected->ids[*place] % Block::kSeries, begin_of(key_day), resolution, buckets));
        BONGSU_TRY_OK(add(*place, buckets));
      }
      day = key_day + 1;
    }
    begin = end;
  }
  if (!at->status().ok()) return to_error(at->status(), "reading rollups");

  if (last_day >= rolled) {
    const Time from = std::max(hours.from, begin_of(rolled));
    std::vector<Id> ids;
    for (const std::size_t place : places) ids.push_back(selected->ids[place]);
    const TakeSamples take = [&](std::size_t place, std::vector<Sample> samples) -> Status {
      return add(places[place], roll_up(samples, from, hours.to, resolution));
    };
    BONGSU_TRY_OK(read_for_rollup(ids, from, hours.to, take));
  }
  for (std::size_t i = 0; i < result.size(); ++i) result[i].labels = selected->labels[i];
  std::erase_if(result, [](const RollupSeries& series) { return series.buckets.empty(); });
  if (result.size() > limits.max_series) return too_many;
  return result;
}

}  // namespace bongsu::store
