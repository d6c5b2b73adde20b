// SPDX-License-Identifier: Apache-2.0
#include "model/rollup.h"

#include <algorithm>
#include <cmath>

#include "model/marker.h"

namespace bongsu {
namespace {

void add(Bucket& into, const Bucket& next) {
  if (into.count == 0) {
    into = next;
    return;
  }
  if (std::isnan(into.min) || next.min < into.min) into.min = next.min;
  if (std::isnan(into.max) || next.max > into.max) into.max = next.max;
  into.sum += next.sum;
  into.last = next.last;
  into.increase += next.increase;
  into.count += next.count;
  into.stale = next.stale;
  into.end = next.end;
}

double growth(const Sample& before, const Sample& now) {
  if (now.at - before.at > kCounterReach || !std::isfinite(before.value) || !std::isfinite(now.value)) return 0;
  return now.value < before.value ? now.value : now.value - before.value;
}

}  // namespace

Time window_end(Time at, Resolution resolution) {
  const std::int64_t span = span_of(resolution).count();
  if (span == 0) return at;
  const std::int64_t over = to_ms(at) % span;
  return over == 0 ? at : time_from_ms(to_ms(at) - over + (over > 0 ? span : 0));
}

Hours::Hours(Time wanted_from, Time wanted_to) {
  constexpr Time kLeast{}, kMost = time_from_ms(253'402'300'800'000);
  from = window_end(std::clamp(wanted_from, kLeast, kMost), Resolution::Hour);
  if (from > wanted_from && from > kLeast) from -= std::chrono::hours(1);
  to = window_end(std::clamp(wanted_to, kLeast, kMost), Resolution::Hour);
}

std::vector<Bucket> roll_up(std::span<const Sample> samples, Time from, Time to, Resolution resolution) {
  std::vector<Bucket> out;
  const Sample* before = nullptr;
  Time end = Time::min();  // of the window at hand
  for (const Sample& sample : samples) {
    if (sample.at > to) break;
    const bool value = !is_marker(sample.value);
    if (sample.at > from) {
      if (sample.at > end) end = window_end(sample.at, Resolution::FiveMinutes);
      if (value) {
        if (out.empty() || out.back().end != end) out.push_back({.end = end});
        Bucket one{.end = end, .min = sample.value, .max = sample.value, .sum = sample.value, .last = sample.value, .count = 1};
        if (before != nullptr) one.increase = growth(*before, sample);
        add(out.back(), one);
      } else if (!out.empty() && out.back().end == end) {
        out.back().stale = true;
      }
    }
    if (value) before = &sample;
  }
  return resolution == Resolution::Hour ? roll_up_hours(out, samples) : out;
}

std::vector<Bucket> roll_up_hours(std::span<const Bucket> buckets, std::span<const Sample> samples) {
  std::vector<Bucket> out;
  auto sample = samples.begin();
  for (Bucket bucket : buckets) {
    bucket.end = window_end(bucket.end, Resolution::Hour);
    if (out.empty() || out.back().end != bucket.end) out.push_back(bucket);
    else add(out.back(), bucket);
  }
  // A marker may stand in five minutes without a value.
  for (Bucket& bucket : out) {
    for (; sample != samples.end() && sample->at <= bucket.end; ++sample) bucket.stale = is_marker(sample->value);
  }
  return out;
}

bool merge(std::span<const Bucket> buckets, Bucket& out) {
  out = {};
  for (const Bucket& bucket : buckets) add(out, bucket);
  return !buckets.empty();
}

}  // namespace bongsu
