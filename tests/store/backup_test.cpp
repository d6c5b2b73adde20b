// SPDX-License-Identifier: Apache-2.0
#include "store/backup.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "store/codec.h"
#include "store/rocks.h"
#include "store/sample.h"

namespace bongsu::store {
namespace {

const Progress kSilent;

void copy_folder(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  for (const auto& file : std::filesystem::directory_iterator(to))
    std::filesystem::permissions(file.path(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

// Names, sizes and contents, so that a change of any is seen.
std::map<std::string, std::string> contents(const std::filesystem::path& dir) {
  std::map<std::string, std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    std::ifstream file(entry.path(), std::ios::binary);
    out[entry.path().filename().string()] = {std::istreambuf_iterator<char>(file), {}};
  }
  return out;
}

void spoil(const std::filesystem::path& path, std::uintmax_t place) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(place));
  const char was = static_cast<char>(file.get());
  file.seekp(static_cast<std::streamoff>(place));
  file.put(static_cast<char>(was ^ 0x40));
}

std::filesystem::path largest_table(const std::filesystem::path& dir) {
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
  }
  return largest;
}

TEST(Backup, OfALivingStoreHoldsAllAndRestores) {
  const Folder scratch;
  Opened store(scratch / "live");
  write_sample(store);
  const auto made = back_up(*store.store, scratch / "backup", store.clock.now(), kSilent);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(static_cast<std::uint64_t>(kSampleSeries), made->series);
  EXPECT_FALSE(std::filesystem::exists(scratch / "backup.partial"));
  // What comes later is not in it.
  const Point later{*store->series({{"__name__", "later"}}), {store.clock.now(), 1.0}};
  ASSERT_TRUE(store->append(std::span(&later, 1)));
  ASSERT_TRUE(store->flush());

  const auto kept = read_backup(scratch / "backup");
  ASSERT_TRUE(kept) << kept.error().text;
  EXPECT_EQ(made->samples, kept->samples);
  EXPECT_EQ(made->files, kept->files);
  const auto restored = restore(scratch / "backup", scratch / "restored", false, store.clock.now(), kSilent);
  ASSERT_TRUE(restored) << restored.error().text;
  EXPECT_TRUE(restored->aside.empty());
  Opened again(scratch / "restored");
  again.clock.step_wall(store.clock.now() - again.clock.now());
  expect_sample(again);
  EXPECT_EQ(static_cast<std::uint64_t>(kSampleSeries), again->health().series);
  EXPECT_EQ(0u, again->health().lost_records);
}

TEST(Backup, GoesToAnotherFileSystem) {
  const Folder scratch;
  std::string other = (std::filesystem::temp_directory_path() / "bongsu-backup-XXXXXX").string();
  ASSERT_NE(nullptr, ::mkdtemp(other.data()));
  Opened store(scratch / "live");
  write_sample(store);
  // What an earlier run left behind is in nobody's way.
  scratch.write("live/backup.partial/store/000001.sst", "x");
  const auto made = back_up(*store.store, other + "/backup", store.clock.now(), kSilent);
  EXPECT_TRUE(made) << made.error().text;
  std::error_code ignored;
  struct stat here {
  }, there{};
  ASSERT_TRUE(::stat(store.dir.c_str(), &here) == 0 && ::stat(other.c_str(), &there) == 0);
  if (here.st_dev == there.st_dev) GTEST_LOG_(INFO) << "there is but one file system here";
  else EXPECT_FALSE(std::filesystem::exists(scratch / "live" / "backup.partial"));
  int left = 2;
  EXPECT_FALSE(back_up(*store.store, other + "/ended", store.clock.now(), [&](std::string_view, double) { return left-- > 0; }));
  EXPECT_FALSE(std::filesystem::exists(other + "/ended"));
  const auto restored = restore(other + "/backup", scratch / "restored", false, store.clock.now(), kSilent);
  EXPECT_TRUE(restored) << restored.error().text;
  std::filesystem::remove_all(other, ignored);
  Opened again(scratch / "restored");
  again.clock.step_wall(store.clock.now() - again.clock.now());
  expect_sample(again);
}

TEST(Backup, IsTakenWhileOthersWrite) {
  const Folder scratch;
  Opened store(scratch / "live");
  const SeriesId up = *store->series({{"__name__", "up"}});
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> acknowledged = 0;
  std::thread writer([&] {
    for (std::int64_t i = 1; !stop; ++i) {
      const Point point{up, {at(i), static_cast<double>(i)}};
      ASSERT_TRUE(store->append(std::span(&point, 1)));
      StateBatch batch;
      batch.put("t", "k", std::to_string(i));
      batch.events.push_back({.kind = EventKind::Alarm, .received = at(i), .text = std::to_string(i)});
      ASSERT_TRUE(store->commit(batch));
      acknowledged = i;
    }
  });
  while (acknowledged < 50) std::this_thread::yield();
  const std::int64_t before = acknowledged;
  const auto made = back_up(*store.store, scratch / "backup", store.clock.now(), kSilent);
  stop = true;
  writer.join();
  ASSERT_TRUE(made) << made.error().text;
  ASSERT_TRUE(restore(scratch / "backup", scratch / "restored", false, store.clock.now(), kSilent));
  Opened again(scratch / "restored");
  const auto found = again->select({}, at(0), at(kDay));
  ASSERT_TRUE(found && found->size() == 1);
  EXPECT_GE(found->front().samples.size(), static_cast<std::size_t>(before));
  const auto page = again->search({.limit = 1'000'000});
  ASSERT_TRUE(page);
  // Of each commit all or nothing.
  EXPECT_EQ(std::to_string(page->events.size()), **again->get("t", "k"));
  EXPECT_GE(page->events.size(), static_cast<std::size_t>(before));
}

TEST(Backup, OfAStoppedStoreIsTheSame) {
  const Folder scratch;
  Opened store(scratch / "live");
  write_sample(store);
  const Time now = store.clock.now();
  const auto held = back_up(scratch / "live", scratch / "backup", now, kSilent);
  ASSERT_FALSE(held);
  EXPECT_EQ(Code::Unavailable, held.error().code) << held.error().text;
  EXPECT_FALSE(std::filesystem::exists(scratch / "backup.partial"));
  store.store.reset();
  const auto made = back_up(scratch / "live", scratch / "backup", now, kSilent);
  ASSERT_TRUE(made) << made.error().text;
  ASSERT_TRUE(restore(scratch / "backup", scratch / "restored", false, now, kSilent));
  Opened again(scratch / "restored");
  again.clock.step_wall(now - again.clock.now());
  expect_sample(again);
}

TEST(Backup, GoesNowhereWhereSomethingIs) {
  const Folder scratch;
  Opened store(scratch / "live");
  const auto refuses = [&](Code code, const std::filesystem::path& dir) {
    SCOPED_TRACE(dir.string());
    const auto made = back_up(*store.store, dir, store.clock.now(), kSilent);
    ASSERT_FALSE(made);
    EXPECT_EQ(code, made.error().code) << made.error().text;
  };
  scratch.write("full/file", "x");
  scratch.write("file", "x");
  refuses(Code::Exists, scratch / "full");
  refuses(Code::Exists, scratch / "file");
  refuses(Code::Exists, scratch / "live");
  refuses(Code::NotFound, scratch / "nowhere" / "backup");
  refuses(Code::Invalid, "");
  // One that is under way, or was cut short, is left alone.
  scratch.write("cut.partial/store/CURRENT", "x");
  refuses(Code::Exists, scratch / "cut");
  EXPECT_TRUE(std::filesystem::exists(scratch / "cut.partial"));

  std::filesystem::create_directories(scratch / "empty");
  const auto made = back_up(*store.store, scratch / "empty", store.clock.now(), kSilent);
  EXPECT_TRUE(made) << made.error().text;
}

TEST(Backup, ThatIsEndedEarlyLeavesNothing) {
  const Folder scratch;
  Opened store(scratch / "live");
  write_sample(store);
  for (int steps = 0; steps < 4; ++steps) {
    int left = steps;
    const auto made =
        back_up(*store.store, scratch / "backup", store.clock.now(), [&](std::string_view, double) { return left-- > 0; });
    ASSERT_FALSE(made);
    EXPECT_EQ(Code::Cancelled, made.error().code) << made.error().text;
    EXPECT_FALSE(std::filesystem::exists(scratch / "backup"));
    EXPECT_FALSE(std::filesystem::exists(scratch / "backup.partial"));
  }
}

TEST(Backup, OfADamagedStoreIsRefused) {
  const Folder scratch;
  Opened store(scratch / "live");
  write_sample(store);
  store.store.reset();
  const auto table = largest_table(scratch / "live");
  spoil(table, std::filesystem::file_size(table) / 4);
  const auto made = back_up(scratch / "live", scratch / "backup", store.clock.now(), kSilent);
  ASSERT_FALSE(made);
  EXPECT_EQ(Code::Corrupt, made.error().code) << made.error().text;
  EXPECT_NE(std::string::npos, made.error().text.find(table.filename().string())) << made.error().text;
  EXPECT_FALSE(std::filesystem::exists(scratch / "backup"));
}

TEST(Restore, TouchesNothingUntilTheCopyIsGood) {
  const Folder scratch;
  Opened store(scratch / "live");
  write_sample(store);
  const Time now = store.clock.now();
  ASSERT_TRUE(back_up(*store.store, scratch / "backup", now, kSilent));
  const auto refuses = [&](Code code, const std::filesystem::path& dir, const std::filesystem::path& data, bool replace) {
    const auto restored = restore(dir, data, replace, now, kSilent);
    ASSERT_FALSE(restored);
    EXPECT_EQ(code, restored.error().code) << restored.error().text;
    EXPECT_FALSE(std::filesystem::exists(data.string() + ".partial"));
  };
  refuses(Code::Unavailable, scratch / "backup", store.dir, true);  // it is in use
  store.store.reset();
  refuses(Code::Exists, scratch / "backup", store.dir, false);
  refuses(Code::NotFound, scratch / "none", scratch / "new", false);
  refuses(Code::NotFound, store.dir, scratch / "new", false);  // a data directory is no backup
  refuses(Code::Invalid, scratch / "backup", scratch / "backup", true);

  const auto before = contents(store.dir);
  copy_folder(scratch / "backup", scratch / "spoilt");
  const auto table = largest_table(scratch / "spoilt");
  spoil(table, std::filesystem::file_size(table) / 3);
  refuses(Code::Corrupt, scratch / "spoilt", store.dir, true);
  copy_folder(scratch / "backup", scratch / "short");
  std::filesystem::remove(largest_table(scratch / "short"));
  refuses(Code::Corrupt, scratch / "short", store.dir, true);
  copy_folder(scratch / "backup", scratch / "cut");
  std::filesystem::resize_file(scratch / "cut" / "BACKUP", std::filesystem::file_size(scratch / "cut" / "BACKUP") - 3);
  refuses(Code::Corrupt, scratch / "cut", store.dir, true);
  EXPECT_EQ(before, contents(store.dir));

  const auto restored = restore(scratch / "backup", store.dir, true, now, kSilent);
  ASSERT_TRUE(restored) << restored.error().text;
  EXPECT_EQ(before, contents(restored->aside));
  store.open();
  expect_sample(store);
}

TEST(Inspect, CountsWhatIsThereAndChangesNothing) {
  const Folder scratch;
  Opened store(scratch / "live");
  write_sample(store);
  const auto held = inspect(store.dir, {});
  ASSERT_FALSE(held);
  EXPECT_EQ(Code::Unavailable, held.error().code);
  EXPECT_NE(std::string::npos, held.error().text.find("bongsu backup")) << held.error().text;
  const auto all = store->select({}, at(-kDay), at(kDay));
  ASSERT_TRUE(all);
  std::uint64_t samples = 0;
  for (const Series& series : *all) samples += series.samples.size();
  const std::size_t events = store->search({.limit = 1'000'000})->events.size();
  store.store.reset();

  const auto before = contents(store.dir);
  double last = 0;
  const Progress rises = [&](std::string_view, double share) {
    EXPECT_GE(share, last);
    last = share;
    return true;
  };
  const auto found = inspect(store.dir, {.top = 3, .progress = rises});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(1.0, last);
  EXPECT_EQ(before, contents(store.dir));
  for (const auto& finding : found->findings) ADD_FAILURE() << finding.where << ": " << finding.what;
  EXPECT_EQ(kFormat, found->format);
  EXPECT_EQ(static_cast<std::uint64_t>(kSampleSeries), found->series);
  EXPECT_GE(found->samples, samples);
  EXPECT_EQ(events, found->logs.events + found->events.events);
  EXPECT_FALSE(found->tables.empty());
  EXPECT_FALSE(found->cardinality.series_by_metric.empty());
  const auto quick = inspect(store.dir, {.verify = false});
  ASSERT_TRUE(quick);
  EXPECT_EQ(found->samples, quick->samples);
  EXPECT_EQ(found->oldest, quick->oldest);
  EXPECT_EQ(found->newest, quick->newest);
}

TEST(Inspect, ReadsEveryFormatAsItLies) {
  for (const auto& entry : std::filesystem::directory_iterator(BONGSU_SOURCE_DIR "/tests/store/data")) {
    if (!entry.is_directory()) continue;
    SCOPED_TRACE(entry.path().filename().string());
    const Folder scratch;
    copy_folder(entry.path(), scratch / "copy");
    const auto before = contents(scratch / "copy");
    const auto found = inspect(scratch / "copy", {});
    ASSERT_TRUE(found) << found.error().text;
    for (const auto& finding : found->findings) ADD_FAILURE() << finding.where << ": " << finding.what;
    EXPECT_EQ(static_cast<std::uint64_t>(kSampleSeries), found->series);
    {
      SharedClock clock;
      Metrics metrics;
      const auto reader = Store::open_to_read(scratch / "copy", {.memory = 32 << 20}, clock, metrics);
      ASSERT_TRUE(reader) << reader.error().text;
      const auto all = (*reader)->select({}, at(-kDay), at(kDay));
      ASSERT_TRUE(all) << all.error().text;
      std::uint64_t samples = 0;
      for (const Series& series : *all) samples += series.samples.size();
      EXPECT_GE(found->samples, samples);
      EXPECT_GE(samples, static_cast<std::uint64_t>(kSampleSeries) * (kSampleMinutes - 20));
    }
    EXPECT_EQ(before, contents(scratch / "copy"));

    // A copy of it is a backup like any other, and it opens.
    const auto made = back_up(scratch / "copy", scratch / "backup", at(0), kSilent);
    ASSERT_TRUE(made) << made.error().text;
    ASSERT_TRUE(restore(scratch / "backup", scratch / "restored", false, at(0), kSilent));
    Opened store(scratch / "restored");
    store.clock.advance(std::chrono::minutes(kSampleMinutes));
    expect_sample(store);
  }
}

TEST(Inspect, SaysWhereTheDamageIs) {
  const Folder scratch;
  Opened live(scratch / "live");
  write_sample(live);
  // Enough for blocks of their own.
  std::vector<Event> lines(5000);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    lines[i].received = live.clock.now();
    lines[i].text = "line " + std::to_string(i);
  }
  ASSERT_TRUE(live->append(lines));
  live.store.reset();
  const auto finds = [&](std::string_view where, std::string_view what, const auto& harm) {
    SCOPED_TRACE(where);
    std::filesystem::remove_all(scratch / "copy");
    copy_folder(live.dir, scratch / "copy");
    harm();
    const auto found = inspect(scratch / "copy", {});
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_GT(found->found, 0u);
    EXPECT_TRUE(std::any_of(found->findings.begin(), found->findings.end(), [&](const Inspection::Finding& each) {
      return each.where.find(where) != std::string::npos && each.what.find(what) != std::string::npos && !each.remedy.empty();
    })) << (found->findings.empty() ? "" : found->findings.front().where + ": " + found->findings.front().what);
  };
  const auto change = [&](Family family, const auto& alter) {
    bool damaged = false;
    const auto rocks = Rocks::open(scratch / "copy", live.options, damaged);
    ASSERT_TRUE(rocks);
    const auto at = (*rocks)->iterate(family);
    at->SeekToFirst();
    ASSERT_TRUE(at->Valid());
    std::string key = at->key().ToString(), value = at->value().ToString();
    ASSERT_TRUE((*rocks)->db().Delete({}, (*rocks)->family(family), key).ok());
    const bool put = alter(key, value);
    ASSERT_TRUE(!put || (*rocks)->db().Put({}, (*rocks)->family(family), key, value).ok());
  };
  const auto flip = [](std::string&, std::string& value) { return value[value.size() / 2] ^= 0x10, true; };
  const std::string table = largest_table(live.dir).filename().string();
  finds("file " + table, "checksum", [&] {
    const auto path = scratch / "copy" / table;
    spoil(path, std::filesystem::file_size(path) / 4);
  });
  finds("of groups", "",
        [&] { change(Family::Groups, [](std::string&, std::string& value) { return value.resize(value.size() - 1), true; }); });
  finds("of groups", "another day",
        [&] { change(Family::Groups, [](std::string& key, std::string&) { return key[3] ^= 1, true; }); });
  finds("of heads", "", [&] { change(Family::Heads, flip); });
  finds("logs", "is missing", [&] { change(Family::Logs, [](std::string&, std::string&) { return false; }); });
  finds("of logs", "no summary", [&] { change(Family::LogIndex, [](std::string&, std::string&) { return false; }); });
  finds("of logs", "", [&] { change(Family::Logs, flip); });
  finds("of event_words", "not there",
        [&] { change(Family::Words, [](std::string& key, std::string&) { return key.back() ^= 1, true; }); });
  finds("of event_tail", "", [&] { change(Family::Tail, flip); });
  finds("of state", "no table",
        [&] { change(Family::State, [](std::string& key, std::string&) { return key = "nul-less", true; }); });
}

