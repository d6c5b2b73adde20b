// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "store/codec.h"
#include "store/fixture.h"
#include "store/index.h"
#include "store/rocks.h"

namespace bongsu::store {
namespace {

Labels labels_of(int series) { return {{"__name__", "m"}, {"n", std::to_string(series)}}; }

// As if so many series had come and gone.
void take_numbers(Opened& store, std::uint64_t next) {
  store.store.reset();
  {
    bool damaged = false;
    const auto rocks = Rocks::open(store.dir, store.options, damaged);
    ASSERT_TRUE(rocks);
    ASSERT_TRUE((*rocks)->db().Put({}, (*rocks)->family(Family::Meta), "next_series", varint(next)).ok());
  }
  store.open();
}

// A sample a minute; of a day and two hours groups are sealed and windows made.
void expect_life(Opened& store, std::span<const SeriesId> ids, int minutes) {
  for (int minute = 0; minute < minutes; ++minute) {
    std::vector<Point> points;
    for (std::size_t i = 0; i < ids.size(); ++i)
      points.push_back({ids[i], {at(minute * kMinute), static_cast<double>(minute) * static_cast<double>(i + 1)}});
    ASSERT_TRUE(store->append(points));
    store.clock.advance(std::chrono::minutes(1));
    if (minute == minutes / 2) store.reopen();
  }
  ASSERT_TRUE(store->flush());
  const auto expect_all = [&] {
    const auto found = store->select({}, Time{}, at(minutes * kMinute));
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ(ids.size(), found->size());
    for (const Series& series : *found) EXPECT_EQ(static_cast<std::size_t>(minutes), series.samples.size());
    const auto windows = store->select_rollup({}, at(0), at(minutes * kMinute), Resolution::Hour);
    ASSERT_TRUE(windows) << windows.error().text;
    ASSERT_EQ(ids.size(), windows->size());
    for (const RollupSeries& series : *windows) EXPECT_EQ(60u, series.buckets[1].count);
  };
  expect_all();
  store.reopen();
  expect_all();
}

TEST(SeriesNumbers, GoOnPastTwentyFourBits) {
  const Folder scratch;
  Opened store(scratch.path());
  take_numbers(store, (1u << 24) - 70);
  std::vector<SeriesId> ids;
  for (int i = 0; i < 140; ++i) {
    const auto id = store->series(labels_of(i));
    ASSERT_TRUE(id) << id.error().text;
    ids.push_back(*id);
  }
  EXPECT_EQ(SeriesId{(1u << 24) + 69}, ids.back());
  expect_life(store, ids, 26 * 60);
}

TEST(SeriesNumbers, EndWithAnErrorAndACount) {
  const Folder scratch;
  Opened store(scratch.path());
  take_numbers(store, SeriesIndex::kNumbers - 65);
  std::vector<SeriesId> ids;
  for (int i = 0; i < 65; ++i) {
    const auto id = store->series(labels_of(i));
    ASSERT_TRUE(id) << id.error().text;
    ids.push_back(*id);
  }
  const auto refused = [&] {
    const auto id = store->series(labels_of(65));
    ASSERT_FALSE(id);
    EXPECT_EQ(Code::Limit, id.error().code);
    EXPECT_NE(std::string::npos, id.error().text.find("4,294,967,232")) << id.error().text;
  };
  refused();
  EXPECT_EQ(1, store.metrics.counter("bongsu_store_refused_total", "not taken, by cause", {{"cause", "series_limit"}}).value());
  expect_life(store, ids, 130);
  refused();
  EXPECT_EQ(ids[7], *store->series(labels_of(7)));  // those that are there stay
}

}  // namespace
}  // namespace bongsu::store
