// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/sink.h"
#include "remedy/engine.h"

namespace bongsu::app {

// Writes bongsu_remedy_stopped{remedy}: how many failures in a row stopped it, and 0 once it goes on. One that never stopped has
// no series. Thread: one.
class StoppedRemedies {
 public:
  Status write(PointSink& points, const std::vector<remedy::RemedyState>& remedies, Time now) {
    std::vector<Point> batch;
    for (const remedy::RemedyState& one : remedies) {
      const std::string& name = one.remedy.name;
      const bool stopped = one.tally.stopped.has_value();
      if (!stopped && !told_.contains(name)) continue;
      BONGSU_TRY(const SeriesId id, points.series(Labels{{std::string(kMetricName), "bongsu_remedy_stopped"}, {"remedy", name}}));
      batch.push_back({id, {now, stopped ? static_cast<double>(one.tally.failures) : 0.0}});
    }
    if (batch.empty()) return {};
    BONGSU_TRY_OK(points.append(batch));
    for (const remedy::RemedyState& one : remedies) {
      if (one.tally.stopped) told_.insert(one.remedy.name);
      else told_.erase(one.remedy.name);  // its end is told once
    }
    return {};
  }

 private:
  std::set<std::string, std::less<>> told_;
};

}  // namespace bongsu::app
