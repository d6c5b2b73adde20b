// SPDX-License-Identifier: Apache-2.0
// Windows of five minutes and an hour (model/rollup.h) in place of samples: where these are gone, and where windows give
// the same answer from less.
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <map>

#include "model/marker.h"
#include "query/eval.h"

namespace bongsu::query {
namespace {

constexpr Millis kWideRange = std::chrono::hours(6);   // from here on hours are fine enough
constexpr Millis kWorthSpan = std::chrono::hours(48);  // of a query that is to read windows though there are samples

bool whole(Time at, Millis span) { return to_ms(at) % span.count() == 0; }
bool whole(Millis time, Millis span) { return time.count() % span.count() == 0; }

// What windows answer bit for bit as samples do, where ranges begin and end with them.
bool is_exact(std::string_view function) {
  return function == "min_over_time" || function == "max_over_time" || function == "count_over_time" ||
         function == "last_over_time" || function == "present_over_time";
}

// Needs the difference of two samples.
bool needs_two(std::string_view function) {
  constexpr std::array<std::string_view, 8> kThese{"rate",   "increase", "delta",          "irate",
                                                   "idelta", "deriv",    "predict_linear", "double_exponential_smoothing"};
  return std::find(kThese.begin(), kThese.end(), function) != kThese.end();
}

// Grows with its range.
bool is_extensive(std::string_view function) {
  return function == "increase" || function == "delta" || function == "sum_over_time" || function == "count_over_time";
}

double value_of(const Bucket& bucket, Column column) {
  switch (column) {
    case Column::Min:
      return bucket.min;
    case Column::Max:
      return bucket.max;
    case Column::Sum:
    case Column::Mean:
      return bucket.sum;
    case Column::Count:
      return static_cast<double>(bucket.count);
    case Column::Samples:
    case Column::Last:
    case Column::Growth:
      break;
  }
  return bucket.last;
}

// Windows of a counter and the samples after them, for ranges that hold both. A window's last value is older than its end, which
// would show as a leap from there to the first sample; and how far a rate is extended goes by how near its samples stand, so the
// windows are cut into as many pieces as there were samples. `values`: of each window; `apart`: these in the last.
std::vector<Sample> join(std::span<const Sample> windows, std::span<const std::uint64_t> values, Millis apart, Time windows_to,
                         Millis range, std::span<const Sample> samples) {
  constexpr Millis kHour = span_of(Resolution::Hour);
  std::vector<Sample> out;
  const Millis gap = samples.front().at - windows_to;
  const bool meet = !windows.empty() && windows.back().at == windows_to && gap < apart;
  const Millis back = meet ? apart - gap : Millis(0);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    Sample now = windows[i];
    now.at -= back;
    if (now.at <= windows_to - range - kHour) continue;
    const auto pieces = static_cast<std::int64_t>(values[i]);
    if (i > 0 && now.at - (windows[i - 1].at - back) <= kHour) {
      const Sample before{windows[i - 1].at - back, windows[i - 1].value};
      for (std::int64_t k = 1; k < pieces; ++k) {
        const double share = static_cast<double>(k) / static_cast<double>(pieces);
        out.push_back({before.at + (now.at - before.at) * k / pieces, before.value + (now.value - before.value) * share});
      }
    }
    out.push_back(now);
  }
  std::copy_if(samples.begin(), samples.end(), std::back_inserter(out),
               [](const Sample& each) { return !is_marker(each.value); });
  return out;
}

struct LabelsBefore {
  bool operator()(const LabelsPtr& a, const LabelsPtr& b) const { return *a < *b; }
};

}  // namespace

Column column_for(std::string_view function) {
  if (function == "min_over_time" || function == "ts_of_min_over_time") return Column::Min;
  if (function == "max_over_time" || function == "ts_of_max_over_time") return Column::Max;
  if (function == "sum_over_time") return Column::Sum;
  if (function == "count_over_time") return Column::Count;
  if (function == "avg_over_time") return Column::Mean;
  if (function == "rate" || function == "increase" || function == "irate") return Column::Growth;
  return Column::Last;
}

void Evaluation::choose_windows(Need& need, const Steps& steps, std::string_view function, Millis range) const {
  constexpr Millis kHour = span_of(Resolution::Hour), kFive = span_of(Resolution::FiveMinutes);
  if (is_exact(function) && need.to - need.from >= kWorthSpan && need.to <= end_) {
    for (const Millis span : {kHour, kFive}) {
      const bool kept =
          span == kHour ? need.from >= hour_since_ || need.from <= raw_since_ : need.from >= std::max(five_since_, raw_since_);
      if (!kept || !whole(need.to, span) || !whole(range, span) || (steps.count > 1 && !whole(steps.step, span))) continue;
      need.column = column_for(function);
      need.coarse_to = need.to;
      need.hours_to = span == kHour ? need.to : Time::min();
      return;
    }
  }
  if (need.from > raw_since_) return;
  need.column = column_for(function);
  need.newest_only = false;
  need.range = range;
  need.coarse_to = raw_since_;
  const bool hours = range > Millis(0) ? range >= kWideRange : steps.count > 1 && steps.step >= kHour;
  need.hours_to = hours ? raw_since_ : std::min(raw_since_, window_end(five_since_, Resolution::Hour));
  // Of steps between the ends of windows, and of ranges shorter than these.
  need.from -= 2 * kHour;
}

