// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "model/alarm_news.h"
#include "remedy/engine.h"
#include "store/stand_ins.h"

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
  ListedDevices devices = tagged_devices();
  std::unique_ptr<FakeHands> hands = std::make_unique<FakeHands>();
  Metrics metrics;
  Time now = time_from_ms(1'700'000'000'000);
  std::unique_ptr<Engine> engine;
  std::vector<Effect> effects;
};

}  // namespace bongsu::remedy
