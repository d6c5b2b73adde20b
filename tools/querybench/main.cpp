// SPDX-License-Identifier: Apache-2.0
// Asks a filled store what dashboards and rules ask, and rivals the same over the same samples, over HTTP on loopback.
#include <fmt/core.h>
#include <getopt.h>
#include <httplib.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "dataset.h"
#include "process.h"
#include "query/engine.h"
#include "query/parse.h"
#include "rivals.h"
#include "store/store.h"

namespace bongsu::bench {
namespace {

constexpr int kPort = 20'191;
constexpr const char* kUsage =
    "usage: bongsu-querybench [options]\n"
    "  --ask NAMES    which of these, with commas (all):\n"
    "                 rate   rate over 1,000 series, 24 h, step 60 s\n"
    "                 avgby  avg by over 10,000 series, 6 h, step 60 s\n"
    "                 topk   the ten busiest of 100,000 series now\n"
    "                 regex  a regular expression over 1,000,000 series, 10,000 values (Bongsu alone, in process)\n"
    "                 rules  500 rules of 200 series each (Bongsu alone, in process)\n"
    "  --runs N       of which the median counts (7)\n"
    "  --scale F      of the numbers of series (1)\n"
    "  --dir DIR      emptied first (querybench.tmp)\n"
    "  --rivals       Prometheus and VictoriaMetrics too, where installed\n"
    "  --local        Bongsu in process, not over HTTP\n"
    "  --json         one JSON object a line for each question and store\n";

struct Options {
  std::vector<std::string> ask{"rate", "avgby", "topk", "regex", "rules"};
  int runs = 7;
  double scale = 1;
  std::filesystem::path dir = "querybench.tmp";
  bool rivals = false, local = false, json = false;
  bool asks(std::string_view name) const { return std::find(ask.begin(), ask.end(), name) != ask.end(); }
};

[[noreturn]] void leave(const std::string& text, int code) {
  std::fprintf(stderr, "bongsu-querybench: %s\n", text.c_str());
  std::exit(code);
}

template <class T>
T must(Result<T> result) {
  if (!result) leave(result.error().text, 1);
  return *std::move(result);
}

class FedClock final : public Clock {
 public:
  std::chrono::nanoseconds precise() const override { return std::chrono::milliseconds(now_ms.load()); }
  SteadyTime steady() const override { return real_.steady(); }
  std::atomic<std::int64_t> now_ms{0};

