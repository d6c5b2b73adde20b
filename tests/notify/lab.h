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
#include "store/stand_ins.h"

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

}  // namespace bongsu::notify
