// SPDX-License-Identifier: Apache-2.0
#include "app/history.h"

#include <gtest/gtest.h>

#include "query/parse.h"
#include "store/memory.h"

namespace bongsu::app {
namespace {

TEST(CourseOf, IsTheItemsExpressionForTheAlarmsDevice) {
  store::MemoryStore store;
  const Time now = parse_time("2026-11-23T12:00:00Z").value();
  std::vector<Point> points;
  for (const char* device : {"a", "b"}) {
    for (const char* cpu : {"1", "2"}) {
      const auto id = store.series(Labels{{"__name__", "v"}, {"device", device}, {"cpu", cpu}}).value();
      for (int minute = 60; minute >= 0; --minute)
        points.push_back({id, {now - std::chrono::minutes(minute), (device[0] == 'a' ? 10.0 : 50.0) + (cpu[0] == '1' ? 0 : 2)}});
    }
  }
  ASSERT_TRUE(store.append(points));
  rule::ItemSpec item;
  item.name = "cpu";
  item.expr = *query::parse("avg by (device) (v)");
  Alarm alarm;
  alarm.device = "b";
  alarm.labels = Labels{{"device", "b"}};
  const auto course = course_of(alarm, item, store, std::chrono::minutes(1), now);
  ASSERT_EQ(61U, course.size());
  EXPECT_EQ(now, course.back().at);
  EXPECT_EQ(51, course.back().value);
  alarm.labels = Labels{{"device", "b"}, {"cpu", "1"}};
  EXPECT_TRUE(course_of(alarm, item, store, std::chrono::minutes(1), now).empty());
  alarm.device.clear();
  EXPECT_TRUE(course_of(alarm, item, store, std::chrono::minutes(1), now).empty());
}

}  // namespace
}  // namespace bongsu::app
