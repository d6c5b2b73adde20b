// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "query/eval.h"

namespace bongsu::query {
namespace {

using Samples = std::span<const Sample>;
constexpr std::size_t kScan = 24;  // windows of up to so many samples are cheaper read again than kept up

double seconds(Millis span) { return static_cast<double>(span.count()) / 1000; }
double seconds_of_time(Time at) { return static_cast<double>(to_ms(at)) / 1000; }

// each(step, first, last) for every window (end - range, end] that holds samples [first, last); what it gives is the cell.
template <class Each>
void each_window(Samples samples, const WindowRun& run, double* out, Each&& each) {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t work = 0;
  for (std::size_t i = 0; i < run.steps.count; ++i) {
    work += last - first + 1;
    if (work > (1U << 20)) {
      work = 0;
      if (run.alarm != nullptr && run.alarm->rings()) return;
    }
    const Time end = run.end(i);
    const Time begin = end - run.range;
    while (last < samples.size() && samples[last].at <= end) ++last;
    while (first < last && samples[first].at <= begin) ++first;
    if (first < last) out[i] = each(i, first, last);
    else if (last == samples.size() && first == last) return;  // nothing is left for later steps
  }
}

// Which samples are lower than the one before.
std::vector<std::uint32_t> falls_of(Samples samples) {
  std::vector<std::uint32_t> falls;
  for (std::size_t i = 1; i < samples.size(); ++i) {
    if (samples[i].value < samples[i - 1].value) falls.push_back(static_cast<std::uint32_t>(i));
  }
  return falls;
}

// Growth or change over the whole range from the samples in it, as Prometheus extends it to the range's ends: up to half
// the mean distance of samples beyond the first and the last, all the way where they are near, and never below zero for a
// counter.
void extended(Samples samples, const WindowRun& run, double* out, bool counter, bool per_second) {
  const std::vector<std::uint32_t> falls = counter ? falls_of(samples) : std::vector<std::uint32_t>();
  std::size_t fall = 0;  // the first within the window
  const double range = seconds(run.range);
  each_window(samples, run, out, [&](std::size_t i, std::size_t a, std::size_t b) {
    if (b - a < 2) return nothing();
    const Sample& first = samples[a];
    const Sample& last = samples[b - 1];
    double growth = last.value - first.value;
    while (fall < falls.size() && falls[fall] <= a) ++fall;
    for (std::size_t f = fall; f < falls.size() && falls[f] < b; ++f) growth += samples[falls[f] - 1].value;
    const double sampled = seconds(last.at - first.at);
    const double mean_distance = sampled / static_cast<double>(b - a - 1);
    const double near = mean_distance * 1.1;
    const Time end = run.end(i);
    double to_start = seconds(first.at - (end - run.range));
    double to_end = seconds(end - last.at);
    if (to_start >= near) to_start = mean_distance / 2;
    if (counter && growth > 0 && first.value >= 0) to_start = std::min(to_start, sampled * (first.value / growth));
    if (to_end >= near) to_end = mean_distance / 2;
    double factor = (sampled + to_start + to_end) / sampled;
    if (per_second) factor /= range;
    return growth * factor;
  });
}

double between(const Sample& a, const Sample& b, Time at, bool counter) {
  const double from = counter && b.value < a.value ? 0 : a.value;  // a counter began anew
  return from + (b.value - from) * static_cast<double>((at - a.at).count()) / static_cast<double>((b.at - a.at).count());
}

// The same of an anchored or smoothed range: from its begin to its end and no further. `samples` reach a look-back beyond.
void between_ends(Samples samples, const WindowRun& run, double* out, bool counter, bool per_second) {
  const bool smoothed = run.ends == Selector::Ends::Smoothed;
  WindowRun wide = run;
  wide.range += run.lookback + (smoothed ? run.lookback : Millis(0));
  if (smoothed) wide.first_end += run.lookback;
  each_window(samples, wide, out, [&](std::size_t i, std::size_t a, std::size_t b) {
    const Time end = run.end(i);
    const Time begin = end - run.range;
    std::size_t first = a;  // the last at the begin or before, else the first
    while (first + 1 < b && samples[first + 1].at <= begin) ++first;
    std::size_t last = b - 1;  // of a smoothed range the first at the end or later, else the last
    while (smoothed && last > a && samples[last - 1].at >= end) --last;
    if (samples[last].at <= begin) return nothing();
    double left = samples[first].value;
    if (smoothed && samples[first].at < begin && first + 1 < b)
      left = between(samples[first], samples[first + 1], begin, counter);
    double right = samples[last].value;
    if (smoothed && last > a && samples[last].at > end) right = between(samples[last - 1], samples[last], end, counter);
    double growth = right - left;
    if (counter) {
      if (samples[first].at <= begin) ++first;
      std::size_t stop = samples[last].at >= end ? last : last + 1;
      double before = left;
      for (std::size_t k = first; k < stop; ++k) {
        if (samples[k].value < before) growth += before;
        before = samples[k].value;
      }
      if (right < before) growth += before;
    }
    return per_second ? growth / seconds(run.range) : growth;
  });
}

void growth(Samples samples, const WindowRun& run, double* out, bool counter, bool per_second) {
  if (run.ends == Selector::Ends::Plain) extended(samples, run, out, counter, per_second);
  else between_ends(samples, run, out, counter, per_second);
}
void rate(Samples s, const WindowRun& run, double* out) { growth(s, run, out, true, true); }
void increase(Samples s, const WindowRun& run, double* out) { growth(s, run, out, true, false); }
void delta(Samples s, const WindowRun& run, double* out) { growth(s, run, out, false, false); }

void irate(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t b) {
    if (b - a < 2) return nothing();
    const Sample& before = s[b - 2];
    const Sample& last = s[b - 1];
    const double grown = last.value < before.value ? last.value : last.value - before.value;
    return grown / seconds(last.at - before.at);
  });
}
void idelta(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out,
              [&](std::size_t, std::size_t a, std::size_t b) { return b - a < 2 ? nothing() : s[b - 1].value - s[b - 2].value; });
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
void deriv(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t b) {
    return b - a < 2 ? nothing() : fit(s.subspan(a, b - a), s[a].at).slope;
  });
}
void predict_linear(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t i, std::size_t a, std::size_t b) {
    if (b - a < 2) return nothing();
    const Line line = fit(s.subspan(a, b - a), run.steps.at(i));
    return line.slope * (*run.params[0])[i] + line.at_origin;
  });
}

