// SPDX-License-Identifier: Apache-2.0
#include "rule/coverage.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <unordered_map>

#include "base/text.h"

namespace bongsu::rule {
namespace {

// The label sets of an item on a device.
struct Found {
  bool value = false;
  std::string_view cause;
};

std::string title_of(const ItemSpec& item) { return item.title.en.empty() ? item.name : item.title.en; }

std::string info(const DeviceState& device, const char* key) {
  const auto at = device.info.find(key);
  return at == device.info.end() ? std::string() : at->second;
}

}  // namespace

bool wanted_on(const Targets& targets, const DeviceState& device) {
  const auto listed = [&](const std::vector<std::string>& names, const char* key) {
    const auto at = device.info.find(key);
    return at != device.info.end() && std::find(names.begin(), names.end(), to_lower(at->second)) != names.end();
  };
  return listed(targets.os, "os") || listed(targets.kind, "kind");
}

const ItemSpec& spec_for(const ItemSpec& item, const Labels& labels, const DeviceState* device) {
  static const Tags kNone;
  for (auto over = item.overrides.rbegin(); over != item.overrides.rend(); ++over) {
    if (!over->targets.empty() && (device == nullptr || !wanted_on(over->targets, *device))) continue;
    if (covers(over->match, item.name, labels.get("device"), labels, device == nullptr ? kNone : device->tags))
      return *over->item;
  }
  return item;
}

SwitchedOff switched_off(const std::vector<ItemSpec>& items, const std::vector<DeviceState>& devices,
                         const query::Engine& queries, Time now) {
  SwitchedOff out;
  std::unordered_map<std::string_view, const DeviceState*> known;
  for (const DeviceState& device : devices) known.emplace(device.name, &device);
  for (const ItemSpec& item : items) {
    const bool somewhere =
        std::any_of(item.overrides.begin(), item.overrides.end(), [](const Override& over) { return !over.item->enabled; });
    if (item.enabled && !somewhere) continue;
    const auto answer = queries.instant(*item.expr, now);
    if (!answer) continue;  // which is told where items are judged
    std::set<std::string> judged;
    const auto take = [&](const Labels& labels, double value) {
      if (std::isnan(value)) return;
      std::string device(labels.get("device"));
      const auto at = known.find(device);
      const bool on = item.enabled && spec_for(item, labels, at == known.end() ? nullptr : at->second).enabled;
      if (on) judged.insert(std::move(device));
      else out.emplace(item.name, std::move(device));
    };
    if (answer->kind == query::ValueType::Scalar) take(Labels(), answer->scalar);
    for (const query::VectorSample& sample : answer->vector) take(sample.labels->without(kMetricName), sample.value);
    // Some of its label sets are left out on purpose; the others are watched.
    for (const std::string& device : judged) out.erase({item.name, device});
  }
  return out;
}

Coverage coverage_of(const std::vector<ItemSpec>& items, const std::vector<DeviceState>& devices,
                     const std::vector<ItemState>& states, const SwitchedOff& off) {
  std::vector<const ItemSpec*> sorted;
  for (const ItemSpec& item : items) sorted.push_back(&item);
  std::sort(sorted.begin(), sorted.end(), [](const ItemSpec* a, const ItemSpec* b) { return a->name < b->name; });
  std::unordered_map<std::string_view, std::unordered_map<std::string_view, Found>> found;  // by device, then item
  std::set<std::string_view> judged;
  for (const ItemState& state : states) {
    judged.insert(state.item);
    Found& one = found[state.device][state.item];
    if (state.level != Severity::Unknown) one.value = true;
    else one.cause = state.cause;
  }

  Coverage out;
  for (const DeviceState& device : devices) {
    Coverage::Device& row = out.devices.emplace_back();
    row.name = device.name;
    row.os = info(device, "os");
    row.kind = info(device, "kind");
    const auto of_device = found.find(device.name);
    for (const ItemSpec* item : sorted) {
      const Found* has = nullptr;
      if (of_device != found.end()) {
        const auto at = of_device->second.find(item->name);
        if (at != of_device->second.end()) has = &at->second;
      }
      // Whom an item is for says who is missed without a value: who has one is judged all the same.
      const bool would_have = off.contains({item->name, device.name});
      const bool ought = wanted_on(item->expected, device);
      if (has == nullptr && !would_have && !ought && !wanted_on(item->targets, device)) continue;
      ++row.expected;
      const auto miss = [&](std::string why) { row.missing.push_back({item->name, title_of(*item), std::move(why)}); };
      if (would_have || !item->enabled || !spec_for(*item, Labels{{"device", device.name}}, &device).enabled) {
        miss(std::string(kSwitchedOff));
        continue;
      }
      // Silence may be its good case, but not where it ought to have a value.
      if ((has != nullptr && has->value) || (has == nullptr && !ought && item->no_data == NoData::Ignore)) {
        ++row.watched;
      } else if (has == nullptr && ought) {
        miss(device.up == false ? "no data: the device does not answer" : "no data");
      } else if (has == nullptr) {
        miss("not judged yet");
      } else {
        miss(has->cause.empty() || has->cause == "no data" ? "no data" : "no data: " + std::string(has->cause));
      }
    }
  }
  for (const ItemSpec* item : sorted) {
    if (!item->enabled || item->no_data == NoData::Ignore || !item->targets.empty() || !item->expected.empty() ||
        judged.contains(item->name))
      continue;
    if (std::any_of(off.begin(), off.end(), [&](const auto& one) { return one.first == item->name; })) continue;
    out.idle.push_back({item->name, title_of(*item), "its expression gives nothing"});
  }
  return out;
}

}  // namespace bongsu::rule
