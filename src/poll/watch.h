// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "net/promise.h"
#include "poll/fetch.h"
#include "poll/series.h"
#include "poll/slots.h"
#include "poll/spec.h"

// A watched device's own state, on the reactor's thread alone.
namespace bongsu::poll {

struct GroupRun;

// A metric of an earlier group: while that one gives it, the group that names it under `unless` stands back.
struct Rival {
  const GroupRun* run = nullptr;  // of the same watch
  std::uint32_t metric = 0;
};

// One group of a device, from poll to poll.
struct GroupRun {
  const Group* group = nullptr;
  GroupState state{};
  std::vector<Rival> rivals;
  bool fresh = true;  // its facts about the device are to be taken

  // Turns (poll/turns.h)
  std::uint64_t reading = 0;      // the reading under way; 0: none
  std::optional<Millis> took;     // by its newest reading, also one that failed
  Millis took_ahead{0};           // by its newest reading between two slots
  bool slow = false;              // has no place in its slot
  Time begun{};                   // the slot in which its newest reading began
  Time stamp{};                   // of its newest values, or of its newest gap
  std::optional<Time> values_at;  // the stamp of its newest values
  SteadyTime ended{};             // its newest reading
  std::string error;              // of its newest reading; empty when it went well

  // What it gives
  bool stood_back = false;  // when it was due last
  std::vector<bool> gave;   // by metric, at the newest reading that went well
  std::vector<std::pair<std::string, std::string>> facts;

  // When a marker can stand that belongs to `wish`.
  Time time_after(Time wish) const { return std::max(wish, stamp + Millis(1)); }
  // Facts alone, and what others know the device by, change with it, and are read when it is identified.
  bool wanted() const { return fresh || !group->metrics.empty() || !group->neighbor.empty(); }
  // It has counters that are to be read before the next slot as well.
  bool wants_between() const { return state.apart > Millis(0) && !slow; }
  // One that failed may have had it; one that never had a row does not count.
  bool may_give(std::uint32_t metric) const {
    if (stood_back) return false;
    if (!state.read) return true;
    return error.empty() ? metric < gave.size() && gave[metric] : !state.rows.empty();
  }
};

// Wakes the coroutine of a device's slots, at a time or when rung. One coroutine waits at a time.
class Bell final : public net::Timer {
 public:
  explicit Bell(net::Reactor& reactor) : reactor_(reactor), rung_(reactor) {}
  asio::awaitable<void> wait_until(SteadyTime at);  // may end early
  void ring() { rung_.set(true); }

 private:
  void expired() override { ring(); }
  net::Reactor& reactor_;
  net::Promise<bool> rung_;
};

// Readings one after the other, by one coroutine.
struct Pass {
  snmp::Target target{};
  std::uint64_t epoch = 0;  // of the watch
  std::vector<std::shared_ptr<GroupRun>> runs;
  std::size_t next = 0;
  SteadyTime until{};   // a table under way ends there
  bool beside = false;  // goes on beside the slots, with the tables that take turns
  bool alone = false;   // nobody waits for it: it writes what it has
  bool done = false;
  bool silent = false;  // the device does not answer any more
  std::vector<Point> points;
};

// Finding out what the device is.
struct Identification {
  std::shared_ptr<const ProfileSet> set;
  std::optional<Result<Identified>> result;  // nothing: under way
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
  Watch(net::Reactor& reactor, PointSink& sink, const SeriesBudget& budget, DeviceSpec given)
      : spec(std::move(given)), bell(reactor), book(sink, spec.name, budget) {}
  DeviceSpec spec;
  bool stopped = false;
  std::uint64_t epoch = 0;  // rises when address or credentials change: what is under way is then of no use
  Bell bell;
  SeriesBook book;
  Time last_stamp{};

  // SNMP
  std::optional<net::Address> address;
  std::optional<std::size_t> winner;  // of spec.credentials
  std::size_t next_credential = 0;    // to be tried when the winner fails
  int failures = 0;                   // polls in a row
  std::shared_ptr<const ProfileSet> set;
  bool identified = false;
  std::shared_ptr<Identification> identification;  // under way
  SteadyTime identify_again{};
  Oid sys_object_id;
  UptimeState uptime;
  std::uint64_t restarts = 0;
  std::vector<std::string> profiles;
  std::set<std::string> told;                              // notices, each once
  std::vector<std::shared_ptr<GroupRun>> groups;           // in the order of asking
  std::vector<std::pair<std::string, std::string>> facts;  // as it was identified
  std::map<std::string, std::string> info;
  std::optional<double> uptime_seconds;
  std::optional<bool> snmp_up;

  // Slots and turns
  Time slot{};  // what is read now carries it
  std::uint64_t readings = 0;
  std::shared_ptr<Pass> beside;  // the readings that go on beside the slots
  bool info_changed = true;      // since it was last shown

  // Ping
  PingWindow pings;
  std::optional<bool> icmp_up;
  bool icmp_works = true;      // false: no socket for its family
  bool icmp_answered = false;  // when the device last answered anything: no filter on the way swallows pings
  bool pinging = false;

  // Asked out of turn
  bool probing = false;
  bool hurry = false;  // the next poll is due now
  bool polling = false;
  std::uint64_t polls_ended = 0;          // of SNMP
  std::optional<SteadyTime> second_look;  // when the next poll is due before its slot

  std::optional<bool> up() const;
  // Its newest poll was lost, the one before was not, and ping can tell nothing of it: a second look decides whether it is down.
  bool in_doubt() const;
  // The loopback answers ping whatever becomes of the agent behind it: beside SNMP that proves nothing.
  bool ping_proves() const { return !(spec.snmp && address && address->is_loopback()); }
  // Another address or other credentials: what is known of the device's answers is not its own any more.
  void start_over();
  // `info` from what the groups found out and what was configured; `known` says what kind of device has the configured os.
  void gather_info(const ProfileSet* known);
  // Of the newest readings, for a person; empty when all went well.
  std::string first_error() const;
  void forget_series();  // the sink does not know their ids any more
};

}  // namespace bongsu::poll
