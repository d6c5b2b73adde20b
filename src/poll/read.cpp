// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "model/marker.h"
#include "poll/core.h"
#include "poll/turns.h"

namespace bongsu::poll {

static const Oid kProbe{1, 3, 6, 1, 2, 1, 1, 3, 0};        // sysUpTime
constexpr Millis kLongestReading = std::chrono::hours(2);  // of one table
constexpr std::size_t kMostTold = 200;                     // notices about one device until it is identified again
constexpr Millis kWorthTelling{5'000};                     // a table that takes longer has a series of its duration

// Reads the tables of a pass in order. When nobody waits for it any more it writes what it has, and goes on with the tables
// that take turns if it is the device's pass beside the slots.
asio::awaitable<void> PollCore::run_pass(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                         std::shared_ptr<Pass> pass) {
  while (!pass->silent && pass->next < pass->runs.size()) {
    const std::shared_ptr<GroupRun> run = pass->runs[pass->next++];
    if (core->stand_back(*watch, *run, pass->points)) continue;
    co_await read_group(core, watch, pass, run);
    if (core->outdated(*watch, pass->epoch)) co_return;
  }
  for (; pass->next < pass->runs.size(); ++pass->next) {
    core->miss(*watch, *pass->runs[pass->next], {Code::Timeout, watch->spec.name + ": it fell silent during the poll"},
               watch->slot, pass->points);
  }
  pass->done = true;
  if (!pass->alone) {
    watch->bell.ring();
    co_return;
  }
  core->write(*watch, std::exchange(pass->points, {}));
  if (watch->beside == pass) co_await take_turns(core, watch, pass);
}

asio::awaitable<void> PollCore::take_turns(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                           std::shared_ptr<Pass> pass) {
  while (!core->outdated(*watch, pass->epoch) && watch->beside == pass) {
    const auto run = watch->snmp_up.value_or(false) ? next_turn(*watch) : nullptr;
    if (!run) {
      watch->beside.reset();
      co_return;
    }
    co_await read_group(core, watch, pass, run);
    if (core->outdated(*watch, pass->epoch)) co_return;
    core->write(*watch, std::exchange(pass->points, {}));
    core->show(*watch, nullptr, false);
  }
}

// One transaction: its points are in the pass, or nothing changed.
asio::awaitable<void> PollCore::read_group(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                           std::shared_ptr<Pass> pass, std::shared_ptr<GroupRun> run) {
  const std::shared_ptr<const ProfileSet> set = watch->set;  // whose group it is
  const std::uint64_t number = run->reading = ++watch->readings;
  const std::uint64_t restarts = watch->restarts;
  const SteadyTime start = core->clock().steady();
  run->begun = watch->slot;
  pass->until = start + kLongestReading;
  Wanted wanted = wanted_now(*run->group, run->state, start);
  auto fetched = co_await fetch_group(core->parts.reactor, core->parts.client, pass->target, *run->group,
                                      std::move(wanted.leaves), pass->until);
  if (core->outdated(*watch, pass->epoch) || run->reading != number) co_return;
  if (fetched && !wanted.whole && has_new_rows(run->state, fetched->data)) {
    wanted = {.leaves = run->state.used};
    fetched = co_await fetch_group(core->parts.reactor, core->parts.client, pass->target, *run->group, std::move(wanted.leaves),
                                   pass->until);
    if (core->outdated(*watch, pass->epoch) || run->reading != number) co_return;
  }
  if (fetched) fetched->data.whole = wanted.whole;
  run->ended = core->clock().steady();
  run->took = std::chrono::duration_cast<Millis>(run->ended - start);
  core->table_seconds.observe(std::chrono::duration<double>(run->ended - start).count());
  run->reading = 0;
  const Time stamp = pass->alone ? core->clock().now() : watch->slot;
  if (stamp <= run->stamp && run->stamp - stamp < kClockBack) {
    core->clock_back.add();
    co_return;
  }
  if (*run->took >= kWorthTelling || run->slow) {
    watch->book.put_table_seconds(run->group->name, std::chrono::duration<double>(*run->took).count(), stamp, pass->points);
  }
  if (fetched && watch->restarts != restarts) {
    fetched = Error{Code::Cancelled, watch->spec.name + ": table " + run->group->name + ": the device restarted meanwhile"};
  }
  if (fetched) {
    core->take(*watch, *run, *std::move(fetched), stamp, pass->points);
    co_return;
  }
  const bool timed_out = fetched.error().code == Code::Timeout;
  core->miss(*watch, *run, fetched.error(), stamp, pass->points);
  if (!timed_out || pass->alone) co_return;
  // Is it this table, or the device? The others are not asked one after the other to find out.
  std::vector<Oid> probe{kProbe};
  const auto alive = co_await core->parts.client.get(pass->target, std::move(probe));
  pass->silent = !alive && alive.error().code == Code::Timeout;
}

// True when the group is not to be read because another one gives its metrics.
bool PollCore::stand_back(Watch& watch, GroupRun& run, std::vector<Point>& points) {
  run.stood_back = stands_back(run);
  if (run.stood_back && !run.state.rows.empty()) {
    watch.book.put(*run.group, mark_stale(*run.group, run.state), run.time_after(watch.slot), points);
  }
  return run.stood_back;
}

void PollCore::take(Watch& watch, GroupRun& run, Fetched fetched, Time stamp, std::vector<Point>& points) {
  const Group& group = *run.group;
  // What the device is known by changes with it; a reading stands for all that its table told before.
  const bool tells = parts.neighbors && (!group.neighbor.empty() || (!group.own.empty() && run.fresh));
  const Moment moment{.at = run.ended,
                      .stamp = stamp,
                      .uptime = watch.uptime,
                      .interval = std::max(watch.spec.interval, group.every),
                      .own = tells};
  run.error.clear();
  run.stamp = stamp;
  run.values_at = stamp;
  Outcome outcome = evaluate_group(watch.set->tree(), group, run.state, fetched.data, moment);
  if (outcome.missed) {
    run.state.used.clear();
    if (fetched.data.whole) run.state.seldom.at.reset();
  }
  for (const std::string& note : fetched.notes) outcome.notices.push_back("table " + group.name + ": " + note);
  for (std::string& notice : outcome.notices) {
    if (watch.told.size() < kMostTold && watch.told.insert(notice).second) tell(watch, Severity::Caution, std::move(notice));
  }
  run.gave.assign(group.metrics.size(), false);
  for (const Emission& emission : outcome.emissions) {
    if (is_marker(emission.value)) continue;
    run.gave[emission.metric] = true;
    if (!group.table && group.metrics[emission.metric].name == "device_uptime_seconds") watch.uptime_seconds = emission.value;
  }
  if (run.fresh && !outcome.missed) {
    run.fresh = false;
    run.facts = std::move(outcome.facts);
    watch.gather_info(watch.set.get());
  }
  if (tells && !outcome.missed) {
    NeighborReading reading{.device = watch.spec.name, .table = group.profile + "/" + group.name, .at = clock().now()};
    reading.whole = fetched.complete();
    reading.neighbors = std::move(outcome.neighbors);
    reading.own = std::move(outcome.own);
    parts.neighbors->take(std::move(reading));
  }
  watch.book.put(group, outcome, stamp, points);
  memory.save(watch.spec.name, group, run.state, outcome.changed);
}

void PollCore::miss(Watch& watch, GroupRun& run, const Error& error, Time stamp, std::vector<Point>& points) {
  table_errors.add();
  run.error = error.text;
  run.stamp = stamp;
  const GapCause cause = error.code == Code::Cancelled ? GapCause::Reboot : cause_of(error.code);
  watch.book.put(*run.group, mark_gap(*run.group, run.state, cause), stamp, points);
}

}  // namespace bongsu::poll
