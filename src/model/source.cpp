// SPDX-License-Identifier: Apache-2.0
#include "model/source.h"

#include "base/check.h"

namespace bongsu {

Result<std::vector<RollupSeries>> PointSource::select_rollup(std::span<const Matcher> matchers, Time from, Time to,
                                                             Resolution resolution, const SelectLimits& limits) const {
  BONGSU_CHECK(resolution != Resolution::Raw);
  std::vector<RollupSeries> out;
  const Hours hours(from, to);
  if (hours.empty()) return out;
  BONGSU_TRY(const std::vector<Series> found, select(matchers, hours.from - kCounterReach, hours.to, limits));
  for (const Series& series : found) {
    std::vector<Bucket> buckets = roll_up(series.samples, hours.from, hours.to, resolution);
    if (!buckets.empty()) out.push_back({series.labels, std::move(buckets)});
  }
  return out;
}

}  // namespace bongsu
