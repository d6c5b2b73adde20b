// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "model/labels.h"

namespace bongsu {

// A series as its sink knows it: dense, and valid as long as the sink lives and the series has data.
enum class SeriesId : std::uint64_t {};

struct Sample {
  Time at;
  double value = 0;  // may be a marker (model/marker.h)
};

struct Point {
  SeriesId series{};
  Sample sample;
};

// One series and its samples, oldest first, one per time stamp.
struct Series {
  std::shared_ptr<const Labels> labels;
  std::vector<Sample> samples;
};

}  // namespace bongsu
