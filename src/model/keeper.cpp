// SPDX-License-Identifier: Apache-2.0
#include "model/keeper.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/lock.h"
#include "base/log.h"

namespace bongsu {
namespace {

constexpr std::size_t kBatchOctets = 4 << 20;
constexpr Millis kSlowest{60'000};

using Key = std::pair<std::string, std::string>;  // table, key
using Records = std::map<Key, std::optional<std::string>>;

std::size_t octets_of(const Key& key, const std::optional<std::string>& value) {
  return key.first.size() + key.second.size() + (value ? value->size() : 0);
}

}  // namespace

struct StateKeeper::Core {
  struct Waiting {
    Records records;
    std::size_t octets = 0;
    std::uint64_t asked = 0;  // flushes
    std::uint64_t done = 0;
    bool stop = false;
  };

  Core(StateStore& kept_in, Metrics& metrics, Millis every, std::size_t limit)
      : store(kept_in),
        interval(every),
        most(limit),
        committed(metrics.counter("bongsu_state_records_total", "Records of state committed in the background")),
        failures(metrics.counter("bongsu_state_failures_total", "Background commits of state that failed and are tried again")),
        dropped(metrics.counter("bongsu_state_dropped_total", "Records of state dropped because too many waited")),
        waiting_octets(metrics.gauge("bongsu_state_waiting_bytes", "Octets of state that wait for their commit")),
        thread([this] { run(); }) {
    pthread_setname_np(thread.native_handle(), "keeper");
  }

  void write(Key key, std::optional<std::string> value) {
    BONGSU_CHECK(key.first.find('\0') == std::string::npos);  // the store would refuse it, and all that waits with it
    const std::size_t octets = octets_of(key, value);
    auto now = waiting.lock();
    const auto at = now->records.find(key);
    const std::size_t before = at == now->records.end() ? 0 : octets_of(at->first, at->second);
    if (octets > before && now->octets + octets - before > most) {
      dropped.add();
      return;
    }
    if (at != now->records.end()) at->second = std::move(value);
    else now->records.emplace(std::move(key), std::move(value));
    now->octets += octets - before;
    waiting_octets.set(static_cast<double>(now->octets));
  }

  // A failed part waits again, where nothing newer came.
  void put_back(Records records) {
    auto now = waiting.lock();
    for (auto& [key, value] : records) {
      const std::size_t octets = octets_of(key, value);
      if (now->records.emplace(key, std::move(value)).second) now->octets += octets;
    }
    waiting_octets.set(static_cast<double>(now->octets));
  }

  bool commit_all() {
    Records taken;
    {
      auto now = waiting.lock();
      taken.swap(now->records);
      now->octets = 0;
      waiting_octets.set(0);
    }
    while (!taken.empty()) {
      StateBatch batch;
      Records part;
      std::size_t octets = 0;
      while (!taken.empty() && octets < kBatchOctets) {
        auto record = taken.extract(taken.begin());
        octets += octets_of(record.key(), record.mapped());
        batch.changes.push_back({record.key().first, record.key().second, record.mapped()});
        part.insert(std::move(record));
      }
      if (const Status done = store.commit(batch); !done) {
        failures.add();
        std::uint64_t suppressed = 0;
        if (gate.open(std::chrono::steady_clock::now(), suppressed))
          log::error("{} records of state wait to be kept: {}; tried again", part.size() + taken.size(), done.error().text);
        part.merge(taken);
        put_back(std::move(part));
        return false;
      }
      committed.add(batch.changes.size());
    }
    return true;
  }

  void run() {
    Millis wait = interval;
    for (;;) {
      std::uint64_t asked = 0;
      bool stop = false;
      {
        auto now = waiting.lock();
        wake.wait_for(now.hold(), wait, [&] { return now->stop || now->asked != now->done; });
        asked = now->asked;
        stop = now->stop;
      }
      const bool well = commit_all();
      wait = well ? interval : std::max(interval, std::min(wait * 2, kSlowest));
      {
        auto now = waiting.lock();
        now->done = asked;
        if (stop && !now->records.empty())
          log::error("{} records of state are lost: the store did not take them", now->records.size());
      }
      flushed.notify_all();
      if (stop) return;
    }
  }

  StateStore& store;
  const Millis interval;
  const std::size_t most;
  Counter& committed;
  Counter& failures;
  Counter& dropped;
  Gauge& waiting_octets;
  log::Gate gate;
  Guarded<Waiting> waiting;
  std::condition_variable wake, flushed;
  std::thread thread;
};

StateKeeper::StateKeeper(StateStore& store, Metrics& metrics, Millis interval, std::size_t most)
    : core_(std::make_unique<Core>(store, metrics, interval, most)) {}

StateKeeper::~StateKeeper() {
  core_->waiting.lock()->stop = true;
  core_->wake.notify_all();
  core_->thread.join();
}

void StateKeeper::put(std::string_view table, std::string key, std::string value) {
  core_->write({std::string(table), std::move(key)}, std::move(value));
}

void StateKeeper::erase(std::string_view table, std::string key) {
  core_->write({std::string(table), std::move(key)}, std::nullopt);
}

void StateKeeper::flush() {
  auto now = core_->waiting.lock();
  const std::uint64_t mine = ++now->asked;
  core_->wake.notify_all();
  core_->flushed.wait(now.hold(), [&] { return now->done >= mine; });
}

std::size_t StateKeeper::waiting() const { return core_->waiting.lock()->records.size(); }

}  // namespace bongsu
