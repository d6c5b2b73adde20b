// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/point.h"
#include "model/sink.h"
#include "poll/fetch.h"
#include "poll/rows.h"
#include "poll/spec.h"

// A watched device's own state, on the reactor's thread alone.
namespace bongsu::poll {

struct GroupRun {
  const Group* group = nullptr;
  GroupState state{};
  bool read = false;       // at least once
  bool restarted = false;  // since its last reading
  std::optional<double> since_restart{};
};

// Turns emissions into points of the sink, and knows which row owns which series.
class SeriesBook {
 public:
  SeriesBook(PointSink& sink, std::string device) : sink_(sink), device_(std::move(device)) {}
  void put(const Group& group, const Outcome& outcome, Time at, std::vector<Point>& points);
  void put(const Group& group, const std::vector<Emission>& emissions, Time at, std::vector<Point>& points);
  // A series without a row, such as snmp_up.
  void put_own(const std::string& metric, double value, Time at, std::vector<Point>& points);
  // device_info: the old one ends where the facts changed.
  void put_info(const Labels& labels, Time at, std::vector<Point>& points);
  // Every series that put_own and put_info wrote ends.
  void end_own(Time at, std::vector<Point>& points);
  // The sink does not know the ids any more.
  void forget(std::vector<std::unique_ptr<GroupRun>>& groups);
  std::uint64_t refused() const { return refused_; }  // series that the sink did not take

 private:
  std::optional<SeriesId> id_of(const Labels& labels);
  PointSink& sink_;
  const std::string device_;
  std::unordered_map<std::uint64_t, const RowState*> owners_;
  std::map<std::string, SeriesId> own_;
  std::optional<std::pair<Labels, SeriesId>> info_;
  std::uint64_t refused_ = 0;
};

// A marker and a value of one series at one time: the value stays.
void drop_outdone_markers(std::vector<Point>& points);

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
};

// The slot at or before `now`: slots lie `interval` apart, moved by `offset`.
Time slot_before(Time now, Millis interval, Millis offset);
// Every device has its own place in the interval.
Millis slot_offset(std::string_view device, Millis interval);

}  // namespace bongsu::poll
