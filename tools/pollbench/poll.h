// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "net/live.h"
#include "net/timer.h"
#include "options.h"
#include "snmp/client.h"
#include "store/store.h"

namespace bongsu::pollbench {

// One device and its values of the last cycle, by row and column.
struct Host {
  snmp::Target target;
  bool living = true;
  std::vector<std::uint32_t> indexes;  // of the rows, as they were first seen
  std::size_t latest = 0;              // the row of the cell before
  std::vector<double> values;
  std::vector<SeriesId> series;  // as values, where they are stored

  // Cells come row by row in the same order each time, so the row is the one before or the next.
  std::size_t row(std::uint32_t index, std::size_t width);
};

struct Measured {
  std::size_t polls = 0;     // of hosts that live
  std::size_t answered = 0;  // of them
  std::size_t varbinds = 0, requests = 0, stored = 0;
  double cpu = 0, wall = 0;
  double per_stored = 0, per_stored_later = 0;  // CPU s per 1 M; later: after the first cycle, which makes the series
  // Seconds of each cycle until all that live are done, and CPU seconds of the same; with dead hosts, also of the cycles
  // without them, each of which goes before one with them.
  std::vector<double> cycles, cycles_cpu, alone, alone_cpu;
  std::vector<double> per_dead;  // CPU s that a dead host costs in its whole cycle
  double sum = 0;                // of all values, to compare with others

  double cpu_per_million() const { return varbinds > 0 ? cpu / (static_cast<double>(varbinds) / 1e6) : 0; }
  double us_per_request() const { return requests > 0 ? cpu * 1e6 / static_cast<double>(requests) : 0; }
  double cycle() const;  // the median
};

double median(std::vector<double> values);
double cpu_seconds();
double resident_octets();

// Polls all hosts, cycle by cycle; a cycle begins when the one before has ended, the dead included. Where hosts are dead,
// each cycle goes after one of the living alone that is given as much time, so that both begin after the same rest; and one
// cycle goes before them all and is not counted.
class Poll {
 public:
  Poll(const Options& options, std::vector<Host>& hosts, std::shared_ptr<const snmp::Columns> columns);
  ~Poll();
  // Ends the process where the store fails.
  Measured run();

 private:
  void start_cycle();
  void start_one();
  void end_cycle();
  asio::awaitable<void> table(Host& host);
  bool keep(Host& host, const snmp::Cell& cell);
  void store_values(Host& host);
  void name_series(Host& host);
  void ended(Host& host, const Error* error, std::size_t requests);

  const Options& options_;
  std::vector<Host>& hosts_;
  const std::shared_ptr<const snmp::Columns> columns_;
  const std::size_t window_;
  std::vector<std::uint8_t> uptime_;
  SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<store::Store> store_;
  net::LiveReactor reactor_;
  snmp::Client client_;
  const std::size_t living_;
  net::CallbackTimer rest_{[this] { start_cycle(); }};
  int cycle_ = 0;
  enum class Kind : std::uint8_t { Warming, Alone, All } kind_ = Kind::All;
  std::size_t next_ = 0, under_way_ = 0, failed_ = 0, living_done_ = 0;
  std::vector<Point> points_;
  Time first_cycle_{};
  SteadyTime cycle_start_{};
  SteadyTime::duration last_cycle_{};  // with the dead
  double start_cpu_ = 0, first_cpu_ = 0, cycle_start_cpu_ = 0, last_cycle_cpu_ = 0;
  std::size_t first_stored_ = 0;
  Measured out_;
};

}  // namespace bongsu::pollbench
