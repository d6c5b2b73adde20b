// SPDX-License-Identifier: Apache-2.0
// What Bongsu writes of its own doing, for items to judge.
#include <gtest/gtest.h>

#include "app/stopped_remedies.h"
#include "app/tallied_events.h"
#include "store/memory.h"

namespace bongsu::app {
namespace {

// Every sample of a metric: "device=web1 3@60" by series.
std::vector<std::string> written(const store::MemoryStore& store, const std::string& metric, const std::string& label) {
  const Matcher wanted{Matcher::Op::Equal, std::string(kMetricName), metric};
  const auto found = store.select(std::span(&wanted, 1), Time{}, time_from_ms(1'000'000'000), {});
  std::vector<std::string> out;
  for (const Series& series : *found) {
    std::string line(series.labels->get(label));
    for (const Sample& sample : series.samples)
      line += " " + std::to_string(static_cast<int>(sample.value)) + "@" + std::to_string(to_ms(sample.at) / 1000);
    out.push_back(std::move(line));
  }
  std::sort(out.begin(), out.end());
  return out;
}

class Keeps final : public EventSink {
 public:
  Status append(std::vector<Event> events) override {
    kept += events.size();
    return refuses ? Status(Error{Code::Unavailable, "disk full"}) : Status();
  }
  std::size_t kept = 0;
  bool refuses = false;
};

Event line_of(std::string device, EventKind kind = EventKind::Syslog) {
  Event out;
  out.kind = kind;
  out.device = std::move(device);
  return out;
}

}  // namespace

// Lines of devices alone, whether the disk took them or not: that a device speaks is no matter of the disk.
TEST(TalliedEvents, CountTheLinesOfEachDevice) {
  Keeps next;
  store::MemoryStore store;
  TalliedEvents tallied(next);
  ASSERT_TRUE(tallied.write(store, time_from_ms(60'000)));
  EXPECT_TRUE(written(store, "syslog_messages_total", "device").empty());
  ASSERT_TRUE(tallied.append({line_of("web1"), line_of("web2"), line_of(""), line_of("web1"), line_of("web1", EventKind::Trap)}));
  EXPECT_EQ(5U, next.kept);
  ASSERT_TRUE(tallied.write(store, time_from_ms(120'000)));
  next.refuses = true;
  EXPECT_FALSE(tallied.append({line_of("web2")}));
  // A silent one goes on, at what it had: its increase is 0.
  ASSERT_TRUE(tallied.write(store, time_from_ms(180'000)));
  EXPECT_EQ((std::vector<std::string>{"web1 2@120 2@180", "web2 1@120 2@180"}),
            written(store, "syslog_messages_total", "device"));
}

TEST(StoppedRemedies, AreWrittenWhileTheyStandAndOnceMore) {
  store::MemoryStore store;
  StoppedRemedies stopped;
  std::vector<remedy::RemedyState> remedies(2);
  remedies[0].remedy.name = "a";
  remedies[1].remedy.name = "b";
  const auto write = [&](int second) { ASSERT_TRUE(stopped.write(store, remedies, time_from_ms(second * 1000))); };
  write(10);
  EXPECT_TRUE(written(store, "bongsu_remedy_stopped", "remedy").empty());
  remedies[0].tally = {.failures = 3, .stopped = time_from_ms(15'000)};
  write(20);
  write(30);
  remedies[0].tally = {};
  write(40);
  write(50);
  EXPECT_EQ((std::vector<std::string>{"a 3@20 3@30 0@40"}), written(store, "bongsu_remedy_stopped", "remedy"));
}

}  // namespace bongsu::app
