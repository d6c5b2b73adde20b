// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "query/eval.h"

namespace bongsu::query {
namespace {

using Samples = std::span<const Sample>;

double seconds(Millis span) { return static_cast<double>(span.count()) / 1000; }

std::vector<double> values_of(Samples samples) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const Sample& sample : samples) values.push_back(sample.value);
  return values;
}

// Growth or change over the whole range from the samples in it, as Prometheus extends it to the range's ends: up to half
// the mean distance of samples beyond the first and the last, all the way where they are near, and never below zero for a
// counter.
std::optional<double> extended(Samples samples, const RangeCall& call, bool counter, bool per_second) {
  if (samples.size() < 2) return std::nullopt;
  const Sample& first = samples.front();
  const Sample& last = samples.back();
  double growth = last.value - first.value;
  if (counter) {
    double before = first.value;
    for (const Sample& sample : samples.subspan(1)) {
      if (sample.value < before) growth += before;
      before = sample.value;
    }
  }
  const double sampled = seconds(last.at - first.at);
  const double mean_distance = sampled / static_cast<double>(samples.size() - 1);
  const double near = mean_distance * 1.1;
  double to_start = seconds(first.at - call.from);
  double to_end = seconds(call.to - last.at);
  if (to_start >= near) to_start = mean_distance / 2;
  if (counter && growth > 0 && first.value >= 0) to_start = std::min(to_start, sampled * (first.value / growth));
  if (to_end >= near) to_end = mean_distance / 2;
  double factor = (sampled + to_start + to_end) / sampled;
  if (per_second) factor /= seconds(call.to - call.from);
  return growth * factor;
}

std::optional<double> rate(Samples s, const RangeCall& c) { return extended(s, c, true, true); }
std::optional<double> increase(Samples s, const RangeCall& c) { return extended(s, c, true, false); }
std::optional<double> delta(Samples s, const RangeCall& c) { return extended(s, c, false, false); }

std::optional<double> irate(Samples s, const RangeCall&) {
  if (s.size() < 2) return std::nullopt;
  const Sample& before = s[s.size() - 2];
  const Sample& last = s.back();
  const double growth = last.value < before.value ? last.value : last.value - before.value;
  return growth / seconds(last.at - before.at);
}
std::optional<double> idelta(Samples s, const RangeCall&) {
  if (s.size() < 2) return std::nullopt;
  return s.back().value - s[s.size() - 2].value;
}

struct Line {
  double slope;
  double at_origin;
};
// Least squares; x in seconds from `origin`.
Line fit(Samples samples, Time origin) {
  const double first = samples.front().value;
  if (std::all_of(samples.begin(), samples.end(), [&](const Sample& s) { return s.value == first; })) {
    if (std::isinf(first)) return {std::nan(""), std::nan("")};
    return {0, first};
  }
  ExactSum x_sum, y_sum, xy_sum, xx_sum;
  for (const Sample& sample : samples) {
    const double x = seconds(sample.at - origin);
    x_sum.add(x);
    y_sum.add(sample.value);
    xy_sum.add(x * sample.value);
    xx_sum.add(x * x);
  }
  const double n = static_cast<double>(samples.size());
  const double covariance = xy_sum.value() - x_sum.value() * y_sum.value() / n;
  const double variance = xx_sum.value() - x_sum.value() * x_sum.value() / n;
  const double slope = covariance / variance;
  return {slope, y_sum.value() / n - slope * x_sum.value() / n};
}
std::optional<double> deriv(Samples s, const RangeCall&) {
  if (s.size() < 2) return std::nullopt;
  return fit(s, s.front().at).slope;
}
std::optional<double> predict_linear(Samples s, const RangeCall& c) {
  if (s.size() < 2) return std::nullopt;
  const Line line = fit(s, c.at);
  return line.slope * c.params[0] + line.at_origin;
}

std::optional<double> sum_over_time(Samples s, const RangeCall&) {
  ExactSum sum;
  for (const Sample& sample : s) sum.add(sample.value);
  return sum.value();
}
std::optional<double> avg_over_time(Samples s, const RangeCall&) { return exact_mean(values_of(s)); }

std::size_t extreme(Samples s, bool greatest) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < s.size(); ++i) {
    if (std::isnan(s[best].value) || (greatest ? s[i].value > s[best].value : s[i].value < s[best].value)) best = i;
  }
  return best;
}
std::optional<double> min_over_time(Samples s, const RangeCall&) { return s[extreme(s, false)].value; }
std::optional<double> max_over_time(Samples s, const RangeCall&) { return s[extreme(s, true)].value; }

// The last of several equal extremes, as Prometheus answers.
std::optional<double> time_of_extreme(Samples s, bool greatest) {
  std::size_t best = extreme(s, greatest);
  for (std::size_t i = best + 1; i < s.size(); ++i) {
    if (s[i].value == s[best].value) best = i;
  }
  return seconds(s[best].at.time_since_epoch());
}
std::optional<double> ts_of_min_over_time(Samples s, const RangeCall&) { return time_of_extreme(s, false); }
std::optional<double> ts_of_max_over_time(Samples s, const RangeCall&) { return time_of_extreme(s, true); }
std::optional<double> ts_of_first_over_time(Samples s, const RangeCall&) { return seconds(s.front().at.time_since_epoch()); }
std::optional<double> ts_of_last_over_time(Samples s, const RangeCall&) { return seconds(s.back().at.time_since_epoch()); }

