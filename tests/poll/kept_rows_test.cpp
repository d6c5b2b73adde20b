// SPDX-License-Identifier: Apache-2.0
#include "poll/kept_rows.h"

#include <gtest/gtest.h>

#include "fixture.h"
#include "folder.h"
#include "poll/row_memory.h"
#include "store/memory.h"
#include "store/store.h"

namespace bongsu::poll {
namespace {

using namespace std::chrono_literals;

const GroupLayout kLayout{.print = 7, .leaves = 5, .metrics = 3};
const ClockPair kSaved{time_from_ms(1'700'000'000'000), SteadyTime(100h)};

GroupState kept_state() {
  GroupState state;
  state.read = true;
  state.at = kSaved.steady - 2s;
  state.stamp = kSaved.wall - 3s;
  state.uptime = {true, 4'294'967'295, state.at - 50ms};
  for (std::uint32_t i = 1; i <= 3; ++i) {
    auto row = std::make_unique<RowState>();
    const std::string number = std::to_string(i);
    row->key = {
        .index = {i, 4'294'967'295}, .name = "Gi0/" + number, .descr = "Gi0/" + number, .alias = "", .mac = "", .type = "6"};
    row->labels = {{"interface", "Gi0/" + number}, {"ifIndex", number}};
    if (i == 2) row->discontinuity = "8640";
    row->counters.resize(kLayout.leaves);
    row->counters[1] = {.raw = 4'000'000'000, .total = 4'000'000'000, .at = state.at, .type = ValueType::Counter32};
    row->counters[4] = {.raw = UINT64_MAX - 5, .total = 12, .at = state.at - 70s, .type = ValueType::Counter64, .over = 3};
    row->series.resize(kLayout.metrics);
    row->series[0].live = true;
    row->series[0].height = {.known = true, .source = 2, .base = 0, .seen = 4e9, .last = 4e9, .at = state.stamp};
    row->series[1].gap = GapCause::Ambiguous;
    row->series[1].height = {.known = true, .source = 18, .base = -0.5, .seen = 1e300, .last = 77, .at = state.stamp - 60s};
    state.rows.push_back(std::move(row));
  }
  return state;
}

TEST(KeptRows, ComeBackAsTheyWere) {
  const GroupState state = kept_state();
  const std::string record = encode_rows(kLayout, state, kSaved);
  const ClockPair later{kSaved.wall + 1h, SteadyTime(5s)};  // after a restart of the machine, too
  auto read = decode_rows(record, kLayout, later);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->read);
  EXPECT_EQ(later.steady - 1h - 2s, read->at);
  EXPECT_EQ(state.stamp, read->stamp);
  EXPECT_EQ((UptimeState{true, 4'294'967'295, read->at - 50ms}), read->uptime);
  ASSERT_EQ(3u, read->rows.size());
  for (std::size_t i = 0; i < 3; ++i) {
    const RowState &was = *state.rows[i], &is = *read->rows[i];
    EXPECT_EQ(was.key.index, is.key.index);
    EXPECT_TRUE(was.key.same_thing(is.key));
    EXPECT_EQ(was.labels, is.labels);
    EXPECT_EQ(was.discontinuity, is.discontinuity);
    for (std::size_t leaf = 0; leaf < kLayout.leaves; ++leaf) {
      CounterState expected = was.counters[leaf];
      if (expected.known()) expected.at += read->at - state.at;
      EXPECT_EQ(expected, is.counters[leaf]) << leaf;
    }
    for (std::size_t metric = 0; metric < kLayout.metrics; ++metric) {
      EXPECT_EQ(was.series[metric].height, is.series[metric].height) << metric;
      EXPECT_EQ(was.series[metric].live, is.series[metric].live);
      EXPECT_EQ(was.series[metric].gap, is.series[metric].gap);
    }
  }
  EXPECT_EQ(record, encode_rows(kLayout, *read, later));
}

TEST(KeptRows, OfAnotherProfileGiveTheirIdentityAlone) {
  const std::string record = encode_rows(kLayout, kept_state(), kSaved);
  const auto read = decode_rows(record, {.print = 8, .leaves = 1, .metrics = 1}, kSaved);
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(3u, read->rows.size());
  EXPECT_EQ("Gi0/2", read->rows[1]->key.name);
  EXPECT_TRUE(read->rows[1]->counters.empty());
  EXPECT_TRUE(read->rows[1]->series.empty());
}

TEST(KeptRows, RefusesWhatIsCutShortOrStrange) {
  const std::string record = encode_rows(kLayout, kept_state(), kSaved);
  for (std::size_t size = 0; size < record.size(); ++size)
    EXPECT_FALSE(decode_rows(record.substr(0, size), kLayout, kSaved)) << size;
  EXPECT_FALSE(decode_rows(record + "x", kLayout, kSaved));
  std::string newer = record;
  newer[0] = 2;
  EXPECT_EQ(Code::Unsupported, decode_rows(newer, kLayout, kSaved).error().code);
  EXPECT_FALSE(decode_rows(record, {.print = 7, .leaves = 3, .metrics = 3}, kSaved));
}

TEST(KeptRows, ClockThatWentBackMakesNoFuture) {
  const std::string record = encode_rows(kLayout, kept_state(), kSaved);
  const auto read = decode_rows(record, kLayout, {kSaved.wall - 24h, SteadyTime(5s)});
  ASSERT_TRUE(read);
  EXPECT_EQ(SteadyTime(5s), read->at);
}

struct Remembered {
  ManualClock clock;
  Metrics metrics;
  std::shared_ptr<const ProfileSet> set = stock_profiles();
  const Group& group(const std::string& profile) const {
    for (const DeviceProfile& each : set->profiles()) {
      if (each.name == profile) return each.groups.back();
    }
    ADD_FAILURE() << profile;
    return set->profiles()[0].groups[0];
  }
  GroupState state_of(const Group& group) {
    GroupState state = kept_state();
    for (auto& row : state.rows) {
      row->counters.resize(group.leaves.size());
      row->series.resize(group.metrics.size());
    }
    return state;
  }
};

TEST(RowMemory, OutlivesAReopenedStore) {
  Remembered world;
  const Folder folder;
  const Group& group = world.group("interfaces");
  const GroupState state = world.state_of(group);
  {
    auto store = store::Store::open(folder.path(), {}, world.clock, world.metrics);
    ASSERT_TRUE(store) << store.error().text;
    StateKeeper keeper(**store, world.metrics, std::chrono::hours(1000));
    RowMemory memory(&keeper, world.clock, world.metrics);
    for (const std::string device : {"sw1", "sw2", "gone", "sw10"}) {
      GroupState each = world.state_of(group);
      memory.save(device, group, each, true);
    }
    EXPECT_EQ(4u, keeper.waiting());
  }
  const auto reopened = store::Store::open(folder.path(), {}, world.clock, world.metrics);
  ASSERT_TRUE(reopened) << reopened.error().text;
  StateKeeper keeper(**reopened, world.metrics, std::chrono::hours(1000));
  RowMemory memory(&keeper, world.clock, world.metrics);
  ASSERT_TRUE(memory.load(**reopened));
  GroupState back;
  EXPECT_TRUE(memory.restore("sw1", group, back));
  EXPECT_EQ(3u, back.rows.size());
  EXPECT_EQ(state.rows[0]->counters[1].raw, back.rows[0]->counters[1].raw);
  EXPECT_FALSE(memory.restore("sw1", group, back));  // once
  EXPECT_FALSE(memory.restore("sw3", group, back));
  memory.drop_unless([](std::string_view device) { return device != "gone"; });
  EXPECT_FALSE(memory.restore("gone", group, back));
  memory.drop("sw1");
  EXPECT_TRUE(memory.restore("sw10", group, back));
  memory.forget("sw2", group);
  keeper.flush();
  EXPECT_FALSE(*(*reopened)->get(RowMemory::kTable, "gone\x1finterfaces\x1finterfaces"));
  EXPECT_FALSE(*(*reopened)->get(RowMemory::kTable, "sw2\x1finterfaces\x1finterfaces"));
  EXPECT_TRUE(*(*reopened)->get(RowMemory::kTable, "sw10\x1finterfaces\x1finterfaces"));
}

TEST(RowMemory, WritesAtABoundedRate) {
  Remembered world;
  store::MemoryStore store;
  StateKeeper keeper(store, world.metrics, std::chrono::hours(1000));
  RowMemory memory(&keeper, world.clock, world.metrics);
  const Group& group = world.group("interfaces");
  GroupState state = world.state_of(group);
  const auto saves = [&] { return world.metrics.counter("bongsu_poll_kept_total", "").value(); };
  memory.save("sw1", group, state, false);  // the first
  EXPECT_EQ(1u, saves());
  memory.save("sw1", group, state, true);
  EXPECT_EQ(1u, saves());
  world.clock.advance(10s);
  memory.save("sw1", group, state, false);  // what changed was not forgotten
  EXPECT_EQ(2u, saves());
  for (int poll = 0; poll < 60; ++poll) {
    world.clock.advance(10s);
    memory.save("sw1", group, state, false);
  }
  EXPECT_EQ(4u, saves());
  memory.save_last("sw1", group, state);
  EXPECT_EQ(5u, saves());
}

TEST(RowMemory, WhatCannotBeReadBeginsAnew) {
  Remembered world;
  const Folder folder;
  auto store = store::Store::open(folder.path(), {}, world.clock, world.metrics);
  ASSERT_TRUE(store);
  StateBatch batch;
  batch.put(RowMemory::kTable, "sw1\x1finterfaces\x1finterfaces", "\x01garbage");
  ASSERT_TRUE((*store)->commit(batch));
  StateKeeper keeper(**store, world.metrics, std::chrono::hours(1000));
  RowMemory memory(&keeper, world.clock, world.metrics);
  ASSERT_TRUE(memory.load(**store));
  GroupState state;
  EXPECT_FALSE(memory.restore("sw1", world.group("interfaces"), state));
  EXPECT_FALSE(state.read);
  EXPECT_EQ(1u, world.metrics.counter("bongsu_poll_kept_rejected_total", "").value());
}

}  // namespace
}  // namespace bongsu::poll
