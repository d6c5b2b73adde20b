// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "base/time.h"
#include "model/match.h"

namespace bongsu::remedy {

struct Remedy {
  std::string name;
  std::string script;  // file name in the runner's folder
  Match on;
  Millis timeout{30'000};
  int max_per_hour = 3;   // runs; what is beyond is not run
  int parallel = 1;       // at once; what is beyond waits
  int stop_after = 3;     // failures in a row, then it waits for somebody to resume it
  bool dry_run = false;   // say what would be run
  bool approval = false;  // wait for somebody to approve each run
  friend bool operator==(const Remedy&, const Remedy&) = default;
};

struct Spec {
  std::map<std::string, Remedy, std::less<>> remedies;
};

inline constexpr int kMostAtOnce = 4;                         // of all remedies; of one device, one
inline constexpr Millis kRepairs = std::chrono::minutes(10);  // an alarm that ends so long after a good run was repaired by it

}  // namespace bongsu::remedy
