// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

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

}  // namespace

Counter& Metrics::counter(std::string_view name, std::string_view help, MetricLabels labels) {
  auto families = families_.lock();
  Family& family = (*families)[std::string(name)];
  BONGSU_CHECK(family.gauges.empty());
  if (family.help.empty()) family.help = help;
  auto& slot = family.counters[std::move(labels)];
  if (!slot) slot = std::make_unique<Counter>();
  return *slot;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, MetricLabels labels) {
  auto families = families_.lock();
  Family& family = (*families)[std::string(name)];
  BONGSU_CHECK(family.counters.empty());
  if (family.help.empty()) family.help = help;
  auto& slot = family.gauges[std::move(labels)];
  if (!slot) slot = std::make_unique<Gauge>();
  return *slot;
}

std::string Metrics::render() const {
  std::string out;
  auto families = families_.lock();
  for (const auto& [name, family] : *families) {
    out += "# HELP " + name + ' ' + family.help + "\n# TYPE " + name + (family.gauges.empty() ? " counter\n" : " gauge\n");
    for (const auto& [labels, counter] : family.counters) {
      out += name;
      append_labels(out, labels);
      out += ' ' + std::to_string(counter->value()) + '\n';
    }
    for (const auto& [labels, gauge] : family.gauges) {
      out += name;
      append_labels(out, labels);
      out += ' ' + format_number(gauge->value()) + '\n';
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
    }
  }
  for (const Row& row : rows) visit(row.name, row.labels, row.value);
}

}  // namespace bongsu
