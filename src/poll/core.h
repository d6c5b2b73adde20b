// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/lock.h"
#include "base/log.h"
#include "poll/poller.h"
#include "poll/watch.h"

// What the parts of a Poller share. On the reactor's thread, but for `states`.
namespace bongsu::poll {

struct PollCore : std::enable_shared_from_this<PollCore> {
  explicit PollCore(const PollerParts& given)
      : parts(given),
        polls(given.metrics.counter("bongsu_poll_polls_total", "SNMP polls done")),
        failed(given.metrics.counter("bongsu_poll_failed_total", "SNMP polls that the device did not answer")),
        table_errors(given.metrics.counter("bongsu_poll_table_errors_total", "tables that could not be read")),
        written(given.metrics.counter("bongsu_poll_points_total", "points handed to the store")),
        dropped(given.metrics.counter("bongsu_poll_points_dropped_total", "points that the store did not take")),
        clock_back(given.metrics.counter("bongsu_poll_clock_back_total", "polls not stored because the clock went back")),
        events_dropped(given.metrics.counter("bongsu_poll_events_dropped_total", "events that the store did not take")),
        watched(given.metrics.gauge("bongsu_poll_devices", "devices watched")) {}

  const PollerParts parts;
  Counter &polls, &failed, &table_errors, &written, &dropped, &clock_back, &events_dropped;
  Gauge& watched;
  log::Gate gate;
  bool stopped = false;
  std::map<std::string, std::shared_ptr<Watch>, std::less<>> watches;
  Guarded<std::map<std::string, DeviceState, std::less<>>> states;

  const Clock& clock() const { return parts.reactor.clock(); }

  void apply(std::vector<DeviceSpec> devices);
  void remove(Watch& watch);
  void write(Watch& watch, std::vector<Point> points);
  void tell(const Watch& watch, Severity severity, std::string text);
  void show(const Watch& watch, const std::string* error, bool polled);
  snmp::Target target_of(const Watch& watch, std::size_t credential) const;
  void plan(Watch& watch, const Identified& device, Time stamp, std::vector<Point>& points);
  void overran(const Watch& watch, const std::string& table, std::uint64_t times);
  void lose(Watch& watch, GapCause cause, Time stamp, std::vector<Point>& points);
  void note_uptime(Watch& watch, const snmp::Response& answer);
  void put_info(Watch& watch, Time stamp, std::vector<Point>& points);
  void put_device_up(Watch& watch, Time stamp, std::vector<Point>& points);

  static asio::awaitable<void> watch_snmp(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch);
  static asio::awaitable<void> watch_ping(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch);
  static asio::awaitable<std::string> poll(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp);
  static asio::awaitable<Result<std::size_t>> say_hello(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch);
  // True when what was begun for `epoch` of the device is of no use any more.
  bool outdated(const Watch& watch, std::uint64_t epoch) const { return stopped || watch.stopped || watch.epoch != epoch; }
  static asio::awaitable<std::string> read_groups(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                                  snmp::Target target, bool fresh, SteadyTime deadline, Time stamp,
                                                  std::vector<Point>& points);
  static asio::awaitable<Status> find_address(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch);
  static asio::awaitable<void> ping(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp);
};

}  // namespace bongsu::poll
