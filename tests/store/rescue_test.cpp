// SPDX-License-Identifier: Apache-2.0
// Tables that are damaged: what they cost, and what is told of it.
#include "store/rescue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "store/crc32c.h"
#include "store/fixture.h"
#include "store/inspect.h"
#include "store/manifest.h"

namespace bongsu::store {
namespace {

constexpr int kSeries = 200;
constexpr int kMinutes = 1500;
constexpr std::size_t kAllSamples = std::size_t{kSeries} * kMinutes;
const std::vector<Matcher> kAll{{Matcher::Op::Equal, "__name__", "m"}};

double value_of(int series, int minute) { return series * 10'000 + minute * (1 + minute % 7); }

// Several tables in most families, closed.
void fill(const std::filesystem::path& dir, int series = kSeries, int minutes = kMinutes) {
  Opened store(dir);
  std::vector<SeriesId> ids;
  for (int i = 0; i < series; ++i) ids.push_back(*store->series({{"__name__", "m"}, {"n", std::to_string(i)}}));
  for (int minute = 0; minute < minutes; ++minute) {
    store.clock.advance(std::chrono::minutes(1));
    std::vector<Point> points;
    for (int i = 0; i < series; ++i)
      points.push_back({ids[static_cast<std::size_t>(i)], {at(minute * kMinute), value_of(i, minute)}});
    ASSERT_TRUE(store->append(points));
    ASSERT_TRUE(
        store->append({{.kind = EventKind::Syslog, .received = at(minute * kMinute), .text = "line " + std::to_string(minute)}}));
    if (minute % 100 == 0) {
      StateBatch batch;
      batch.put("t", "k" + std::to_string(minute), std::to_string(minute));
      ASSERT_TRUE(store->commit(batch));
    }
    if (minute == minutes / 2) store.reopen();
  }
}

std::vector<std::filesystem::path> tables(const std::filesystem::path& dir) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() == ".sst") found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<rocksdb::LiveFileMetaData> listed(const std::filesystem::path& dir) {
  bool damaged = false;
  const auto rocks = Rocks::open(dir, {.memory = 32 << 20}, damaged, OpenAs::Look);
  std::vector<rocksdb::LiveFileMetaData> found;
  EXPECT_TRUE(rocks) << rocks.error().text;
  if (rocks) (*rocks)->db().GetLiveFilesMetaData(&found);
  return found;
}

void flip(const std::filesystem::path& file, std::uintmax_t at) {
  std::fstream open(file, std::ios::in | std::ios::out | std::ios::binary);
  open.seekg(static_cast<std::streamoff>(at));
  const int was = open.get();
  open.seekp(static_cast<std::streamoff>(at));
  open.put(static_cast<char>(was ^ 0x10));
}

// Asks until what is damaged was set aside; flush() returns after a turn of the writer.
template <class Ask>
auto ask(Opened& store, const Ask& question) {
  auto answer = question();
  for (int turn = 0; !answer && turn < 100; ++turn) {
    EXPECT_EQ(Code::Unavailable, answer.error().code) << answer.error().text;
    static_cast<void>(store->flush());
    answer = question();
  }
  EXPECT_TRUE(answer) << answer.error().text;
  return std::move(answer).value_or({});
}

// How many samples there are; each is what was written.
std::size_t read_all(Opened& store) {
  std::size_t samples = 0;
  for (const Series& each : ask(store, [&] { return store->select(kAll, Time{}, at(kDay * 2)); })) {
    const int number = std::stoi(std::string(each.labels->get("n")));
    for (const Sample& sample : each.samples)
      EXPECT_EQ(value_of(number, static_cast<int>((sample.at - at(0)).count() / kMinute)), sample.value);
    samples += each.samples.size();
  }
  return samples;
}

std::size_t told(Opened& store) {
  static_cast<void>(store->flush());
  const EventPage page = ask(store, [&] { return store->search({.kinds = {EventKind::State}}); });
  return static_cast<std::size_t>(std::count_if(page.events.begin(), page.events.end(), [](const Event& event) {
    return event.text.starts_with("the store lost data: table ");
  }));
}

// Each table in turn is damaged by `damage`; the store opens by itself, tells of it once, and all that it still has is right.
void survives(const std::function<void(const std::filesystem::path&)>& damage) {
  const Folder folder;
  const auto whole = folder / "whole", copy = folder / "copy";
  fill(whole);
  for (const auto& table : tables(whole)) {
    SCOPED_TRACE(table.filename());
    std::filesystem::remove_all(copy);
    std::filesystem::copy(whole, copy, std::filesystem::copy_options::recursive);
    damage(copy / table.filename());
    Opened store(copy);
    const std::size_t samples = read_all(store);
    const std::size_t events = told(store);
    // What no question touched is met when the tables are next merged, or by `store verify`.
    const std::size_t aside = store->health().set_aside.size();
    EXPECT_EQ(aside, events);
    EXPECT_EQ(aside == 0, store->health().problem.empty());
    EXPECT_LE(samples, kAllSamples);
    EXPECT_TRUE(samples == kAllSamples || aside == 1);
    const auto id = store->series({{"__name__", "other"}});
    ASSERT_TRUE(id);
    ASSERT_TRUE(store->append(std::vector<Point>{{*id, {store.clock.now(), 1}}}));
    store.reopen();
    EXPECT_EQ(aside, told(store)) << "told again";
    EXPECT_EQ(samples, read_all(store));
  }
}

TEST(Rescue, ATableThatIsMissing) {
  survives([](const std::filesystem::path& table) { std::filesystem::remove(table); });
}

TEST(Rescue, ATableThatWasCut) {
  survives(
      [](const std::filesystem::path& table) { std::filesystem::resize_file(table, std::filesystem::file_size(table) / 2); });
}

TEST(Rescue, ABitInItsFirstBlock) {
  survives([](const std::filesystem::path& table) { flip(table, 20); });
}

TEST(Rescue, ABitOfItsVersion) {
  survives([](const std::filesystem::path& table) { flip(table, std::filesystem::file_size(table) - 12); });
}

TEST(Rescue, ABitOfItsProperties) {
  survives([](const std::filesystem::path& table) { flip(table, std::filesystem::file_size(table) - 300); });
}

TEST(Rescue, WhatStandsInOtherBlocksOfTheTableIsKept) {
  const Folder folder;
  fill(folder.path());
  std::filesystem::path largest;
  std::uint64_t octets = 0;
  for (const auto& table : listed(folder.path())) {
    if (table.column_family_name != "groups" || table.size <= octets) continue;
    largest = folder.path() / std::filesystem::path(table.name).filename();
    octets = table.size;
  }
  flip(largest, std::filesystem::file_size(largest) / 2);
  Opened store(folder.path());
  const std::size_t samples = read_all(store);
  EXPECT_LT(samples, kAllSamples);
  EXPECT_GT(samples, kAllSamples / 2);
  ASSERT_EQ(1u, store->health().set_aside.size());
  EXPECT_NE(std::string::npos, store->health().set_aside[0].find("records are lost, among samples of 2023-11-"))
      << store->health().set_aside[0];
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "damaged" / largest.filename()));
  store.store.reset();
  const auto found = inspect(folder.path(), {});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(0u, found->found);
  ASSERT_EQ(1u, found->set_aside.size());
}

