// SPDX-License-Identifier: Apache-2.0
// Asking one device everything that tells how it fares with SNMP: what `doctor` judges (app/diagnose.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "icmp/pinger.h"
#include "net/reactor.h"
#include "poll/plan.h"
#include "snmp/client.h"

namespace bongsu::app {

// One thing that was tried, in the order of trying.
struct Check {
  enum class Outcome : std::uint8_t { Good, Bad, Skipped };
  std::string name;  // "address", "ping", "port", "credentials \"office\" (v2c)", "growing requests", "GETBULK", "clock"
  Outcome outcome = Outcome::Good;
  std::string text;  // what came of it
};

struct TriedCredentials {
  std::shared_ptr<const snmp::Credentials> credentials;
  std::optional<Error> error;  // nothing: they work
  bool derived = false;        // not given: the community of others in another version
};

// A group of a profile: a table, or scalars that are read together.
struct ReadTable {
  std::string profile;
  std::string name;
  std::size_t rows = 0;    // 1 for scalars
  std::size_t values = 0;  // that are there
  double seconds = 0;      // of the last reading
  bool complete = false;
  bool out_of_time = false;  // cut off by doctor's own patience, which says nothing against it
  std::string note;          // why it is not complete, or what the agent did wrong
};

struct EngineClock {
  std::int64_t boots = 0;
  std::int64_t time = 0;  // seconds since the engine's boot
  double uptime = 0;      // sysUpTime, seconds
  SteadyTime at{};
};

// All that was seen. A plain value.
struct Examination {
  enum class Port : std::uint8_t { NotAsked, Answers, Closed, NoWay, Silent };
  std::string host;  // as the user named it
  std::optional<net::Endpoint> endpoint;
  snmp::Transport transport = snmp::Transport::Udp;
  std::optional<Error> no_address;
  std::optional<icmp::PingStats> ping;  // nothing: no right to ping, or not come so far
  Port port = Port::NotAsked;
  std::string engine_id;  // hex, of SNMPv3 discovery; empty when there was no answer to it
  std::string twin;       // another configured device with the same engine ID
  std::vector<TriedCredentials> tried;
  std::optional<std::size_t> winner;  // of tried
  Millis first_answer{};              // from the question to the answer, whatever was sent again
  std::optional<Millis> answers_in;   // each takes longer than `timeout`
  Millis timeout{};                   // that it was asked with
  std::string sys_descr, sys_object_id, sys_name;
  std::optional<double> uptime_seconds;
  std::vector<std::string> profiles;
  std::optional<Error> unidentified;  // why its profiles are not known
  std::vector<ReadTable> tables;
  std::size_t most_asked = 0;               // objects of the largest single request that was answered
  std::optional<std::size_t> too_many;      // of the smallest that failed
  std::optional<std::string> bulk_problem;  // of one small GETBULK
  int singles = 0, singles_answered = 0;    // small requests one after the other, each sent once
  int singles_late = 0;                     // of those without an answer: it came after they were given up
  int together = 0, together_answered = 0;  // the same at once
  std::optional<std::string> octets32;      // an interface with 32-bit octet counters alone
  std::vector<EngineClock> clocks;          // in the order of reading
  std::vector<std::string> unexamined;      // for lack of time
  snmp::Dialect dialect;
  std::vector<Check> checks;
  SteadyTime until{};  // the time for all of it
};

struct Patient {
  std::string host;     // for texts
  std::string address;  // a number or a name
  std::uint16_t port = 161;
  snmp::Transport transport = snmp::Transport::Udp;
  std::vector<net::Network> reply_from;
  std::vector<std::shared_ptr<const snmp::Credentials>> credentials;  // in the order of preference
  Millis timeout{2'000};
  int retries = 2;
  bool ping = true;
  Millis time{60'000};         // for all of it
  int rounds = 3;              // readings of every table, at most: fewer where nothing is wrong
  Millis table_time{120'000};  // for one table
  struct Neighbour {
    std::string name;
    net::Endpoint endpoint;
  };
  std::vector<Neighbour> neighbours;  // others that may have the same SNMPv3 engine ID
};

struct ExamineParts {
  net::Reactor& reactor;
  snmp::Client& client;
  Metrics& metrics;
  icmp::Pinger* pinger = nullptr;  // nullptr: no right to ping
  std::shared_ptr<const poll::ProfileSet> profiles;
  std::function<void(const std::string& what)> progress;
};

// `into` and what `parts` refers to must outlive it. It never fails: what cannot be done is a check that says so.
asio::awaitable<void> examine(ExamineParts parts, Patient patient, Examination& into);

}  // namespace bongsu::app
