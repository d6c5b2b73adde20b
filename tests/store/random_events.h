// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/random.h"
#include "model/source.h"

namespace bongsu::store {

// Events and queries that meet often enough, from few words.
class RandomEvents {
 public:
  explicit RandomEvents(Random& random) : random_(random) {}

  Event event() {
    Event event{.kind = static_cast<EventKind>(random_.chance(0.8) ? 1 : 1 + random_.below(6)),
                .severity = static_cast<Severity>(static_cast<int>(random_.below(7)) - 1),
                .syslog_severity = static_cast<std::int8_t>(static_cast<int>(random_.below(9)) - 1),
                .facility = static_cast<std::int8_t>(static_cast<int>(random_.below(25)) - 1),
                .clean = random_.chance(0.9),
                .received = time_from_ms(1'700'000'000'000 + static_cast<std::int64_t>(clock_ += random_.below(50))),
                .device = word(),
                .sender = address(),
                .host = word(),
                .app = word(),
                .process = random_.chance(0.5) ? std::to_string(random_.below(1000)) : "",
                .message_id = random_.chance(0.1) ? word() : "",
                .text = text()};
    if (random_.chance(0.5)) event.device_time = time_from_ms(static_cast<std::int64_t>(random_.below(1'800'000'000'000)));
    for (std::uint64_t left = random_.below(10) > 7 ? random_.below(4) : 0; left > 0; --left)
      event.fields.emplace_back(word(), random_.chance(0.5) ? address() : text());
    if (random_.chance(0.1)) event.raw = text() + '\0' + '\xff';
    return event;
  }

  EventQuery query(std::uint64_t last_id) {
    EventQuery query{.limit = 1 + random_.below(200)};
    const auto time = [&] { return time_from_ms(1'700'000'000'000 + static_cast<std::int64_t>(random_.below(clock_ + 1))); };
    if (random_.chance(0.2)) query.from = time();
    if (random_.chance(0.2)) query.to = time();
    for (std::uint64_t left = random_.below(3); left > 0; --left)
      query.kinds.push_back(static_cast<EventKind>(1 + random_.below(6)));
    if (random_.chance(0.2)) query.device = word();
    if (random_.chance(0.2)) query.min_severity = static_cast<Severity>(random_.below(6));
    if (random_.chance(0.2)) query.max_syslog_severity = static_cast<int>(random_.below(8));
    for (std::uint64_t left = random_.below(8) > 6 ? 1 : 0; left > 0; --left) {
      static constexpr const char* kNames[]{"device", "sender", "host", "app", "process", "message_id"};
      query.fields.push_back({random_.chance(0.7) ? kNames[random_.below(6)] : word(), random_.chance(0.5) ? word() : address()});
    }
    for (std::uint64_t left = random_.below(3); left > 0; --left) {
      std::string wanted = random_.chance(0.3) ? address() : random_.chance(0.2) ? word() + " " + word() : word();
      if (random_.chance(0.2)) wanted = wanted.substr(random_.below(wanted.size() + 1));
      if (random_.chance(0.2)) wanted.resize(random_.below(wanted.size() + 1));
      if (random_.chance(0.2)) wanted += '*';
      query.words.push_back(std::move(wanted));
    }
    if (random_.chance(0.2)) query.before_id = random_.below(last_id + 2);
    return query;
  }

 private:
  std::string word() {
    static constexpr const char* kWords[]{"",       "sshd", "SSHD",     "kernel", "eth0",   "Gi0/1",   "연결",
                                          "연결이", "fail", "Failed",   "failed", "user_1", "web-1",   "00:1a:2B",
                                          "ERROR",  "a",    "\xb0\xa1", "ж",      "서버1",  "%LINK-3", "db1.example.com",
                                          "=x",     "1.2",  "/var/log"};
    return kWords[random_.below(std::size(kWords))];
  }
  std::string address() {
    if (random_.chance(0.3)) return "2001:db8::" + std::to_string(random_.below(50));
    return "10.1." + std::to_string(random_.below(3)) + "." + std::to_string(random_.below(200));
  }
  std::string text() {
    std::string out;
    for (std::uint64_t left = random_.below(12); left > 0; --left) {
      out += random_.chance(0.2) ? address() : random_.chance(0.3) ? std::to_string(random_.below(100'000)) : word();
      static constexpr const char* kBetween[]{" ", " ", ".", ":", "[", ", ", ""};
      out += kBetween[random_.below(std::size(kBetween))];
    }
    return out;
  }
  Random& random_;
  std::uint64_t clock_ = 0;
};

}  // namespace bongsu::store
