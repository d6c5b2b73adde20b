// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/lock.h"
#include "base/log.h"
#include "poll/poller.h"
#include "poll/row_memory.h"
#include "poll/watch.h"

// What the parts of a Poller share. On the reactor's thread, but for `states`.
namespace bongsu::poll {

struct PollCore : std::enable_shared_from_this<PollCore> {
  explicit PollCore(const PollerParts& given);

  const PollerParts parts;
  Counter &polls, &failed, &table_errors, &written, &dropped, &clock_back, &events_dropped, &missed_slots, &series_refused,
      &between;
  Histogram &lateness, &table_seconds;
  Gauge& watched;
  RowMemory memory;
  log::Gate gate;
  bool stopped = false;
  std::map<std::string, std::shared_ptr<Watch>, std::less<>> watches;
  std::map<std::pair<std::string, std::string>, Counter*> overruns;  // by device and table; bounded
  struct States : std::map<std::string, DeviceState, std::less<>> {
    std::map<std::string, std::vector<std::string>> found_parents;
    // Of one that its specification says nothing of.
    void take_parents(DeviceState& state) const;
  };
  Guarded<States> states;

  const Clock& clock() const { return parts.reactor.clock(); }
  // True when what was begun for `epoch` of the device is of no use any more.
  bool outdated(const Watch& watch, std::uint64_t epoch) const { return stopped || watch.stopped || watch.epoch != epoch; }

  // Which devices (poller.cpp)
  void apply(std::vector<DeviceSpec> devices);
  void remove(Watch& watch);

  // What leaves (core.cpp)
  void write(Watch& watch, std::vector<Point> points);
  void tell(const Watch& watch, Severity severity, std::string text);
  void show(Watch& watch, const std::string* error, bool polled);
  void overran(const Watch& watch, const std::string& table);
  void put_device_up(Watch& watch, Time stamp, std::vector<Point>& points);

  // Slots (snmp_watch.cpp)
  static asio::awaitable<void> watch_snmp(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch);
  static asio::awaitable<Time> sleep_to_next_slot(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp);
  static asio::awaitable<void> poll(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time before);
  static asio::awaitable<Status> find_address(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch);
  static asio::awaitable<Status> say_hello(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, SteadyTime until);
  static asio::awaitable<Status> know_device(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, snmp::Target target,
                                             SteadyTime until, std::vector<Point>& points);
  static asio::awaitable<void> find_out(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, snmp::Target target,
                                        std::shared_ptr<Identification> identification);
  static asio::awaitable<void> read_slot(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, snmp::Target target,
                                         SteadyTime start, std::vector<Point>& points);
  snmp::Target target_of(const Watch& watch, std::size_t credential, Millis budget) const;
  void note_uptime(Watch& watch, const snmp::Response& answer);
  void note_overruns(Watch& watch, Time before, std::vector<Point>& points);
  void regroup_kept(Watch& watch, const Identified& device, const std::shared_ptr<const ProfileSet>& set,
                    std::vector<Point>& points);
  void lose(Watch& watch, GapCause cause, std::vector<Point>& points);
  void put_info(Watch& watch, std::vector<Point>& points);

  // Readings (read.cpp)
  static asio::awaitable<void> run_pass(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, std::shared_ptr<Pass> pass);
  static asio::awaitable<void> take_turns(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                          std::shared_ptr<Pass> pass);
  static asio::awaitable<void> read_group(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                          std::shared_ptr<Pass> pass, std::shared_ptr<GroupRun> run);
  bool stand_back(Watch& watch, GroupRun& run, std::vector<Point>& points);
  void take(Watch& watch, GroupRun& run, Fetched fetched, Time stamp, std::vector<Point>& points);
  void miss(Watch& watch, GroupRun& run, const Error& error, Time stamp, std::vector<Point>& points);

  // Between the slots (ahead.cpp)
  static asio::awaitable<void> read_between(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, SteadyTime start);
  static asio::awaitable<void> read_ahead_of(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch,
                                             std::shared_ptr<GroupRun> run, Millis span);

  // Ping (ping_watch.cpp)
  static asio::awaitable<void> watch_ping(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch);
  static asio::awaitable<void> probe(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch);
  static asio::awaitable<void> ping(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp);
  static asio::awaitable<void> ping_round(std::shared_ptr<PollCore> core, std::shared_ptr<Watch> watch, Time stamp);
};

// The groups for the profiles that matched (regroup.cpp). What was polled before goes on with its rows, counters and series,
// also when its group has other columns now; what is not polled any more ends just before `stamp`.
void regroup(Watch& watch, const Identified& device, const std::shared_ptr<const ProfileSet>& set, Time stamp,
             std::vector<Point>& points);

}  // namespace bongsu::poll
