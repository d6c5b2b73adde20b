// SPDX-License-Identifier: Apache-2.0
#include "poll/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "model/marker.h"

namespace bongsu::poll {

std::vector<const Group*> groups_in_order(const std::vector<const DeviceProfile*>& profiles) {
  std::vector<const Group*> groups;
  for (const bool last : {false, true}) {
    for (const DeviceProfile* profile : profiles) {
      for (const Group& group : profile->groups) {
        if (group.unless.empty() != last) groups.push_back(&group);
      }
    }
  }
  return groups;
}

bool stands_back(const Group& group, const std::map<std::string, const Group*, std::less<>>& given) {
  for (const std::string& metric : group.unless) {
    const auto at = given.find(metric);
    if (at != given.end() && at->second != &group) return true;
  }
  return false;
}

static Value raw_of(const Group& group, const Emission& emission, const GroupData& data) {
  if (!emission.leaf) return {};
  if (group.leaves[*emission.leaf].place == Leaf::Place::Scalar) {
    for (const auto& [leaf, value] : data.scalars)
      if (leaf == *emission.leaf) return value;
    return {};
  }
  const auto& index = emission.row->key.index;
  const auto before = [](const GroupData::Row& row, const std::vector<std::uint32_t>& wanted) { return row.index < wanted; };
  const auto row = std::lower_bound(data.rows.begin(), data.rows.end(), index, before);
  if (row == data.rows.end() || row->index != index) return {};
  for (std::size_t i = 0; i < data.asked.size(); ++i)
    if (data.asked[i] == *emission.leaf) return row->values[i];
  return {};
}

static std::string word_of(const mib::Tree& tree, const Group& group, const Emission& emission, const GroupData& data) {
  const Value raw = raw_of(group, emission, data);
  const Metric& metric = group.metrics[emission.metric];
  if (!metric.states.empty()) {
    const auto number = raw.to_double();
    const State* state = find_state(metric, number ? Cell(*number) : Cell(raw.to_text()));
    return state ? state->word : std::string();
  }
  const auto& object = emission.leaf ? group.leaves[*emission.leaf].object : std::nullopt;
  if (!object || raw.type != ValueType::Integer || object->enums().empty()) return {};
  std::string text = tree.format(object, raw, false);  // "up(1)"
  text.resize(std::min(text.size(), text.find('(')));
  return text;
}

// What one run has seen; it stands in a coroutine's frame.
struct Gathering {
  Collection collection{};
  std::map<std::string, const Group*, std::less<>> given{};
  std::set<Labels> series{};

  std::map<std::string, std::string> last{};  // facts for want of better ones