TEST(Rocks, LeavesNoFileThatNobodyReads) {
  const Folder scratch;
  Opened store(scratch / "live");
  const auto options = [&] {
    std::vector<std::string> found;
    for (const auto& [name, octets] : contents(store.dir)) {
      if (name.find("OPTIONS") != std::string::npos) found.push_back(name);
    }
    return found;
  };
  EXPECT_EQ(std::vector<std::string>(), options());
  for (const char* copy : {"one", "two"}) ASSERT_TRUE(back_up(*store.store, scratch / copy, at(0), kSilent));
  store.store.reset();
  EXPECT_EQ(std::vector<std::string>(), options());
}

TEST(Format, ANewerStoreIsRefusedByName) {
  const Folder scratch;
  Opened store(scratch / "live");
  const auto refused = [&](std::string_view text) {
    SharedClock clock;
    Metrics metrics;
    const auto opened = Store::open(store.dir, store.options, clock, metrics);
    ASSERT_FALSE(opened);
    EXPECT_EQ(Code::Unsupported, opened.error().code) << opened.error().text;
    EXPECT_NE(std::string::npos, opened.error().text.find(text)) << opened.error().text;
    EXPECT_EQ(Code::Unsupported, inspect(store.dir, {}).error().code);
    EXPECT_EQ(Code::Unsupported, Store::open_to_read(store.dir, store.options, clock, metrics).error().code);
    EXPECT_EQ(Code::Unsupported, back_up(store.dir, scratch / "backup", at(0), kSilent).error().code);
  };
  store.store.reset();
  {
    bool damaged = false;
    const auto rocks = Rocks::open(store.dir, store.options, damaged);
    ASSERT_TRUE(rocks);
    ASSERT_TRUE((*rocks)->db().Put({}, (*rocks)->family(Family::Meta), "format", varint(kFormat + 1)).ok());
  }
  refused("format " + std::to_string(kFormat + 1));
  {
    bool damaged = false;
    const auto rocks = Rocks::open(store.dir, store.options, damaged);
    ASSERT_TRUE(rocks);
    ASSERT_TRUE((*rocks)->db().Put({}, (*rocks)->family(Family::Meta), "format", varint(kFormat)).ok());
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    ASSERT_TRUE((*rocks)->db().CreateColumnFamily({}, "tomorrow", &handle).ok());
    ASSERT_TRUE((*rocks)->db().DestroyColumnFamilyHandle(handle).ok());
  }
  refused("tomorrow");
}

