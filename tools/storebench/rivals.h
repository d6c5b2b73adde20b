// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "dataset.h"

namespace bongsu::bench {

// What was measured of one store on one data set; what does not apply is absent.
struct Figures {
  std::string store;
  std::optional<double> bytes_per_sample;         // of all files
  std::optional<double> rollup_bytes_per_sample;  // what windows take of that
  std::optional<double> ingest_per_s;
  std::optional<double> cpu_s_per_Msample;  // with compaction
  std::optional<double> series_24h_ms, rate_1000_ms, last_100k_ms, start_ms, start_cpu_s;
  std::optional<double> head_bytes_per_series, index_bytes_per_series;
  double rss_mib = 0;
};

enum class Rival { Prometheus, VictoriaMetrics };
const char* to_string(Rival rival);

bool installed(Rival rival);
// By remote write on loopback, minute by minute; size after a snapshot or a forced merge, queries over HTTP.
// `dir` is made and removed. Errors: Unavailable (it does not start or answer), Io.
Result<Figures> measure(Rival rival, const Dataset& data, const std::filesystem::path& dir);

// A rival that runs and holds `data`, to be asked over HTTP; its folder goes with it.
class FilledRival {
 public:
  // Errors: Unavailable.
  static Result<std::unique_ptr<FilledRival>> start(Rival rival, const Dataset& data, const std::filesystem::path& dir);
  ~FilledRival();
  int port() const;
  int process() const;

 private:
  FilledRival();
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace bongsu::bench
