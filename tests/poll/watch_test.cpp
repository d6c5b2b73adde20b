// SPDX-License-Identifier: Apache-2.0
#include "poll/watch.h"

#include <gtest/gtest.h>

#include "model/marker.h"
#include "net/sim.h"
#include "poll/slots.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;

TEST(Slots, LieApartByTheInterval) {
  const auto slot = [](std::int64_t now, Millis interval, Millis offset) {
    return to_ms(slot_before(time_from_ms(now), interval, offset));
  };
  EXPECT_EQ(60'000, slot(119'999, 60s, 0s));
  EXPECT_EQ(120'000, slot(120'000, 60s, 0s));
  EXPECT_EQ(65'000, slot(120'000, 60s, 5s));
  EXPECT_EQ(125'000, slot(125'000, 60s, 5s));
  EXPECT_EQ(-55'000, slot(-1, 60s, 5s));
  EXPECT_EQ(-60'000, slot(-60'000, 60s, 0s));
}

TEST(Slots, DevicesSpreadOverTheInterval) {
  std::array<int, 6> tenths{};
  for (int i = 0; i < 6000; ++i) {
    const Millis offset = slot_offset("device-" + std::to_string(i), 60s);
    ASSERT_LT(offset, 60s);
    ASSERT_GE(offset, 0s);
    ++tenths[static_cast<std::size_t>(offset / 10s)];
  }
  for (const int count : tenths) EXPECT_NEAR(1000, count, 150);
}

TEST(Pings, LossAndJitterAreOfTheWindow) {
  PingWindow window;
  EXPECT_EQ(0, window.loss_percent());
  EXPECT_FALSE(window.jitter_seconds());
  window.add(std::nullopt, 4);
  EXPECT_EQ(100, window.loss_percent());
  window.add(0.01, 4);
  EXPECT_EQ(50, window.loss_percent());
  EXPECT_FALSE(window.jitter_seconds());
  window.add(std::nullopt, 4);
  window.add(0.03, 4);
  EXPECT_DOUBLE_EQ(0.02, *window.jitter_seconds());
  window.add(0.02, 4);  // the first lost one leaves
  EXPECT_EQ(25, window.loss_percent());
  EXPECT_DOUBLE_EQ(0.015, *window.jitter_seconds());
}

TEST(Points, ValueOutdoesAMarkerOfTheSameSeries) {
  const Time at = time_from_ms(1);
  std::vector<Point> points{{SeriesId(1), {at, stale_marker()}}, {SeriesId(2), {at, stale_marker()}}, {SeriesId(1), {at, 5}}};
  drop_outdone_markers(points);
  ASSERT_EQ(2u, points.size());
  EXPECT_EQ(SeriesId(2), points[0].series);
  EXPECT_EQ(5, points[1].sample.value);
}

TEST(Up, IsKnownOnlyWhenAllWereHeard) {
  struct NoSink final : PointSink {
    Result<SeriesId> series(const Labels&) override { return SeriesId(1); }
    Status append(std::span<const Point>) override { return {}; }
  } sink;
  const auto up = [&](std::optional<bool> snmp, std::optional<bool> icmp, bool asks_snmp = true, bool asks_ping = true) {
    net::SimWorld world(1);
    Watch watch(world.reactor(), sink, SeriesBudget(), {.name = "d", .snmp = asks_snmp, .ping = asks_ping});
    watch.snmp_up = snmp;
    watch.icmp_up = icmp;
    return watch.up();
  };
  EXPECT_EQ(std::nullopt, up({}, {}));
  EXPECT_EQ(std::nullopt, up(false, {}));
  EXPECT_EQ(std::nullopt, up({}, false));
  EXPECT_EQ(true, up({}, true));
  EXPECT_EQ(true, up(true, false));
  EXPECT_EQ(false, up(false, false));
  EXPECT_EQ(false, up(false, {}, true, false));
  EXPECT_EQ(false, up({}, false, false, true));
}

}  // namespace
}  // namespace bongsu::poll
