// SPDX-License-Identifier: Apache-2.0
#include "poll/core.h"

namespace bongsu::poll {

void PollCore::write(Watch& watch, std::vector<Point> points) {
  if (points.empty()) return;
  drop_outdone_markers(points);
  const Status kept = parts.points.append(points);
  if (kept) {
    written.add(points.size());
    return;
  }
  dropped.add(points.size());
  if (kept.error().code == Code::NotFound) watch.forget_series();
  if (std::uint64_t more = 0; gate.open(clock().steady(), more)) {
    log::warning("{}: {} points were not stored: {} ({} more such messages)", watch.spec.name, points.size(), kept.error().text,
                 more);
  }
}

void PollCore::tell(const Watch& watch, Severity severity, std::string text) {
  log::info("{}: {}", watch.spec.name, text);
  if (!parts.events) return;
  Event event{.kind = EventKind::State, .severity = severity, .received = clock().now()};
  event.device = watch.spec.name;
  event.app = "poll";
  event.text = std::move(text);
  std::vector<Event> events;
  events.push_back(std::move(event));
  if (!parts.events->append(std::move(events))) events_dropped.add();
}

void PollCore::show(const Watch& watch, const std::string* error, bool polled) {
  const auto locked = states.lock();
  const auto at = locked->find(watch.spec.name);
  if (at == locked->end() || watch.stopped) return;
  DeviceState& state = at->second;
  state.up = watch.up();
  state.snmp_up = watch.spec.snmp ? watch.snmp_up : std::nullopt;
  state.icmp_up = watch.spec.ping ? watch.icmp_up : std::nullopt;
  state.info = watch.info;
  state.profiles = watch.profiles;
  state.uptime_seconds = watch.uptime_seconds;
  if (error) state.error = *error;
  if (polled) state.last_poll = clock().now();
}

void PollCore::overran(const Watch& watch, const std::string& table, std::uint64_t times) {
  parts.metrics
      .counter("bongsu_poll_overrun_total", "polls that did not fit into their interval, by the table that took longest",
               {{"device", watch.spec.name}, {"table", table}})
      .add(times);
}

asio::awaitable<Status> PollCore::find_address(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch) {
  if (const auto number = net::Address::parse(watch->spec.address)) {
    watch->address = *number;
    co_return Status();
  }
  const std::string host = watch->spec.address;
  auto found = co_await net::resolve(core->parts.reactor, host);
  if (found) {
    if (watch->address && *watch->address != *found) core->parts.client.forget({*watch->address, watch->spec.port});
    watch->address = *found;
    co_return Status();
  }
  if (watch->address) co_return Status();  // the last known one serves while the name server is away
  co_return std::move(found).error().context(watch->spec.name);
}

}  // namespace bongsu::poll
