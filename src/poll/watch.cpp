// SPDX-License-Identifier: Apache-2.0
#include "poll/watch.h"

#include <cmath>
#include <unordered_set>

#include "base/hash.h"
#include "model/marker.h"

namespace bongsu::poll {

std::optional<SeriesId> SeriesBook::id_of(const Labels& labels) {
  const auto id = sink_.series(labels);
  if (id) return *id;
  ++refused_;
  return std::nullopt;
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
    if (!series.id && marker) continue;
    if (!series.id) {
      Labels labels(emission.row->labels);
      labels.set("device", device_);
      labels.set(kMetricName, group.metrics[emission.metric].name);
      series.id = id_of(labels);
      if (!series.id) continue;
    }
    if (!series.owned && !marker) {  // a more specific profile may write it
      series.owned = owners_.try_emplace(static_cast<std::uint64_t>(*series.id), emission.row).first->second == emission.row;
    }
    if (series.owned) points.push_back({*series.id, {at, emission.value}});
  }
}

void SeriesBook::put_own(const std::string& metric, double value, Time at, std::vector<Point>& points) {
  auto known = own_.find(metric);
  if (known == own_.end()) {
    const auto id = id_of(Labels{{std::string(kMetricName), metric}, {"device", device_}});
    if (!id) return;
    known = own_.emplace(metric, *id).first;
  }
  points.push_back({known->second, {at, value}});
}

void SeriesBook::put_info(const Labels& labels, Time at, std::vector<Point>& points) {
  if (!info_ || info_->first != labels) {
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

void SeriesBook::forget(std::vector<std::unique_ptr<GroupRun>>& groups) {
  owners_.clear();
  own_.clear();
  info_.reset();
  for (const auto& run : groups) {
    for (const auto& row : run->state.rows) {
      for (SeriesState& series : row->series) {
        series.id.reset();
        series.owned = false;
      }
    }
  }
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

void PingWindow::add(std::optional<double> seconds, std::size_t keep) {
  answers_.push_back(seconds);
  while (answers_.size() > keep) answers_.pop_front();
}

double PingWindow::loss_percent() const {
  if (answers_.empty()) return 0;
  std::size_t lost = 0;
  for (const auto& answer : answers_) lost += !answer;
  return 100.0 * static_cast<double>(lost) / static_cast<double>(answers_.size());
}

std::optional<double> PingWindow::jitter_seconds() const {
  std::optional<double> before;
  double sum = 0;
  int pairs = 0;
  for (const auto& answer : answers_) {
    if (answer && before) {
      sum += std::fabs(*answer - *before);
      ++pairs;
    }
    if (answer) before = answer;
  }
  return pairs > 0 ? std::optional(sum / pairs) : std::nullopt;
}

std::optional<bool> Watch::up() const {
  // The loopback answers ping whatever becomes of the agent behind it: beside SNMP that proves nothing.
  const bool ping_proves = !(spec.snmp && address && address->is_loopback());
  if (snmp_up.value_or(false) || (ping_proves && icmp_up.value_or(false))) return true;
  const bool waits_for_snmp = spec.snmp && !snmp_up;
  const bool waits_for_ping = spec.ping && icmp_works && !icmp_up;
  if (waits_for_snmp || waits_for_ping || (!snmp_up && !icmp_up)) return std::nullopt;
  return false;
}

Time slot_before(Time now, Millis interval, Millis offset) {
  const std::int64_t at = to_ms(now) - offset.count();
  std::int64_t slot = at / interval.count();
  if (at < 0 && at % interval.count() != 0) --slot;
  return time_from_ms(slot * interval.count() + offset.count());
}

Millis slot_offset(std::string_view device, Millis interval) {
  const std::uint64_t hash = hash_bytes(device);
  return Millis((hash ^ hash >> 32) % static_cast<std::uint64_t>(interval.count()));
}

}  // namespace bongsu::poll
