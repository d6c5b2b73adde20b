// SPDX-License-Identifier: Apache-2.0
// A real Prometheus for one test, on a free loopback port, over data given as OpenMetrics text.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "folder.h"

namespace bongsu::query {

// An answer as both sides give it: by the text of the labels, value by time. A scalar has the labels "scalar".
using Table = std::map<std::string, std::map<std::int64_t, double>>;

class Prometheus {
 public:
  static bool installed();
  // Errors: Unavailable, with what was tried.
  static Result<std::unique_ptr<Prometheus>> start(const std::string& openmetrics);
  ~Prometheus();
  // Error: Invalid, Prometheus' own text.
  Result<Table> instant(const std::string& query, Time at);
  Result<Table> range(const std::string& query, Time from, Time to, Millis step);

 private:
  Prometheus() = default;
  struct Http;
  Folder folder_;
  int process_ = -1;
  std::unique_ptr<Http> http_;
};

}  // namespace bongsu::query
