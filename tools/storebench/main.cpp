// SPDX-License-Identifier: Apache-2.0
// Fills a store with a made-up poller's samples and says what that cost in octets, time and memory; rivals beside it.
#include <fmt/core.h>
#include <getopt.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "dataset.h"
#include "logs.h"
#include "process.h"
#include "rivals.h"
#include "store/inspect.h"
#include "store/store.h"
#include "table.h"

namespace bongsu::bench {
namespace {

constexpr const char* kUsage =
    "usage: bongsu-storebench [options]\n"
    "  --set NAMES    interfaces (the default), gauges, mixed, or a kind of series; several with commas;\n"
    "                 or logs, alone\n"
    "  --lines N      of logs (10000000)\n"
    "  --table        all that is asked of the store instead, set by set, with what is asked beside it; --rivals without\n"
    "                 --set does the same\n"
    "  --series N     (10000)\n"
    "  --hours H      of one sample a minute (24)\n"
    "  --jitter MS    each host polled at its own second, astray by less than MS (0: all at the full minute)\n"
    "  --dir DIR      for the store and the rivals, emptied first (storebench.tmp)\n"
    "  --memory MIB   StoreOptions::memory (256)\n"
    "  --keep         leave the store in DIR\n"
    "  --restart      kill -9 instead of a clean end, and open again\n"
    "  --rivals       Prometheus and VictoriaMetrics too, where installed\n"
    "  --json         one JSON object a line for each set and store; Bongsu's is the last\n";

struct Options {
  std::vector<std::string> sets{"interfaces"};
  DatasetSpec data;
  std::filesystem::path dir = "storebench.tmp";
  std::uint64_t memory_mib = 256;
  std::uint64_t lines = 10'000'000;
  bool keep = false, restart = false, rivals = false, json = false, table = false;
};

[[noreturn]] void leave(const std::string& text, int code) {
  std::fprintf(stderr, "bongsu-storebench: %s\n", text.c_str());
  std::exit(code);
}

template <class T>
T must(Result<T> result) {
  if (!result) leave(result.error().text, 1);
  return *std::move(result);
}

// The wall clock says the minute that is being fed; the steady clock is the machine's.
class FedClock final : public Clock {
 public:
  std::chrono::nanoseconds precise() const override { return std::chrono::milliseconds(now_ms.load()); }
  SteadyTime steady() const override { return real_.steady(); }
  std::atomic<std::int64_t> now_ms{0};

 private:
  SystemClock real_;
};

class Bench {
 public:
  Bench(const Options& options, const Dataset& data) : options_(options), data_(data) {
    clock_.now_ms = data.start();
    settings_.memory = options.memory_mib << 20;
    settings_.raw_retention = std::chrono::hours(24 * 365 * 10);
    open();
  }

  Figures run() {
    Figures figures{.store = "bongsu"};
    const double cpu = cpu_seconds(getpid());
    const double fed = feed();
    const auto samples = static_cast<double>(data_.samples());
    figures.ingest_per_s = samples / fed;
    data_.forget();
    figures.rss_mib = resident_mib(getpid());
    settle(figures);
    const double before_queries = cpu_seconds(getpid());
    ask(figures);
    data_.forget();
    figures.rss_mib = std::max(figures.rss_mib, resident_mib(getpid()));
    const double after_queries = cpu_seconds(getpid());
    store_.reset();
    figures.cpu_s_per_Msample = (cpu_seconds(getpid()) - after_queries + before_queries - cpu) / samples * 1e6;
    figures.bytes_per_sample = static_cast<double>(octets_in(options_.dir)) / samples;
    double windows = 0;
    for (const auto& family : must(store::inspect(options_.dir, {.verify = false})).families) {
      if (family.name.starts_with("rollup_")) windows += static_cast<double>(family.octets);
    }
    figures.rollup_bytes_per_sample = windows / samples;
    return figures;
  }

  // Until everything is durable, in seconds.
  double feed() {
    const DatasetSpec& spec = data_.spec();
    std::vector<SeriesId> ids;
    ids.reserve(spec.series);
    for (std::uint32_t i = 0; i < spec.series; ++i) ids.push_back(must(store_->series(data_.labels(i))));
    const double began = wall_seconds();
    std::vector<Point> poll;
    for (std::uint32_t step = 0; step < spec.steps; ++step) {
      clock_.now_ms = data_.time(0, step) + 60'000;
      for (std::uint32_t i = 0; i < spec.series;) {
        const std::uint32_t host = data_.host(i);
        const Time at = time_from_ms(data_.time(i, step));
        poll.clear();
        for (; i < spec.series && data_.host(i) == host; ++i) poll.push_back({ids[i], {at, data_.value(i, step)}});
        append(poll);
      }
    }
    if (const Status flushed = store_->flush(); !flushed) leave(flushed.error().text, 1);
    return wall_seconds() - began;
  }

