// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "small_disk.h"
#include "store/fixture.h"
#include "store/rocks.h"

namespace bongsu::store {
namespace {

// A copy of the files as they stand is what a crash leaves.
void crash_image(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::remove_all(to);
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

std::filesystem::path newest_log(const std::filesystem::path& dir) {
  std::filesystem::path newest;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() == ".log" && (newest.empty() || newest.filename() < entry.path().filename()))
      newest = entry.path();
  }
  return newest;
}

// 0, 1, 2, ... of `up` a second apart, each a record of its own in the head log.
void write_seconds(Opened& store, int many) {
  const SeriesId up = *store->series({{"__name__", "up"}});
  for (int i = 0; i < many; ++i) {
    const Point point{up, {at(i * 1000), static_cast<double>(i)}};
    ASSERT_TRUE(store->append(std::span(&point, 1)));
    ASSERT_TRUE(store->flush());
  }
}

TEST(Crash, ATornLogOpensWithAllThatStoodBefore) {
  const Folder scratch;
  const std::filesystem::path image = scratch / "image";
  Opened store(scratch / "live");
  write_seconds(store, 50);
  std::size_t before = 51;
  crash_image(store.dir, image);
  const auto whole = std::filesystem::file_size(newest_log(image));
  ASSERT_GT(whole, 1000u);
  for (std::uintmax_t cut = 0; cut < whole; cut += whole / 13) {
    SCOPED_TRACE("cut " + std::to_string(cut));
    crash_image(store.dir, image);
    std::filesystem::resize_file(newest_log(image), whole - cut);
    Opened torn(image);
    const auto found = torn->select({}, at(0), at(kDay));
    ASSERT_TRUE(found);
    const std::size_t samples = found->empty() ? 0 : found->front().samples.size();
    EXPECT_EQ(cut == 0, samples == 50);
    EXPECT_LE(samples, before);
    before = samples;
    for (std::size_t i = 0; i < samples; ++i) EXPECT_EQ(static_cast<double>(i), found->front().samples[i].value);
    EXPECT_EQ(0u, torn->health().lost_records);
  }
}

TEST(Crash, DamageInTheMiddleOfTheLogIsSaid) {
  const Folder scratch;
  const std::filesystem::path image = scratch / "image";
  Opened store(scratch / "live");
  write_seconds(store, 50);
  crash_image(store.dir, image);
  {
    std::fstream file(newest_log(image), std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(newest_log(image)) / 2);
    file.seekg(middle);
    const char was = static_cast<char>(file.get());
    file.seekp(middle);
    file.put(static_cast<char>(was ^ 0x10));
  }
  Opened damaged(image);
  EXPECT_GT(damaged->health().lost_records, 0u);
  EXPECT_NE("", damaged->health().problem);
  const auto found = damaged->select({}, at(0), at(kDay));
  ASSERT_TRUE(found);
  ASSERT_EQ(1u, found->size());
  EXPECT_GT(found->front().samples.size(), 5u);
  EXPECT_LT(found->front().samples.size(), 45u);
  const Point point{*damaged->series({{"__name__", "up"}}), {at(60'000), 60.0}};
  EXPECT_TRUE(damaged->append(std::span(&point, 1)));
  EXPECT_TRUE(damaged->flush());
}

TEST(Crash, AMissingOrDamagedRecordOfTheHeadLogIsCounted) {
  const Folder scratch;
  const std::filesystem::path image = scratch / "image";
  Opened store(scratch / "live");
  write_seconds(store, 10);
  crash_image(store.dir, image);
  {
    bool damaged = false;
    auto rocks = Rocks::open(image, store.options, damaged);
    ASSERT_TRUE(rocks);
    std::vector<std::string> keys;
    ASSERT_TRUE((*rocks)->each(Family::Journal, "", [&](std::string_view key, std::string_view) -> Result<bool> {
      keys.emplace_back(key);
      return true;
    }));
    ASSERT_EQ(10u, keys.size());
    auto* journal = (*rocks)->family(Family::Journal);
    ASSERT_TRUE((*rocks)->db().Delete({}, journal, keys[3]).ok());
    std::string value = **(*rocks)->get(Family::Journal, keys[6]);
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 1);
    ASSERT_TRUE((*rocks)->db().Put({}, journal, keys[6], value).ok());
  }
  Opened opened(image);
  EXPECT_EQ(2u, opened->health().lost_records);
  const auto found = opened->select({}, at(0), at(kDay));
  ASSERT_TRUE(found);
  EXPECT_EQ(8u, found->front().samples.size());
}

// RocksDB alone takes a list of files that was cut for one that a power cut tore, and deletes what the rest does not name.
TEST(Crash, AListOfFilesThatWasCutIsHadFromItsCopyOrRefused) {
  const Folder scratch;
  const std::filesystem::path image = scratch / "image";
  {
    Opened store(scratch / "live");
    write_seconds(store, 10);
  }
  std::string name;
  std::getline(std::ifstream(scratch / "live" / "CURRENT"), name);
  const auto whole = std::filesystem::file_size(scratch / "live" / name);
  ASSERT_GT(whole, 500u);
  SharedClock clock;
  Metrics metrics;
  for (const std::uintmax_t left : {whole - 1, whole / 2, std::uintmax_t{0}}) {
    SCOPED_TRACE(left);
    crash_image(scratch / "live", image);
    std::filesystem::resize_file(image / name, left);
    EXPECT_EQ(10u, Opened(image)->select({}, at(0), at(kDay))->front().samples.size());

    crash_image(scratch / "live", image);
    std::filesystem::resize_file(image / name, left);
    std::filesystem::remove(image / "bongsu.manifest.copy");
    const auto refused = Store::open(image, {}, clock, metrics);
    ASSERT_FALSE(refused);
    EXPECT_EQ(Code::Corrupt, refused.error().code);
    EXPECT_NE(std::string::npos, refused.error().text.find("restore the directory from a backup")) << refused.error().text;
  }
  // A mark of another list, or none that can be read, says nothing.
  crash_image(scratch / "live", image);
  std::ofstream(image / "bongsu.manifest") << "MANIFEST-999999 999999\n";
  EXPECT_EQ(1u, Opened(image)->select({}, at(0), at(kDay))->size());
  std::ofstream(image / "bongsu.manifest") << std::string(64, '\0');
  EXPECT_EQ(1u, Opened(image)->select({}, at(0), at(kDay))->size());
}

void live_through_a_full_disk(std::uint64_t min_free_disk) {
  const Folder scratch;
  const SmallDisk disk(scratch / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a small tmpfs: " << std::strerror(errno) << " (needs root)";
  Opened store(scratch / "disk" / "data", {.max_pending = 256 << 10});
  store.store.reset();
  store.options.min_free_disk = min_free_disk;
  store.open();
  const SeriesId up = *store->series({{"__name__", "up"}});
  std::int64_t taken = 0;
  const auto append = [&](std::int64_t many) {
    store.clock.step_wall(at((taken + many) * 1000) - store.clock.now());
    std::vector<Point> points;
    for (std::int64_t i = taken; i < taken + many; ++i) points.push_back({up, {at(i * 1000), static_cast<double>(i)}});
    const Status status = store->append(points);
    if (status) taken += many;
    return status;
  };
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(append(10));
  ASSERT_TRUE(store->flush());
  StateBatch batch;
  batch.put("t", "before", "1");
  ASSERT_TRUE(store->commit(batch));

  disk.fill();
  // Points go on until the queue is full; then they are refused, and it is said why.
  Status refused;
  for (int i = 0; i < 3000 && refused; ++i) {
    refused = append(1000);
    static_cast<void>(store->flush().ok());
  }
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Unavailable, refused.error().code);
  EXPECT_FALSE(store->flush());
  EXPECT_FALSE(store->health().writable);
  EXPECT_NE("", store->health().problem);
  EXPECT_EQ(Code::Unavailable, store->append(std::vector<Event>(1)).error().code);
  const auto during = store->select({}, at(0), at(1000 * kDay));
  ASSERT_TRUE(during) << during.error().text;
  EXPECT_EQ(static_cast<std::size_t>(taken), during->front().samples.size());
  EXPECT_EQ("1", *store->get("t", "before"));

  disk.free();
  Status resumed = store->flush();
  for (int i = 0; i < 100 && !resumed; ++i) resumed = store->flush();
  ASSERT_TRUE(resumed) << resumed.error().text;
  EXPECT_TRUE(store->health().writable);
  EXPECT_EQ("", store->health().problem);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(append(10));
  batch.put("t", "after", "2");
  ASSERT_TRUE(store->commit(batch));
  ASSERT_TRUE(store->append(std::vector<Event>(1)));
  store.reopen();
  const auto after = store->select({}, at(0), at(1000 * kDay));
  ASSERT_TRUE(after) << after.error().text;
  ASSERT_EQ(static_cast<std::size_t>(taken), after->front().samples.size());
  for (std::size_t i = 0; i < after->front().samples.size(); ++i)
    ASSERT_EQ(static_cast<double>(i), after->front().samples[i].value);
  EXPECT_EQ("2", *store->get("t", "after"));
  EXPECT_EQ(0u, store->health().lost_records);
}

TEST(DiskFull, RefusesToOpenWithoutRoomForItsLogs) {
  const Folder scratch;
  const SmallDisk disk(scratch / "disk");
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a small tmpfs: " << std::strerror(errno) << " (needs root)";
  const std::filesystem::path image = scratch / "disk" / "image";
  Opened live(scratch / "live");
  const Point point{*live->series({{"__name__", "up"}}), {at(0), 1.0}};
  ASSERT_TRUE(live->append(std::span(&point, 1)));
  ASSERT_TRUE(live->flush());
  crash_image(live.dir, image);
  disk.fill();
  SharedClock clock;
  Metrics metrics;
  const auto refused = Store::open(image, live.options, clock, metrics);
  ASSERT_FALSE(refused);
  EXPECT_EQ(Code::Io, refused.error().code);
  EXPECT_NE(std::string::npos, refused.error().text.find(image.string() + " has 0 MiB left")) << refused.error().text;
  disk.free();
  Opened opened(image);
  const auto found = opened->select({}, at(0), at(kDay));
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(1u, found->size());
}

TEST(DiskFull, StopsInTimeAndResumesByItself) { live_through_a_full_disk(8 << 20); }
TEST(DiskFull, SurvivesTheVeryEndOfTheDisk) { live_through_a_full_disk(0); }

}  // namespace
}  // namespace bongsu::store
