// SPDX-License-Identifier: Apache-2.0
#include "model/rollup.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <map>

#include "base/random.h"
#include "model/marker.h"
#include "store/fixture.h"
#include "store/memory.h"
#include "store/rocks.h"
#include "store/rollup_codec.h"

namespace bongsu::store {
namespace {

const std::vector<Matcher> kOfM{{Matcher::Op::Equal, "__name__", "m"}};
using Plain = std::map<std::int64_t, double>;  // samples of one series

bool same(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }
std::string text_of(const Bucket& b) {
  return std::to_string(to_ms(b.end)) + ": " + std::to_string(b.min) + ".." + std::to_string(b.max) + " sum " +
         std::to_string(b.sum) + " last " + std::to_string(b.last) + " count " + std::to_string(b.count) + " increase " +
         std::to_string(b.increase) + (b.stale ? " stale" : "");
}
bool same(const Bucket& a, const Bucket& b) {
  return a.end == b.end && same(a.min, b.min) && same(a.max, b.max) && same(a.sum, b.sum) && same(a.last, b.last) &&
         same(a.increase, b.increase) && a.count == b.count && a.stale == b.stale;
}

// What a window holds, told from its definition: each window by itself, from all samples. Values are whole, so sums are exact.
std::vector<Bucket> plainly(const Plain& samples, std::int64_t from, std::int64_t to, std::int64_t span) {
  std::vector<Bucket> out;
  std::map<std::int64_t, Bucket> windows;
  for (const auto& [ms, value] : samples) {
    if (ms <= from || ms > to) continue;
    const std::int64_t end = (ms + span - 1) / span * span;
    Bucket& window = windows[end];
    window.end = time_from_ms(end);
    window.stale = is_marker(value);
    if (is_marker(value)) continue;
    window.min = window.count == 0 ? value : std::min(window.min, value);
    window.max = window.count == 0 ? value : std::max(window.max, value);
    window.sum += value;
    window.last = value;
    ++window.count;
    for (auto before = samples.find(ms); before != samples.begin();) {
      --before;
      if (is_marker(before->second)) continue;
      if (ms - before->first <= kDay) window.increase += value < before->second ? value : value - before->second;
      break;
    }
  }
  for (const auto& [end, window] : windows) {
    if (window.count > 0) out.push_back(window);
  }
  return out;
}

TEST(RollupCodec, GivesBackEveryBit) {
  Random random(7);
  const Time day = time_from_ms(20'000 * kDay);
  for (int round = 0; round < 200; ++round) {
    const Resolution resolution = round % 2 == 0 ? Resolution::FiveMinutes : Resolution::Hour;
    std::vector<SeriesBuckets> all;
    for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
      if (!random.chance(0.2) && !(slot == 63 && all.empty())) continue;
      const int kind = static_cast<int>(random.below(5));
      std::vector<Sample> samples;
      double value = static_cast<double>(random.below(1000));
      for (std::int64_t ms = static_cast<std::int64_t>(random.below(kHour)) + 1; ms <= kDay;
           ms += 1 + static_cast<std::int64_t>(random.below(4 * kMinute))) {
        if (kind == 1) value += static_cast<double>(random.below(100000));
        if (kind == 2) value = random.unit() - 0.5;
        if (kind == 3) value = random.chance(0.1) ? std::nan("") : static_cast<double>(random.below(3)) / 10;
        if (kind == 4 && random.chance(0.05)) ms += static_cast<std::int64_t>(random.below(3 * kHour));
        samples.push_back({day + Millis(ms), random.chance(0.02) ? stale_marker() : value});
      }
      auto buckets = roll_up(samples, day, day + kDaySpan, resolution);
      if (!buckets.empty()) all.push_back({slot, std::move(buckets)});
    }
    if (all.empty()) continue;
    const std::string value = seal_rollup(all, day, resolution);
    const auto reader = RollupReader::open(value);
    ASSERT_TRUE(reader);
    for (const SeriesBuckets& each : all) {
      std::vector<Bucket> got;
      ASSERT_TRUE(reader->read(each.slot, day, resolution, got));
      ASSERT_EQ(each.buckets.size(), got.size());
      for (std::size_t i = 0; i < got.size(); ++i)
        ASSERT_TRUE(same(each.buckets[i], got[i])) << text_of(each.buckets[i]) << "\n" << text_of(got[i]);
    }
    for (std::size_t cut = 0; cut < value.size(); cut += 1 + value.size() / 50) {
      const auto torn = RollupReader::open(std::string_view(value).substr(0, cut));
      ASSERT_FALSE(torn);
      EXPECT_EQ(Code::Corrupt, torn.error().code);
    }
  }
}

// Samples with holes, resets, markers, late ones and long silences, over days; the store is closed, killed and opened again.
class RandomDays {
 public:
  RandomDays(std::uint64_t seed, const Folder& scratch) : random_(seed), scratch_(scratch), store_(scratch / "0") {
    for (int i = 0; i < 70; ++i) open_series(store_, i);
  }
  void live(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) {
      const std::uint64_t dice = random_.below(100);
      if (dice < 80) append();
      else if (dice < 88) store_.clock.advance(Millis(random_.below(9 * kHour)));
      else if (dice < 94) compare_some();
      else if (dice < 96) store_.reopen();
      else if (dice < 98) die();
      else ASSERT_TRUE(store_->flush());
    }
    compare(0, now() + kDay);
    store_.reopen();
    compare(0, now() + kDay);
    EXPECT_LT(0, store_.metrics.counter("bongsu_store_rollups_total", "days of 64 series rolled up into windows").value());
  }

