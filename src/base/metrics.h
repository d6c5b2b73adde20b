// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"

namespace bongsu {

// Only grows. Thread: any.
class Counter {
 public:
  void add(std::uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// Goes up and down. Thread: any.
class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// How often values up to each bound were seen, as Prometheus' histograms have it. Thread: any.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);  // rising; the last bucket, up to infinity, is added
  void observe(double value);
  std::uint64_t count() const;
  double sum() const { return sum_.load(std::memory_order_relaxed); }
  // The smallest bound that the share `q` (0..1) of all values lies at or below; infinity when none does, 0 before the first.
  double quantile(double q) const;

 private:
  friend class Metrics;
  const std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;  // one more than bounds
  std::atomic<double> sum_{0};
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Bongsu's own metrics (bongsu_*), shown at /metrics in Prometheus' text exposition format 0.0.4.
// What it hands out lives as long as it does. The same name and labels give the same object. Thread: any.
class Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  // `bounds` count at the first call for a name.
  Histogram& histogram(std::string_view name, std::string_view help, std::vector<double> bounds, MetricLabels labels = {});
  std::string render() const;
  // Every value as (name, labels, value), for a series of our own; of a histogram its sum and count.
  void each(const std::function<void(std::string_view name, const MetricLabels&, double value)>& visit) const;

 private:
  struct Family {
    std::string help;
    std::map<MetricLabels, std::unique_ptr<Counter>> counters;
    std::map<MetricLabels, std::unique_ptr<Gauge>> gauges;
    std::map<MetricLabels, std::unique_ptr<Histogram>> histograms;
  };
  Guarded<std::map<std::string, Family, std::less<>>> families_;
};

}  // namespace bongsu
