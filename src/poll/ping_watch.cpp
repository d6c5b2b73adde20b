// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "poll/core.h"

namespace bongsu::poll {

constexpr std::size_t kMostPings = 100;  // of one window
constexpr Millis kGlance{50};            // between two looks at what is under way

asio::awaitable<void> PollCore::watch_ping(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch) {
  const auto spread =
      std::clamp<std::int64_t>(static_cast<std::int64_t>(core->watches.size()), 100, watch->spec.ping_interval.count());
  co_await net::sleep_for(core->parts.reactor, slot_offset(watch->spec.name, Millis(spread)));
  Time stamp = core->clock().now();
  while (!watch->stopped && !core->stopped) {
    if (watch->spec.ping && core->parts.pinger && watch->icmp_works) co_await ping(core, watch, stamp);
    if (watch->stopped || core->stopped) co_return;
    const Millis interval = watch->spec.ping_interval;
    const Time now = core->clock().now();
    Time next = slot_before(now, interval, slot_offset(watch->spec.name, interval)) + interval;
    if (next - stamp < interval / 4) next += interval;
    co_await net::sleep_until(core->parts.reactor, core->clock().steady() + (next - now));
    stamp = next;
    const Millis off = core->clock().now() - stamp;
    if (off > interval || off < -interval) stamp = core->clock().now();
  }
}

// Finds out whether it is up. A round of pings that is under way serves: its answer is still to come.
asio::awaitable<void> PollCore::probe(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch) {
  const std::uint64_t epoch = watch->epoch;
  const Millis patience = watch->spec.interval;
  const SteadyTime give_up = core->clock().steady() + patience;
  const bool can_ping = watch->spec.ping && core->parts.pinger && watch->icmp_works;
  // A poll that is under way may have been answered before now.
  const std::uint64_t polls = watch->polls_ended + (watch->polling ? 1 : 0);
  if (can_ping && !watch->pinging) co_await ping(core, watch, core->clock().now());
  while (watch->pinging && !core->outdated(*watch, epoch)) co_await net::sleep_for(core->parts.reactor, kGlance);
  const bool proven = can_ping && watch->ping_proves() && watch->icmp_up.value_or(false);
  for (bool ask = !proven && watch->spec.snmp; ask;) {
    if (core->outdated(*watch, epoch)) break;
    const std::uint64_t ended = std::max(polls, watch->polls_ended);
    watch->hurry = true;
    watch->bell.ring();
    while (watch->polls_ended <= ended && !core->outdated(*watch, epoch) && core->clock().steady() < give_up) {
      co_await net::sleep_for(core->parts.reactor, kGlance);
    }
    ask = watch->in_doubt() && core->clock().steady() < give_up;
  }
  watch->probing = false;
  if (core->outdated(*watch, epoch)) co_return;
  // The rounds above wrote what they found one by one.
  std::vector<Point> points;
  core->put_device_up(*watch, core->clock().now(), points);
  core->write(*watch, std::move(points));
  const auto states = core->states.lock();
  if (const auto at = states->find(watch->spec.name); at != states->end()) at->second.probed = core->clock().now();
}

asio::awaitable<void> PollCore::ping(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp) {
  if (watch->pinging) co_return;
  watch->pinging = true;
  co_await ping_round(core, watch, stamp);
  watch->pinging = false;
}

// One round: up to `retries` further echoes when one is lost, so that a lost datagram is no dead host.
asio::awaitable<void> PollCore::ping_round(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp) {
  const std::uint64_t epoch = watch->epoch;
  Status found;
  if (!watch->address) found = co_await find_address(core, watch);  // kept fresh by the SNMP polls
  if (core->outdated(*watch, epoch)) co_return;
  if (!found) {
    // A name that nobody knows answers nothing.
    watch->icmp_up = false;
    std::vector<Point> points;
    core->put_device_up(*watch, stamp, points);
    core->write(*watch, std::move(points));
    if (!watch->spec.snmp) {
      const std::string text = found.error().text;
      core->show(*watch, &text, false);
    }
    co_return;
  }
  const auto keep =
      static_cast<std::size_t>(std::clamp<std::int64_t>(watch->spec.interval / watch->spec.ping_interval, 5, kMostPings));
  const int tries = 1 + std::max(0, watch->spec.retries);
  const Millis timeout = std::min(watch->spec.timeout, watch->spec.ping_interval / (tries + 1));
  const net::Address to = *watch->address;
  std::optional<double> rtt;
  for (int sent = 0; sent < tries && !rtt; ++sent) {
    const auto answer = co_await core->parts.pinger->ping(to, timeout);
    if (core->outdated(*watch, epoch)) co_return;
    if (!answer && answer.error().code == Code::Unavailable) {
      watch->icmp_works = false;
      const std::string text = answer.error().text;
      core->show(*watch, &text, false);
      co_return;
    }
    if (answer) rtt = std::chrono::duration<double>(*answer).count();
    watch->pings.add(rtt, keep);
  }
  watch->icmp_up = rtt.has_value();
  watch->icmp_answered |= rtt.has_value();
  std::vector<Point> points;
  watch->book.put_own("icmp_up", rtt ? 1 : 0, stamp, points);
  if (rtt) watch->book.put_own("icmp_rtt_seconds", *rtt, stamp, points);
  watch->book.put_own("icmp_loss_percent", watch->pings.loss_percent(), stamp, points);
  if (const auto jitter = watch->pings.jitter_seconds()) watch->book.put_own("icmp_jitter_seconds", *jitter, stamp, points);
  core->put_device_up(*watch, stamp, points);
  core->write(*watch, std::move(points));
  if (!watch->spec.snmp) {
    const std::string text =
        rtt ? ""
            : watch->spec.name + ": no answer to ping at " + watch->address->to_string() + "; check that it is on and reachable";
    core->show(*watch, &text, true);
  } else {
    core->show(*watch, nullptr, false);
  }
}

}  // namespace bongsu::poll
