// SPDX-License-Identifier: Apache-2.0
#include "model/keeper.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "base/lock.h"

namespace bongsu {
namespace {

using namespace std::chrono_literals;

// Keeps what is committed, or refuses.
class Kept final : public StateStore {
 public:
  struct Inside {
    std::map<std::string, std::string> records;  // "table/key"
    bool refuses = false;
    int commits = 0;
  };
  Guarded<Inside> inside;

  Result<std::optional<std::string>> get(std::string_view table, std::string_view key) const override {
    const auto now = inside.lock();
    const auto at = now->records.find(std::string(table) + "/" + std::string(key));
    return at == now->records.end() ? std::nullopt : std::optional(at->second);
  }
  Status scan(std::string_view, std::string_view, const std::function<bool(std::string_view, std::string_view)>&) const override {
    return {};
  }
  Status commit(const StateBatch& batch) override {
    const auto now = inside.lock();
    ++now->commits;
    if (now->refuses) return Error{Code::Unavailable, "the disk is gone"};
    for (const auto& change : batch.changes) {
      const std::string key = change.table + "/" + change.key;
      if (change.value) now->records[key] = *change.value;
      else now->records.erase(key);
    }
    return {};
  }
  std::string at(std::string_view table, std::string_view key) const { return get(table, key)->value_or("nothing"); }
};

constexpr Millis kNever = 1000h;

TEST(Keeper, TheNewestOfEachKeyIsCommittedOnce) {
  Kept store;
  Metrics metrics;
  StateKeeper keeper(store, metrics, kNever);
  keeper.put("a", "1", "old");
  keeper.put("a", "1", "new");
  keeper.put("b", "1", "other");
  keeper.put("a", "2", "gone");
  keeper.erase("a", "2");
  EXPECT_EQ(3u, keeper.waiting());
  EXPECT_EQ("nothing", store.at("a", "1"));
  keeper.flush();
  EXPECT_EQ("new", store.at("a", "1"));
  EXPECT_EQ("other", store.at("b", "1"));
  EXPECT_EQ("nothing", store.at("a", "2"));
  EXPECT_EQ(1, store.inside.lock()->commits);
  EXPECT_EQ(0u, keeper.waiting());
  keeper.flush();
  EXPECT_EQ(1, store.inside.lock()->commits);
  keeper.erase("a", "1");
  keeper.flush();
  EXPECT_EQ("nothing", store.at("a", "1"));
}

TEST(Keeper, WhatFailedIsTriedAgainUnlessSomethingNewerCame) {
  Kept store;
  Metrics metrics;
  StateKeeper keeper(store, metrics, kNever);
  store.inside.lock()->refuses = true;
  keeper.put("a", "1", "first");
  keeper.put("a", "2", "first");
  keeper.flush();
  EXPECT_EQ(2u, keeper.waiting());
  keeper.put("a", "2", "second");
  store.inside.lock()->refuses = false;
  keeper.flush();
  EXPECT_EQ("first", store.at("a", "1"));
  EXPECT_EQ("second", store.at("a", "2"));
  EXPECT_EQ(1u, metrics.counter("bongsu_state_failures_total", "").value());
  EXPECT_EQ(2u, metrics.counter("bongsu_state_records_total", "").value());
}

TEST(Keeper, WhatWaitsIsCommittedAtTheEnd) {
  Kept store;
  Metrics metrics;
  { StateKeeper(store, metrics, kNever).put("a", "1", "last"); }
  EXPECT_EQ("last", store.at("a", "1"));
}

TEST(Keeper, CommitsByItself) {
  Kept store;
  Metrics metrics;
  StateKeeper keeper(store, metrics, 1ms);
  keeper.put("a", "1", "soon");
  while (store.at("a", "1") != "soon") std::this_thread::yield();  // the test's own time limit ends it
}

TEST(Keeper, HoldsNoMoreThanItsBound) {
  Kept store;
  Metrics metrics;
  StateKeeper keeper(store, metrics, kNever, 100);
  const std::string big(60, 'x');
  keeper.put("t", "1", big);
  keeper.put("t", "2", big);  // does not fit
  keeper.put("t", "1", "small");
  keeper.put("t", "2", "small too");
  EXPECT_EQ(1u, metrics.counter("bongsu_state_dropped_total", "").value());
  keeper.flush();
  EXPECT_EQ("small", store.at("t", "1"));
  EXPECT_EQ("small too", store.at("t", "2"));
  keeper.put("t", "2", big);  // there is room again
  keeper.flush();
  EXPECT_EQ(big, store.at("t", "2"));
}

TEST(Keeper, BigAmountsGoInParts) {
  Kept store;
  Metrics metrics;
  StateKeeper keeper(store, metrics, kNever);
  for (int i = 0; i < 10; ++i) keeper.put("t", std::to_string(i), std::string(1 << 20, 'x'));
  keeper.flush();
  EXPECT_EQ(10u, store.inside.lock()->records.size());
  EXPECT_EQ(3, store.inside.lock()->commits);
}

TEST(Keeper, ManyThreadsWriteAndFlush) {
  Kept store;
  Metrics metrics;
  {
    StateKeeper keeper(store, metrics, 1ms);
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer) {
      writers.emplace_back([&keeper, writer] {
        for (int i = 0; i < 500; ++i) {
          keeper.put("t", std::to_string(writer), std::to_string(i));
          if (i % 100 == 0) keeper.flush();
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
  }
  for (int writer = 0; writer < 4; ++writer) EXPECT_EQ("499", store.at("t", std::to_string(writer)));
}

}  // namespace
}  // namespace bongsu