double sum_of(Samples samples) {
  ExactSum sum;
  for (const Sample& sample : samples) sum.add(sample.value);
  return sum.value();
}
double mean_of(Samples samples) {
  ExactMean mean;
  for (const Sample& sample : samples) mean.add(sample.value);
  return mean.value();
}

// Sums of all samples before each, in two doubles, about 106 bits: the difference of two is as good as summing anew.
class Prefix {
 public:
  explicit Prefix(Samples samples) {
    sums_.reserve(samples.size() + 1);
    sums_.push_back({});
    for (const Sample& sample : samples) {
      Two next = sums_.back();
      const double total = next.high + sample.value;
      const double part = total - next.high;
      const double lost = (next.high - (total - part)) + (sample.value - part) + next.low;
      next.high = total + lost;
      next.low = lost - (next.high - total);
      sums_.push_back(next);
    }
  }
  bool usable() const { return std::isfinite(sums_.back().high); }
  double sum(std::size_t a, std::size_t b) const {
    const Two &x = sums_[a], &y = sums_[b];
    const double difference = y.high - x.high;
    const double part = difference - y.high;
    const double lost = (y.high - (difference - part)) - (x.high + part);
    return difference + (lost + (y.low - x.low));
  }

 private:
  struct Two {
    double high = 0, low = 0;
  };
  std::vector<Two> sums_;
};