TEST(Rescue, DamageThatComesWhileTheStoreIsOpen) {
  const Folder folder;
  fill(folder.path());
  Opened store(folder.path());
  for (const auto& table : tables(folder.path())) flip(table, 20);
  const std::size_t samples = read_all(store);
  EXPECT_LT(samples, kAllSamples);
  EXPECT_TRUE(store->health().writable);
  EXPECT_GE(told(store), 1u);
}

TEST(Crc32c, AsInTheStandard) {
  EXPECT_EQ(0xe3069283u, crc32c("123456789"));
  EXPECT_EQ(0x8a9136aau, crc32c(std::string(32, '\0')));
  EXPECT_EQ(0x62a8ab43u, crc32c(std::string(32, '\xff')));
  EXPECT_EQ(crc32c("123456789"), crc32c("6789", crc32c("12345")));
}

TEST(Manifest, IsFoundAgainWhenCurrentDoesNotNameIt) {
  const Folder folder;
  fill(folder.path());
  std::filesystem::remove(folder / "CURRENT");
  {
    Opened store(folder.path());
    EXPECT_EQ(kAllSamples, read_all(store));
    EXPECT_EQ("", store->health().problem);
  }
  folder.write("CURRENT", "MANIFEST-999999\n");
  {
    Opened store(folder.path());
    EXPECT_EQ(kAllSamples, read_all(store));
  }
  // Without any list a new store must not begin among the tables: it would delete them.
  const std::size_t before = tables(folder.path()).size();
  std::filesystem::remove(folder / "CURRENT");
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    if (entry.path().filename().string().starts_with("MANIFEST")) std::filesystem::remove(entry.path());
  }
  std::filesystem::copy(folder.path(), folder / "copied", std::filesystem::copy_options::none);
  {
    Opened store(folder / "copied");  // there is a copy of the list
    EXPECT_EQ(kAllSamples, read_all(store));
    EXPECT_EQ("", store->health().problem);
  }
  std::filesystem::remove(folder / "bongsu.manifest.copy");
  SharedClock clock;
  Metrics metrics;
  const auto refused = Store::open(folder.path(), {.memory = 32 << 20, .min_free_disk = 0}, clock, metrics);
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Corrupt, refused.error().code);
  EXPECT_EQ(before, tables(folder.path()).size());
}

