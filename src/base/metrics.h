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

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

// Bongsu's own metrics (bongsu_*), shown at /metrics in Prometheus' text exposition format 0.0.4.
// What it hands out lives as long as it does. The same name and labels give the same object. Thread: any.
class Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  std::string render() const;
  // Every value as (name, labels, value), for a series of our own.
  void each(const std::function<void(std::string_view name, const MetricLabels&, double value)>& visit) const;

 private:
  struct Family {
    std::string help;
    std::map<MetricLabels, std::unique_ptr<Counter>> counters;
    std::map<MetricLabels, std::unique_ptr<Gauge>> gauges;
  };
  Guarded<std::map<std::string, Family, std::less<>>> families_;
};

}  // namespace bongsu
