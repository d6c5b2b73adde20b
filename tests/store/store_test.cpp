// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <thread>

#include "model/marker.h"
#include "store/fixture.h"

namespace bongsu::store {
namespace {

const std::vector<Matcher> kEverything;

std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

void put(Opened& store, SeriesId series, std::int64_t after_start_ms, double value) {
  const Point point{series, {at(after_start_ms), value}};
  ASSERT_TRUE(store->append(std::span(&point, 1)));
}

// "ms=value ..." of the one series there is in [from, to].
std::string shown(const Opened& store, std::int64_t from = 0, std::int64_t to = 100 * kDay) {
  const auto found = store->select(kEverything, at(from), at(to));
  if (!found) return found.error().text;
  std::string out;
  for (const Series& series : *found) {
    if (!out.empty()) out += "| ";
    for (const Sample& sample : series.samples) {
      out += std::to_string(to_ms(sample.at) - kStart) + "=" + std::to_string(static_cast<int>(sample.value)) + " ";
    }
  }
  return out;
}

double metric(Opened& store, std::string_view name, std::string_view value = {}) {
  double sum = 0;
  store.metrics.each([&](std::string_view n, const MetricLabels& labels, double v) {
    if (n == name && (value.empty() || (!labels.empty() && labels[0].second == value))) sum += v;
  });
  return sum;
}

TEST(Store, ReadsBackAtOnceAndAfterReopening) {
  const Folder scratch;
  Opened store(scratch.path());
  const SeriesId up = *store->series({{"__name__", "up"}, {"device", "a"}});
  put(store, up, 0, 1);
  put(store, up, 1000, 2);
  EXPECT_EQ("0=1 1000=2 ", shown(store));
  EXPECT_EQ("1000=2 ", shown(store, 1, 1000));
  EXPECT_EQ("", shown(store, 1001));
  store.reopen();
  EXPECT_EQ("0=1 1000=2 ", shown(store));
  EXPECT_EQ(up, *store->series({{"__name__", "up"}, {"device", "a"}}));
  EXPECT_NE(up, *store->series({{"__name__", "up"}, {"device", "b"}}));
  put(store, up, 2000, 3);
  store.reopen();
  EXPECT_EQ("0=1 1000=2 2000=3 ", shown(store));
  EXPECT_EQ((std::vector<std::string>{"a", "b"}), *store->label_values("device"));
  EXPECT_EQ((std::vector<std::string>{"__name__", "device"}), *store->label_names());
  EXPECT_EQ(0, metric(store, "bongsu_store_lost_records_total"));
}

TEST(Store, OfTwoWithOneTimeTheLastStays) {
  const Folder scratch;
  Opened store(scratch.path());
  const SeriesId up = *store->series({{"__name__", "up"}});
  for (int i = 0; i < 300; ++i) put(store, up, i * 10'000, i);
  put(store, up, 2'990'000, 1000);  // newest
  put(store, up, 2'500'000, 1001);  // in the open chunk
  put(store, up, 100'000, 1002);    // in a sealed chunk
  put(store, up, 100'000, 1003);
  const auto check = [&] {
    EXPECT_EQ("100000=1003 ", shown(store, 100'000, 100'000));
    EXPECT_EQ("2490000=249 2500000=1001 2510000=251 ", shown(store, 2'490'000, 2'510'000));
    EXPECT_EQ("2990000=1000 ", shown(store, 2'990'000));
    EXPECT_EQ(300u, store->select(kEverything, at(0), at(kDay))->front().samples.size());
  };
  check();
  ASSERT_TRUE(store->flush());
  check();
  store.reopen();
  check();
  for (int i = 300; i < 600; ++i) put(store, up, i * 10'000, i);  // seals the late ones
  store.reopen();
  EXPECT_EQ("100000=1003 ", shown(store, 100'000, 100'000));
  EXPECT_EQ(600u, store->select(kEverything, at(0), at(kDay))->front().samples.size());
}

TEST(Store, TakesPointsUpToAnHourLateAndCountsOthers) {
  const Folder scratch;
  Opened store(scratch.path());
  const SeriesId up = *store->series({{"__name__", "up"}});
  store.clock.advance(std::chrono::hours(24));
  const std::vector<Point> points{{up, {at(3 * kHour), 1}},     {up, {at(2 * kHour), 2}},  // an hour: taken
                                  {up, {at(2 * kHour - 1), 3}},                            // older: not
                                  {up, {at(2 * kDay), 4}},                                 // a day ahead: taken
                                  {up, {at(2 * kDay + 1), 5}},                             // further: not
                                  {up, {time_from_ms(-1), 6}}};
  ASSERT_TRUE(store->append(points));
  EXPECT_EQ(std::to_string(2 * kHour) + "=2 " + std::to_string(3 * kHour) + "=1 " + std::to_string(2 * kDay) + "=4 ",
            shown(store));
  EXPECT_EQ(1, metric(store, "bongsu_store_refused_total", "too_old"));
  EXPECT_EQ(1, metric(store, "bongsu_store_refused_total", "future"));
  EXPECT_EQ(1, metric(store, "bongsu_store_refused_total", "before_1970"));
  // The clock is what counts where the newest sample is ahead of it: the series is not shut.
  put(store, up, kDay, 7);
  store.reopen();
  EXPECT_EQ(std::to_string(kDay) + "=7 ", shown(store, kDay, kDay));
}

TEST(Store, KeepsMarkersBitForBit) {
  const Folder scratch;
  Opened store(scratch.path());
  const SeriesId up = *store->series({{"__name__", "up"}});
  const std::vector<double> values{1,   stale_marker(), gap_marker(GapCause::Timeout), gap_marker(GapCause::Unreachable), -0.0,
                                   0.25};
  for (int round = 0; round < 60; ++round) {
    for (std::size_t i = 0; i < values.size(); ++i) put(store, up, (round * 6 + static_cast<int>(i)) * 1000, values[i]);
  }
  store.reopen();
  const auto found = store->select(kEverything, at(0), at(kDay));
  ASSERT_TRUE(found);
  ASSERT_EQ(360u, found->front().samples.size());
  for (std::size_t i = 0; i < 360; ++i) EXPECT_EQ(bits(values[i % 6]), bits(found->front().samples[i].value)) << i;
}

TEST(Store, SelectsByMatchersAndAcrossDays) {
  const Folder scratch;
  Opened store(scratch.path());
  std::vector<SeriesId> ids;
  for (int i = 0; i < 600; ++i) {  // more than two blocks
    ids.push_back(*store->series({{"__name__", i % 2 ? "odd" : "even"}, {"n", std::to_string(i)}}));
  }
  for (int hour = 0; hour < 80; ++hour) {
    store.clock.advance(std::chrono::hours(1));
    std::vector<Point> points;
    for (int i = 0; i < 600; i += 3) points.push_back({ids[static_cast<std::size_t>(i)], {at(hour * kHour), hour + i * 1000.0}});
    ASSERT_TRUE(store->append(points));
  }
  store.reopen();
  const std::vector<Matcher> some{{Matcher::Op::Equal, "__name__", "odd"}, {Matcher::Op::Regex, "n", "3|4|9|15|599"}};
  const auto found = store->select(some, at(5 * kHour), at(70 * kHour));
  ASSERT_TRUE(found);
  ASSERT_EQ(3u, found->size());  // 3, 9 and 15; 4 is even, 599 has no samples
  EXPECT_EQ("15", (*found)[0].labels->get("n"));
  EXPECT_EQ("3", (*found)[1].labels->get("n"));
  for (const Series& series : *found) {
    ASSERT_EQ(66u, series.samples.size());
    for (std::size_t i = 0; i < 66; ++i) EXPECT_EQ(at(static_cast<std::int64_t>(i + 5) * kHour), series.samples[i].at);
  }
  EXPECT_EQ(3u, store->find(some, at(0), at(kDay))->size());
  EXPECT_EQ(0u, store->find(some, at(kHour + 1), at(2 * kHour - 1))->size());  // between two samples
  EXPECT_EQ(3u, store->find(some, at(kHour + 1), at(2 * kHour))->size());
  EXPECT_EQ(200u, store->find(kEverything, Time::min(), Time::max())->size());
  EXPECT_EQ(Code::Limit, store->select(kEverything, Time::min(), Time::max(), {.max_series = 199}).error().code);
  EXPECT_EQ(Code::Limit, store->select(kEverything, Time::min(), Time::max(), {.max_samples = 15'999}).error().code);
  EXPECT_TRUE(store->select(kEverything, Time::min(), Time::max(), {.max_samples = 16'000}));
  const std::vector<Matcher> bad{{Matcher::Op::Regex, "n", "["}};
  EXPECT_EQ(Code::Invalid, store->select(bad, at(0), at(1)).error().code);
}

TEST(Store, RefusesAWholeBatchForAnUnknownSeries) {
  const Folder scratch;
  Opened store(scratch.path());
  EXPECT_EQ(Code::Invalid, store->series({{"device", "a"}}).error().code);
  const SeriesId up = *store->series({{"__name__", "up"}});
  for (const std::uint64_t wrong : {std::uint64_t{1}, std::uint64_t{5000}, UINT64_MAX, std::uint64_t{1} << 32}) {
    const std::vector<Point> points{{up, {at(1), 1}}, {SeriesId{wrong}, {at(1), 1}}};
    EXPECT_EQ(Code::NotFound, store->append(points).error().code) << wrong;
  }
  EXPECT_EQ("", shown(store));
}

TEST(Store, DropsDaysAndIdleSeriesWhenTheirTimeIsOver) {
  const Folder scratch;
  Opened store(
      scratch.path(),
      {.raw_retention = std::chrono::hours(24 * 7), .five_minute_retention = Millis(kDay), .hour_retention = Millis(kDay)});
  const SeriesId old = *store->series({{"__name__", "old"}});
  const SeriesId live = *store->series({{"__name__", "live"}});
  for (int hour = 0; hour < 20 * 24; ++hour) {
    if (hour < 24) put(store, old, hour * kHour, hour);
    put(store, live, hour * kHour, hour);
    store.clock.advance(std::chrono::hours(1));
    if (hour % 12 == 0) {
      ASSERT_TRUE(store->flush());
    }
  }
  ASSERT_TRUE(store->flush());
  const auto check = [&](std::size_t most) {
    const auto found = store->select(kEverything, at(0), at(100 * kDay));
    ASSERT_TRUE(found);
    ASSERT_EQ(1u, found->size());
    EXPECT_EQ("live", found->front().labels->metric());
    EXPECT_GE(found->front().samples.size(), 7 * 24u);  // all that must be kept
    EXPECT_LE(found->front().samples.size(), most);     // and at most a day more
    EXPECT_EQ((std::vector<std::string>{"live"}), *store->label_values("__name__"));
  };
  check(8 * 24 + 6);
  const Point late{old, {at(20 * kDay), 1}};
  EXPECT_EQ(Code::NotFound, store->append(std::span(&late, 1)).error().code);
  store.reopen();
  check(8 * 24 + 6);
  const SeriesId again = *store->series({{"__name__", "old"}});
  EXPECT_NE(old, again);
  EXPECT_NE(live, again);
}

TEST(Store, AJumpOfTheClockDropsNothing) {
  const Folder scratch;
  Opened store(scratch.path());
  const SeriesId up = *store->series({{"__name__", "up"}});
  put(store, up, 0, 1);
  ASSERT_TRUE(store->flush());
  store.clock.step_wall(std::chrono::hours(24 * 365));
  ASSERT_TRUE(store->flush());
  store.clock.step_wall(-std::chrono::hours(24 * 365));
  ASSERT_TRUE(store->flush());
  EXPECT_EQ("0=1 ", shown(store));
}

TEST(Store, IsHeldByOneProcessAtATime) {
  const Folder scratch;
  Opened store(scratch.path());
  Metrics metrics;
  const auto second = Store::open(scratch.path(), {}, store.clock, metrics);
  ASSERT_FALSE(second);
  EXPECT_EQ(Code::Unavailable, second.error().code);
  EXPECT_NE(std::string::npos, second.error().text.find("process " + std::to_string(::getpid()))) << second.error().text;
  EXPECT_NE(std::string::npos, second.error().text.find("`data:`")) << second.error().text;
}

TEST(Store, SaysWhyADirectoryCannotBeUsed) {
  SharedClock clock;
  Metrics metrics;
  const auto opened = Store::open("/proc/bongsu-is-not-here", {}, clock, metrics);
  ASSERT_FALSE(opened);
  EXPECT_EQ(Code::Io, opened.error().code);
  EXPECT_NE(std::string::npos, opened.error().text.find("/proc/bongsu-is-not-here")) << opened.error().text;
}

std::vector<Event> lines(int from, int to, EventKind kind = EventKind::Syslog) {
  std::vector<Event> events;
  for (int i = from; i < to; ++i) {
    events.push_back({.kind = kind,
                      .severity = i % 10 == 0 ? Severity::Danger : Severity::Normal,
                      .syslog_severity = static_cast<std::int8_t>(i % 8),
                      .received = at(i * 1000),
                      .device = "d" + std::to_string(i % 3),
                      .app = "sshd",
                      .text = "line " + std::to_string(i)});
  }
  return events;
}

std::vector<std::uint64_t> ids(const Opened& store, EventQuery query) {
  std::vector<std::uint64_t> all;
  for (int pages = 0; pages < 100'000; ++pages) {
    const auto page = store->search(query);
    if (!page) {
      ADD_FAILURE() << page.error().text;
      break;
    }
    for (const Event& event : page->events) all.push_back(event.id);
    if (page->next == 0) break;
    query.before_id = page->next;
  }
  return all;
}

TEST(Store, SearchesEventsNewestFirstWhetherTheyWaitOrNot) {
  const Folder scratch;
  Opened store(scratch.path());
  ASSERT_TRUE(store->append(lines(0, 1500)));
  std::vector<Event> mixed = lines(1500, 1510);
  for (std::size_t i = 0; i < mixed.size(); i += 2) mixed[i].kind = EventKind::State;
  ASSERT_TRUE(store->append(mixed));
  const auto check = [&] {
    const auto all = ids(store, {.limit = 7});
    ASSERT_EQ(1510u, all.size());
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(1510 - i, all[i]);
    EXPECT_EQ(1505u, ids(store, {.kinds = {EventKind::Syslog}, .limit = 1505}).size());
    EXPECT_EQ((std::vector<std::uint64_t>{1509, 1507, 1505, 1503, 1501}), ids(store, {.kinds = {EventKind::State}}));
    EXPECT_EQ((std::vector<std::uint64_t>{13, 12, 11}), ids(store, {.from = at(10'000), .to = at(13'000)}));
    EXPECT_EQ((std::vector<std::uint64_t>{778}), ids(store, {.words = {"LINE 777", "SSH*"}}));
    EXPECT_EQ(151u, ids(store, {.min_severity = Severity::Danger, .limit = 10}).size());
    EXPECT_EQ(504u, ids(store, {.device = "d0", .limit = 100}).size());
    EXPECT_EQ(189u, ids(store, {.max_syslog_severity = 0, .limit = 100}).size());
    EXPECT_TRUE(ids(store, {.limit = 0}).empty());
    const auto last = store->search({.limit = 2, .before_id = 3});
    EXPECT_EQ(0u, last->next);
    EXPECT_EQ(mixed[9].text, store->search({.limit = 1})->events[0].text);
  };
  check();
  ASSERT_TRUE(store->flush());
  check();
  store.reopen();
  check();
  ASSERT_TRUE(store->append(lines(0, 1)));
  EXPECT_EQ(1511u, ids(store, {.limit = 1000}).front());
}

TEST(Store, CommitsStateTogetherWithItsEvents) {
  const Folder scratch;
  Opened store(scratch.path());
  ASSERT_TRUE(store->append(lines(0, 3)));
  StateBatch batch;
  batch.put("alarm", "b", std::string("2\0x", 3));
  batch.put("alarm", "a", "1");
  batch.put("alarms", "a", "of another table");
  batch.events = lines(3, 5, EventKind::Alarm);
  ASSERT_TRUE(store->commit(batch));
  ASSERT_TRUE(store->append(lines(5, 6, EventKind::Alarm)));
  const auto check = [&] {
    std::string seen;
    ASSERT_TRUE(store->scan("alarm", "", [&](std::string_view key, std::string_view value) {
      seen += std::string(key) + "=" + std::string(value) + ";";
      return true;
    }));
    EXPECT_EQ(std::string("a=1;b=2\0x;", 10), seen);
    EXPECT_EQ("of another table", *store->get("alarms", "a"));
    EXPECT_EQ((std::vector<std::uint64_t>{6, 5, 4, 3, 2, 1}), ids(store, {.limit = 2}));
    EXPECT_EQ((std::vector<std::uint64_t>{6, 5, 4}), ids(store, {.kinds = {EventKind::Alarm}}));
  };
  check();
  store.reopen();
  check();
  int visited = 0;
  ASSERT_TRUE(store->scan("alarm", "", [&](std::string_view, std::string_view) { return ++visited < 1; }));
  EXPECT_EQ(1, visited);
  StateBatch gone;
  gone.erase("alarm", "a");
  gone.erase("alarm", "never");
  ASSERT_TRUE(store->commit(gone));
  EXPECT_EQ(std::nullopt, *store->get("alarm", "a"));
  StateBatch wrong;
  wrong.put(std::string("a\0b", 3), "k", "v");
  EXPECT_EQ(Code::Invalid, store->commit(wrong).error().code);
}

TEST(Store, DropsLogsBeforeOtherEvents) {
  const Folder scratch;
  Opened store(scratch.path(), {.log_retention = std::chrono::hours(24), .event_retention = std::chrono::hours(24 * 10)});
  ASSERT_TRUE(store->append(lines(0, 10)));
  ASSERT_TRUE(store->append(lines(10, 20, EventKind::Alarm)));
  ASSERT_TRUE(store->flush());
  store.clock.advance(std::chrono::hours(25));
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(10u, ids(store, {}).size());
  store.clock.advance(std::chrono::hours(24 * 10));
  ASSERT_TRUE(store->flush());
  EXPECT_EQ(0u, ids(store, {}).size());
  store.reopen();
  ASSERT_TRUE(store->append(lines(0, 1)));
  EXPECT_EQ((std::vector<std::uint64_t>{21}), ids(store, {}));  // a number is never given twice
}

TEST(Store, RefusesWhatWouldNotFitIntoTheQueues) {
  const Folder scratch;
  Opened store(scratch.path(), {.max_pending = 4096});
  const SeriesId up = *store->series({{"__name__", "up"}});
  const std::vector<Point> many(200, Point{up, {at(0), 1}});
  EXPECT_EQ(Code::Limit, store->append(many).error().code);
  EXPECT_EQ(Code::Limit, store->append(lines(0, 100)).error().code);
  EXPECT_EQ(200, metric(store, "bongsu_store_refused_total", "points_queue_full"));
  EXPECT_EQ(100, metric(store, "bongsu_store_refused_total", "events_queue_full"));
  EXPECT_EQ("", shown(store));
  put(store, up, 0, 1);
  EXPECT_EQ("0=1 ", shown(store));
}

TEST(Store, TakesAndAnswersFromManyThreads) {
  const Folder scratch;
  Opened store(scratch.path(), {.flush_interval = Millis(1)});
  constexpr int kRounds = 600;
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      for (int round = 0; round < kRounds; ++round) {
        std::vector<Point> points;
        for (int i = 0; i < 20; ++i) {
          const auto id =
              store->series({{"__name__", "m"}, {"w", std::to_string(writer)}, {"n", std::to_string(i + round / 100)}});
          ASSERT_TRUE(id);
          points.push_back({*id, {at(round * 1000), static_cast<double>(round)}});
        }
        ASSERT_TRUE(store->append(points));
        ASSERT_TRUE(store->append(lines(round, round + 1)));
        if (round % 100 == 0) store.clock.advance(std::chrono::minutes(11));
      }
    });
  }
  threads.emplace_back([&] {
    for (int round = 0; round < 100; ++round) {
      StateBatch batch;
      batch.put("t", "k", std::to_string(round));
      batch.events = lines(round, round + 1, EventKind::Alarm);
      ASSERT_TRUE(store->commit(batch));
      ASSERT_EQ(std::to_string(round), *store->get("t", "k"));
    }
  });
  threads.emplace_back([&] {
    std::size_t most = 0;
    for (int round = 0; round < 100; ++round) {
      const auto found = store->select(kEverything, at(0), at(kDay));
      ASSERT_TRUE(found);
      std::size_t samples = 0;
      for (const Series& series : *found) samples += series.samples.size();
      ASSERT_GE(samples, most);  // what was seen once does not go away
      most = samples;
      const auto all = ids(store, {.limit = 50});
      ASSERT_TRUE(std::is_sorted(all.rbegin(), all.rend()));
      ASSERT_TRUE(std::adjacent_find(all.begin(), all.end()) == all.end());
      static_cast<void>(store->health());
    }
  });
  for (std::thread& thread : threads) thread.join();
  const auto check = [&] {
    std::size_t samples = 0;
    const auto found = store->select(kEverything, at(0), at(kDay));
    ASSERT_TRUE(found);
    for (const Series& series : *found) samples += series.samples.size();
    EXPECT_EQ(2u * kRounds * 20, samples);
    EXPECT_EQ(2u * kRounds + 100, ids(store, {.limit = 500}).size());
  };
  check();
  store.reopen();
  check();
}

TEST(Store, TrimsTheHeadLogOnceItsPointsAreSaved) {
  const Folder scratch;
  Opened store(scratch.path());
  const SeriesId up = *store->series({{"__name__", "up"}});
  for (int i = 0; i < 200; ++i) {
    put(store, up, i * kMinute, i);
    store.clock.advance(std::chrono::minutes(1));
    ASSERT_TRUE(store->flush());
  }
  store.reopen();
  EXPECT_EQ(200u, store->select(kEverything, at(0), at(kDay))->front().samples.size());
  EXPECT_EQ(0, metric(store, "bongsu_store_lost_records_total"));
  EXPECT_EQ("", store->health().problem);
}

}  // namespace
}  // namespace bongsu::store
