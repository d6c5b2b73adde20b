// SPDX-License-Identifier: Apache-2.0
#include "poll/series.h"

#include <algorithm>
#include <unordered_set>

#include "model/marker.h"

namespace bongsu::poll {

std::optional<SeriesId> SeriesBook::id_of(const Labels& labels) {
  const auto id = sink_.series(labels);
  if (id) return *id;
  ++refused_;
  return std::nullopt;
}

// An agent that renames its rows at each poll must not make series without end.
bool SeriesBook::has_budget(Time at) {
  if (at > left_at_) {
    const double hours = left_at_ == Time{} ? 0 : std::chrono::duration<double, std::ratio<3600>>(at - left_at_).count();
    left_ = std::min(static_cast<double>(budget_.live), left_ + hours * static_cast<double>(budget_.fresh_per_hour));
    left_at_ = at;
  }
  if (owners_.size() >= budget_.live || left_ < 1) {
    ++refused_;
    return false;
  }
  --left_;
  return true;
}

void SeriesBook::put(const Group& group, const Outcome& outcome, Time at, std::vector<Point>& points) {
  for (const auto& row : outcome.gone) {
    for (const SeriesState& series : row->series) {
      if (series.id && series.owned) owners_.erase(static_cast<std::uint64_t>(*series.id));
    }
  }
  put(group, outcome.emissions, at, points);
}

void SeriesBook::put(const Group& group, const std::vector<Emission>& emissions, Time at, std::vector<Point>& points) {
  for (const Emission& emission : emissions) {
    SeriesState& series = emission.row->series[emission.metric];
    const bool marker = is_marker(emission.value);
    if (!series.id && marker && !series.kept) continue;
    if (!series.id) {
      if (!has_budget(at)) continue;
      const Metric& metric = group.metrics[emission.metric];
      Labels labels = series_labels(metric, emission.row->labels);
      labels.set("device", device_);
      labels.set(kMetricName, metric.name);
      series.id = id_of(labels);
      if (!series.id) continue;
    }
    const auto id = static_cast<std::uint64_t>(*series.id);
    if (!series.owned && !marker) {  // a more specific profile may write it
      series.owned = owners_.try_emplace(id, emission.row).first->second == emission.row;
      series.kept = false;
    }
    // What was written before a restart may end without another value, unless somebody else goes on with it.
    if (series.owned || (series.kept && !owners_.contains(id))) points.push_back({*series.id, {at, emission.value}});
  }
}

void SeriesBook::release(SeriesState& series) {
  if (series.id && series.owned) owners_.erase(static_cast<std::uint64_t>(*series.id));
  series = SeriesState{};
}

void SeriesBook::put_own(std::string_view metric, double value, Time at, std::vector<Point>& points) {
  auto known = own_.find(metric);
  if (known == own_.end()) {
    const auto id = id_of(Labels{{std::string(kMetricName), std::string(metric)}, {"device", device_}});
    if (!id) return;
    known = own_.emplace(metric, *id).first;
  }
  points.push_back({known->second, {at, value}});
}

void SeriesBook::put_table_seconds(const std::string& table, double value, Time at, std::vector<Point>& points) {
  const std::string metric = "bongsu_poll_table_duration_seconds";
  auto known = own_.find(metric + ' ' + table);
  if (known == own_.end()) {
    const auto id = id_of(Labels{{std::string(kMetricName), metric}, {"device", device_}, {"table", table}});
    if (!id) return;
    known = own_.emplace(metric + ' ' + table, *id).first;
  }
  points.push_back({known->second, {at, value}});
}

void SeriesBook::put_info(const Labels& labels, Time at, std::vector<Point>& points) {
  if (!info_ || info_->first != labels) {
    if (!has_budget(at)) return;
    if (info_) points.push_back({info_->second, {at, stale_marker()}});
    info_.reset();
    Labels whole = labels;
    whole.set("device", device_);
    whole.set(kMetricName, "device_info");
    const auto id = id_of(whole);
    if (!id) return;
    info_.emplace(labels, *id);
  }
  points.push_back({info_->second, {at, 1}});
}

void SeriesBook::end_own(Time at, std::vector<Point>& points) {
  for (const auto& [metric, id] : own_) points.push_back({id, {at, stale_marker()}});
  if (info_) points.push_back({info_->second, {at, stale_marker()}});
  own_.clear();
  info_.reset();
}

void SeriesBook::forget() {
  owners_.clear();
  own_.clear();
  info_.reset();
}

void drop_outdone_markers(std::vector<Point>& points) {
  std::unordered_set<std::uint64_t> marked, valued;
  for (const Point& point : points) {
    if (is_marker(point.sample.value)) marked.insert(static_cast<std::uint64_t>(point.series));
  }
  if (marked.empty()) return;
  for (const Point& point : points) {
    const auto id = static_cast<std::uint64_t>(point.series);
    if (!is_marker(point.sample.value) && marked.contains(id)) valued.insert(id);
  }
  std::erase_if(points, [&](const Point& point) {
    return is_marker(point.sample.value) && valued.contains(static_cast<std::uint64_t>(point.series));
  });
}

}  // namespace bongsu::poll
