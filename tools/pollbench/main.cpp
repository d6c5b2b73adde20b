// SPDX-License-Identifier: Apache-2.0
// Polls every host of a file each cycle, all columns at once, and says what that cost.
#include <fmt/core.h>
#include <getopt.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "net/live.h"
#include "snmp/client.h"
#include "store/store.h"

namespace bongsu {
namespace {

constexpr const char* kUsage =
    "usage: bongsu-pollbench --hosts FILE --columns FILE [options]\n"
    "  --hosts FILE        one address a line\n"
    "  --columns FILE      one column OID a line\n"
    "  --port N            UDP port of the agents (161)\n"
    "  --cycles N          polls of every host (1)\n"
    "  --community TEXT    (public)\n"
    "  --window N          hosts under way at once (2048)\n"
    "  --repetitions N     rows asked for by one GETBULK (25)\n"
    "  --timeout MS        of one try (1000)\n"
    "  --retries N         (3)\n"
    "  --coroutines        one coroutine for each host, as the daemon does, instead of callbacks\n"
    "  --store DIR         append every value to a store in DIR, as a poll each 60 s would\n"
    "  --json              one JSON object instead of text\n";

struct Options {
  std::string hosts, columns, store, community = "public";
  std::uint16_t port = 161;
  int cycles = 1, repetitions = 25, retries = 3;
  std::size_t window = 2048;
  Millis timeout{1000};
  bool coroutines = false, json = false;
};

[[noreturn]] void leave(const std::string& text, int code) {
  std::fprintf(stderr, "bongsu-pollbench: %s\n", text.c_str());
  std::exit(code);
}

std::vector<std::string> lines_of(const std::string& file) {
  std::ifstream in(file);
  if (!in) leave(file + ": cannot be read", 2);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);) {
    const std::string word(trim(line));
    if (!word.empty() && word[0] != '#') out.push_back(word);
  }
  if (out.empty()) leave(file + ": holds nothing", 2);
  return out;
}

double cpu_seconds() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
         static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) * 1e-6;
}
double peak_mib() {
  rusage use{};
  getrusage(RUSAGE_SELF, &use);
  return static_cast<double>(use.ru_maxrss) / 1024;
}

// One device and its values of the last cycle, by row and column.
struct Host {
  snmp::Target target;
  std::vector<std::uint32_t> indexes;  // of the rows, as they were first seen
  std::size_t latest = 0;              // the row of the cell before
  std::vector<double> values;
  std::vector<SeriesId> series;  // as values, where they are stored

  // Cells come row by row in the same order each time, so the row is the one before or the next.
  std::size_t row(std::uint32_t index, std::size_t width) {
    if (latest < indexes.size() && indexes[latest] == index) return latest;
    latest = latest + 1 < indexes.size() ? latest + 1 : 0;
    if (latest < indexes.size() && indexes[latest] == index) return latest;
    latest = static_cast<std::size_t>(std::find(indexes.begin(), indexes.end(), index) - indexes.begin());
    if (latest == indexes.size()) {
      indexes.push_back(index);
      values.resize(indexes.size() * width, std::nan(""));
    }
    return latest;
  }
};

class Bench {
 public:
  Bench(Options options, std::vector<Host> hosts, std::shared_ptr<const snmp::Columns> columns)
      : options_(std::move(options)), hosts_(std::move(hosts)), columns_(std::move(columns)), client_(reactor_, metrics_) {}