 private:
  std::int64_t now() const { return to_ms(store_.clock.now()); }
  void open_series(Opened& store, int i) {
    const Labels labels{{"__name__", "m"}, {"n", std::to_string(i)}};
    const auto id = store->series(labels);
    ASSERT_TRUE(id);
    ids_[i] = *id;
    memory_ids_[i] = *memory_.series(labels);
    plain_[i];
  }
  void append() {
    store_.clock.advance(std::chrono::seconds(random_.below(200)));
    std::vector<Point> points, kept;
    for (std::uint64_t left = 1 + random_.below(30); left > 0; --left) {
      const int i = static_cast<int>(random_.below(10) * random_.below(8));  // some often, some hardly ever
      Plain& own = plain_[i];
      std::int64_t ms = now();
      const std::uint64_t kind = random_.below(20);
      if (kind == 0) ms -= static_cast<std::int64_t>(random_.below(kHour));
      else if (kind == 1 && !own.empty()) ms = own.rbegin()->first - static_cast<std::int64_t>(random_.below(kHour + 10));
      else if (kind == 2) ms = ms / kMinute * kMinute;
      else if (kind == 3) ms = (ms + kDay / 2) / kDay * kDay;                                  // midnights
      if (kind == 4 && own.empty()) ms -= static_cast<std::int64_t>(random_.below(5 * kDay));  // history of a new series
      double& counter = counters_[i];
      counter = random_.chance(0.02) ? 0 : counter + static_cast<double>(random_.below(1000));
      const double value = random_.chance(0.03) ? stale_marker() : random_.chance(0.03) ? gap_marker(GapCause::Timeout) : counter;
      points.push_back({ids_[i], {time_from_ms(ms), value}});
      if (ms > now() + kDay || (!own.empty() && ms < std::min(own.rbegin()->first, now()) - kHour)) continue;
      own[ms] = value;
      kept.push_back({memory_ids_[i], {time_from_ms(ms), value}});
    }
    ASSERT_TRUE(store_->append(points));
    ASSERT_TRUE(memory_.append(kept));
  }
  // What a kill leaves: the files as they stand.
  void die() {
    ASSERT_TRUE(store_->flush());
    const std::filesystem::path next = scratch_ / std::to_string(++lives_);
    std::filesystem::copy(store_.dir, next, std::filesystem::copy_options::recursive);
    store_.store.reset();
    std::filesystem::remove_all(store_.dir);
    store_.dir = next;
    store_.open();
  }
  void compare_some() {
    const std::int64_t from =
        kStart - 5 * kDay + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(now() - kStart + 5 * kDay)));
    compare(from, from + static_cast<std::int64_t>(random_.below(3 * kDay)));
  }
  void compare(std::int64_t from, std::int64_t to) {
    ASSERT_TRUE(store_->flush());  // late samples
    const auto samples = store_->select(kOfM, time_from_ms(from), time_from_ms(to));
    ASSERT_TRUE(samples) << samples.error().text;
    for (const Series& series : *samples) {
      const Plain& own = plain_[std::stoi(std::string(series.labels->get("n")))];
      for (const Sample& sample : series.samples) {
        const auto expected = own.find(to_ms(sample.at));
        ASSERT_TRUE(expected != own.end() && same(expected->second, sample.value))
            << series.labels->to_string() << " " << to_ms(sample.at) << " is " << sample.value;
      }
    }
    for (const Resolution resolution : {Resolution::FiveMinutes, Resolution::Hour}) {
      const auto got = store_->select_rollup(kOfM, time_from_ms(from), time_from_ms(to), resolution);
      ASSERT_TRUE(got) << got.error().text;
      const auto oracle = memory_.select_rollup(kOfM, time_from_ms(from), time_from_ms(to), resolution);
      ASSERT_TRUE(oracle);
      ASSERT_EQ(oracle->size(), got->size());
      std::size_t series = 0;
      for (std::size_t i = 0; i < got->size(); ++i) {
        const RollupSeries& one = (*got)[i];
        ASSERT_EQ(*(*oracle)[i].labels, *one.labels);
        const auto expected = plainly(plain_[std::stoi(std::string(one.labels->get("n")))], from / kHour * kHour,
                                      (to + kHour - 1) / kHour * kHour, span_of(resolution).count());
        ASSERT_EQ(expected.size(), one.buckets.size()) << one.labels->to_string() << " in " << from << ".." << to;
        ASSERT_EQ(expected.size(), (*oracle)[i].buckets.size());
        for (std::size_t k = 0; k < expected.size(); ++k) {
          ASSERT_TRUE(same(expected[k], one.buckets[k])) << one.labels->to_string() << "\n"
                                                         << text_of(expected[k]) << "\n"
                                                         << text_of(one.buckets[k]);
          ASSERT_TRUE(same(expected[k], (*oracle)[i].buckets[k])) << text_of(expected[k]) << "\n"
                                                                  << text_of((*oracle)[i].buckets[k]);
        }
        series += expected.empty() ? 0 : 1;
      }
      ASSERT_EQ(series, got->size());
    }
  }

  Random random_;
  const Folder& scratch_;
  Opened store_;
  MemoryStore memory_;
  std::map<int, SeriesId> ids_, memory_ids_;
  std::map<int, Plain> plain_;
  std::map<int, double> counters_;
  int lives_ = 0;
};

