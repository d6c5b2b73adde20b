// SPDX-License-Identifier: Apache-2.0
#include "http/view.h"

#include <algorithm>
#include <numeric>

#include "model/marker.h"

namespace bongsu::http {

int urgency(Severity level) {
  switch (level) {
    case Severity::Normal:
      return 0;
    case Severity::Unknown:
      return 1;
    default:
      return to_number(level) + 1;
  }
}

Counts count_items(const std::vector<ItemState>& items) {
  Counts counts;
  for (const ItemState& item : items) ++counts[item.level];
  return counts;
}

namespace {

Counts sum_of(const std::vector<DeviceLevels>& levels, LevelCounts DeviceLevels::*part) {
  Counts counts;
  for (const DeviceLevels& one : levels) {
    for (std::size_t i = 0; i < counts.of.size(); ++i) counts.of[i] += (one.*part).of[i];
  }
  return counts;
}

}  // namespace

Counts count_all(const std::vector<DeviceLevels>& levels) { return sum_of(levels, &DeviceLevels::items); }
Counts count_open(const std::vector<DeviceLevels>& levels) { return sum_of(levels, &DeviceLevels::alarms); }
std::size_t total_of(const Counts& counts) { return std::accumulate(counts.of.begin(), counts.of.end(), std::size_t{0}); }

DeviceCounts count_devices(const std::vector<DeviceState>& devices) {
  DeviceCounts counts;
  for (const DeviceState& device : devices) ++(!device.up ? counts.unknown : *device.up ? counts.up : counts.down);
  return counts;
}

std::string_view parents_word(ParentsFrom from) {
  return from == ParentsFrom::Configuration ? "configured" : from == ParentsFrom::Topology ? "discovered" : "";
}

void write_parents(JsonWriter& json, const DeviceState& device) {
  json.key("parents").begin_array();
  for (const std::string& parent : device.parents) json.value(parent);
  json.end_array().key("parents_from");
  if (device.parents_from == ParentsFrom::Nowhere) json.null();
  else json.value(parents_word(device.parents_from));
}

std::string_view up_word(std::optional<bool> up) { return !up ? "unknown" : *up ? "up" : "down"; }

std::vector<Alarm> worst_alarms(const AlarmSource& source, std::size_t limit) {
  // A level at a time, so that a flood of small alarms does not push a fatal one out of the source's limit.
  constexpr std::size_t kLook = 2000;
  std::vector<Alarm> alarms;
  for (const Severity level : kWorstFirst) {
    const auto untaken =
        std::count_if(alarms.begin(), alarms.end(), [](const Alarm& one) { return !one.acknowledged && !one.suppressed; });
    if (static_cast<std::size_t>(untaken) >= limit || to_number(level) < to_number(Severity::Harmless)) break;
    auto more = source.alarms({.active_only = true, .min_level = level, .limit = kLook});
    if (more.size() >= alarms.size()) alarms = std::move(more);
  }
  std::stable_sort(alarms.begin(), alarms.end(), [](const Alarm& a, const Alarm& b) {
    const bool quiet_a = a.acknowledged || a.suppressed;
    const bool quiet_b = b.acknowledged || b.suppressed;
    if (quiet_a != quiet_b) return quiet_b;
    if (a.level != b.level) return urgency(a.level) > urgency(b.level);
    return a.since > b.since;
  });
  if (alarms.size() > limit) alarms.resize(limit);
  return alarms;
}

Result<std::vector<Latest>> latest_of(const Sources& sources, std::string_view device) {
  const Time now = sources.clock.now();
  const std::vector<Matcher> wanted{{.name = "device", .value = std::string(device)}};
  BONGSU_TRY(const auto series, sources.points.select(wanted, now - std::max(kLookBack, sources.lookback), now,
                                                      {.max_series = 100'000, .max_samples = 5'000'000}));
  std::vector<Latest> latest;
  latest.reserve(series.size());
  for (const Series& one : series) {
    if (one.samples.empty()) continue;
    const Sample& last = one.samples.back();
    if (is_marker(last.value) && !gap_cause(last.value)) continue;  // it has vanished
    Latest row{.labels = *one.labels, .last = last};
    if (one.samples.size() > 1 && !is_marker(one.samples[one.samples.size() - 2].value))
      row.before = one.samples[one.samples.size() - 2];
    latest.push_back(std::move(row));
  }
  return latest;
}

void write_counts(JsonWriter& json, const Counts& counts) {
  json.begin_object();
  for (const Severity level : {Severity::Normal, Severity::Harmless, Severity::Caution, Severity::Danger, Severity::Urgent,
                               Severity::Fatal, Severity::Unknown}) {
    json.member(to_string(level), static_cast<std::uint64_t>(counts[level]));
  }
  json.end_object();
}

void write_alarm_counts(JsonWriter& json, const Counts& open) {
  json.begin_object().member("total", static_cast<std::uint64_t>(total_of(open)));
  for (const Severity level : {Severity::Harmless, Severity::Caution, Severity::Danger, Severity::Urgent, Severity::Fatal})
    json.member(to_string(level), static_cast<std::uint64_t>(open[level]));
  json.end_object();
}

void write_item(JsonWriter& json, const ItemState& item) {
  json.begin_object();
  json.member("item", item.item).member("title", item.title).member("device", item.device);
  json.key("labels");
  write_labels(json, item.labels);
  json.member("state", to_string(item.state)).member("level", to_string(item.level)).key("value");
  if (item.value) json.value(*item.value);
  else json.null();
  json.member("unit", item.unit)
      .member("meaning", item.meaning)
      .member("why", item.why)
      .member("cause", item.cause)
      .member("changed", item.changed)
      .key("alarm");
  if (item.alarm != 0) json.value(item.alarm);
  else json.null();
  json.end_object();
}

}  // namespace bongsu::http
