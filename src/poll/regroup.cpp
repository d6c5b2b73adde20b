// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "model/marker.h"
#include "poll/collect.h"
#include "poll/core.h"

namespace bongsu::poll {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

bool same_thing(const Group& a, const Group& b) { return a.profile == b.profile && a.name == b.name && a.table == b.table; }

template <class T>
std::vector<T> moved(std::vector<T>& from, const std::vector<std::uint32_t>& origin) {
  std::vector<T> to(origin.size());
  for (std::size_t i = 0; i < origin.size(); ++i) {
    if (origin[i] < from.size()) to[i] = std::move(from[origin[i]]);
  }
  return to;
}

// Where each of `now` stood in `before`.
template <class T, class Same>
std::vector<std::uint32_t> origins(const std::vector<T>& before, const std::vector<T>& now, Same same) {
  std::vector<std::uint32_t> out;
  for (const T& item : now) {
    const auto at = std::find_if(before.begin(), before.end(), [&](const T& old) { return same(old, item); });
    out.push_back(at == before.end() ? kNone : static_cast<std::uint32_t>(at - before.begin()));
  }
  return out;
}

// The rows of a group whose definition may have changed: leaves and metrics find their new places, and a metric that is
// gone ends.
void carry_over(SeriesBook& book, GroupRun& old, GroupRun& run, Time stamp, std::vector<Point>& points) {
  const Group& before = *old.group;
  const Group& now = *run.group;
  const auto leaves =
      origins(before.leaves, now.leaves, [](const Leaf& a, const Leaf& b) { return a.oid == b.oid && a.place == b.place; });
  const auto metrics =
      origins(before.metrics, now.metrics, [](const Metric& a, const Metric& b) { return series_key(a) == series_key(b); });
  std::vector<Emission> ended;
  for (const auto& row : old.state.rows) {
    for (std::uint32_t metric = 0; metric < row->series.size(); ++metric) {
      const SeriesState& series = row->series[metric];
      if (std::find(metrics.begin(), metrics.end(), metric) != metrics.end() || (!series.live && !series.gap)) continue;
      ended.push_back({.row = row.get(), .metric = metric, .value = stale_marker(), .leaf = {}});
    }
  }
  book.put(before, ended, stamp, points);
  for (const Emission& emission : ended) book.release(emission.row->series[emission.metric]);
  const auto moved_sources = [&](std::uint64_t before_mask) {  // SeriesHeight::source, a bit for each leaf
    std::uint64_t mask = 0;
    for (std::uint32_t leaf = 0; leaf < leaves.size(); ++leaf) {
      if (leaves[leaf] != kNone && (before_mask >> leaves[leaf] % 64 & 1) != 0) mask |= std::uint64_t{1} << leaf % 64;
    }
    return mask;
  };
  for (const auto& row : old.state.rows) {
    for (SeriesState& series : row->series) series.height.source = moved_sources(series.height.source);
    row->counters = moved(row->counters, leaves);
    row->growth = moved(row->growth, leaves);
    row->gaps = moved(row->gaps, leaves);
    row->resets.assign(now.leaves.size(), false);
    row->ahead.clear();
    row->series = moved(row->series, metrics);
    row->limits.clear();
    row->limited.clear();
  }
  run.state.rows = std::move(old.state.rows);
  run.state.uptime = old.state.uptime;
  run.state.read = old.state.read;
  run.state.at = old.state.at;
  run.state.stamp = old.state.stamp;
  run.took = old.took;
  run.slow = old.slow;
  run.stamp = old.stamp;
  run.values_at = old.values_at;
  run.begun = old.begun;
  run.ended = old.ended;
  run.facts = std::move(old.facts);
  old.reading = 0;
}

// What each group stands back for: those before it that give the metric.
void find_rivals(std::vector<std::shared_ptr<GroupRun>>& groups) {
  for (std::size_t i = 0; i < groups.size(); ++i) {
    groups[i]->rivals.clear();
    for (const std::string& name : groups[i]->group->unless) {
      for (std::size_t k = 0; k < i; ++k) {
        const auto& metrics = groups[k]->group->metrics;
        for (std::uint32_t metric = 0; metric < metrics.size(); ++metric) {
          if (metrics[metric].name == name) groups[i]->rivals.push_back({groups[k].get(), metric});
        }
      }
    }
  }
}

}  // namespace

void regroup(Watch& watch, const Identified& device, const std::shared_ptr<const ProfileSet>& set, Time stamp,
             std::vector<Point>& points) {
  std::vector<std::shared_ptr<GroupRun>> before = std::move(watch.groups);
  watch.groups.clear();
  const Time end = stamp - Millis(1);
  for (const Group* group : groups_in_order(device.profiles)) {
    const auto old =
        std::find_if(before.begin(), before.end(), [group](const auto& run) { return run && same_thing(*run->group, *group); });
    std::shared_ptr<GroupRun> run;
    if (old != before.end() && (*old)->group == group) {  // nothing changed: a reading under way goes on
      run = std::move(*old);
      run->fresh = true;
      run->state.used.clear();
      run->state.seldom.at.reset();
    } else {
      run = std::make_shared<GroupRun>();
      run->group = group;
      if (old != before.end()) carry_over(watch.book, **old, *run, (*old)->time_after(end), points);
    }
    if (old != before.end()) old->reset();
    watch.groups.push_back(std::move(run));
  }
  for (const auto& old : before) {
    if (!old) continue;
    old->reading = 0;
    watch.book.put(*old->group, mark_stale(*old->group, old->state), old->time_after(end), points);
  }
  find_rivals(watch.groups);
  watch.set = set;
  watch.profiles.clear();
  for (const DeviceProfile* profile : device.profiles) watch.profiles.push_back(profile->name);
  watch.facts = device.facts;
  watch.info_changed = true;
}

}  // namespace bongsu::poll