  void ask(Figures& figures) const {
    const Time end = time_from_ms(data_.start() + static_cast<std::int64_t>(data_.spec().steps) * 60'000);
    const Matcher metric{Matcher::Op::Equal, std::string(kMetricName), data_.metric()};
    Labels one = data_.labels(0);
    for (std::uint32_t i = 0; i < data_.spec().series && one.metric() != data_.metric(); ++i) one = data_.labels(i);
    std::vector<Matcher> exact;
    for (const auto& [name, value] : one) exact.push_back({Matcher::Op::Equal, name, value});
    figures.series_24h_ms = median([&] { return must(store_->select(exact, end - std::chrono::hours(24), end)).size() == 1; });
    const std::vector<Matcher> thousand{metric, {Matcher::Op::Regex, "device", std::string(kThousand)}};
    figures.rate_1000_ms = median([&] {
      double sum = 0;
      for (const Series& series : must(store_->select(thousand, end - std::chrono::hours(1), end))) {
        const auto span = std::chrono::duration<double>(series.samples.back().at - series.samples.front().at).count();
        if (span > 0) sum += (series.samples.back().value - series.samples.front().value) / span;
      }
      return sum == sum;
    });
    const std::vector<Matcher> all{{Matcher::Op::Equal, "job", "snmp"}};
    figures.last_100k_ms =
        median([&] { return must(store_->latest(all, end - std::chrono::minutes(5), end)).size() == data_.spec().series; });
  }

  // Ends the process as kill -9 would, with everything durable and nothing tidied up.
  [[noreturn]] void feed_and_die() {
    feed();
    kill(getpid(), SIGKILL);
    _exit(1);
  }

  Figures run_restarted(double took_ms, double cpu_s) {
    Figures figures{.store = "bongsu"};
    figures.start_ms = took_ms;
    figures.start_cpu_s = cpu_s;
    clock_.now_ms = data_.start() + static_cast<std::int64_t>(data_.spec().steps) * 60'000;
    figures.rss_mib = resident_mib(getpid());
    ask(figures);
    return figures;
  }

 private:
  void settle(Figures& figures) {
    // The store counts its memory once a second, and makes the windows of days that are over bit by bit.
    const Counter& rolled = metrics_.counter("bongsu_store_rollups_total", "days of 64 series rolled up into windows");
    for (std::uint64_t before = UINT64_MAX; before != rolled.value();) {
      before = rolled.value();
      std::this_thread::sleep_for(std::chrono::milliseconds(2100));
    }
    const auto series = static_cast<double>(data_.spec().series);
    const store::Store::Memory used = store_->health().memory;
    figures.head_bytes_per_series = static_cast<double>(used.series) / series;
    figures.index_bytes_per_series = static_cast<double>(used.labels) / series;
  }
  void open() { store_ = must(store::Store::open(options_.dir, settings_, clock_, metrics_)); }
  void append(const std::vector<Point>& poll) {
    for (;;) {
      const Status taken = store_->append(poll);
      if (taken) return;
      if (taken.error().code != Code::Limit) leave(taken.error().text, 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the writer is behind
    }
  }
  // Of eleven, ms; the first warms.
  template <class Ask>
  double median(const Ask& ask) const {
    std::vector<double> took;
    for (int i = 0; i < 12; ++i) {
      const double began = wall_seconds();
      if (!ask()) leave("a query gave a wrong answer", 1);
      took.push_back((wall_seconds() - began) * 1e3);
    }
    took.erase(took.begin());
    std::sort(took.begin(), took.end());
    return took[took.size() / 2];
  }

  const Options& options_;
  const Dataset& data_;
  FedClock clock_;
  Metrics metrics_;
  store::StoreOptions settings_;
  std::unique_ptr<store::Store> store_;
};

void show(const Options& options, const std::string& set, const Figures& figures) {
  const auto each = [&](const auto& give) {
    give("bytes_per_sample", figures.bytes_per_sample);
    give("rollup_bytes_per_sample", figures.rollup_bytes_per_sample);
    give("ingest_per_s", figures.ingest_per_s);
    give("cpu_s_per_Msample", figures.cpu_s_per_Msample);
    give("series_24h_ms", figures.series_24h_ms);
    give("rate_1000_ms", figures.rate_1000_ms);
    give("last_100k_ms", figures.last_100k_ms);
    give("start_ms", figures.start_ms);
    give("start_cpu_s", figures.start_cpu_s);
    give("head_bytes_per_series", figures.head_bytes_per_series);
    give("index_bytes_per_series", figures.index_bytes_per_series);
    give("rss_mib", std::optional(figures.rss_mib));
  };
  if (options.json) {
    std::string line;
    JsonWriter json(line);
    json.begin_object().member("set", set).member("store", figures.store);
    json.member("series", options.data.series).member("hours", options.data.steps / 60.0);
    json.member("jitter_ms", options.data.jitter_ms);
    each([&](std::string_view name, const std::optional<double>& value) {
      if (value) json.member(name, *value);
    });
    json.end_object();
    fmt::print("{}\n", line);
  } else {
    fmt::print("{:12} {:16}", set, figures.store);
    each([&](std::string_view name, const std::optional<double>& value) {
      if (value) fmt::print(" {} {:.4g}", name, *value);
    });
    fmt::print("\n");
  }
  std::fflush(stdout);
}

int measure_all(const Options& options) {
  for (const std::string& set : options.sets) {
    DatasetSpec spec = options.data;
    spec.set = set;
    std::filesystem::remove_all(options.dir);
    std::filesystem::create_directories(options.dir);
    const Dataset data = must(Dataset::make(spec, options.dir.string() + ".values"));
    if (options.rivals) {
      for (const Rival rival : {Rival::Prometheus, Rival::VictoriaMetrics}) {
        if (!installed(rival)) {
          std::fprintf(stderr, "bongsu-storebench: %s is not installed\n", to_string(rival));
          continue;
        }
        if (const auto figures = measure(rival, data, options.dir.string() + ".rival")) show(options, set, *figures);
        else std::fprintf(stderr, "bongsu-storebench: %s\n", figures.error().text.c_str());
      }
    }
    if (options.restart) {
      const pid_t child = fork();
      if (child == 0) Bench(options, data).feed_and_die();
      waitpid(child, nullptr, 0);
      data.forget();
      const double began = wall_seconds(), cpu_began = cpu_seconds(getpid());
      Bench bench(options, data);
      const double took_ms = (wall_seconds() - began) * 1e3;
      show(options, set, bench.run_restarted(took_ms, cpu_seconds(getpid()) - cpu_began));
    } else {
      show(options, set, Bench(options, data).run());
    }
    if (!options.keep) std::filesystem::remove_all(options.dir);
  }
  return 0;
}

double number(const char* text, double smallest, double largest) {
  double value = 0;
  const std::string_view word(text);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || !(value >= smallest && value <= largest)) {
    leave(fmt::format("{}: not a number from {} to {}", text, smallest, largest), 2);
  }
  return value;
}

int run(int argc, char** argv) {
  enum { kSet = 1, kLines, kSeries, kHours, kJitter, kDir, kMemory, kKeep, kRestart, kRivals, kJson, kTable, kHelp };
  const option known[] = {{"set", 1, nullptr, kSet},       {"lines", 1, nullptr, kLines},   {"series", 1, nullptr, kSeries},
                          {"hours", 1, nullptr, kHours},   {"jitter", 1, nullptr, kJitter}, {"dir", 1, nullptr, kDir},
                          {"memory", 1, nullptr, kMemory}, {"keep", 0, nullptr, kKeep},     {"restart", 0, nullptr, kRestart},
                          {"rivals", 0, nullptr, kRivals}, {"json", 0, nullptr, kJson},     {"table", 0, nullptr, kTable},
                          {"help", 0, nullptr, kHelp},     {nullptr, 0, nullptr, 0}};
  Options options;
  bool set_given = false;
  for (int found; (found = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    switch (found) {
      case kTable:
        options.table = true;
        break;
      case kSet: {
        options.sets.clear();
        set_given = true;
        std::string_view left(optarg);
        for (std::size_t comma = 0; comma != std::string_view::npos; left.remove_prefix(std::min(comma + 1, left.size()))) {
          comma = left.find(',');
          options.sets.emplace_back(left.substr(0, comma));
        }
        break;
      }
      case kLines:
        options.lines = static_cast<std::uint64_t>(number(optarg, 1, 1e9));
        break;
      case kSeries:
        options.data.series = static_cast<std::uint32_t>(number(optarg, 1, 16e6));
        break;
      case kHours:
        options.data.steps = static_cast<std::uint32_t>(number(optarg, 0.02, 24 * 366) * 60);
        break;
      case kJitter:
        options.data.jitter_ms = static_cast<std::uint32_t>(number(optarg, 0, 10'000));
        break;
      case kDir:
        options.dir = optarg;
        break;
      case kMemory:
        options.memory_mib = static_cast<std::uint64_t>(number(optarg, 8, 1 << 20));
        break;
      case kKeep:
        options.keep = true;
        break;
      case kRestart:
        options.restart = true;
        break;
      case kRivals:
        options.rivals = true;
        break;
      case kJson:
        options.json = true;
        break;
      case kHelp:
        std::fputs(kUsage, stdout);
        return 0;
      default:
        std::fputs(kUsage, stderr);
        return 2;
    }
  }
  if (options.table || (options.rivals && !set_given && !options.json))
    return print_table({.dir = options.dir, .lines = options.lines, .rivals = options.rivals});
  if (options.sets == std::vector<std::string>{"logs"}) {
    return measure_logs({.lines = options.lines, .dir = options.dir, .memory_mib = options.memory_mib, .json = options.json});
  }
  return measure_all(options);
}

}  // namespace
}  // namespace bongsu::bench

int main(int argc, char** argv) { return bongsu::bench::run(argc, argv); }
