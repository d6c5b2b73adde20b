// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
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

inline const Time kStart = parse_time("2026-11-23T01:00:00Z").value();  // Monday, 10:00 in Seoul

// One channel "hook" to a webhook, and "spare"; people "ops" (always) and "day" (office hours in Seoul).
inline Spec spec_of(std::vector<Route> routes) {
  Spec spec;
  spec.host = "bongsu1";
  for (const char* name : {"hook", "spare"}) {
    Channel channel;
    channel.name = name;
    channel.type = ChannelType::Ntfy;  // to people, by their topics
    channel.url = Secret(std::string("http://127.0.0.1:1/") + name);
    spec.channels.emplace(name, std::move(channel));
  }
  Person ops{.name = "ops", .addresses = {{"ntfy", "ops-topic"}}};
  Person day{.name = "day",
             .addresses = {{"ntfy", "day-topic"}},
             .hours = WeekHours::parse("Mon-Fri 09:00-18:00", "Asia/Seoul").value()};
  day.always = Severity::Fatal;
  spec.people.emplace("ops", std::move(ops));
  spec.people.emplace("day", std::move(day));
  spec.groups["all"] = {"ops", "day"};
  spec.routes = std::move(routes);
  return spec;
}
inline Route route_to(std::vector<std::string> to, Severity from = Severity::Danger) {
  Route route;
  route.name = "main";
  route.match.from = from;
  route.to = std::move(to);
  route.via = {"hook"};
  return route;
}

struct Lab {
  explicit Lab(Spec spec) { open(std::move(spec)); }
  void open(Spec spec) {
    notifier.reset();
    auto opened = Notifier::open(std::move(spec), state, devices, courier, metrics);
    ASSERT_TRUE(opened) << opened.error().text;
    notifier = *std::move(opened);
  }
  // What the rules commit.
  void tell(AlarmChange change, Alarm alarm, Severity before = Severity::Normal) {
    alarm.changed = now;
    if (change == AlarmChange::Recovered) {
      alarm.state = AlarmState::Recovered;
      alarm.ended = now;
    }
    const AlarmNews news{.change = change, .before = before, .at = now, .alarm = std::move(alarm)};
    StateBatch batch;
    batch.put(kAlarmNewsTable, alarm_news_key(news), encode(news));
    ASSERT_TRUE(state.store.commit(batch));
  }
  // Second by second, as the daemon does.
  void run(Millis span) {
    for (const Time end = now + span; now < end;) {
      now += std::chrono::seconds(1);
      notifier->step(now);
    }
  }
  // "topic: title" of each message since the last call.
  std::vector<std::string> said() {
    std::vector<std::string> out;
    for (; heard < courier.sent.size(); ++heard) {
      const auto json = nlohmann::json::parse(courier.sent[heard].body);
      out.push_back(json["topic"].get<std::string>() + ": " + json["title"].get<std::string>());
    }
    return out;
  }
  KeptState state;
  ListedDevices devices = tagged_devices();
  FakeCourier courier;
  Metrics metrics;
  std::unique_ptr<Notifier> notifier;
  Time now = kStart;
  std::size_t heard = 0;
};
using Said = std::vector<std::string>;

}  // namespace bongsu::notify