  int run() {
    if (!options_.store.empty()) {
      auto opened = store::Store::open(options_.store, {}, clock_, metrics_);
      if (!opened) leave(opened.error().text, 1);
      store_ = std::move(*opened);
      first_cycle_ = clock_.now() - Millis(60'000) * options_.cycles;
    }
    start_wall_ = reactor_.clock().steady();
    start_cpu_ = cpu_seconds();
    reactor_.post([this] { next_cycle(); });
    reactor_.run();
    if (store_) {
      if (auto flushed = store_->flush(); !flushed) leave(flushed.error().text, 1);
    }
    return report();
  }

 private:
  void next_cycle() {
    next_ = finished_ = 0;
    if (cycle_ > 0) living_wall_ += last_answer_ - cycle_start_;
    cycle_start_ = last_answer_ = reactor_.clock().steady();
    if (cycle_ == 1) {
      first_cpu_ = cpu_seconds() - start_cpu_;
      first_stored_ = stored_;
    }
    if (cycle_++ == options_.cycles) return reactor_.io().stop();
    for (std::size_t i = 0; i < options_.window; ++i) start_one();
  }
  void start_one() {
    if (next_ == hosts_.size()) return;
    Host& host = hosts_[next_++];
    if (options_.coroutines) return reactor_.spawn(poll(host));
    client_.table(
        host.target, columns_, [this, &host](const snmp::Cell& cell) { return keep(host, cell); },
        [this, &host](Result<snmp::WalkEnd> end) { ended(host, std::move(end)); });
  }
  asio::awaitable<void> poll(Host& host) {
    snmp::CellSink sink = [this, &host](const snmp::Cell& cell) { return keep(host, cell); };
    auto end = co_await client_.table(host.target, columns_, std::move(sink));
    ended(host, std::move(end));
  }
  bool keep(Host& host, const snmp::Cell& cell) {
    const auto value = cell.value.to_double();
    if (cell.index.size() != 1 || !value) return true;
    host.values[host.row(cell.index[0], columns_->size()) * columns_->size() + cell.column] = *value;
    ++varbinds_;
    return true;
  }
  void store_values(Host& host) {
    if (host.series.size() < host.values.size()) name_series(host);
    points_.clear();
    const Time at = first_cycle_ + Millis(60'000) * cycle_;
    for (std::size_t i = 0; i < host.values.size(); ++i)
      if (!std::isnan(host.values[i])) points_.push_back({host.series[i], {at, host.values[i]}});
    if (auto kept = store_->append(points_); !kept) leave(kept.error().text, 1);
    stored_ += points_.size();
  }
  void name_series(Host& host) {
    host.series.resize(host.values.size());
    for (std::size_t row = 0; row < host.indexes.size(); ++row) {
      for (std::size_t c = 0; c < columns_->size(); ++c) {
        auto id = store_->series({{"__name__", "pollbench_value"},
                                  {"device", host.target.name},
                                  {"oid", (*columns_)[c].oid.to_string()},
                                  {"ifIndex", std::to_string(host.indexes[row])}});
        if (!id) leave(id.error().text, 1);
        host.series[row * columns_->size() + c] = *id;
      }
    }
  }
  void ended(Host& host, Result<snmp::WalkEnd> end) {
    if (end) {
      ++answered_;
      last_answer_ = reactor_.clock().steady();
      requests_ += end->requests;
      if (store_) store_values(host);
    } else if (failed_++ < 5) {
      std::fprintf(stderr, "%s\n", end.error().text.c_str());
    }
    if (++finished_ == hosts_.size()) return next_cycle();
    start_one();
  }

  int report() const {
    const double cpu = cpu_seconds() - start_cpu_;
    const double wall = std::chrono::duration<double>(reactor_.clock().steady() - start_wall_).count();
    const double asked = static_cast<double>(hosts_.size()) * options_.cycles;
    const double percent = 100 * static_cast<double>(answered_) / asked;
    const double million = static_cast<double>(varbinds_) / 1e6;
    const double per_million = varbinds_ > 0 ? cpu / million : 0;
    const double per_stored = stored_ > 0 ? cpu / (static_cast<double>(stored_) / 1e6) : 0;
    // The first cycle also makes the series.
    const std::size_t later = stored_ - first_stored_;
    const double per_stored_later = later > 0 ? (cpu - first_cpu_) / (static_cast<double>(later) / 1e6) : 0;
    double sum = 0;
    for (const Host& host : hosts_)
      for (const double value : host.values) sum += std::isnan(value) ? 0 : value;
    const double living = std::chrono::duration<double>(living_wall_).count();
    if (options_.json) {
      fmt::print(
          R"({{"hosts":{},"cycles":{},"columns":{},"varbinds":{},"requests":{},"answered_percent":{:.3f},"wall":{:.4f},)"
          R"("wall_answered":{:.4f},"cpu":{:.4f},"cpu_s_per_million_varbinds":{:.4f},"varbinds_per_s":{:.0f},"rss_mib":{:.1f},)"
          R"("sum":{:.0f},"stored":{},"cpu_s_per_million_stored":{:.4f},"after_first_cycle":{:.4f}}})"
          "\n",
          hosts_.size(), options_.cycles, columns_->size(), varbinds_, requests_, percent, wall, living, cpu, per_million,
          static_cast<double>(varbinds_) / wall, peak_mib(), sum, stored_, per_stored, per_stored_later);
    } else {
      fmt::print("{} hosts, {} cycles, {} columns: {} varbinds in {} requests, {:.2f} % of the polls answered\n", hosts_.size(),
                 options_.cycles, columns_->size(), varbinds_, requests_, percent);
      fmt::print("{:.3f} s wall ({:.3f} s to the last answer of each cycle), {:.0f} varbinds/s\n", wall, living,
                 static_cast<double>(varbinds_) / wall);
      fmt::print("{:.3f} CPU s, {:.3f} CPU s per 1 M varbinds, {:.1f} MiB\n", cpu, per_million, peak_mib());
      if (stored_ > 0)
        fmt::print("{} samples stored, {:.3f} CPU s per 1 M of them ({:.3f} after the first cycle, which makes the series)\n",
                   stored_, per_stored, per_stored_later);
    }
    return answered_ == hosts_.size() * static_cast<std::size_t>(options_.cycles) ? 0 : 1;
  }

  const Options options_;
  std::vector<Host> hosts_;
  const std::shared_ptr<const snmp::Columns> columns_;
  SystemClock clock_;
  Metrics metrics_;
  std::unique_ptr<store::Store> store_;
  net::LiveReactor reactor_;
  snmp::Client client_;
  int cycle_ = 0;
  std::size_t next_ = 0, finished_ = 0;
  std::size_t answered_ = 0, failed_ = 0, varbinds_ = 0, requests_ = 0, stored_ = 0;
  std::vector<Point> points_;
  Time first_cycle_{};
  SteadyTime start_wall_{}, cycle_start_{}, last_answer_{};
  SteadyTime::duration living_wall_{0};  // of all cycles, each up to its last answer
  double start_cpu_ = 0, first_cpu_ = 0;
  std::size_t first_stored_ = 0;
};

Options read_options(int argc, char** argv) {
  enum Key {
    kHosts = 1,
    kColumns,
    kPort,
    kCycles,
    kCommunity,
    kWindow,
    kRepetitions,
    kTimeout,
    kRetries,
    kCoroutines,
    kStore,
    kJson,
    kHelp
  };
  static const option kLong[] = {{"hosts", 1, nullptr, kHosts},
                                 {"columns", 1, nullptr, kColumns},
                                 {"port", 1, nullptr, kPort},
                                 {"cycles", 1, nullptr, kCycles},
                                 {"community", 1, nullptr, kCommunity},
                                 {"window", 1, nullptr, kWindow},
                                 {"repetitions", 1, nullptr, kRepetitions},
                                 {"timeout", 1, nullptr, kTimeout},
                                 {"retries", 1, nullptr, kRetries},
                                 {"coroutines", 0, nullptr, kCoroutines},
                                 {"store", 1, nullptr, kStore},
                                 {"json", 0, nullptr, kJson},
                                 {"help", 0, nullptr, kHelp},
                                 {nullptr, 0, nullptr, 0}};
  const auto number = [](double least, double most) {
    const auto value = parse_number(optarg);
    if (!value || !(*value >= least && *value <= most) || *value != std::floor(*value))
      leave(std::string("not a number from ") + format_number(least) + " to " + format_number(most) + ": " + optarg, 2);
    return *value;
  };
  Options out;
  for (int key; (key = getopt_long(argc, argv, "h", kLong, nullptr)) != -1;) {
    switch (key) {
      case kHosts:
        out.hosts = optarg;
        break;
      case kColumns:
        out.columns = optarg;
        break;
      case kPort:
        out.port = static_cast<std::uint16_t>(number(1, 65'535));
        break;
      case kCycles:
        out.cycles = static_cast<int>(number(1, 1e9));
        break;
      case kCommunity:
        out.community = optarg;
        break;
      case kWindow:
        out.window = static_cast<std::size_t>(number(1, 1e6));
        break;
      case kRepetitions:
        out.repetitions = static_cast<int>(number(1, 127));
        break;
      case kTimeout:
        out.timeout = Millis(static_cast<std::int64_t>(number(1, 1e6)));
        break;
      case kRetries:
        out.retries = static_cast<int>(number(0, 100));
        break;
      case kCoroutines:
        out.coroutines = true;
        break;
      case kStore:
        out.store = optarg;
        break;
      case kJson:
        out.json = true;
        break;
      case 'h':
      case kHelp:
        std::fputs(kUsage, stdout);
        std::exit(0);
      default:
        std::fputs(kUsage, stderr);
        std::exit(2);
    }
  }
  if (out.hosts.empty() || out.columns.empty() || optind != argc) {
    std::fputs(kUsage, stderr);
    std::exit(2);
  }
  return out;
}

int run(int argc, char** argv) {
  Options options = read_options(argc, argv);
  std::vector<Oid> oids;
  for (const std::string& line : lines_of(options.columns)) {
    auto oid = Oid::parse(line);
    if (!oid) leave(options.columns + ": " + oid.error().text, 2);
    oids.push_back(std::move(*oid));
  }
  auto columns = snmp::Columns::make(oids);
  if (!columns) leave(options.columns + ": " + columns.error().text, 2);
  auto credentials = std::make_shared<snmp::Credentials>();
  credentials->name = "pollbench";
  credentials->community = Secret(options.community);
  std::vector<Host> hosts;
  for (const std::string& line : lines_of(options.hosts)) {
    auto address = net::Address::parse(line);
    if (!address) leave(options.hosts + ": " + address.error().text, 2);
    snmp::Target target{.name = line, .endpoint = {*address, options.port}, .credentials = credentials};
    target.timeout = options.timeout;
    target.retries = options.retries;
    target.max_repetitions = options.repetitions;
    hosts.push_back({.target = std::move(target)});
  }
  return Bench(std::move(options), std::move(hosts), std::move(*columns)).run();
}

}  // namespace
}  // namespace bongsu

int main(int argc, char** argv) { return bongsu::run(argc, argv); }
