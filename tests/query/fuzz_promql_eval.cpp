// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/marker.h"
#include "query/engine.h"
#include "query/parse.h"
#include "store/memory.h"

namespace {

using namespace bongsu;

// Counters, gauges, histograms and an info series, with a gap, a marker, NaN and infinities.
const store::MemoryStore& small_store() {
  static const store::MemoryStore* made = [] {
    auto* store = new store::MemoryStore;
    const auto add = [&](const Labels& labels, double from, double by) {
      const auto id = store->series(labels);
      if (!id) std::abort();
      std::vector<Point> points;
      for (int i = 0; i < 30; ++i) {
        if (i % 11 == 7) continue;
        const double value = i == 13 ? stale_marker() : i == 17 ? std::nan("") : i == 19 ? HUGE_VAL : from + by * (i % 23);
        points.push_back({*id, {Time(std::chrono::seconds(i * 15)), value}});
      }
      if (!store->append(points)) std::abort();
    };
    for (const char* host : {"a", "b", "c"}) {
      add({{"__name__", "m"}, {"host", host}, {"job", "j"}, {"instance", host}}, 3, host[0] - 'b');
      add({{"__name__", "c_total"}, {"host", host}}, 100, 7);
      add({{"__name__", "target_info"}, {"job", "j"}, {"instance", host}, {"version", host}}, 1, 0);
    }
    for (const char* le : {"0.1", "1", "+Inf"}) add({{"__name__", "h_bucket"}, {"le", le}}, le[0], 2);
    return store;
  }();
  return *made;
}

void check(const Result<query::Answer>& answer) {
  if (answer) {
    for (const Series& series : answer->matrix) {
      if (series.samples.empty() || !series.labels) std::abort();
      for (std::size_t i = 1; i < series.samples.size(); ++i) {
        if (series.samples[i].at <= series.samples[i - 1].at) std::abort();
      }
    }
    for (const query::VectorSample& sample : answer->vector) {
      if (!sample.labels) std::abort();
    }
  } else if (answer.error().text.empty()) {
    std::abort();
  }
}

}  // namespace

// What parses is asked, as one time and over some; whatever comes is an answer in order or an error with a text.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = query::parse({reinterpret_cast<const char*>(data), size});
  if (!parsed) return 0;
  for (const bool delayed : {false, true}) {
    const query::Engine engine(small_store(), {.max_samples = 20'000, .max_steps = 100, .threads = 1, .delayed_names = delayed});
    check(engine.instant(**parsed, Time(std::chrono::seconds(300))));
    check(engine.range(**parsed, Time(std::chrono::seconds(60)), Time(std::chrono::seconds(400)), std::chrono::seconds(20)));
  }
  return 0;
}
