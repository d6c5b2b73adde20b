// SPDX-License-Identifier: Apache-2.0
// What the store does with little disk and little memory, and what a commit is when it is cut short.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "base/text.h"
#include "store/fixture.h"

namespace bongsu::store {
namespace {

using Disk = Store::Disk;

// The events of kind State that the store told of its disk, oldest first.
std::vector<Severity> told_of(const Opened& store) {
  std::vector<Severity> out;
  const auto page = store->search({.kinds = {EventKind::State}, .limit = 1000});
  EXPECT_TRUE(page) << page.error().text;
  for (const Event& event : page->events) out.insert(out.begin(), event.severity);
  return out;
}

TEST(DiskBudget, LogsGoFirstThenPointsThenStateAndEachComesBack) {
  constexpr std::uint64_t kReserve = 800;
  const Folder scratch;
  std::atomic<std::uint64_t> free = 10'000;
  Opened store(scratch / "live", {.flush_interval = Millis(5), .max_pending = 64 << 10});
  store.store.reset();
  store.options.min_free_disk = kReserve;
  store.options.free_disk = [&free] { return free.load(); };
  store.open();
  const SeriesId up = *store->series({{"__name__", "up"}});
  std::int64_t t = 0;
  const auto append = [&](int many) {
    std::vector<Point> points;
    for (int i = 0; i < many; ++i) points.push_back({up, {at(++t), 1}});
    return store->append(points);
  };
  const auto log_line = [&] { return store->append(std::vector<Event>(1)); };
  const auto commit = [&] {
    StateBatch batch;
    batch.put("alarm", "1", std::to_string(t));
    return store->commit(batch);
  };
  const auto becomes = [&](Disk disk) {
    while (store->health().disk != disk) std::this_thread::yield();
  };
  const auto passes = [&](std::uint64_t octets, Disk disk, bool logs, bool points, bool state) {
    SCOPED_TRACE(octets);
    free = octets;
    becomes(disk);
    EXPECT_EQ(logs, log_line().ok());
    ASSERT_TRUE(append(1));  // in memory at least
    EXPECT_EQ(points, store->flush().ok());
    EXPECT_EQ(points, store->health().writable);
    EXPECT_EQ(state, commit().ok());
    EXPECT_EQ(disk == Disk::Well, store->health().problem.empty()) << store->health().problem;
    EXPECT_EQ(static_cast<double>(disk), store.metrics.gauge("bongsu_store_disk_state", "").value());
  };
  passes(10'000, Disk::Well, true, true, true);
  passes(799, Disk::NoLogs, false, true, true);
  passes(399, Disk::NoPoints, false, false, true);
  passes(99, Disk::NoState, false, false, false);
  // No more points than may wait.
  Status refused;
  for (int i = 0; i < 1000 && refused; ++i) refused = append(100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Unavailable, refused.error().code) << refused.error().text;

  // Just enough is not enough yet.
  free = 100;
  EXPECT_FALSE(commit());
  EXPECT_EQ(Disk::NoState, store->health().disk);
  passes(120, Disk::NoPoints, false, false, true);
  passes(450, Disk::NoLogs, false, true, true);
  free = 800;
  EXPECT_TRUE(commit());
  EXPECT_EQ(Disk::NoLogs, store->health().disk);
  passes(900, Disk::Well, true, true, true);
  ASSERT_TRUE(append(1));
  EXPECT_EQ(
      (std::vector{Severity::Danger, Severity::Urgent, Severity::Fatal, Severity::Urgent, Severity::Danger, Severity::Normal}),
      told_of(store));
  store.reopen();
  EXPECT_EQ(6u, told_of(store).size());
  EXPECT_TRUE(store->get("alarm", "1")->has_value());
}

TEST(MemoryBudget, SealsEarlyAndThenTakesNoNewSeries) {
  const Folder scratch;
  Opened store(scratch / "live", {.flush_interval = Millis(5)});
  constexpr int kSeries = 2000;
  std::vector<SeriesId> ids;
  const auto find_all = [&] {
    ids.clear();
    for (int i = 0; i < kSeries; ++i) ids.push_back(*store->series({{"__name__", "m"}, {"n", std::to_string(i)}}));
  };
  // The writer has counted when the second of these returns.
  const auto counted = [&] {
    store.clock.advance(std::chrono::seconds(1));
    ASSERT_TRUE(store->flush());
    ASSERT_TRUE(store->flush());
  };
  find_all();
  counted();
  const std::uint64_t least = store->health().memory.series + store->health().memory.labels;
  store.store.reset();
  store.options.series_memory = least + (128 << 10);
  store.open();
  find_all();
  // Noise packs badly.
  std::uint64_t noise = 1;
  for (std::int64_t minute = 0; minute < 60; ++minute) {
    std::vector<Point> points;
    for (const SeriesId id : ids) {
      noise = noise * 6364136223846793005u + 1442695040888963407u;
      points.push_back({id, {at(minute * kMinute), static_cast<double>(noise >> 11)}});
    }
    ASSERT_TRUE(store->append(points));
    store.clock.advance(std::chrono::minutes(1));
    counted();
  }
  EXPECT_GT(store.metrics.counter("bongsu_store_sealed_early_total", "").value(), 0u);
  counted();
  const Store::Memory used = store->health().memory;
  EXPECT_LE(used.series + used.labels, store.options.series_memory);
  EXPECT_GT(used.series, 0u);
  EXPECT_GT(used.labels, 0u);
  const auto found = store->select({}, at(0), at(kDay));
  ASSERT_TRUE(found);
  ASSERT_EQ(static_cast<std::size_t>(kSeries), found->size());
  for (const Series& series : *found) EXPECT_EQ(60u, series.samples.size());

  // What each costs at the least fills the rest.
  Result<SeriesId> refused = ids[0];
  for (int i = kSeries; i < 100'000 && refused; ++i) {
    refused = store->series({{"__name__", "m"}, {"n", std::to_string(i)}});
    if (i % 1000 == 0) counted();
  }
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Limit, refused.error().code);
  EXPECT_NE(std::string::npos, refused.error().text.find("memory:")) << refused.error().text;
  EXPECT_TRUE(store->series({{"__name__", "m"}, {"n", "7"}}));  // it is there already
}

TEST(Commit, IsWholeOrAbsentWhereverTheLogEnds) {
  const Folder scratch;
  Opened store(scratch / "live");
  for (int number = 1; number <= 3; ++number) {
    StateBatch batch;
    for (const char* table : {"alarm", "outbox", "ack"}) batch.put(table, "k", std::to_string(number));
    batch.erase("old", "k");
    for (const EventKind kind : {EventKind::Alarm, EventKind::Syslog, EventKind::Audit})
      batch.events.push_back({.kind = kind, .received = at(number), .text = std::to_string(number)});
    if (number == 2) {
      StateBatch old;
      old.put("old", "k", "here");
      ASSERT_TRUE(store->commit(old));
    }
    ASSERT_TRUE(store->commit(batch));
  }
  std::filesystem::path log;
  for (const auto& entry : std::filesystem::directory_iterator(store.dir)) {
    if (entry.path().extension() == ".log" && (log.empty() || log.filename() < entry.path().filename())) log = entry.path();
  }
  const auto size = std::filesystem::file_size(log);
  std::set<std::string> seen;
  for (std::uintmax_t cut = 0; cut < std::min<std::uintmax_t>(size, 1500); cut += 23) {
    SCOPED_TRACE("cut " + std::to_string(cut));
    const auto image = scratch / "image";
    std::filesystem::remove_all(image);
    std::filesystem::copy(store.dir, image, std::filesystem::copy_options::recursive);
    std::filesystem::resize_file(image / log.filename().string(), size - cut);
    Opened torn(image);
    const auto value = [&](const char* table) { return torn->get(table, "k")->value_or("0"); };
    const std::string number = value("alarm");
    EXPECT_EQ(number, value("outbox"));
    EXPECT_EQ(number, value("ack"));
    EXPECT_EQ(number == "1" && value("old") == "here" ? "here" : "0", value("old"));
    const auto page = torn->search({.limit = 100});
    ASSERT_TRUE(page);
    std::map<std::string, int> events;
    for (const Event& event : page->events) ++events[event.text];
    EXPECT_EQ(*parse_unsigned(number), events.size());
    for (const auto& [text, count] : events) EXPECT_EQ(3, count) << text;
    seen.insert(number);
  }
  EXPECT_TRUE(seen.contains("3"));
  EXPECT_TRUE(seen.contains("2"));
}

}  // namespace
}  // namespace bongsu::store