 private:
  SystemClock real_;
};

struct Question {
  std::string name;
  std::string query;
  std::int64_t end = 0;     // s since 1970
  std::int64_t length = 0;  // s; 0 for an instant
};

void show(const Options& options, const std::string& question, const std::string& store, double wall_ms, double cpu_ms,
          std::uint64_t octets) {
  if (options.json) {
    fmt::print("{{\"ask\":\"{}\",\"store\":\"{}\",\"wall_ms\":{:.2f},\"cpu_ms\":{:.2f},\"octets\":{}}}\n", question, store,
               wall_ms, cpu_ms, octets);
  } else {
    fmt::print("{:<6} {:<16} {:>9.2f} ms wall {:>9.2f} ms CPU {:>11} octets\n", question, store, wall_ms, cpu_ms, octets);
  }
  std::fflush(stdout);
}

// The median of several runs after one that warms.
template <class Ask>
double median_ms(int runs, const Ask& ask) {
  std::vector<double> took;
  for (int i = 0; i <= runs; ++i) {
    const double began = wall_seconds();
    ask();
    took.push_back((wall_seconds() - began) * 1e3);
  }
  took.erase(took.begin());
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

void ask_over_http(const Options& options, const std::string& store, int port, int process, const std::string& prefix,
                   const std::vector<Question>& questions) {
  httplib::Client client("127.0.0.1", port);
  client.set_read_timeout(300);
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  for (const Question& question : questions) {
    httplib::Params params{{"query", question.query}, {"nocache", "1"}};
    if (question.length > 0) {
      params.emplace("start", std::to_string(question.end - question.length));
      params.emplace("end", std::to_string(question.end));
      params.emplace("step", "60");
    } else {
      params.emplace("time", std::to_string(question.end));
    }
    const std::string url =
        httplib::append_query_params(prefix + (question.length > 0 ? "/api/v1/query_range" : "/api/v1/query"), params);
    std::uint64_t octets = 0;
    double cpu = 0;
    int asked = 0;
    const double wall = median_ms(options.runs, [&] {
      if (asked++ == 1) cpu = cpu_seconds(process);
      const auto reply = client.Get(url.c_str());
      if (!reply || reply->status != 200)
        leave(store + " does not answer " + question.query + (reply ? ": " + reply->body.substr(0, 300) : ""), 1);
      octets = reply->body.size();
    });
    cpu = (cpu_seconds(process) - cpu) / options.runs * 1e3;
    show(options, question.name, store, wall, cpu, octets);
  }
}

class Bench {
 public:
  explicit Bench(const Options& options) : options_(options) {}

  // Fills a store with the set and asks; then rivals.
  void compare(const DatasetSpec& spec, const std::function<std::vector<Question>(const Dataset&)>& questions_of) {
    std::filesystem::remove_all(options_.dir);
    std::filesystem::create_directories(options_.dir);
    const Dataset data = must(Dataset::make(spec, options_.dir / "samples"));
    const std::vector<Question> questions = questions_of(data);
    const auto store_dir = options_.dir / "store";
    {
      const auto store = fill(data, store_dir);
      if (options_.local) ask_in_process(*store, questions);
    }
    if (!options_.local) serve(store_dir, questions);
    std::filesystem::remove_all(store_dir);
    if (!options_.rivals) return;
    for (const auto& [rival, name] :
         {std::pair(Rival::Prometheus, "prometheus"), std::pair(Rival::VictoriaMetrics, "victoriametrics")}) {
      if (!installed(rival)) continue;
      const auto running = must(FilledRival::start(rival, data, options_.dir / "rival"));
      ask_over_http(options_, name, running->port(), running->process(), "", questions);
    }
  }

  // The regular expression and the rules: what they cost is the index and the evaluation, not the transport.
  void regex() {
    const auto series = static_cast<std::uint32_t>(1e6 * options_.scale);
    const auto store = open(options_.dir / "index");
    clock_.now_ms = kNow;
    std::vector<Point> points;
    for (std::uint32_t i = 0; i < series; ++i) {
      const SeriesId id = must(store->series(Labels({{"__name__", "m" + std::to_string(i % 10)},
                                                     {"device", fmt::format("sw-{:05}.example.net", i / 100)},
                                                     {"row", std::to_string(i / 10 % 10)}})));
      points.push_back({id, {time_from_ms(kNow - 30'000), 1.0 * i}});
      if (points.size() == 10'000) flush(*store, points);
    }
    flush(*store, points);
    const auto expr = must(query::parse("count(m3{device=~\"sw-0.*[37]\\\\.example.*\"})"));
    const query::Engine engine(*store);
    std::size_t run = 0;
    std::vector<std::shared_ptr<const query::Expr>> fresh;  // another expression each time, so that no answer is at hand
    for (int i = 0; i <= options_.runs; ++i)
      fresh.push_back(must(query::parse("count(m3{device=~\"sw-0.*[" + std::to_string(i % 10) + std::to_string((i + 3) % 10) +
                                        "]\\\\.example.*\"})")));
    const double cpu = cpu_seconds(getpid());
    const double wall = median_ms(options_.runs, [&] { must(engine.instant(*fresh[run++], time_from_ms(kNow))); });
    show(options_, "regex", "bongsu", wall, (cpu_seconds(getpid()) - cpu) / (options_.runs + 1) * 1e3, series);
  }

  void rules() {
    const auto store = open(options_.dir / "rules");
    clock_.now_ms = kNow;
    std::vector<Point> points;
    for (int rule = 0; rule < 500; ++rule) {
      for (int i = 0; i < 200; ++i) {
        const SeriesId id = must(store->series(Labels({{"__name__", fmt::format("metric_{}_total", rule)},
                                                       {"device", fmt::format("d{:03}", i / 4)},
                                                       {"row", std::to_string(i % 4)}})));
        for (int k = 0; k < 10; ++k) points.push_back({id, {time_from_ms(kNow - 600'000 + k * 60'000), 100.0 * k + i}});
      }
      flush(*store, points);
    }
    std::vector<std::shared_ptr<const query::Expr>> all;
    for (int rule = 0; rule < 500; ++rule) {
      static constexpr const char* kForms[] = {"max by (device) (metric_{}_total) > 100", "rate(metric_{}_total[5m]) > 1e9",
                                               "avg by (device) (rate(metric_{}_total[5m])) > 5", "metric_{}_total / 100 > 50",
                                               "sum by (device) (increase(metric_{}_total[10m]))"};
      all.push_back(must(query::parse(fmt::format(fmt::runtime(kForms[rule % 5]), rule))));
    }
    const query::Engine engine(*store);
    const double cpu = cpu_seconds(getpid());
    const double wall = median_ms(options_.runs, [&] {
      for (const auto& expr : all) must(engine.instant(*expr, time_from_ms(kNow)));
    });
    const double each = (cpu_seconds(getpid()) - cpu) / (options_.runs + 1);
    show(options_, "rules", "bongsu", wall, each * 1e3, 0);
    if (!options_.json) fmt::print("rules: {:.2f} % of a core when all are judged each 15 s\n", each / 15 * 100);
  }

 private:
  static constexpr std::int64_t kNow = 1'790'000'000'000;

  std::unique_ptr<store::Store> open(const std::filesystem::path& dir) {
    std::filesystem::remove_all(dir);
    std::filesystem::create_directories(dir);
    clock_.now_ms = kNow - 3'600'000;
    store::StoreOptions settings;
    settings.memory = 512ULL << 20;
    settings.raw_retention = std::chrono::hours(24 * 365 * 20);
    return must(store::Store::open(dir, settings, clock_, metrics_));
  }
  static void flush(store::Store& store, std::vector<Point>& points) {
    append(store, points);
    points.clear();
  }
  static void append(store::Store& store, const std::vector<Point>& points) {
    for (;;) {
      const Status taken = store.append(points);
      if (taken) return;
      if (taken.error().code != Code::Limit) leave(taken.error().text, 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the writer is behind
    }
  }
  std::unique_ptr<store::Store> fill(const Dataset& data, const std::filesystem::path& dir) {
    const DatasetSpec& spec = data.spec();
    clock_.now_ms = data.start();
    std::filesystem::create_directories(dir);
    store::StoreOptions settings;
    settings.memory = 512ULL << 20;
    settings.raw_retention = std::chrono::hours(24 * 365 * 20);
    auto store = must(store::Store::open(dir, settings, clock_, metrics_));
    std::vector<SeriesId> ids;
    for (std::uint32_t i = 0; i < spec.series; ++i) ids.push_back(must(store->series(data.labels(i))));
    std::vector<Point> poll;
    for (std::uint32_t step = 0; step < spec.steps; ++step) {
      clock_.now_ms = data.time(0, step) + 60'000;
      for (std::uint32_t i = 0; i < spec.series;) {
        const std::uint32_t host = data.host(i);
        const Time at = time_from_ms(data.time(i, step));
        poll.clear();
        for (; i < spec.series && data.host(i) == host; ++i) poll.push_back({ids[i], {at, data.value(i, step)}});
        append(*store, poll);
      }
    }
    if (const Status flushed = store->flush(); !flushed) leave(flushed.error().text, 1);
    return store;
  }
  void ask_in_process(const store::Store& store, const std::vector<Question>& questions) const {
    const query::Engine engine(store);
    for (const Question& question : questions) {
      const auto expr = must(query::parse(question.query));
      const Time end = time_from_ms(question.end * 1000);
      const double cpu = cpu_seconds(getpid());
      const double wall = median_ms(options_.runs, [&] {
        if (question.length == 0) must(engine.instant(*expr, end));
        else must(engine.range(*expr, end - std::chrono::seconds(question.length), end, std::chrono::seconds(60)));
      });
      show(options_, question.name, "bongsu (local)", wall, (cpu_seconds(getpid()) - cpu) / (options_.runs + 1) * 1e3, 0);
    }
  }
  // The daemon itself over the store that was filled.
  void serve(const std::filesystem::path& dir, const std::vector<Question>& questions) const {
    const auto config = options_.dir / "bongsu.yaml";
    std::ofstream(config) << "data: " << std::filesystem::absolute(dir).string() << "\nhttp: {listen: 127.0.0.1:" << kPort
                          << "}\nretention: {raw: 20y, 5m: 20y, 1h: 20y}\n";
    const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "bongsu";
    Program daemon({program.string(), "serve", "--alone", "--config", config.string()});
    httplib::Client client("127.0.0.1", kPort);
    for (int tries = 0;; ++tries) {
      const auto reply = client.Get("/readyz");
      if (reply && reply->status == 200) break;
      if (tries == 600 || !daemon.alive()) leave(program.string() + " does not serve " + config.string(), 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ask_over_http(options_, "bongsu", kPort, daemon.id(), "/prometheus", questions);
  }

  const Options& options_;
  FedClock clock_;
  Metrics metrics_;
};

Options options_of(int argc, char** argv) {
  Options options;
  enum : int { kAsk = 1, kRuns, kScale, kDir, kRivals, kLocal, kJson, kHelp };
  static constexpr option kLong[] = {{"ask", required_argument, nullptr, kAsk},
                                     {"runs", required_argument, nullptr, kRuns},
                                     {"scale", required_argument, nullptr, kScale},
                                     {"dir", required_argument, nullptr, kDir},
                                     {"rivals", no_argument, nullptr, kRivals},
                                     {"local", no_argument, nullptr, kLocal},
                                     {"json", no_argument, nullptr, kJson},
                                     {"help", no_argument, nullptr, kHelp},
                                     {nullptr, 0, nullptr, 0}};
  for (int c = 0; (c = getopt_long(argc, argv, "h", kLong, nullptr)) != -1;) {
    switch (c) {
      case kAsk:
        options.ask.clear();
        for (const std::string_view name : split(optarg, ',')) options.ask.emplace_back(name);
        break;
      case kRuns:
        options.runs = static_cast<int>(parse_unsigned(optarg).value_or(0));
        break;
      case kScale:
        options.scale = parse_number(optarg).value_or(0);
        break;
      case kDir:
        options.dir = optarg;
        break;
      case kRivals:
        options.rivals = true;
        break;
      case kLocal:
        options.local = true;
        break;
      case kJson:
        options.json = true;
        break;
      case kHelp:
      case 'h':
        std::fputs(kUsage, stdout);
        std::exit(0);
      default:
        std::fputs(kUsage, stderr);
        std::exit(2);
    }
  }
  if (options.runs < 1 || options.runs > 1000 || !(options.scale > 0 && options.scale <= 10))
    leave("--runs and --scale want a number above 0", 2);
  for (const std::string& name : options.ask) {
    static constexpr std::string_view kKnown[] = {"rate", "avgby", "topk", "regex", "rules"};
    if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown))
      leave("--ask knows no \"" + name + "\"; see --help", 2);
  }
  return options;
}

}  // namespace
}  // namespace bongsu::bench

int main(int argc, char** argv) {
  using namespace bongsu::bench;
  const Options options = options_of(argc, argv);
  Bench bench(options);
  if (options.asks("rate") || options.asks("avgby")) {
    DatasetSpec spec;
    spec.series = static_cast<std::uint32_t>(10'000 * options.scale);
    bench.compare(spec, [&](const Dataset& data) {
      std::vector<Question> all;
      const std::int64_t end = data.start() / 1000 + data.spec().steps * 60;
      if (options.asks("rate"))
        all.push_back({"rate", "rate(" + data.metric() + "{device=~\"" + std::string(kThousand) + "\"}[5m])", end, 86'340});
      if (options.asks("avgby")) all.push_back({"avgby", "avg by (row) ({job=\"snmp\"})", end, 6 * 3600});
      return all;
    });
  }
  if (options.asks("topk")) {
    DatasetSpec spec;
    spec.set = "octets";
    spec.series = static_cast<std::uint32_t>(100'000 * options.scale);
    spec.steps = 65;
    bench.compare(spec, [](const Dataset& data) {
      return std::vector<Question>{
          {"topk", "topk(10, rate(" + data.metric() + "[5m]))", data.start() / 1000 + data.spec().steps * 60, 0}};
    });
  }
  if (options.asks("regex")) bench.regex();
  if (options.asks("rules")) bench.rules();
  std::filesystem::remove_all(options.dir);
  return 0;
}