TEST(Rollup, IsWhatTheSamplesSayOverRandomDays) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Folder scratch;
    RandomDays life(seed, scratch);
    life.live(600);
    if (HasFailure()) return;
  }
}

// Of the tables of one family that are in use.
std::uint64_t live_octets(Opened& store, Family family) {
  store.store.reset();
  std::uint64_t octets = 0;
  {
    bool damaged = false;
    const auto rocks = Rocks::open(store.dir, store.options, damaged);
    EXPECT_TRUE(rocks && (*rocks)->db().GetIntProperty((*rocks)->family(family), "rocksdb.live-sst-files-size", &octets));
  }
  store.open();
  return octets;
}

TEST(Rollup, EachTierGoesAtItsTimeAndTheSeriesWithTheLast) {
  const Folder scratch;
  Opened store(scratch.path(), {.raw_retention = std::chrono::hours(2 * 24),
                                .five_minute_retention = std::chrono::hours(10 * 24),
                                .hour_retention = std::chrono::hours(60 * 24)});
  std::vector<SeriesId> ids;
  for (int i = 0; i < 64; ++i) ids.push_back(*store->series({{"__name__", "m"}, {"n", std::to_string(i)}}));
  Random random(1);
  for (std::int64_t minute = 0; minute < 3 * 24 * 60; minute += 2) {
    std::vector<Point> points;
    // A spike of one sample.
    for (const SeriesId id : ids)
      points.push_back({id, {at(minute * kMinute), minute == 1440 ? 1e6 : static_cast<double>(random.below(1000))}});
    ASSERT_TRUE(store->append(points));
    store.clock.advance(std::chrono::minutes(2));
    if (minute % 720 != 0) continue;
    ASSERT_TRUE(store->flush());
  }
  const auto windows = [&](Resolution resolution) {
    const auto found = store->select_rollup(kOfM, at(-kDay), at(100 * kDay), resolution);
    EXPECT_TRUE(found) << found.error().text;
    return found && !found->empty() ? found->back().buckets.size() : 0;
  };
  const auto samples = [&] {
    const auto found = store->select(kOfM, at(-kDay), at(100 * kDay));
    return found && !found->empty() ? found->back().samples.size() : 0;
  };
  const auto go_to = [&](std::int64_t day) {  // a day at a time: a jump drops nothing
    while (store.clock.now() < at(day * kDay)) {
      store.clock.advance(std::chrono::hours(12));
      ASSERT_TRUE(store->flush());
    }
  };
  const std::size_t fives = 3 * 288, hours = 3 * 24 + 1;
  go_to(4);
  EXPECT_LE(fives, windows(Resolution::FiveMinutes));
  EXPECT_EQ(hours, windows(Resolution::Hour));
  EXPECT_LT(0u, samples());
  const std::uint64_t raw_octets = live_octets(store, Family::Groups), five_octets = live_octets(store, Family::FiveMinutes),
                      hour_octets = live_octets(store, Family::Hours);
  EXPECT_LT(50'000u, raw_octets);
  EXPECT_LT(50'000u, five_octets);
  EXPECT_LT(5'000u, hour_octets);
  // Samples are there whole from the time told.
  const Time since = store->kept_since(Resolution::Raw);
  EXPECT_LT(at(kDay), since);
  std::size_t later = 0;
  for (std::int64_t minute = 0; minute < 3 * 24 * 60; minute += 2) later += at(minute * kMinute) > since ? 1 : 0;
  const auto whole = store->select(kOfM, since + Millis(1), at(100 * kDay));
  ASSERT_TRUE(whole);
  for (const Series& series : *whole) EXPECT_EQ(later, series.samples.size());
  EXPECT_LT(0u, later);
  go_to(9);
  EXPECT_EQ(0u, samples());
  EXPECT_LT(at(3 * kDay), store->kept_since(Resolution::Raw));
  store.reopen();
  EXPECT_LT(at(3 * kDay), store->kept_since(Resolution::Raw));
  EXPECT_LE(fives, windows(Resolution::FiveMinutes));
  EXPECT_EQ(time_from_ms(to_ms(store.clock.now()) - 10 * kDay), store->kept_since(Resolution::FiveMinutes));
  EXPECT_LT(live_octets(store, Family::Groups), raw_octets / 20);
  EXPECT_LE(five_octets, live_octets(store, Family::FiveMinutes));
  go_to(18);
  EXPECT_EQ(0u, windows(Resolution::FiveMinutes));
  EXPECT_EQ(hours, windows(Resolution::Hour));
  EXPECT_LT(live_octets(store, Family::FiveMinutes), five_octets / 20);
  EXPECT_LE(hour_octets, live_octets(store, Family::Hours));
  const auto spike = store->select_rollup(kOfM, at(0), at(3 * kDay), Resolution::Hour);
  ASSERT_TRUE(spike);
  for (const RollupSeries& series : *spike) {
    EXPECT_EQ(1, std::count_if(series.buckets.begin(), series.buckets.end(), [](const Bucket& b) { return b.max == 1e6; }));
  }
  EXPECT_EQ(64u, store->health().series);
  go_to(100);
  EXPECT_EQ(0u, windows(Resolution::Hour));
  EXPECT_EQ(0u, store->health().series);
  EXPECT_TRUE(store->label_values("n")->empty());
  EXPECT_LT(live_octets(store, Family::Hours), hour_octets / 4);
}

TEST(Rollup, AddsUpOverMidnight) {
  const Folder scratch;
  Opened store(scratch.path());
  const SeriesId id = *store->series({{"__name__", "m"}});
  for (int minute = 0; minute < 3 * 1440; ++minute) {
    const Point point{id, {at(minute * kMinute), 1.0 * minute}};
    if (minute % 600 == 0) store.clock.advance(std::chrono::hours(10));
    ASSERT_TRUE(store->append(std::span(&point, 1)));
  }
  store.clock.advance(std::chrono::hours(26));
  ASSERT_TRUE(store->flush());
  const auto found = store->select_rollup({}, at(0), at(4 * kDay), Resolution::Hour);
  ASSERT_TRUE(found);
  ASSERT_EQ(1u, found->size());
  double growth = 0;
  for (const Bucket& bucket : found->front().buckets) growth += bucket.increase;
  EXPECT_EQ(3 * 1440 - 1, growth);
  EXPECT_EQ(Code::Limit, store->select_rollup({}, at(0), at(4 * kDay), Resolution::Hour, {.max_samples = 10}).error().code);
}

}  // namespace
}  // namespace bongsu::store
