// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "model/alarm_news.h"
#include "remedy/engine.h"
#include "store/memory.h"

namespace bongsu::remedy {

// Runs nothing; ends as the test says.
class FakeHands final : public Hands {
 public:
  Status begin(std::uint64_t run, const Order& order) override {
    if (refuse) return Error{Code::Unavailable, "no runner"};
    begun.emplace_back(run, order);
    return {};
  }
  std::vector<std::pair<std::uint64_t, Result<Outcome>>> ended() override { return std::exchange(results, {}); }
  void end(std::uint64_t run, int exit_code) {
    results.emplace_back(run, Outcome{.ran = true, .exit_code = exit_code, .took = Millis(1'200), .output = "done\n"});
  }
  std::vector<std::pair<std::uint64_t, Order>> begun;
  std::vector<std::pair<std::uint64_t, Result<Outcome>>> results;
  bool refuse = false;
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
    return store.commit(batch);
  }
  std::size_t count(std::string_view table) const {
    std::size_t records = 0;
    const Status read = store.scan(table, "", [&](std::string_view, std::string_view) { return ++records, true; });
    return read ? records : 0;
  }
  // Texts of audit events, oldest first.
  std::vector<std::string> audit() const {
    EventQuery query;
    query.kinds = {EventKind::Audit};
    query.limit = 10'000;
    std::vector<std::string> out;
    if (const auto page = store.search(query)) {
      for (auto at = page->events.rbegin(); at != page->events.rend(); ++at) out.push_back(at->text);
    }
    return out;
  }
  store::MemoryStore store;
  bool refuse = false;
};

inline Remedy clear_cache() {
  Remedy remedy{.name = "clear-cache", .script = "clear-cache.sh"};
  remedy.on.items = {"db_*"};
  remedy.on.from = Severity::Urgent;
  return remedy;
}

struct Lab {
  explicit Lab(std::vector<Remedy> remedies = {clear_cache()}) {
    for (Remedy& one : remedies) spec.remedies.emplace(one.name, one);
    restart();
  }
  void restart() {
    engine.reset();
    engine = Engine::open(spec, state, devices, *hands, metrics, now).value();
  }
  void crash() {
    hands = std::make_unique<FakeHands>();
    restart();
  }
  Alarm alarm(std::uint64_t id, std::string device = "db1", Severity level = Severity::Urgent) const {
    Alarm out;
    out.id = id;
    out.item = "db_latency";
    out.title = "Latency of the database";
    out.device = device;
    out.labels = Labels{{"device", device}};
    out.level = out.peak = level;
    out.value = 93;
    out.since = out.changed = now;
    return out;
  }
  void news(AlarmChange change, const Alarm& alarm) {
    StateBatch batch;
    const AlarmNews one{.change = change, .at = now, .alarm = alarm};
    batch.put(kRemedyNewsTable, alarm_news_key(one), encode(one));
    state.store.commit(batch).value();
  }
  void raise(const Alarm& alarm) {
    news(AlarmChange::Raised, alarm);
    step();
  }
  void step(Millis after = Millis(1'000)) {
    now += after;
    auto more = engine->step(now);
    effects.insert(effects.end(), more.begin(), more.end());
  }
  Run run(std::uint64_t id) const {
    for (const Run& one : engine->runs()) {
      if (one.id == id) return one;
    }
    return {};
  }

  Spec spec;
  KeptState state;
  TaggedDevices devices;
  std::unique_ptr<FakeHands> hands = std::make_unique<FakeHands>();
  Metrics metrics;
  Time now = time_from_ms(1'700'000'000'000);
  std::unique_ptr<Engine> engine;
  std::vector<Effect> effects;
};

}  // namespace bongsu::remedy
