// SPDX-License-Identifier: Apache-2.0
// One round of rules: 100,000 label sets of four stock items, judged from a store on disk. At every 15 seconds a quarter of
// one core is 3.75 s of CPU a round.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "config/items.h"
#include "query/parse.h"
#include "rule/engine.h"
#include "store/store.h"

namespace bongsu::rule {
namespace {

constexpr int kDevices = 1'000;
constexpr int kRows = 25;  // of each device and item
constexpr int kMinutes = 40;

class Nobody final : public DeviceSource {
 public:
  std::vector<DeviceState> devices() const override { return {}; }
  std::optional<DeviceState> device(std::string_view) const override { return std::nullopt; }
};

void fill(store::Store& store, Time begin) {
  struct Kind {
    const char* metric;
    const char* label;
    double start, step;
  };
  static constexpr Kind kKinds[] = {
      {"storage_used_percent", "storage", 50, 0},    {"cpu_usage_percent", "cpu", 20, 0},
      {"interface_oper_up", "interface", 1, 0},      {"interface_admin_up", "interface", 1, 0},
      {"interface_speed_bits", "interface", 1e9, 0}, {"interface_receive_bytes_total", "interface", 0, 1e6}};
  std::vector<std::pair<SeriesId, const Kind*>> all;
  for (int device = 0; device < kDevices; ++device) {
    for (const Kind& kind : kKinds) {
      for (int row = 0; row < kRows; ++row) {
        Labels labels{{"__name__", kind.metric}, {"device", "d" + std::to_string(device)}, {kind.label, std::to_string(row)}};
        if (const auto id = store.series(labels)) all.emplace_back(*id, &kind);
      }
    }
  }
  std::vector<Point> points;
  for (int minute = 0; minute <= kMinutes; ++minute) {
    points.clear();
    for (const auto& [id, kind] : all)
      points.push_back({id, {begin + std::chrono::minutes(minute), kind->start + minute * kind->step}});
    if (const Status kept = store.append(points); !kept) std::abort();
  }
}

void BM_Round(benchmark::State& state) {
  char folder[] = "/tmp/bongsu-rule-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr) return state.SkipWithError("no temporary folder");
  {
    ManualClock clock;
    const Time begin = clock.now();
    Metrics metrics;
    auto store = store::Store::open(folder, {}, clock, metrics);
    if (!store) return state.SkipWithError(store.error().text.c_str());
    fill(**store, begin);
    clock.advance(std::chrono::minutes(kMinutes));
    const std::filesystem::path rules(BONGSU_SOURCE_DIR "/rules");
    config::Problems problems;
    std::vector<ItemSpec> items;
    for (ItemSpec& item : config::read_items(std::span(&rules, 1), problems)) {
      if (item.name == "storage_usage" || item.name == "interface_down" || item.name == "interface_receive_load")
        items.push_back(std::move(item));
    }
    // As many label sets of the plainest kind.
    ItemSpec plain;
    plain.name = "cpu_per_row";
    plain.expr_text = "cpu_usage_percent";
    plain.expr = *query::parse(plain.expr_text);
    plain.levels = {{Severity::Danger, 90, std::chrono::minutes(1), {}}};
    items.push_back(std::move(plain));
    for (ItemSpec& item : items) item.interval = std::chrono::seconds(15);
    Nobody nobody;
    auto engine = Engine::open(std::move(items), **store, nobody, **store, metrics, {.log_changes = false});
    if (!engine) return state.SkipWithError(engine.error().text.c_str());
    Time now = clock.now();
    (*engine)->evaluate(now);  // makes the label sets
    for (auto _ : state) {
      now += std::chrono::seconds(15);
      (*engine)->evaluate(now);
    }
    const double watches = metrics.gauge("bongsu_watches", "").value();
    state.counters["label_sets"] = watches;
    state.SetItemsProcessed(static_cast<std::int64_t>(watches) * state.iterations());
  }
  std::filesystem::remove_all(folder);
}
BENCHMARK(BM_Round)->Unit(benchmark::kMillisecond)->Iterations(5)->MeasureProcessCPUTime();

}  // namespace
}  // namespace bongsu::rule