  void add(const mib::Tree& tree, const Group& group, Outcome& outcome, const GroupData& data) {
    for (auto& [name, value] : outcome.facts) (group.general ? last : collection.info).emplace(name, std::move(value));
    for (std::string& notice : outcome.notices) collection.notices.push_back(std::move(notice));
    for (const Emission& emission : outcome.emissions) {
      if (is_marker(emission.value)) continue;
      const Metric& metric = group.metrics[emission.metric];
      Labels labels = series_labels(metric, emission.row->labels);
      Labels whole = labels;
      whole.set(kMetricName, metric.name);
      if (!series.insert(std::move(whole)).second) continue;  // a more specific profile gave it
      given.emplace(metric.name, &group);
      if (metric.name == "device_uptime_seconds") collection.uptime_seconds = emission.value;
      collection.metrics.push_back({.name = metric.name,
                                    .labels = std::move(labels),
                                    .value = emission.value,
                                    .word = word_of(tree, group, emission, data),
                                    .raw = raw_of(group, emission, data),
                                    .unit = metric.unit,
                                    .oid = emission_oid(group, emission),
                                    .profile = group.profile,
                                    .table = group.name});
    }
  }
};

// True when a second reading could give more.
static bool wants_growth(const Group& group, const Outcome& outcome) {
  if (std::none_of(group.leaves.begin(), group.leaves.end(), [](const Leaf& leaf) { return leaf.growth; })) return false;
  std::set<std::uint32_t> seen;
  for (const Emission& emission : outcome.emissions) seen.insert(emission.metric);
  return seen.size() < group.metrics.size();
}

static std::string growth_wanted(const std::vector<std::pair<const Group*, GroupState>>& again) {
  std::string names;
  for (const auto& [group, state] : again) names += (names.empty() ? "" : ", ") + group->name;
  return names;
}

// Of the time left, so that one slow table leaves some to the others.
static SteadyTime share_of(SteadyTime now, SteadyTime until) {
  constexpr Millis kLeast{10'000};
  return std::min(until, now + std::max<SteadyTime::duration>((until - now) / 2, kLeast));
}

static Error no_time(const snmp::Target& target, const Group& group, Millis time) {
  return Error{Code::Limit, fmt::format("{}: table {} was not done in its share of {}; ask with more time", target.name,
                                        group.name, format_duration(time))};
}

static void hint_at_hidden_tables(Collection& collection) {
  const auto of_a_row = [](const CollectedMetric& metric) { return !metric.labels.empty(); };
  if (!collection.errors.empty() || std::any_of(collection.metrics.begin(), collection.metrics.end(), of_a_row)) return;
  collection.notices.push_back(
      "no table has any row: the agent may show this community a part of itself only (Debian's snmpd does so by default: give a "
      "community of its own in snmpd.conf, such as \"rocommunity NAME SOURCE\", without -V)");
}

asio::awaitable<Result<Collection>> collect(net::Reactor& reactor, snmp::Client& client, snmp::Target target,
                                            std::shared_ptr<const ProfileSet> profiles, CollectOptions options) {
  Gathering all;
  all.collection.at = reactor.clock().now();
  const SteadyTime start = reactor.clock().steady();
  const SteadyTime until = start + options.time;
  auto device = co_await identify(client, target, profiles);
  if (!device) co_return std::move(device).error();
  all.collection.profiles = std::move(device->explanations);
  if (!options.only.empty()) {
    device->profiles.clear();
    for (const DeviceProfile& profile : profiles->profiles()) {
      if (profile.name == options.only) device->profiles.push_back(&profile);
    }
  }

  std::vector<std::pair<const Group*, GroupState>> again;
  for (const Group* group : groups_in_order(device->profiles)) {
    if (stands_back(*group, all.given)) continue;
    std::vector<bool> every;
    const SteadyTime deadline = share_of(reactor.clock().steady(), until);
    Result<Fetched> fetched = no_time(target, *group, options.time);
    if (reactor.clock().steady() < until)
      fetched = co_await fetch_group(reactor, client, target, *group, std::move(every), deadline);
    if (!fetched) {
      if (fetched.error().code == Code::Limit && reactor.clock().steady() >= deadline)
        fetched = no_time(target, *group, options.time);
      for (const Metric& metric : group->metrics) all.given.emplace(metric.name, group);
      all.collection.errors.push_back({group->profile, group->name, std::move(fetched).error()});
      all.collection.complete = false;
      continue;
    }
    all.collection.complete &= fetched->complete();
    for (std::string& note : fetched->notes) all.collection.notices.push_back("table " + group->name + ": " + std::move(note));
    GroupState state;
    const Moment moment{.at = reactor.clock().steady(), .stamp = reactor.clock().now()};
    Outcome outcome = evaluate_group(profiles->tree(), *group, state, fetched->data, moment);
    all.add(profiles->tree(), *group, outcome, fetched->data);
    if (wants_growth(*group, outcome)) again.emplace_back(group, std::move(state));
  }
  if (!again.empty() && options.second_reading > Millis(0) && reactor.clock().steady() + options.second_reading < until) {
    if (options.waiting) options.waiting(growth_wanted(again));
    co_await net::sleep_for(reactor, options.second_reading);
    for (auto& [group, state] : again) {
      std::vector<bool> every;
      auto fetched = co_await fetch_group(reactor, client, target, *group, std::move(every), until);
      if (!fetched) continue;  // the first reading stands
      const Moment moment{.at = reactor.clock().steady(), .stamp = reactor.clock().now()};
      Outcome outcome = evaluate_group(profiles->tree(), *group, state, fetched->data, moment);
      all.add(profiles->tree(), *group, outcome, fetched->data);
    }
  }
  for (auto& [name, value] : device->facts) all.collection.info.emplace(name, std::move(value));
  all.collection.info.merge(all.last);
  hint_at_hidden_tables(all.collection);
  all.collection.took = std::chrono::duration_cast<Millis>(reactor.clock().steady() - start);
  co_return std::move(all.collection);
}

}  // namespace bongsu::poll