std::optional<double> count_over_time(Samples s, const RangeCall&) { return static_cast<double>(s.size()); }
std::optional<double> present_over_time(Samples, const RangeCall&) { return 1; }
std::optional<double> first_over_time(Samples s, const RangeCall&) { return s.front().value; }
std::optional<double> last_over_time(Samples s, const RangeCall&) { return s.back().value; }

std::optional<double> stdvar_over_time(Samples s, const RangeCall&) {
  double mean = 0, squares = 0, count = 0;
  for (const Sample& sample : s) {
    ++count;
    const double off = sample.value - mean;
    mean += off / count;
    squares += off * (sample.value - mean);
  }
  return squares / count;
}
std::optional<double> stddev_over_time(Samples s, const RangeCall& c) { return std::sqrt(*stdvar_over_time(s, c)); }

std::optional<double> quantile_over_time(Samples s, const RangeCall& c) {
  auto values = values_of(s);
  return quantile(c.params[0], values);
}
std::optional<double> mad_over_time(Samples s, const RangeCall&) {
  auto values = values_of(s);
  const double middle = quantile(0.5, values);
  for (double& value : values) value = std::abs(value - middle);
  return quantile(0.5, values);
}

std::optional<double> changes(Samples s, const RangeCall&) {
  double count = 0;
  for (std::size_t i = 1; i < s.size(); ++i) {
    const bool both_nan = std::isnan(s[i].value) && std::isnan(s[i - 1].value);
    if (s[i].value != s[i - 1].value && !both_nan) ++count;
  }
  return count;
}
std::optional<double> resets(Samples s, const RangeCall&) {
  double count = 0;
  for (std::size_t i = 1; i < s.size(); ++i) count += s[i].value < s[i - 1].value ? 1 : 0;
  return count;
}

// Holt's linear method; params: weight of the newest value, weight of the newest trend.
std::optional<double> double_exponential_smoothing(Samples s, const RangeCall& c) {
  if (s.size() < 2) return std::nullopt;
  double level = s[0].value;
  double trend = s[1].value - s[0].value;
  for (std::size_t i = 1; i < s.size(); ++i) {
    const double next = c.params[0] * s[i].value + (1 - c.params[0]) * (level + trend);
    trend = c.params[1] * (next - level) + (1 - c.params[1]) * trend;
    level = next;
  }
  return level;
}

struct Named {
  std::string_view name;
  RangeFunction function;
};
#define BONGSU_RANGE_FUNCTION(name) \
  Named { #name, name }
constexpr std::array kRangeFunctions{BONGSU_RANGE_FUNCTION(rate),
                                     BONGSU_RANGE_FUNCTION(increase),
                                     BONGSU_RANGE_FUNCTION(delta),
                                     BONGSU_RANGE_FUNCTION(irate),
                                     BONGSU_RANGE_FUNCTION(idelta),
                                     BONGSU_RANGE_FUNCTION(deriv),
                                     BONGSU_RANGE_FUNCTION(predict_linear),
                                     BONGSU_RANGE_FUNCTION(sum_over_time),
                                     BONGSU_RANGE_FUNCTION(avg_over_time),
                                     BONGSU_RANGE_FUNCTION(min_over_time),
                                     BONGSU_RANGE_FUNCTION(max_over_time),
                                     BONGSU_RANGE_FUNCTION(ts_of_min_over_time),
                                     BONGSU_RANGE_FUNCTION(ts_of_max_over_time),
                                     BONGSU_RANGE_FUNCTION(ts_of_first_over_time),
                                     BONGSU_RANGE_FUNCTION(ts_of_last_over_time),
                                     BONGSU_RANGE_FUNCTION(count_over_time),
                                     BONGSU_RANGE_FUNCTION(present_over_time),
                                     BONGSU_RANGE_FUNCTION(first_over_time),
                                     BONGSU_RANGE_FUNCTION(last_over_time),
                                     BONGSU_RANGE_FUNCTION(stdvar_over_time),
                                     BONGSU_RANGE_FUNCTION(stddev_over_time),
                                     BONGSU_RANGE_FUNCTION(quantile_over_time),
                                     BONGSU_RANGE_FUNCTION(mad_over_time),
                                     BONGSU_RANGE_FUNCTION(changes),
                                     BONGSU_RANGE_FUNCTION(resets),
                                     BONGSU_RANGE_FUNCTION(double_exponential_smoothing)};
#undef BONGSU_RANGE_FUNCTION

}  // namespace

RangeFunction find_range_function(std::string_view name) {
  for (const Named& named : kRangeFunctions) {
    if (named.name == name) return named.function;
  }
  return nullptr;
}

}  // namespace bongsu::query
