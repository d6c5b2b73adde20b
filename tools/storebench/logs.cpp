// SPDX-License-Identifier: Apache-2.0
#include "logs.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/json.h"
#include "loglines.h"
#include "process.h"
#include "store/store.h"

namespace bongsu::bench {
namespace {

constexpr std::uint64_t kRound = 500'000;  // lines
constexpr std::size_t kBatch = 500;        // lines handed over at once
constexpr const char* kRare = "203.0.113.77";

[[noreturn]] void give_up(const Error& error) {
  std::fprintf(stderr, "bongsu-storebench: %s\n", error.text.c_str());
  std::exit(1);
}

void append(store::Store& store, std::vector<Event> batch) {
  // Refused, a batch is lost: so what may be refused is copied.
  for (;;) {
    if (store.health().pending_events < 60'000) {
      if (const Status taken = store.append(std::move(batch)); !taken) give_up(taken.error());
      return;
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

// Of eleven, ms; the first warms.
double median_ms(const store::Store& store, const EventQuery& query, std::size_t expected) {
  std::vector<double> took;
  for (int i = 0; i < 12; ++i) {
    const double began = wall_seconds();
    const auto page = store.search(query);
    if (!page) give_up(page.error());
    if (page->events.size() != expected)
      give_up({Code::Corrupt, fmt::format("a search found {} lines instead of {}", page->events.size(), expected)});
    took.push_back((wall_seconds() - began) * 1e3);
  }
  took.erase(took.begin());
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

}  // namespace

int measure_logs(const LogOptions& options) {
  std::filesystem::remove_all(options.dir);
  const SystemClock clock;
  Metrics metrics;
  store::StoreOptions settings{.memory = options.memory_mib << 20};
  settings.log_retention = std::chrono::hours(24 * 365 * 10);
  auto opened = store::Store::open(options.dir, settings, clock, metrics);
  if (!opened) give_up(opened.error());
  auto store = std::move(opened).value();

  LogLines source(1);
  double wall = 0, cpu = 0, resident = 0;
  for (std::uint64_t done = 0; done < options.lines;) {
    std::vector<std::vector<Event>> round;
    for (const std::uint64_t end = std::min(options.lines, done + kRound); done < end;) {
      std::vector<Event>& batch = round.emplace_back();
      for (; batch.size() < kBatch && done < end; ++done) {
        batch.push_back(source.next());
        if (done == options.lines / 3) batch.back().text = fmt::format("Accepted password for root from {} port 22 ssh2", kRare);
      }
    }
    const double began = wall_seconds();
    const double cpu_began = cpu_seconds(getpid());
    for (auto& batch : round) append(*store, std::move(batch));
    if (const Status flushed = store->flush(); !flushed) give_up(flushed.error());
    wall += wall_seconds() - began;
    cpu += cpu_seconds(getpid()) - cpu_began;
    round = {};
    resident = std::max(resident, resident_mib(getpid()));
  }
  const double closing = cpu_seconds(getpid());
  store.reset();  // what is left of flushes and compactions
  cpu += cpu_seconds(getpid()) - closing;
  const auto octets = static_cast<double>(octets_in(options.dir));
  opened = store::Store::open(options.dir, settings, clock, metrics);
  if (!opened) give_up(opened.error());
  store = std::move(opened).value();
  const double rare = median_ms(*store, {.words = {kRare}}, 1);
  const double none = median_ms(*store, {.words = {"nowhere", "failed"}}, 0);
  const double common = median_ms(*store, {.words = {"failed", "password"}}, 100);
  const auto lines = static_cast<double>(options.lines);
  const auto raw = static_cast<double>(source.raw_octets());
  if (options.json) {
    std::string line;
    JsonWriter json(line);
    json.begin_object().member("set", "logs").member("store", "bongsu").member("lines", options.lines);
    json.member("octets_per_line", raw / lines).member("lines_per_s", lines / wall).member("cpu_s_per_Mline", cpu / lines * 1e6);
    json.member("disk_per_raw", octets / raw).member("rare_word_ms", rare).member("no_word_ms", none);
    json.member("common_word_ms", common).member("rss_mib", resident).end_object();
    fmt::print("{}\n", line);
  } else {
    fmt::print(
        "logs         bongsu           octets_per_line {:.4g} lines_per_s {:.4g} cpu_s_per_Mline {:.4g} disk_per_raw {:.4g} "
        "rare_word_ms {:.4g} no_word_ms {:.4g} common_word_ms {:.4g} rss_mib {:.4g}\n",
        raw / lines, lines / wall, cpu / lines * 1e6, octets / raw, rare, none, common, resident);
  }
  store.reset();
  std::filesystem::remove_all(options.dir);
  return 0;
}

}  // namespace bongsu::bench