TEST(Backfill, TakesPointsOfAnyAge) {
  const Folder scratch;
  Opened store(scratch / "live", {.raw_retention = std::chrono::hours(24 * 3650)});
  const SeriesId id = *store->series({{"__name__", "m"}});
  const auto take = [&](std::int64_t from, std::int64_t to) {
    std::vector<Point> points;
    for (std::int64_t t = from; t < to; t += kHour) points.push_back({id, {at(t), static_cast<double>(t)}});
    return store->backfill(points);
  };
  ASSERT_TRUE(take(-kDay, 0));
  // Older than all that is there, and among it.
  const auto older = take(-300 * kDay, -kDay);
  ASSERT_TRUE(older) << older.error().text;
  EXPECT_EQ(0u, *older);
  const Point wrong[] = {{id, {at(-kDay), 7}}, {id, {time_from_ms(-1), 1}}, {id, {at(2 * kDay), 1}}};
  EXPECT_EQ(2u, *store->backfill(wrong));
  const auto check = [&] {
    const auto found = store->select({}, at(-400 * kDay), at(kDay));
    ASSERT_TRUE(found) << found.error().text;
    ASSERT_EQ(1u, found->size());
    const auto& samples = found->front().samples;
    ASSERT_EQ(300u * 24, samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const std::int64_t t = -300 * kDay + static_cast<std::int64_t>(i) * kHour;
      ASSERT_EQ(at(t), samples[i].at);
      ASSERT_EQ(t == -kDay ? 7 : static_cast<double>(t), samples[i].value);
    }
  };
  check();
  const auto extent = store->extent();
  ASSERT_TRUE(extent);
  EXPECT_LE(*extent->oldest, at(-300 * kDay));
  EXPECT_EQ(at(-kHour), *extent->newest);
  store.reopen();
  check();
}

TEST(Events, AreWalkedInTheOrderOfTheirIds) {
  const Folder scratch;
  Opened store(scratch / "live");
  write_sample(store);
  ASSERT_TRUE(store->flush());
  const auto page = store->search({.limit = 1'000'000});
  ASSERT_TRUE(page);
  std::vector<Event> walked;
  ASSERT_TRUE(store->each_event([&](Event event) -> Result<bool> { return walked.push_back(std::move(event)), true; }));
  std::reverse(walked.begin(), walked.end());
  EXPECT_EQ(page->events, walked);
  store.store.reset();
  SharedClock clock;
  Metrics metrics;
  const auto reader = Store::open_to_read(store.dir, store.options, clock, metrics);
  ASSERT_TRUE(reader) << reader.error().text;
  std::size_t count = 0;
  ASSERT_TRUE((*reader)->each_event([&](const Event&) -> Result<bool> { return ++count < 3; }));
  EXPECT_EQ(3u, count);
}

}  // namespace
}  // namespace bongsu::store