Result<std::size_t> Evaluation::read_windows(const Need& need, const SelectLimits& limits, Loaded& out) const {
  struct Made {
    std::vector<Sample> samples, counts, joined;
    std::vector<double> increases;  // of each sample, and how many values made it
    std::vector<std::uint64_t> values;
    Millis apart{};  // samples in the last window, about
  };
  std::map<LabelsPtr, Made, LabelsBefore> made;
  std::size_t held = 0;
  SelectLimits left = limits;
  const auto count = [&](std::size_t more) {
    held += more;
    left.max_samples = limits.max_samples - std::min(limits.max_samples, held);
  };
  out.column = need.column;
  Time from = need.from - Millis(1);
  for (const auto& [resolution, until] :
       {std::pair(Resolution::Hour, need.hours_to), std::pair(Resolution::FiveMinutes, need.coarse_to)}) {
    const Time to = std::min(until, window_end(need.to, Resolution::Hour));
    if (to <= from) continue;
    BONGSU_TRY(const std::vector<RollupSeries> found, source_.select_rollup(*need.matchers, from, to, resolution, left));
    for (const RollupSeries& series : found) {
      Made& into = made[series.labels];
      count(series.buckets.size() * (need.column == Column::Mean ? 2 : 1));
      for (const Bucket& bucket : series.buckets) {
        if (!into.samples.empty() && bucket.end <= into.samples.back().at) continue;
        into.samples.push_back({bucket.end, value_of(bucket, need.column)});
        if (need.column == Column::Mean) into.counts.push_back({bucket.end, static_cast<double>(bucket.count)});
        if (need.column == Column::Growth) {
          into.increases.push_back(bucket.increase);
          into.values.push_back(bucket.count);
        }
        if (need.column == Column::Last && bucket.stale) into.samples.push_back({bucket.end + Millis(1), stale_marker()});
        into.apart = span_of(resolution) / static_cast<std::int64_t>(bucket.count);
      }
    }
    out.tiers.push_back({until, span_of(resolution)});
    from = to;
  }
  // A counter is told backwards from its last value, so that samples go on from there.
  for (auto& [labels, one] : made) {
    if (need.column != Column::Growth || one.samples.empty()) continue;
    if (!std::isfinite(one.samples.back().value)) one.samples.back().value = 0;
    for (std::size_t i = one.samples.size() - 1; i > 0; --i) one.samples[i - 1].value = one.samples[i].value - one.increases[i];
  }
  if (need.to > need.coarse_to) {
    const Time begin = std::max(need.from, need.coarse_to + Millis(1));
    BONGSU_TRY(std::vector<Series> found, source_.select(*need.matchers, begin, need.to, left));
    for (Series& series : found) {
      Made& into = made[series.labels];
      if (need.column == Column::Growth) {
        into.joined = join(into.samples, into.values, into.apart, need.coarse_to, need.range, series.samples);
        count(into.joined.size());
        continue;
      }
      count(series.samples.size() * (need.column == Column::Mean ? 2 : 1));
      for (const Sample& sample : series.samples) {
        const bool marker = is_marker(sample.value);
        if (need.column == Column::Mean && !marker) into.counts.push_back({sample.at, 1});
        into.samples.push_back(need.column == Column::Count && !marker ? Sample{sample.at, 1} : sample);
      }
    }
  }
  out.series.reserve(made.size());
  for (auto& [labels, one] : made) {
    out.series.push_back({labels, std::move(one.samples)});
    if (need.column == Column::Mean) out.counts.push_back(std::move(one.counts));
    if (need.column == Column::Growth) out.joined.push_back(std::move(one.joined));
  }
  if (made.size() > limits.max_series)
    return Error{Code::Limit, "the selection has more than " + std::to_string(limits.max_series) + " series: narrow its labels"};
  return held;
}

void Evaluation::run_window(std::string_view name, const Ranges& found, std::size_t r, const WindowRun& run, double* out) const {
  const WindowFunction function = find_window_function(name);
  if (found.coarse == nullptr) return function(found.samples[r], run, out);
  std::span<const Sample> samples = found.samples[r];
  const auto part = [&](const WindowRun& some, double* cells) {
    const auto sum = find_window_function("sum_over_time");
    if (found.coarse->column == Column::Count) return sum(samples, some, cells);
    if (found.coarse->column != Column::Mean) return function(samples, some, cells);
    sum(samples, some, cells);
    std::vector<double> counts(some.steps.count, nothing());
    sum(found.coarse->counts[r], some, counts.data());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (!is_nothing(cells[i])) cells[i] /= counts[i];
    }
  };
  // Steps among windows that are longer than the range see as many of these as it takes.
  std::size_t first = 0;
  const auto run_to = [&](std::size_t last, Millis range) {
    if (last <= first) return;
    WindowRun some = run;
    some.steps = {run.steps.at(first), run.steps.step, last - first};
    some.first_end = run.end(first);
    some.range = range;
    Scalars params[2];
    for (std::size_t p = 0; p < 2; ++p) {
      if (run.params[p] == nullptr) continue;
      params[p].assign(run.params[p]->begin() + static_cast<std::ptrdiff_t>(first),
                       run.params[p]->begin() + static_cast<std::ptrdiff_t>(last));
      some.params[p] = &params[p];
    }
    part(some, out + first);
    if (range != run.range && is_extensive(name)) {
      const double share = static_cast<double>(run.range.count()) / static_cast<double>(range.count());
      for (std::size_t i = first; i < last; ++i) {
        if (!is_nothing(out[i])) out[i] *= share;
      }
    }
    first = last;
  };
  for (const Tier& tier : found.coarse->tiers) {
    std::size_t last = first;
    while (last < run.steps.count && run.end(last) <= tier.until) ++last;
    run_to(last, std::max(run.range, tier.span * (needs_two(name) ? 2 : 1)));
  }
  if (found.coarse->column == Column::Growth && !found.coarse->joined[r].empty()) samples = found.coarse->joined[r];
  run_to(run.steps.count, run.range);
}

}  // namespace bongsu::query
