// SPDX-License-Identifier: Apache-2.0
#include "app/transfer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <sstream>

#include "folder.h"
#include "model/marker.h"

namespace bongsu::app {
namespace {

constexpr std::int64_t kStart = 1'700'000'000'000;
Time at(std::int64_t ms) { return time_from_ms(kStart + ms); }

struct Scratch {
  explicit Scratch(std::string_view name) : path(folder / name) {
    store::StoreOptions options{.memory = 32 << 20};
    options.raw_retention = options.log_retention = options.event_retention = std::chrono::hours(24 * 36500);
    auto opened = store::Store::open(path, options, clock, metrics);
    if (!opened) throw std::runtime_error(opened.error().text);
    store = *std::move(opened);
  }
  store::Store* operator->() const { return store.get(); }
  static inline const Folder folder;
  SystemClock clock;
  Metrics metrics;
  std::filesystem::path path;
  std::unique_ptr<store::Store> store;
};

std::string exported(const Scratch& from, ExportSpec spec, Moved* moved = nullptr) {
  std::string out;
  const auto extent = from->extent();
  if (spec.to == Time{}) spec.to = extent->newest.value_or(Time{});
  if (spec.from == Time{}) spec.from = extent->oldest.value_or(Time{});
  const auto told = export_points(
      *from.store, spec, [&](std::string_view text) -> Status { return out += text, Status(); }, [](double) {});
  EXPECT_TRUE(told) << told.error().text;
  if (moved != nullptr) *moved = *told;
  return out;
}

Moved imported(Scratch& into, const std::string& text) {
  Importer importer(*into.store);
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) EXPECT_TRUE(importer.line(line));
  EXPECT_TRUE(importer.finish());
  return importer.moved();
}

// Everything, with the bits of the values.
std::map<std::string, std::vector<std::pair<std::int64_t, std::uint64_t>>> all_of(const Scratch& store) {
  std::map<std::string, std::vector<std::pair<std::int64_t, std::uint64_t>>> out;
  const auto found = store->select({}, at(-1'000'000'000'000), at(1'000'000'000'000));
  EXPECT_TRUE(found) << found.error().text;
  for (const Series& series : *found) {
    for (const Sample& sample : series.samples)
      out[series.labels->to_string()].emplace_back(to_ms(sample.at), std::bit_cast<std::uint64_t>(sample.value));
  }
  return out;
}

void fill(Scratch& store) {
  const double values[] = {0,        -0.0,     1, 0.1, -273.15, 1e300, 5e-324, 18446744073709551615.0, 9007199254740993.0,
                           HUGE_VAL, -HUGE_VAL};
  const SeriesId odd = *store->series({{"__name__", "odd"}, {"device", "a\"b\\c\nd"}, {"text", "\xec\x97\xb0\xff"}});
  std::vector<Point> points;
  std::int64_t t = 0;
  for (const double value : values) points.push_back({odd, {at(t += 60'001), value}});
  points.push_back({odd, {at(t += 1), stale_marker()}});
  for (int cause = 1; cause <= static_cast<int>(GapCause::Unreachable); ++cause)
    points.push_back({odd, {at(t += 1), gap_marker(static_cast<GapCause>(cause))}});
  for (int n = 0; n < 100; ++n) {
    const SeriesId id = *store->series({{"__name__", "up"}, {"n", std::to_string(n)}});
    for (std::int64_t i = 0; i < 900; ++i) points.push_back({id, {at(i * 60'000), static_cast<double>(n + i)}});
  }
  ASSERT_TRUE(store->append(points));
}

TEST(Transfer, JsonLinesBringEveryBitBack) {
  Scratch from("json-from"), into("json-into");
  fill(from);
  Moved moved;
  const std::string text = exported(from, {}, &moved);
  EXPECT_EQ(0u, moved.markers_left_out);
  const Moved taken = imported(into, text);
  EXPECT_EQ(moved.points, taken.points);
  EXPECT_EQ(0u, taken.refused);
  EXPECT_EQ(0u, taken.bad_lines) << taken.complaints.front();
  const auto before = all_of(from);
  EXPECT_EQ(101u, before.size());
  EXPECT_EQ(before, all_of(into));
  // Once more changes nothing.
  EXPECT_EQ(moved.points, imported(into, text).points);
  EXPECT_EQ(before, all_of(into));
}

TEST(Transfer, OpenMetricsIsWhatOthersRead) {
  Scratch from("metrics-from"), into("metrics-into");
  const SeriesId a = *from->series({{"__name__", "load1"}, {"device", "a\"b\\c\nd"}});
  const SeriesId b = *from->series({{"__name__", "up"}});
  const Point points[] = {{a, {at(0), 0.5}}, {a, {at(60'250), stale_marker()}}, {a, {at(120'250), -1}}, {b, {at(0), 1}}};
  ASSERT_TRUE(from->append(points));
  Moved moved;
  const std::string text = exported(from, {.form = PointForm::OpenMetrics}, &moved);
  EXPECT_EQ(
      "# TYPE load1 unknown\n"
      "load1{device=\"a\\\"b\\\\c\\nd\"} 0.5 1700000000.000\n"
      "load1{device=\"a\\\"b\\\\c\\nd\"} -1 1700000120.250\n"
      "# TYPE up unknown\n"
      "up 1 1700000000.000\n"
      "# EOF\n",
      text);
  EXPECT_EQ(3u, moved.points);
  EXPECT_EQ(1u, moved.markers_left_out);
  EXPECT_EQ(3u, imported(into, text).points);
  EXPECT_EQ(text, exported(into, {.form = PointForm::OpenMetrics}));
}

TEST(Transfer, OnlyWhatWasAskedFor) {
  Scratch from("match");
  fill(from);
  Moved moved;
  exported(from, {.matchers = {{Matcher::Op::Equal, "n", "7"}}, .from = at(60'000), .to = at(600'000)}, &moved);
  EXPECT_EQ(10u, moved.points);
  exported(from,
           {.matchers = {{Matcher::Op::Equal, "n", "7"}}, .from = at(60'000), .to = at(600'000), .form = PointForm::OpenMetrics},
           &moved);
  EXPECT_EQ(10u, moved.points);
}

TEST(Transfer, TakesWhatPrometheusWritesToo) {
  Scratch into("prometheus");
  const Moved moved = imported(into,
                               "# HELP a help\n# TYPE a counter\n"
                               "a_total 5 1700000000.5 # {trace_id=\"x\"} 1\n"
                               "b{x=\"1\",} +Inf 1700000000123\n"
                               "b{ x = \"2\" } NaN 1700000000\n"
                               "# EOF\n");
  EXPECT_EQ(3u, moved.points) << (moved.complaints.empty() ? "" : moved.complaints.front());
  const auto all = all_of(into);
  EXPECT_EQ((std::pair<std::int64_t, std::uint64_t>(kStart + 500, std::bit_cast<std::uint64_t>(5.0))), all.at("a_total").front());
  EXPECT_EQ(kStart + 123, all.at("b{x=\"1\"}").front().first);
  EXPECT_TRUE(all.contains("b{x=\"2\"}"));
}

TEST(Transfer, SaysWhatItDoesNotTake) {
  Scratch into("wrong");
  const auto complains = [&](const std::string& line, std::string_view text) {
    SCOPED_TRACE(line);
    const Moved moved = imported(into, "up 1 1700000000\n" + line + "\nup 2 1700000060\n");
    EXPECT_EQ(1u, moved.bad_lines);
    EXPECT_EQ(2u, moved.points);
    ASSERT_EQ(1u, moved.complaints.size());
    EXPECT_EQ(0u, moved.complaints.front().find("line 2: ")) << moved.complaints.front();
    EXPECT_NE(std::string::npos, moved.complaints.front().find(text)) << moved.complaints.front();
  };
  complains("up 1", "no time stamp");
  complains("up one 1700000000", "not a value");
  complains("up 1 yesterday", "not a time stamp");
  complains("up{a=\"b} 1 1700000000", "without its end");
  complains("up{a=b} 1 1700000000", "labels");
  complains("{\"metric\":", "not a JSON object");
  complains("{\"metric\":{\"__name__\":\"up\"},\"values\":[1],\"timestamps\":[]}", "as many");
  complains("{\"metric\":{\"__name__\":\"up\"},\"values\":[\"x\"],\"timestamps\":[1]}", "not a value");
  complains("{\"metric\":{\"__name__\":\"up\"},\"values\":[1],\"timestamps\":[1.5]}", "not a time");
  complains("{\"metric\":{\"device\":\"up\"},\"values\":[1],\"timestamps\":[1]}", "metric name");
  complains("{\"kind\":\"party\"}", "\"kind\"");
  complains("{\"kind\":\"syslog\",\"received\":\"late\"}", "\"received\"");
  const Moved refused = imported(into, "up 1 -5\nup 1 99999999999\n");
  EXPECT_EQ(2u, refused.refused);
  EXPECT_EQ(0u, refused.points);
}

TEST(Transfer, EventsComeBackAsTheyWere) {
  Scratch from("events-from"), into("events-into");
  Event whole{.kind = EventKind::Trap,
              .severity = Severity::Danger,
              .syslog_severity = 3,
              .facility = 23,
              .clean = false,
              .received = at(0),
              .device_time = at(-5000),
              .device = "db1",
              .sender = "192.0.2.7",
              .host = "db",
              .app = "1.3.6.1",
              .process = "12",
              .message_id = "ID",
              .text = "\xec\x97\xb0\xea\xb2\xb0 \xff\x01",
              .fields = {{"a.b", "c"}, {"a.b", "\xfe"}},
              .raw = std::string("\0\xff\n", 3)};
  ASSERT_TRUE(from->append(std::vector<Event>{whole, Event{.received = at(1)}, whole}));
  ASSERT_TRUE(from->flush());
  std::string text;
  const auto moved =
      export_events(*from.store, Time{}, Time::max(), [&](std::string_view more) -> Status { return text += more, Status(); });
  ASSERT_TRUE(moved);
  EXPECT_EQ(3u, moved->events);
  const Moved taken = imported(into, text);
  EXPECT_EQ(3u, taken.events) << (taken.complaints.empty() ? "" : taken.complaints.front());
  EXPECT_EQ(from->search({})->events, into->search({})->events);
  std::string some;
  ASSERT_TRUE(export_events(*from.store, at(1), at(1), [&](std::string_view more) -> Status { return some += more, Status(); }));
  EXPECT_EQ(1, std::count(some.begin(), some.end(), '\n'));
}

}  // namespace
}  // namespace bongsu::app
