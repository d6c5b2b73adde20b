// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "model/alarm_news.h"
#include "model/device.h"
#include "notify/notifier.h"
#include "store/memory.h"

namespace bongsu::notify {

inline Alarm alarm_of(std::uint64_t id, std::string device, Severity level, Time since = time_from_ms(1'700'000'000'000)) {
  Alarm alarm;
  alarm.id = id;
  alarm.item = "cpu_usage";
  alarm.title = "CPU usage";
  alarm.labels = Labels{{"device", device}};
  alarm.device = std::move(device);
  alarm.level = alarm.peak = level;
  alarm.value = 93;
  alarm.limit = 80;
  alarm.unit = "percent";
  alarm.why = "sustained use leaves no room for bursts";
  alarm.since = alarm.changed = since;
  return alarm;
}

// Answers in the test's own thread, as the test says.
class FakeCourier final : public Courier {
 public:
  void send(Request request, std::function<void(Reply)> done) override {
    sent.push_back(request);
    if (answer) {
      done(answer(request));
    } else {
      hanging.push_back(std::move(done));
    }
  }
  std::function<Reply(const Request&)> answer = [](const Request&) { return Reply{.status = 200, .said = "ok"}; };
  std::vector<Request> sent;
  std::vector<std::function<void(Reply)>> hanging;
};

class TaggedDevices final : public DeviceSource {
 public:
  std::vector<DeviceState> devices() const override { return known; }
  std::optional<DeviceState> device(std::string_view name) const override {
    for (const DeviceState& one : known) {
      if (one.name == name) return one;
    }
    return std::nullopt;
  }
  std::vector<DeviceState> known{{.name = "web1", .address = "192.0.2.1", .tags = {{"site", "seoul"}}},
                                 {.name = "db1", .address = "192.0.2.2", .tags = {{"site", "busan"}}}};
};

// A store whose disk can refuse.
class KeptState final : public StateStore {
 public:
  Result<std::optional<std::string>> get(std::string_view table, std::string_view key) const override {
    return store.get(table, key);
  }
  Status scan(std::string_view table, std::string_view prefix,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store.scan(table, prefix, visit);
  }
  Status commit(const StateBatch& batch) override {
    if (refuse) return Error{Code::Unavailable, "disk full"};
    ++commits;
    return store.commit(batch);
  }
  std::size_t count(std::string_view table) const {
    std::size_t records = 0;
    EXPECT_TRUE(store.scan(table, "", [&](std::string_view, std::string_view) { return ++records > 0; }));
    return records;
  }
  store::MemoryStore store;
  bool refuse = false;
  std::size_t commits = 0;
};

}  // namespace bongsu::notify
