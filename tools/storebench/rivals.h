// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "dataset.h"

namespace bongsu::bench {

// What was measured of one store on one data set; what does not apply is absent.
struct Figures {
  std::string store;
  double bytes_per_sample = 0;
  double ingest_per_s = 0;
  double cpu_s_per_Msample = 0;  // with compaction
  std::optional<double> series_24h_ms, rate_1000_ms, last_100k_ms, start_ms;
  double rss_mib = 0;
};

enum class Rival { Prometheus, VictoriaMetrics };

bool installed(Rival rival);
// By remote write on loopback, minute by minute; size after a snapshot or a forced merge, queries over HTTP.
// `dir` is made and removed. Errors: Unavailable (it does not start or answer), Io.
Result<Figures> measure(Rival rival, const Dataset& data, const std::filesystem::path& dir);

}  // namespace bongsu::bench
