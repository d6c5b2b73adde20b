// SPDX-License-Identifier: Apache-2.0
// A server over a small network whose every answer is known.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "lab.h"
#include "model/marker.h"

namespace bongsu::http::api_test {

using lab::Lab;
using nlohmann::json;

inline constexpr const char* kHostile = "<script>alert(1)</script>\"'&\xff";

inline Alarm alarm(std::uint64_t id, std::string device, Severity level, AlarmState state = AlarmState::Active) {
  return {.id = id,
          .item = "cpu_usage",
          .title = "CPU usage",
          .labels = {{"device", device}, {"cpu", "0"}},
          .device = device,
          .state = state,
          .level = level,
          .peak = Severity::Fatal,
          .value = 97.5,
          .limit = 95,
          .unit = "percent",
          .why = "Sustained use leaves no room.",
          .since = time_from_ms(lab::kNow - 600'000),
          .changed = time_from_ms(lab::kNow - 60'000)};
}

inline ItemState item(std::string device, std::string name, Severity level) {
  ItemState state{.item = std::move(name),
                  .title = "Item",
                  .labels = {{"device", device}},
                  .device = std::move(device),
                  .level = level,
                  .unit = "percent"};
  if (level == Severity::Unknown) state.cause = "timeout";
  else state.value = 12.5;
  return state;
}

class Api : public testing::Test {
 protected:
  void SetUp() override {
    lab.devices.list = {
        {.name = "db1",
         .address = "192.0.2.7",
         .tags = {{"site", "seoul"}},
         .up = true,
         .snmp_up = true,
         .info = {{"os", "linux"}},
         .profiles = {"ucd"},
         .last_poll = time_from_ms(lab::kNow - 5'000),
         .uptime_seconds = 3600.5},
        {.name = "sw1/rack 2", .address = "192.0.2.8", .up = false, .error = "no answer to SNMP in 3 tries"},
        {.name = "web1", .address = "192.0.2.9"},
    };
    lab.alarms.list = {alarm(9, "db1", Severity::Caution), alarm(8, "sw1/rack 2", Severity::Fatal),
                       alarm(7, "db1", Severity::Urgent), alarm(3, "db1", Severity::Normal, AlarmState::Recovered)};
    lab.alarms.list[3].ended = time_from_ms(lab::kNow - 1'000);
    lab.alarms.list[2].acknowledged = true;
    lab.alarms.states = {item("db1", "a", Severity::Normal), item("db1", "b", Severity::Caution),
                         item("db1", "c", Severity::Unknown), item("sw1/rack 2", "a", Severity::Fatal)};
    Event event{.id = 5,
                .severity = Severity::Danger,
                .syslog_severity = 3,
                .facility = 4,
                .received = time_from_ms(lab::kNow),
                .device_time = time_from_ms(lab::kNow - 1),
                .device = "db1",
                .sender = "192.0.2.7",
                .host = "db1.example",
                .app = "sshd",
                .process = "99",
                .message_id = "ID1",
                .text = kHostile,
                .fields = {{"a.b", "c"}, {"a.b", "d"}}};
    lab.events.list = {event, event, event};
    lab.events.list[1].id = 4;
    lab.events.list[1].clean = false;
    lab.events.list[1].raw = "<34>raw\x01";
    lab.events.list[2].id = 2;
    lab.events.list[2].syslog_severity = lab.events.list[2].facility = -1;
    const auto series = [&](Labels labels, std::vector<Sample> samples) {
      lab.points.list.push_back({std::make_shared<const Labels>(std::move(labels)), std::move(samples)});
    };
    const auto at = [](int seconds_ago, double value) { return Sample{time_from_ms(lab::kNow - seconds_ago * 1000), value}; };
    series({{"__name__", "cpu_usage_percent"}, {"device", "db1"}, {"cpu", "0"}}, {at(1000, 1), at(120, 20), at(60, 30)});
    series({{"__name__", "cpu_usage_percent"}, {"device", "db1"}, {"cpu", "1"}},
           {at(120, 20), at(60, gap_marker(GapCause::Timeout))});
    series({{"__name__", "load1"}, {"device", "db1"}}, {at(120, 20), at(60, stale_marker())});
    series({{"__name__", "load5"}, {"device", "db1"}}, {at(16 * 60, 20)});
    series({{"__name__", "load5"}, {"device", "web1"}}, {at(60, 20)});
  }
  // Two devices beside each other, one behind the other, and a neighbour that could be two.
  void give_links() {
    topology::View& view = lab.links;
    view.root = "db1";
    view.reason = "named by the configuration";
    view.placed = {{"db1", {}}, {"sw1/rack 2", {.distance = 1, .parents = {"db1"}}}};
    view.links = {{.a = "db1",
                   .b = "sw1/rack 2",
                   .evidence = {{.device = "db1",
                                 .protocol = "lldp",
                                 .port = "ge\"1<",
                                 .remote_port = "up",
                                 .first_seen = time_from_ms(lab::kNow - 60'000),
                                 .last_seen = time_from_ms(lab::kNow),
                                 .missing = true}}}};
    view.doubts = {{.device = "db1", .port = "ge9", .neighbor = "switch", .candidates = {"sw1/rack 2", "web1"}}};
    view.unknown = 4;
    view.ambiguous = 1;
    lab.devices.list[1].parents = {"db1"};
    lab.devices.list[1].parents_from = ParentsFrom::Topology;
    lab.devices.list[2].parents_from = ParentsFrom::Configuration;
  }
  // A remedy with a run that waits and one that is over.
  void give_remedies() {
    remedy::Run done{.id = 8, .remedy = "clear-cache", .script = "clear-cache.sh", .alarm = lab.alarms.list[0]};
    done.state = remedy::RunState::Done;
    done.created = time_from_ms(lab::kNow - 3'000);
    done.started = done.ended = time_from_ms(lab::kNow - 2'000);
    done.outcome = {.ran = true, .exit_code = 0, .took = Millis(1'000), .output = kHostile};
    remedy::Run waiting{.id = 9, .remedy = "clear-cache", .script = "clear-cache.sh", .alarm = lab.alarms.list[1]};
    waiting.state = remedy::RunState::Waiting;
    waiting.why = "waits for approval";
    const std::vector<remedy::Run> runs{waiting, done};
    lab.remedies.list = [done] {
      return std::vector<remedy::RemedyState>{
          {.remedy = {.name = "clear-cache", .script = "clear-cache.sh"}, .within_hour = 1, .last = done},
          {.remedy = {.name = "other", .script = "other.sh"}, .tally = {3, time_from_ms(lab::kNow)}}};
    };
    lab.remedies.runs = [runs] { return runs; };
    lab.remedies.runs_of = [done](std::uint64_t alarm) {
      return alarm == done.alarm.id ? std::vector<remedy::Run>{done} : std::vector<remedy::Run>();
    };
    lab.remedies.show = [](const std::string& name, const Alarm& alarm) -> Result<remedy::Order> {
      if (name != "clear-cache") return Error{Code::NotFound, "there is no remedy " + name};
      return remedy::order_of({.name = name, .script = "clear-cache.sh"}, 0, alarm, std::nullopt);
    };
    lab.remedies.order = [this](const std::string& name, const Alarm& alarm) -> Result<std::uint64_t> {
      lab.done.lock()->push_back("order " + name + " " + std::to_string(alarm.id));
      if (alarm.state != AlarmState::Active) return Error{Code::Refused, "it has recovered"};
      return std::uint64_t{9};
    };
    lab.remedies.approve = [this](std::uint64_t run, bool yes) -> Status {
      lab.done.lock()->push_back((yes ? "approve " : "refuse ") + std::to_string(run));
      if (run != 9) return Error{Code::Refused, "it does not wait"};
      return {};
    };
    lab.remedies.resume = [this](const std::string& name) -> Status {
      lab.done.lock()->push_back("resume " + name);
      if (name != "other") return Error{Code::NotFound, "no remedy " + name};
      return {};
    };
  }
  void start() {
    lab.start();
    client = std::make_unique<httplib::Client>("127.0.0.1", lab.port());
  }
  json get(const std::string& target, int status = 200) {
    if (!client) start();
    const auto answer = client->Get(target);
    if (!answer) {
      ADD_FAILURE() << target << ": no answer";
      return {};
    }
    EXPECT_EQ(status, answer->status) << target << '\n' << answer->body;
    EXPECT_EQ("application/json", answer->get_header_value("Content-Type"));
    auto parsed = json::parse(answer->body, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << answer->body;
    if (status >= 400) {
      EXPECT_FALSE(parsed["error"]["code"].get<std::string>().empty());
      EXPECT_FALSE(parsed["error"]["message"].get<std::string>().empty());
      EXPECT_FALSE(parsed["error"]["hint"].get<std::string>().empty());
    }
    return parsed;
  }
  Lab lab;
  std::unique_ptr<httplib::Client> client;
};

}  // namespace bongsu::http::api_test