void summed(Samples s, const WindowRun& run, double* out, bool mean) {
  std::optional<Prefix> prefix;
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t b) {
    if (b - a > kScan && run.steps.count > 1) {
      if (!prefix) prefix.emplace(s);
      if (prefix->usable()) return mean ? prefix->sum(a, b) / static_cast<double>(b - a) : prefix->sum(a, b);
    }
    return mean ? mean_of(s.subspan(a, b - a)) : sum_of(s.subspan(a, b - a));
  });
}
void sum_over_time(Samples s, const WindowRun& run, double* out) { summed(s, run, out, false); }
void avg_over_time(Samples s, const WindowRun& run, double* out) { summed(s, run, out, true); }

// The best of each window, by a queue of those that can still be it: each sample enters and leaves once.
template <class Better>
void best_over_time(Samples s, const WindowRun& run, double* out, Better better) {
  std::vector<std::uint32_t> queue;
  std::size_t head = 0, seen = 0;
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t b) {
    if (seen < a) seen = a;
    for (; seen < b; ++seen) {
      if (std::isnan(s[seen].value)) continue;
      while (queue.size() > head && better(s[seen].value, s[queue.back()].value)) queue.pop_back();
      queue.push_back(static_cast<std::uint32_t>(seen));
    }
    while (head < queue.size() && queue[head] < a) ++head;
    return head < queue.size() ? s[queue[head]].value : std::nan("");
  });
}
void min_over_time(Samples s, const WindowRun& run, double* out) {
  best_over_time(s, run, out, [](double a, double b) { return a < b; });
}
void max_over_time(Samples s, const WindowRun& run, double* out) {
  best_over_time(s, run, out, [](double a, double b) { return a > b; });
}

// The last of several equal ones.
template <class Better>
void time_of_best(Samples s, const WindowRun& run, double* out, Better better) {
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t b) {
    std::size_t best = a;
    for (std::size_t i = a + 1; i < b; ++i) {
      if (better(s[i].value, s[best].value) || std::isnan(s[best].value)) best = i;
    }
    return seconds_of_time(s[best].at);
  });
}
void ts_of_min_over_time(Samples s, const WindowRun& run, double* out) {
  time_of_best(s, run, out, [](double a, double b) { return a <= b; });
}
void ts_of_max_over_time(Samples s, const WindowRun& run, double* out) {
  time_of_best(s, run, out, [](double a, double b) { return a >= b; });
}
void ts_of_first_over_time(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t) { return seconds_of_time(s[a].at); });
}
void ts_of_last_over_time(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t, std::size_t b) { return seconds_of_time(s[b - 1].at); });
}
void first_over_time(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t) { return s[a].value; });
}
void last_over_time(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t, std::size_t b) { return s[b - 1].value; });
}
void count_over_time(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t b) { return static_cast<double>(b - a); });
}
void present_over_time(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t, std::size_t) { return 1.0; });
}

double variance_of(Samples samples) {
  ExactSum mean, squares;
  double count = 0;
  for (const Sample& sample : samples) {
    ++count;
    const double off = sample.value - mean.value();
    mean.add(off / count);
    squares.add(off * (sample.value - mean.value()));
  }
  return squares.value() / count;
}
void stdvar_over_time(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t b) { return variance_of(s.subspan(a, b - a)); });
}
void stddev_over_time(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out,
              [&](std::size_t, std::size_t a, std::size_t b) { return std::sqrt(variance_of(s.subspan(a, b - a))); });
}

void values_into(Samples samples, std::vector<double>& values) {
  values.clear();
  for (const Sample& sample : samples) values.push_back(sample.value);
}
void quantile_over_time(Samples s, const WindowRun& run, double* out) {
  std::vector<double> values;
  each_window(s, run, out, [&](std::size_t i, std::size_t a, std::size_t b) {
    values_into(s.subspan(a, b - a), values);
    return quantile((*run.params[0])[i], values);
  });
}
void mad_over_time(Samples s, const WindowRun& run, double* out) {
  std::vector<double> values;
  each_window(s, run, out, [&](std::size_t, std::size_t a, std::size_t b) {
    values_into(s.subspan(a, b - a), values);
    const double middle = quantile(0.5, values);
    for (double& value : values) value = std::abs(value - middle);
    return quantile(0.5, values);
  });
}

