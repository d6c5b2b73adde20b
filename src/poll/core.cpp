// SPDX-License-Identifier: Apache-2.0
#include "poll/core.h"

#include "model/marker.h"

namespace bongsu::poll {
namespace {

constexpr std::size_t kMostGuilty = 1'000;  // tables that an overrun is counted of by name

std::vector<double> seconds() { return {0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600}; }

}  // namespace

PollCore::PollCore(const PollerParts& given)
    : parts(given),
      polls(given.metrics.counter("bongsu_poll_polls_total", "SNMP polls done")),
      failed(given.metrics.counter("bongsu_poll_failed_total", "SNMP polls that the device did not answer")),
      table_errors(given.metrics.counter("bongsu_poll_table_errors_total", "tables that could not be read")),
      written(given.metrics.counter("bongsu_poll_points_total", "points handed to the store")),
      dropped(given.metrics.counter("bongsu_poll_points_dropped_total", "points that the store did not take")),
      clock_back(given.metrics.counter("bongsu_poll_clock_back_total", "polls not stored because the clock went back")),
      events_dropped(given.metrics.counter("bongsu_poll_events_dropped_total", "events that the store did not take")),
      missed_slots(
          given.metrics.counter("bongsu_poll_missed_slots_total", "slots that passed while a device's poll was under way")),
      series_refused(given.metrics.counter("bongsu_poll_series_refused_total",
                                           "series that were not made, for the budget of a device or of the store")),
      between(given.metrics.counter("bongsu_poll_between_total", "readings of fast 32-bit counters between a device's slots")),
      lateness(given.metrics.histogram("bongsu_poll_lateness_seconds", "from a device's slot to the beginning of its poll",
                                       seconds())),
      table_seconds(given.metrics.histogram("bongsu_poll_table_duration_seconds", "of one reading of one table", seconds())),
      watched(given.metrics.gauge("bongsu_poll_devices", "devices watched")),
      memory(given.keeper, given.reactor.clock(), given.metrics) {}

void PollCore::write(Watch& watch, std::vector<Point> points) {
  if (points.empty()) return;
  if (const std::uint64_t refused = watch.book.take_refused(); refused > 0) {
    series_refused.add(refused);
    if (watch.told.insert("series budget").second) {
      tell(watch, Severity::Caution,
           "gives more series than one device may have (" + std::to_string(parts.series.live) + " at once, and " +
               std::to_string(parts.series.fresh_per_hour) +
               " new ones an hour): new rows are left out; look whether it names its rows anew at each poll");
    }
  }
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

void PollCore::show(Watch& watch, const std::string* error, bool polled) {
  const auto locked = states.lock();
  const auto at = locked->find(watch.spec.name);
  if (at == locked->end() || watch.stopped) return;
  DeviceState& state = at->second;
  state.up = watch.up();
  state.snmp_up = watch.spec.snmp ? watch.snmp_up : std::nullopt;
  state.icmp_up = watch.spec.ping ? watch.icmp_up : std::nullopt;
  if (watch.info_changed) {
    state.info = watch.info;
    state.profiles = watch.profiles;
    watch.info_changed = false;
  }
  state.uptime_seconds = watch.uptime_seconds;
  if (error) state.error = parts.profiles.get()->tree().with_names(*error);
  if (polled) state.last_poll = clock().now();
  state.slow.clear();
  for (const auto& run : watch.groups) {
    if ((run->slow || run->reading != 0) && !run->stood_back) {
      state.slow.push_back({run->group->name, run->took.value_or(Millis(0)), run->values_at});
    }
  }
}

void PollCore::overran(const Watch& watch, const std::string& table) {
  std::pair<std::string, std::string> key(watch.spec.name, table);
  auto known = overruns.find(key);
  if (known == overruns.end()) {
    if (overruns.size() >= kMostGuilty) key = {"other", "other"};
    Counter& counter = parts.metrics.counter("bongsu_poll_overruns_total", "slots that passed without a table's values, by table",
                                             {{"device", key.first}, {"table", key.second}});
    known = overruns.insert_or_assign(std::move(key), &counter).first;
  }
  known->second->add();
}

void PollCore::put_device_up(Watch& watch, Time stamp, std::vector<Point>& points) {
  if (watch.in_doubt()) return;  // what was known stands until the second look
  if (const auto up = watch.up()) watch.book.put_own("device_up", *up ? 1 : 0, stamp, points);
}

}  // namespace bongsu::poll
