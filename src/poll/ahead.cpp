// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "poll/core.h"

namespace bongsu::poll {

// Until the next slot the tables with counters that could go round unseen are read again, at even distances. A table that has no
// place in its slot is not, nor, in this interval, one whose reading took more than a quarter of that distance: what cannot be
// known is a gap.
asio::awaitable<void> PollCore::read_between(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, SteadyTime start) {
  const std::uint64_t epoch = watch->epoch;
  const Time slot = watch->slot;
  const Millis interval = watch->spec.interval;
  std::vector<std::shared_ptr<GroupRun>> runs = watch->groups;
  std::erase_if(runs, [](const auto& run) { return !run->wants_between(); });
  const auto nearest =
      std::min_element(runs.begin(), runs.end(), [](const auto& a, const auto& b) { return a->state.apart < b->state.apart; });
  const Millis apart = (*nearest)->state.apart * 9 / 10;  // answers may be late
  const std::int64_t parts = (interval + apart - Millis(1)) / apart;
  const Millis span = interval / parts;
  for (const auto& run : runs) run->took_ahead = Millis(0);
  for (std::int64_t part = 1; part < parts; ++part) {
    co_await net::sleep_until(core->parts.reactor, start + part * span);
    for (const auto& run : runs) {
      if (core->outdated(*watch, epoch) || watch->slot != slot || watch->spec.interval != interval) co_return;
      if (run->reading == 0 && run->took_ahead <= span / 4) co_await read_ahead_of(core, watch, run, span);
    }
  }
}

asio::awaitable<void> PollCore::read_ahead_of(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                              std::shared_ptr<GroupRun> run, Millis span) {
  const std::uint64_t epoch = watch->epoch;
  const std::shared_ptr<const ProfileSet> set = watch->set;  // whose group it is
  const Time stamp = run->stamp;
  const SteadyTime start = core->clock().steady(), until = start + span / 2;
  if (!watch->winner) co_return;
  snmp::Target target = core->target_of(*watch, *watch->winner, span / 2);
  std::vector<bool> leaves = ahead_leaves(*run->group, run->state);
  const auto fetched =
      co_await fetch_group(core->parts.reactor, core->parts.client, std::move(target), *run->group, std::move(leaves), until);
  if (core->outdated(*watch, epoch)) co_return;
  core->between.add();
  run->took_ahead = std::chrono::duration_cast<Millis>(core->clock().steady() - start);
  // A poll may have come in between, or be under way.
  if (fetched && run->stamp == stamp && run->reading == 0) read_ahead(run->state, fetched->data, core->clock().steady());
}

}  // namespace bongsu::poll
