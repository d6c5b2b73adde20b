// SPDX-License-Identifier: Apache-2.0
#include "app/history.h"

#include <algorithm>

#include "query/engine.h"

namespace bongsu::app {
namespace {

constexpr Millis kBack{3 * 3600'000};
constexpr int kSteps = 180;

// The series of one device, so that an expression over all of them costs no more than it must.
class OneDevice final : public PointSource {
 public:
  OneDevice(const PointSource& all, std::string device) : all_(all), device_(std::move(device)) {}
  Result<std::vector<Series>> select(std::span<const Matcher> matchers, Time from, Time to,
                                     const SelectLimits& limits) const override {
    const auto own = with_device(matchers);
    return all_.select(own, from, to, limits);
  }
  Result<std::vector<Labels>> find(std::span<const Matcher> matchers, Time from, Time to) const override {
    const auto own = with_device(matchers);
    return all_.find(own, from, to);
  }
  Result<std::vector<std::string>> label_names() const override { return all_.label_names(); }
  Result<std::vector<std::string>> label_values(std::string_view name) const override { return all_.label_values(name); }

 private:
  std::vector<Matcher> with_device(std::span<const Matcher> matchers) const {
    std::vector<Matcher> out(matchers.begin(), matchers.end());
    out.push_back({Matcher::Op::Equal, "device", device_});
    return out;
  }
  const PointSource& all_;
  const std::string device_;
};

}  // namespace

std::vector<Sample> course_of(const Alarm& alarm, const rule::ItemSpec& item, const PointSource& points, Millis lookback,
                              Time now) {
  if (alarm.device.empty()) return {};
  const OneDevice own(points, alarm.device);
  const Millis step = std::max(kBack / kSteps, item.interval);
  auto answer = query::Engine(own, {.lookback = lookback}).range(*item.expr, now - kBack, now, step);
  if (!answer) return {};
  for (Series& series : answer->matrix) {
    if (series.labels->without(kMetricName) == alarm.labels) return std::move(series.samples);
  }
  return {};
}

}  // namespace bongsu::app
