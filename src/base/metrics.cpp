// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "base/text.h"

namespace bongsu {
namespace {

void append_labels(std::string& out, const MetricLabels& labels) {
  if (labels.empty()) return;
  out += '{';
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out += ',';
    out += labels[i].first + '=';
    append_quoted(out, labels[i].second);
  }
  out += '}';
}

void append_value(std::string& out, const std::string& name, const MetricLabels& labels, const std::string& value) {
  out += name;
  append_labels(out, labels);
  out += ' ' + value + '\n';
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
  BONGSU_CHECK(std::is_sorted(bounds_.begin(), bounds_.end()));
}

void Histogram::observe(double value) {
  const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
  counts_[static_cast<std::size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  double sum = sum_.load(std::memory_order_relaxed);
  while (!sum_.compare_exchange_weak(sum, sum + value, std::memory_order_relaxed)) {}
}

std::uint64_t Histogram::count() const {
  std::uint64_t count = 0;
  for (const auto& bucket : counts_) count += bucket.load(std::memory_order_relaxed);
  return count;
}

double Histogram::quantile(double q) const {
  const std::uint64_t all = count();
  if (all == 0) return 0;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    below += counts_[i].load(std::memory_order_relaxed);
    if (static_cast<double>(below) >= q * static_cast<double>(all)) return bounds_[i];
  }
  return std::numeric_limits<double>::infinity();
}

Counter& Metrics::counter(std::string_view name, std::string_view help, MetricLabels labels) {
  auto families = families_.lock();
  Family& family = (*families)[std::string(name)];
  BONGSU_CHECK(family.gauges.empty() && family.histograms.empty());
  if (family.help.empty()) family.help = help;
  auto& slot = family.counters[std::move(labels)];
  if (!slot) slot = std::make_unique<Counter>();
  return *slot;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
  auto families = families_.lock();
  Family& family = (*families)[std::string(name)];
  BONGSU_CHECK(family.counters.empty() && family.histograms.empty());
  if (family.help.empty()) family.help = help;
  auto& slot = family.gauges[std::move(labels)];
  if (!slot) slot = std::make_unique<Gauge>();
  return *slot;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, std::vector<double> bounds, MetricLabels labels) {
  auto families = families_.lock();
  Family& family = (*families)[std::string(name)];
  BONGSU_CHECK(family.counters.empty() && family.gauges.empty());
  if (family.help.empty()) family.help = help;
  if (!family.histograms.empty()) bounds = family.histograms.begin()->second->bounds_;
  auto& slot = family.histograms[std::move(labels)];
  if (!slot) slot = std::make_unique<Histogram>(std::move(bounds));
  return *slot;
}

std::string Metrics::render() const {
  std::string out;
  auto families = families_.lock();
  for (const auto& [name, family] : *families) {
    const std::string_view type = !family.histograms.empty() ? "histogram" : family.gauges.empty() ? "counter" : "gauge";
    out += "# HELP " + name + ' ' + family.help + "\n# TYPE " + name + ' ' + std::string(type) + '\n';
    for (const auto& [labels, counter] : family.counters) append_value(out, name, labels, std::to_string(counter->value()));
    for (const auto& [labels, gauge] : family.gauges) append_value(out, name, labels, format_number(gauge->value()));
    for (const auto& [labels, histogram] : family.histograms) {
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < histogram->counts_.size(); ++i) {
        below += histogram->counts_[i].load(std::memory_order_relaxed);
        MetricLabels bucket = labels;
        bucket.emplace_back("le", i < histogram->bounds_.size() ? format_number(histogram->bounds_[i]) : "+Inf");
        append_value(out, name + "_bucket", bucket, std::to_string(below));
      }
      append_value(out, name + "_sum", labels, format_number(histogram->sum()));
      append_value(out, name + "_count", labels, std::to_string(below));
    }
  }
  return out;
}

void Metrics::each(const std::function<void(std::string_view, const MetricLabels&, double)>& visit) const {
  struct Row {
    std::string name;
    MetricLabels labels;
    double value;
  };
  std::vector<Row> rows;
  {
    auto families = families_.lock();
    for (const auto& [name, family] : *families) {
      for (const auto& [labels, counter] : family.counters) rows.push_back({name, labels, static_cast<double>(counter->value())});
      for (const auto& [labels, gauge] : family.gauges) rows.push_back({name, labels, gauge->value()});
      for (const auto& [labels, histogram] : family.histograms) {
        rows.push_back({name + "_sum", labels, histogram->sum()});
        rows.push_back({name + "_count", labels, static_cast<double>(histogram->count())});
      }
    }
  }
  for (const Row& row : rows) visit(row.name, row.labels, row.value);
}

}  // namespace bongsu