TEST(Manifest, AMarkThatIsDamagedSaysNothing) {
  const Folder folder;
  fill(folder.path());
  flip(folder / "bongsu.manifest", 17);  // a digit of the size
  Opened store(folder.path());
  EXPECT_EQ(kAllSamples, read_all(store));
}

TEST(Manifest, IsWrittenAgainFromItsCopyWhereverItIsDamaged) {
  const Folder folder;
  const auto whole = folder / "whole", image = folder / "image";
  fill(whole, 10, 120);
  std::string name;
  std::getline(std::ifstream(whole / "CURRENT"), name);
  const auto octets = std::filesystem::file_size(whole / name);
  const auto opens = [&] {
    Opened store(image);
    EXPECT_EQ(1200u, read_all(store));
    EXPECT_EQ("", store->health().problem);
  };
  for (std::uintmax_t at = 0; at < octets; at += octets / 5) {
    SCOPED_TRACE(at);
    std::filesystem::remove_all(image);
    std::filesystem::copy(whole, image);
    flip(image / name, at);
    const auto looked = inspect(image, {});
    ASSERT_FALSE(looked);
    EXPECT_NE(std::string::npos, looked.error().text.find("from its copy when it starts")) << looked.error().text;
    opens();
    // A damaged copy is made anew, so the next time helps too.
    flip(image / "bongsu.manifest.copy", at);
    opens();
    std::getline(std::ifstream(image / "CURRENT"), name);
    flip(image / name, at);
    opens();
    std::getline(std::ifstream(whole / "CURRENT"), name);
  }
  std::filesystem::remove_all(image);
  std::filesystem::copy(whole, image);
  flip(image / name, 10);
  flip(image / "bongsu.manifest.copy", 60);
  SharedClock clock;
  Metrics metrics;
  const auto refused = Store::open(image, {.memory = 32 << 20, .min_free_disk = 0}, clock, metrics);
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Corrupt, refused.error().code);
}

TEST(Manifest, TablesThatWereStruckAreGoneAndTheRestIsThere) {
  const Folder folder;
  fill(folder.path());
  const auto before = listed(folder.path());
  std::vector<ListedTable> struck;
  {
    bool damaged = false;
    const auto rocks = Rocks::open(folder.path(), {.memory = 32 << 20}, damaged, OpenAs::Look);
    ASSERT_TRUE(rocks);
    for (const auto& table : before) {
      if (table.column_family_name == "groups")
        struck.push_back({(*rocks)->family(Family::Groups)->GetID(), table.level, table.file_number});
    }
  }
  ASSERT_FALSE(struck.empty());
  ASSERT_TRUE(strike_tables(folder.path(), struck));
  const auto after = listed(folder.path());
  EXPECT_EQ(before.size(), after.size() + struck.size());
  for (const auto& table : after) EXPECT_NE("groups", table.column_family_name);
}

}  // namespace
}  // namespace bongsu::store
