// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "model/device.h"
#include "store/memory.h"

namespace bongsu::rule {

class KnownDevices final : public DeviceSource {
 public:
  std::vector<DeviceState> devices() const override {
    std::vector<DeviceState> out;
    for (const auto& [name, state] : known) out.push_back(state);
    return out;
  }
  std::optional<DeviceState> device(std::string_view name) const override {
    const auto at = known.find(std::string(name));
    return at == known.end() ? std::nullopt : std::optional(at->second);
  }
  std::map<std::string, DeviceState> known;
};

// Remembers who is to be asked, and knows what they would say.
class AskedDevices final : public Prober {
 public:
  void probe(std::string_view device) override { asked.emplace(device); }
  std::set<std::string> asked;
  std::map<std::string, bool> truth;
};

// A store in memory whose disk can refuse; counts commits.
class KeptStore final : public PointSink, public PointSource, public StateStore {
 public:
  Result<SeriesId> series(const Labels& labels) override { return store_.series(labels); }
  Status append(std::span<const Point> points) override { return store_.append(points); }
  Result<std::vector<Series>> select(std::span<const Matcher> matchers, Time from, Time to,
                                     const SelectLimits& limits) const override {
    return store_.select(matchers, from, to, limits);
  }
  Result<std::vector<Labels>> find(std::span<const Matcher> matchers, Time from, Time to) const override {
    return store_.find(matchers, from, to);
  }
  Result<std::vector<std::string>> label_names() const override { return store_.label_names(); }
  Result<std::vector<std::string>> label_values(std::string_view name) const override { return store_.label_values(name); }
  Result<std::optional<std::string>> get(std::string_view table, std::string_view key) const override {
    return store_.get(table, key);
  }
  Status scan(std::string_view table, std::string_view prefix,
              const std::function<bool(std::string_view, std::string_view)>& visit) const override {
    return store_.scan(table, prefix, visit);
  }
  Status commit(const StateBatch& batch) override {
    if (before_commit) before_commit();
    if (refuse) return Error{Code::Unavailable, "disk full"};
    ++commits;
    changes += batch.changes.size();
    return store_.commit(batch);
  }

  // Every alarm event, oldest first: "1m30s cpu_usage active danger 95 {device="db1"}".
  std::string alarm_log() const {
    EventQuery query;
    query.kinds = {EventKind::Alarm};
    query.limit = 100'000;
    auto page = store_.search(query);
    if (!page) return page.error().text;
    std::reverse(page->events.begin(), page->events.end());
    std::string out;
    for (const Event& event : page->events) {
      Labels labels;
      std::map<std::string, std::string> fields;
      for (const auto& [name, value] : event.fields) {
        if (name.starts_with("label.")) labels.set(name.substr(6), value);
        else fields[name] = value;
      }
      out += format_duration(event.received - began) + " " + fields["item"] + " " + fields["state"] + " " + fields["level"] +
             " " + fields["value"] + " " + labels.to_string() + "\n";
    }
    return out;
  }

  Time began{};  // what the log counts from
  std::function<void()> before_commit{};
  bool refuse = false;
  std::size_t commits = 0;
  std::size_t changes = 0;

 private:
  store::MemoryStore store_;
};

}  // namespace bongsu::rule
