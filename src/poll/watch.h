// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "poll/fetch.h"
#include "poll/series.h"
#include "poll/slots.h"
#include "poll/spec.h"

// A watched device's own state, on the reactor's thread alone.
namespace bongsu::poll {

struct GroupRun {
  const Group* group = nullptr;
  GroupState state{};
};

// The answers of the last pings.
class PingWindow {
 public:
  void add(std::optional<double> seconds, std::size_t keep);
  double loss_percent() const;
  std::optional<double> jitter_seconds() const;  // mean difference between one answer and the next
  bool empty() const { return answers_.empty(); }

 private:
  std::deque<std::optional<double>> answers_;
};

struct Watch {
  Watch(PointSink& sink, DeviceSpec given) : spec(std::move(given)), book(sink, spec.name) {}
  DeviceSpec spec;
  bool stopped = false;
  std::uint64_t epoch = 0;  // rises when address or credentials change: what is under way is then of no use
  SeriesBook book;
  Time last_stamp{};

  // SNMP
  std::optional<net::Address> address;
  std::optional<std::size_t> winner;  // of spec.credentials
  int failures = 0;                   // polls in a row
  std::shared_ptr<const ProfileSet> set;
  bool identified = false;
  SteadyTime identify_again{};
  Oid sys_object_id;
  UptimeState uptime;
  std::vector<std::string> profiles;
  std::set<std::string> told;                     // notices, each once
  std::vector<std::unique_ptr<GroupRun>> groups;  // in the order of asking
  std::map<std::string, std::string> info;
  std::optional<double> uptime_seconds;
  std::optional<bool> snmp_up;

  // Ping
  PingWindow pings;
  std::optional<bool> icmp_up;
  bool icmp_works = true;  // false: no socket for its family

  std::optional<bool> up() const;
  void forget_series();  // the sink does not know their ids any more
};

}  // namespace bongsu::poll
