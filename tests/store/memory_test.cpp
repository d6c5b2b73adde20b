// SPDX-License-Identifier: Apache-2.0
#include "store/memory.h"

#include <gtest/gtest.h>

#include <bit>

#include "model/marker.h"

namespace bongsu::store {
namespace {

using Op = Matcher::Op;

Time when(std::int64_t ms) { return time_from_ms(ms); }
const std::vector<Matcher> kAll;

TEST(MemoryStore, KeepsPointsInTimeOrderAndTheLastOfTwo) {
  MemoryStore store;
  const SeriesId up = *store.series({{"__name__", "up"}, {"device", "a"}});
  EXPECT_EQ(up, *store.series({{"device", "a"}, {"__name__", "up"}}));
  const std::vector<Point> points{
      {up, {when(20), 2}}, {up, {when(10), 1}}, {up, {when(20), 3}}, {up, {when(30), stale_marker()}}};
  ASSERT_TRUE(store.append(points));
  const auto found = store.select(kAll, when(10), when(30));
  ASSERT_TRUE(found);
  ASSERT_EQ(1u, found->size());
  const auto& samples = found->front().samples;
  ASSERT_EQ(3u, samples.size());
  EXPECT_EQ(when(10), samples[0].at);
  EXPECT_EQ(3, samples[1].value);
  EXPECT_EQ(std::bit_cast<std::uint64_t>(stale_marker()), std::bit_cast<std::uint64_t>(samples[2].value));
  EXPECT_TRUE(store.select(kAll, when(31), when(99))->empty());
  EXPECT_TRUE(store.find(kAll, when(11), when(19))->empty());
  EXPECT_EQ(1u, store.find(kAll, when(20), when(20))->size());
}

TEST(MemoryStore, RefusesAWholeBatchForAnUnknownSeries) {
  MemoryStore store;
  EXPECT_EQ(Code::Invalid, store.series({{"device", "a"}}).error().code);
  const SeriesId up = *store.series({{"__name__", "up"}});
  const std::vector<Point> points{{up, {when(1), 1}}, {SeriesId{7}, {when(1), 1}}};
  EXPECT_EQ(Code::NotFound, store.append(points).error().code);
  EXPECT_TRUE(store.select(kAll, when(0), when(9))->empty());
}

TEST(MemoryStore, HoldsItsLimits) {
  MemoryStore store;
  for (const char* device : {"b", "a"}) {
    const SeriesId up = *store.series({{"__name__", "up"}, {"device", device}});
    const std::vector<Point> points{{up, {when(1), 1}}, {up, {when(2), 1}}};
    ASSERT_TRUE(store.append(points));
  }
  EXPECT_EQ(Code::Limit, store.select(kAll, when(0), when(9), {.max_series = 1}).error().code);
  EXPECT_EQ(Code::Limit, store.select(kAll, when(0), when(9), {.max_samples = 3}).error().code);
  const auto both = store.select(kAll, when(0), when(9), {.max_series = 2, .max_samples = 4});
  ASSERT_TRUE(both);
  EXPECT_EQ(Code::Limit, store.latest(kAll, when(0), when(9), {.max_series = 1}).error().code);
  const auto latest = store.latest(kAll, when(0), when(9), {.max_series = 2});
  ASSERT_TRUE(latest);
  ASSERT_EQ(2u, latest->size());
  EXPECT_EQ("a", latest->front().labels->get("device"));
  EXPECT_EQ(when(2), latest->front().sample.at);
  EXPECT_EQ(when(1), store.latest(kAll, when(0), when(1))->front().sample.at);
  EXPECT_TRUE(store.latest(kAll, when(3), when(9))->empty());
  EXPECT_EQ("a", both->front().labels->get("device"));
}

TEST(MemoryStore, PagesThroughEventsNewestFirst) {
  MemoryStore store;
  std::vector<Event> events;
  for (int i = 0; i < 5; ++i)
    events.push_back({.received = when(i), .device = i % 2 ? "odd" : "even", .text = "Line " + std::to_string(i)});
  ASSERT_TRUE(store.append(events));
  EventQuery query{.words = {"LINE"}, .limit = 2};
  std::vector<std::uint64_t> ids;
  for (;;) {
    const auto page = store.search(query);
    ASSERT_TRUE(page);
    for (const Event& event : page->events) ids.push_back(event.id);
    if (page->next == 0) break;
    query.before_id = page->next;
  }
  EXPECT_EQ((std::vector<std::uint64_t>{5, 4, 3, 2, 1}), ids);
  EXPECT_EQ(2u, store.search({.device = "odd"})->events.size());
  EXPECT_EQ(2u, store.search({.from = when(1), .to = when(3)})->events.size());
}

TEST(MemoryStore, CommitsStateAndItsEvents) {
  MemoryStore store;
  StateBatch batch;
  batch.put("alarm", "b", "2");
  batch.put("alarm", "a", "1");
  batch.put("alarms", "a", "other table");
  batch.events.push_back({.kind = EventKind::Alarm, .text = "rose"});
  ASSERT_TRUE(store.commit(batch));
  std::string seen;
  ASSERT_TRUE(store.scan("alarm", "", [&](std::string_view key, std::string_view value) {
    seen += std::string(key) + "=" + std::string(value) + ";";
    return true;
  }));
  EXPECT_EQ("a=1;b=2;", seen);
  EXPECT_EQ(1u, store.search({.kinds = {EventKind::Alarm}})->events.size());
  StateBatch gone;
  gone.erase("alarm", "a");
  ASSERT_TRUE(store.commit(gone));
  EXPECT_EQ(std::nullopt, *store.get("alarm", "a"));
  EXPECT_EQ("2", *store.get("alarm", "b"));
}

}  // namespace
}  // namespace bongsu::store
