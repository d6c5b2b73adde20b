// SPDX-License-Identifier: Apache-2.0
#include "rule/replay.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "rule/coverage.h"
#include "rule/judge.h"

namespace bongsu::rule {
namespace {

void replay_one(const ItemSpec& item, std::span<const Level> levels, const Series& series, std::vector<Replayed>& out) {
  Clocks clocks;
  std::optional<Replayed> open;
  std::optional<Time> last;
  Unrest unrest;
  const Millis patience = item.no_data_after.value_or(item.interval);
  const auto close = [&](Time at) {
    if (!open) return;
    open->until = at;
    out.push_back(*std::move(open));
    open.reset();
  };
  for (const Sample& sample : series.samples) {
    if (std::isnan(sample.value)) continue;
    if (!item.hours.contains(sample.at)) {
      close(sample.at);
      clocks = {};
      unrest = {};
      continue;
    }
    if (last && sample.at - *last > std::max(patience, item.interval)) {
      forget_pending(clocks);
      if (item.no_data == NoData::Ignore) {
        close(*last + patience);
        clocks = {};
        unrest = {};
      }
    }
    last = sample.at;
    const Verdict verdict = judge(item, levels, clocks, sample.value, sample.at);
    turn(item, unrest, verdict.level != nullptr ? verdict.level->severity : Severity::Normal, sample.at);
    if (verdict.level == nullptr) {
      if (!unrest.flapping) close(sample.at);
      continue;
    }
    if (!open)
      open = Replayed{.labels = series.labels->without(kMetricName),
                      .since = sample.at,
                      .until = {},
                      .last = sample.at,
                      .worst = sample.value};
    open->last = sample.at;
    open->flapped = open->flapped || unrest.flapping;
    open->peak = std::max(open->peak, verdict.level->severity);
    open->worst = item.below ? std::min(open->worst, sample.value) : std::max(open->worst, sample.value);
  }
  if (open) out.push_back(*std::move(open));
}

}  // namespace

std::vector<Replayed> replay(const ItemSpec& item, std::span<const Series> values, std::span<const DeviceState> devices,
                             Limits limits) {
  std::vector<Replayed> out;
  std::unordered_map<std::string_view, const DeviceState*> known;
  for (const DeviceState& device : devices) known.emplace(device.name, &device);
  for (const Series& series : values) {
    const Labels labels = series.labels->without(kMetricName);
    const auto device = known.find(labels.get("device"));
    const ItemSpec& spec = spec_for(item, labels, device == known.end() ? nullptr : device->second);
    if (!spec.enabled) continue;
    if (const auto levels = limits.levels(spec, labels); !levels.empty()) replay_one(spec, levels, series, out);
  }
  std::sort(out.begin(), out.end(),
            [](const Replayed& a, const Replayed& b) { return std::tie(a.since, a.labels) < std::tie(b.since, b.labels); });
  return out;
}

}  // namespace bongsu::rule