// How many samples of a window differ from the one before as `counts` says.
template <class Counts>
void count_steps(Samples s, const WindowRun& run, double* out, Counts counts) {
  std::vector<std::uint32_t> before(s.size() + 1);  // among all samples up to each
  for (std::size_t i = 0; i < s.size(); ++i) before[i + 1] = before[i] + (i > 0 && counts(s[i - 1].value, s[i].value) ? 1 : 0);
  if (run.ends == Selector::Ends::Plain) {
    each_window(s, run, out,
                [&](std::size_t, std::size_t a, std::size_t b) { return static_cast<double>(before[b] - before[a + 1]); });
    return;
  }
  WindowRun wide = run;
  wide.range += run.lookback;
  each_window(s, wide, out, [&](std::size_t i, std::size_t a, std::size_t b) {
    const Time begin = run.end(i) - run.range;
    if (s[b - 1].at <= begin) return nothing();
    while (a + 1 < b && s[a + 1].at <= begin) ++a;
    return static_cast<double>(before[b] - before[a + 1]);
  });
}
void changes(Samples s, const WindowRun& run, double* out) {
  count_steps(s, run, out, [](double a, double b) { return a != b && !(std::isnan(a) && std::isnan(b)); });
}
void resets(Samples s, const WindowRun& run, double* out) {
  count_steps(s, run, out, [](double a, double b) { return b < a; });
}

// Holt's linear method; params: weight of the newest value, weight of the newest trend.
void double_exponential_smoothing(Samples s, const WindowRun& run, double* out) {
  each_window(s, run, out, [&](std::size_t step, std::size_t a, std::size_t b) {
    if (b - a < 2) return nothing();
    const double smoothing = (*run.params[0])[step], trending = (*run.params[1])[step];
    double level = s[a].value;
    double trend = s[a + 1].value - s[a].value;
    for (std::size_t i = a + 1; i < b; ++i) {
      const double next = smoothing * s[i].value + (1 - smoothing) * (level + trend);
      trend = trending * (next - level) + (1 - trending) * trend;
      level = next;
    }
    return level;
  });
}

struct Named {
  std::string_view name;
  WindowFunction function;
};
#define BONGSU_WINDOW(name) \
  Named { #name, name }
constexpr std::array kWindowFunctions{BONGSU_WINDOW(rate),
                                      BONGSU_WINDOW(increase),
                                      BONGSU_WINDOW(delta),
                                      BONGSU_WINDOW(irate),
                                      BONGSU_WINDOW(idelta),
                                      BONGSU_WINDOW(deriv),
                                      BONGSU_WINDOW(predict_linear),
                                      BONGSU_WINDOW(sum_over_time),
                                      BONGSU_WINDOW(avg_over_time),
                                      BONGSU_WINDOW(min_over_time),
                                      BONGSU_WINDOW(max_over_time),
                                      BONGSU_WINDOW(ts_of_min_over_time),
                                      BONGSU_WINDOW(ts_of_max_over_time),
                                      BONGSU_WINDOW(ts_of_first_over_time),
                                      BONGSU_WINDOW(ts_of_last_over_time),
                                      BONGSU_WINDOW(count_over_time),
                                      BONGSU_WINDOW(present_over_time),
                                      BONGSU_WINDOW(first_over_time),
                                      BONGSU_WINDOW(last_over_time),
                                      BONGSU_WINDOW(stdvar_over_time),
                                      BONGSU_WINDOW(stddev_over_time),
                                      BONGSU_WINDOW(quantile_over_time),
                                      BONGSU_WINDOW(mad_over_time),
                                      BONGSU_WINDOW(changes),
                                      BONGSU_WINDOW(resets),
                                      BONGSU_WINDOW(double_exponential_smoothing)};
#undef BONGSU_WINDOW

}  // namespace

WindowFunction find_window_function(std::string_view name) {
  for (const Named& named : kWindowFunctions) {
    if (named.name == name) return named.function;
  }
  return nullptr;
}

}  // namespace bongsu::query
