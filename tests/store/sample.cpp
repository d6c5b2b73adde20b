// SPDX-License-Identifier: Apache-2.0
#include "store/sample.h"

#include <bit>
#include <map>

#include "model/marker.h"
#include "model/rollup.h"

namespace bongsu::store {
namespace {

Labels sample_labels(int series) {
  return {{"__name__", series % 3 == 0 ? "ifHCInOctets" : "temperature"},
          {"device", "sw" + std::to_string(series / 10)},
          {"port", "Gi1/0/" + std::to_string(series)},
          {"alias", series % 2 == 0 ? "" : "업링크 \"" + std::to_string(series)}};
}

std::optional<Point> sample_point(SeriesId id, int series, int minute) {
  if (series % 50 == 7 && minute > 100) return std::nullopt;  // it ends
  if ((series + minute) % 97 == 0) return std::nullopt;       // a hole
  const std::int64_t jitter = series % 4 == 0 ? 0 : (series * 31 + minute * 17) % 50;
  double value = 0;
  if (series % 3 == 0) value = 1e9 + 1234.0 * minute * (series + 1) + (minute * minute) % 977;
  else if (series % 3 == 1) value = 20 + 0.5 * ((minute * 7 + series) % 13);
  else value = (minute * 0.1 + series) / 3;
  if ((series + minute) % 89 == 0) value = gap_marker(GapCause::Timeout);
  if (series % 50 == 7 && minute == 100) value = stale_marker();
  return Point{id, {at(minute * kMinute + jitter), value}};
}

std::vector<Event> sample_events(int from, int to) {
  std::vector<Event> events;
  for (int i = from; i < to; ++i) {
    Event event{.kind = static_cast<EventKind>(1 + (i % 10 == 0 ? 1 + i / 10 % 5 : 0)),
                .severity = static_cast<Severity>(i % 7 - 1),
                .syslog_severity = static_cast<std::int8_t>(i % 9 - 1),
                .facility = static_cast<std::int8_t>(i % 25 - 1),
                .clean = i % 11 != 0,
                .received = at(i * 700),
                .device = i % 5 == 0 ? "" : "sw" + std::to_string(i % 30),
                .sender = i % 2 == 0 ? "192.0.2." + std::to_string(i % 250) : "2001:db8::" + std::to_string(i),
                .host = "host" + std::to_string(i % 30),
                .app = i % 3 == 0 ? "sshd" : "kernel",
                .process = i % 3 == 0 ? std::to_string(1000 + i) : "",
                .message_id = i % 17 == 0 ? "ID47" : "",
                .text = "Line " + std::to_string(i) + " from 10.1." + std::to_string(i % 256) + ".7: 연결 실패"};
    if (i % 4 == 0) event.device_time = at(i * 700 - 90 * i);
    if (i % 6 == 0) event.fields = {{"origin.ip", "192.0.2.9"}, {"seq", std::to_string(i)}};
    if (!event.clean) event.raw = std::string("<13>\0\xff raw ", 11) + std::to_string(i);
    events.push_back(std::move(event));
  }
  return events;
}

constexpr int kEvents = 1500;

}  // namespace

void write_sample(Opened& store) {
  std::vector<SeriesId> ids;
  for (int series = 0; series < kSampleSeries; ++series) {
    const auto id = store->series(sample_labels(series));
    ASSERT_TRUE(id);
    ids.push_back(*id);
  }
  const auto put = [&](int minute, bool late) {
    std::vector<Point> points;
    for (int series = 0; series < kSampleSeries; ++series) {
      if ((series % 20 == 3 && minute % 10 == 5) != late) continue;
      if (const auto point = sample_point(ids[static_cast<std::size_t>(series)], series, minute)) points.push_back(*point);
    }
    ASSERT_TRUE(store->append(points));
  };
  for (int minute = 0; minute < kSampleMinutes; ++minute) {
    put(minute, false);
    if (minute % 10 == 9) put(minute - 4, true);
    store.clock.advance(std::chrono::minutes(1));
    if (minute == 180) store.reopen();
  }
  for (int i = 0; i < kEvents; i += 100) {
    ASSERT_TRUE(store->append(sample_events(i, i + 100)));
    if (i % 400 == 0) {
      ASSERT_TRUE(store->flush());
    }
    if (i == 1200) store.reopen();
  }
  StateBatch batch;
  batch.put("alarm", "a", std::string("one\0two", 7));
  batch.put("outbox", "b", "");
  batch.events.push_back({.kind = EventKind::Alarm, .severity = Severity::Danger, .received = at(0), .text = "rose"});
  ASSERT_TRUE(store->commit(batch));
  ASSERT_TRUE(store->flush());
}

void expect_sample(const Opened& store) {
  const auto found = store.store->select({}, Time{}, at(400 * kMinute));
  ASSERT_TRUE(found) << found.error().text;
  std::map<Labels, std::vector<Sample>> expected;
  for (int series = 0; series < kSampleSeries; ++series) {
    auto& samples = expected[sample_labels(series)];
    for (int minute = 0; minute < kSampleMinutes; ++minute) {
      if (const auto point = sample_point({}, series, minute)) samples.push_back(point->sample);
    }
  }
  ASSERT_EQ(expected.size(), found->size());
  std::size_t place = 0;
  for (const auto& [labels, samples] : expected) {
    SCOPED_TRACE(labels.to_string());
    const Series& got = (*found)[place++];
    ASSERT_EQ(labels, *got.labels);
    ASSERT_EQ(samples.size(), got.samples.size());
    for (std::size_t i = 0; i < samples.size(); ++i) {
      ASSERT_EQ(samples[i].at, got.samples[i].at);
      ASSERT_EQ(std::bit_cast<std::uint64_t>(samples[i].value), std::bit_cast<std::uint64_t>(got.samples[i].value));
    }
  }

  const auto windows = store.store->select_rollup({}, at(0) - Millis(60 * kMinute), at(240 * kMinute), Resolution::FiveMinutes);
  ASSERT_TRUE(windows) << windows.error().text;
  ASSERT_EQ(expected.size(), windows->size());
  const auto same = [](double a, double b) { return a == b || (a != a && b != b); };
  place = 0;
  for (const auto& [labels, samples] : expected) {
    SCOPED_TRACE(labels.to_string());
    const std::vector<Bucket>& got = (*windows)[place++].buckets;
    const auto made = roll_up(samples, at(0) - Millis(60 * kMinute), at(240 * kMinute), Resolution::FiveMinutes);
    ASSERT_EQ(made.size(), got.size());
    for (std::size_t i = 0; i < made.size(); ++i) {
      const Bucket &a = made[i], &b = got[i];
      ASSERT_TRUE(a.end == b.end && a.count == b.count && a.stale == b.stale && same(a.min, b.min) && same(a.max, b.max) &&
                  same(a.sum, b.sum) && same(a.last, b.last) && same(a.increase, b.increase))
          << i;
    }
  }

  const auto page = store.store->search({.limit = 5000});
  ASSERT_TRUE(page) << page.error().text;
  std::vector<Event> events = sample_events(0, kEvents);
  events.push_back({.kind = EventKind::Alarm, .severity = Severity::Danger, .received = at(0), .text = "rose"});
  ASSERT_EQ(events.size(), page->events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    Event& event = events[events.size() - 1 - i];
    event.id = events.size() - i;
    ASSERT_EQ(event, page->events[i]) << event.id;
  }

  EXPECT_EQ(std::string("one\0two", 7), *store.store->get("alarm", "a"));
  EXPECT_EQ("", *store.store->get("outbox", "b"));
}

}  // namespace bongsu::store
