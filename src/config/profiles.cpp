// SPDX-License-Identifier: Apache-2.0
#include "config/profiles.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>

#include "base/text.h"

namespace bongsu::config {
namespace {

poll::Where where_of(const Place& place) { return {place.file, place.line, place.column}; }

// An expression or a name, with its place. A quoted scalar's text begins behind its quote.
std::optional<poll::Text> read_text(const Node* node, std::string_view what, Problems& problems) {
  if (!node) return std::nullopt;
  auto text = as_text(*node, what, problems);
  if (!text) return std::nullopt;
  return poll::Text{std::move(*text), where_of(node->place)};
}

std::vector<poll::Text> read_texts(const Node* node, std::string_view what, Problems& problems) {
  std::vector<poll::Text> texts;
  if (!node) return texts;
  if (node->kind != Node::Kind::List) {
    if (auto one = read_text(node, what, problems)) texts.push_back(std::move(*one));
    return texts;
  }
  for (const Node& item : node->items) {
    if (auto one = read_text(&item, what, problems)) texts.push_back(std::move(*one));
  }
  return texts;
}

std::vector<poll::NamedText> read_named(const Node* node, std::string_view what, Problems& problems) {
  std::vector<poll::NamedText> all;
  if (!node) return all;
  if (node->kind != Node::Kind::Map) {
    problems.add(node->place, std::string(what) + " must be a map of names and expressions");
    return all;
  }
  for (const Node::Member& member : node->members) {
    if (auto text = read_text(&member.value, what, problems))
      all.push_back({member.key, where_of(member.place), std::move(*text)});
  }
  return all;
}

std::vector<poll::MetricRule> read_metrics(const Node* node, Problems& problems) {
  std::vector<poll::MetricRule> all;
  if (!node) return all;
  if (node->kind != Node::Kind::Map) {
    problems.add(node->place, "metrics must be a map of metric names and expressions");
    return all;
  }
  for (const Node::Member& member : node->members) {
    poll::MetricRule rule{.name = member.key, .at = where_of(member.place), .value = {}, .unit = {}, .max_rate = {}};
    std::optional<poll::Text> value;
    if (member.value.kind == Node::Kind::Map) {
      MapReader reader(member.value, "metric", problems);
      value = read_text(reader.required("value"), "value", problems);
      rule.unit = reader.text("unit").value_or("");
      rule.max_rate = read_text(reader.get("max_rate"), "max_rate", problems);
      reader.done();
    } else {
      value = read_text(&member.value, "metric", problems);
    }
    if (!value) continue;
    rule.value = std::move(*value);
    all.push_back(std::move(rule));
  }
  return all;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// {1: normal, 2: failed}
std::vector<poll::StateRule> read_states(const Node& node, Problems& problems) {
  std::vector<poll::StateRule> all;
  if (node.kind != Node::Kind::Map) {
    problems.add(node.place, "states must be a map of numbers and words, such as {1: normal, 2: failed}");
    return all;
  }
  for (const Node::Member& member : node.members) {
    const auto value = whole_number(member.key);
    if (!value) problems.add(member.place, "'" + member.key + "' is no number: states are given as {1: normal, 2: failed}");
    auto word = as_text(member.value, "state", problems);
    if (value && word) all.push_back({*value, std::move(*word)});
  }
  return all;
}

std::vector<poll::SensorRule> read_sensors(const Node* node, Problems& problems) {
  std::vector<poll::SensorRule> all;
  if (!node) return all;
  if (node->kind != Node::Kind::List) {
    problems.add(node->place, "sensors must be a list, each with `class:` and `value:`");
    return all;
  }
  for (const Node& item : node->items) {
    poll::SensorRule rule{
        .kind = {}, .at = where_of(item.place), .value = {}, .name = {}, .unit = {}, .states = {}, .limits = {}};
    MapReader reader(item, "sensor", problems);
    if (reader.required("class")) rule.kind = reader.text("class").value_or("");
    auto value = read_text(reader.required("value"), "value", problems);
    rule.name = reader.text("name").value_or("");
    rule.unit = reader.text("unit").value_or("");
    if (const Node* states = reader.get("states")) rule.states = read_states(*states, problems);
    rule.limits = read_named(reader.get("limits"), "limits", problems);
    reader.done();
    if (rule.kind.empty() || !value) continue;
    rule.value = std::move(*value);
    all.push_back(std::move(rule));
  }
  return all;
}

std::optional<poll::SystemRule> read_system(const Node& node, Problems& problems) {
  poll::SystemRule system;
  system.at = where_of(node.place);
  const std::size_t before = problems.size();
  MapReader reader(node, "system", problems);
  reader.required("os");
  system.sys_object_id = read_texts(reader.get("sysObjectID"), "sysObjectID", problems);
  system.sys_descr = read_text(reader.get("sysDescr"), "sysDescr", problems);
  system.has = read_texts(reader.get("has"), "has", problems);
  for (const char* fact : {"os", "kind", "vendor", "hardware"}) {
    if (auto text = reader.text(fact)) system.facts.emplace(fact, std::move(*text));
  }
  for (const char* fact : {"version", "model"}) {
    if (auto text = read_text(reader.get(fact), fact, problems)) system.captures.emplace(fact, std::move(*text));
  }
  reader.done();
  if (problems.size() != before) return std::nullopt;
  return system;
}

// One line each: a number, a tab, a name; what begins with # is for people.
void read_vendors(const std::filesystem::path& file, std::map<std::uint32_t, std::string>& into, Problems& problems) {
  std::ifstream in(file);
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#') continue;
    const auto tab = text.find('\t');
    const auto enterprise = whole_number(text.substr(0, tab));
    if (tab == std::string_view::npos || !enterprise || *enterprise < 0 || *enterprise > UINT32_MAX) {
      problems.add({file.string(), number, 1}, "a line is an enterprise number, a tab and the vendor's name");
      continue;
    }
    into.insert_or_assign(static_cast<std::uint32_t>(*enterprise), std::string(trim(text.substr(tab + 1))));
  }
  if (in.bad() || !in.eof()) problems.add({file.string(), 0, 0}, "cannot be read; check that it is a file, there and readable");
}

std::optional<poll::GroupRule> read_group(const Node& node, Problems& problems) {
  poll::GroupRule group{.name = {}, .at = where_of(node.place)};
  const std::size_t before = problems.size();
  MapReader reader(node, "group", problems);
  const auto table = reader.text("table");
  const auto scalars = reader.text("scalars");
  if (problems.size() == before && table.has_value() == scalars.has_value()) {
    problems.add(node.place, "a group begins with `table: NAME` or `scalars: NAME`, one of the two");
  }
  group.table = table.has_value();
  group.name = table ? *table : scalars.value_or("");
  if (const Node* every = reader.get("every")) {
    group.every = as_duration(*every, "every", problems).value_or(Millis(0));
    group.every_at = where_of(every->place);
  }
  group.under = read_text(reader.get("under"), "under", problems);
  group.let = read_named(reader.get("let"), "let", problems);
  group.where = read_text(reader.get("where"), "where", problems);
  group.labels = read_named(reader.get("labels"), "labels", problems);
  if (const Node* identity = reader.get("identity")) {
    MapReader parts(*identity, "identity", problems);
    group.identity.emplace();
    group.identity->name = read_text(parts.get("name"), "name", problems);
    group.identity->descr = read_text(parts.get("descr"), "descr", problems);
    group.identity->alias = read_text(parts.get("alias"), "alias", problems);
    group.identity->mac = read_text(parts.get("mac"), "mac", problems);
    group.identity->type = read_text(parts.get("type"), "type", problems);
    parts.done();
  }
  group.discontinuity = read_text(reader.get("discontinuity"), "discontinuity", problems);
  group.unless = read_texts(reader.get("unless"), "unless", problems);
  group.device = read_named(reader.get("device"), "device", problems);
  group.neighbor = read_named(reader.get("neighbor"), "neighbor", problems);
  group.own = read_named(reader.get("own"), "own", problems);
  group.metrics = read_metrics(reader.get("metrics"), problems);
  group.sensors = read_sensors(reader.get("sensors"), problems);
  reader.done();
  if (group.name.empty()) return std::nullopt;
  return group;
}

std::optional<poll::Profile> read_profile(const Node& node, Problems& problems) {
  poll::Profile profile;
  profile.at = where_of(node.place);
  MapReader reader(node, "profile", problems);
  if (reader.required("profile")) profile.name = reader.text("profile").value_or("");
  profile.title = reader.text("title").value_or("");
  if (const Node* match = reader.required("match")) {
    MapReader conditions(*match, "match", problems);
    profile.match.always = conditions.flag("always").value_or(false);
    profile.match.sys_object_id = read_texts(conditions.get("sysObjectID"), "sysObjectID", problems);
    profile.match.sys_descr = read_text(conditions.get("sysDescr"), "sysDescr", problems);
    profile.match.os = read_texts(conditions.get("os"), "os", problems);
    profile.match.has = read_texts(conditions.get("has"), "has", problems);
    conditions.done();
  }
  profile.device = read_named(reader.get("device"), "device", problems);
  if (const Node* groups = reader.get("collect")) {
    if (groups->kind != Node::Kind::List) {
      problems.add(groups->place, "collect must be a list of groups, each with `table:` or `scalars:`");
    } else {
      for (const Node& item : groups->items) {
        if (auto group = read_group(item, problems)) profile.groups.push_back(std::move(*group));
      }
    }
  }
  reader.done();
  if (profile.name.empty()) return std::nullopt;
  return profile;
}

// {systems: [...]}
void read_systems(const Node& node, std::vector<poll::SystemRule>& into, Problems& problems) {
  MapReader reader(node, "systems", problems);
  const Node* systems = reader.required("systems");
  reader.done();
  if (systems == nullptr) return;
  if (systems->kind != Node::Kind::List) {
    problems.add(systems->place, "systems must be a list, each with `os:` and `sysObjectID:` or `sysDescr:`");
    return;
  }
  for (const Node& item : systems->items) {
    if (auto system = read_system(item, problems)) into.push_back(std::move(*system));
  }
}

poll::ProfileFiles read_all(const std::optional<Node>& root, Problems& problems) {
  poll::ProfileFiles all;
  if (!root || root->kind == Node::Kind::Null) return all;
  const auto take = [&](const Node& node) {
    if (node.kind == Node::Kind::Map && node.find("systems")) return read_systems(node, all.systems, problems);
    if (auto profile = read_profile(node, problems)) all.profiles.push_back(std::move(*profile));
  };
  if (root->kind == Node::Kind::List) {
    for (const Node& item : root->items) take(item);
  } else {
    take(*root);
  }
  return all;
}

}  // namespace

poll::ProfileFiles read_profiles(const std::filesystem::path& file, Problems& problems) {
  return read_all(read_yaml(file, problems), problems);
}

poll::ProfileFiles parse_profiles(std::string_view text, const std::string& name, Problems& problems) {
  return read_all(parse_yaml(text, name, problems), problems);
}

poll::ProfileFiles read_profile_folders(const std::vector<std::filesystem::path>& rules, Problems& problems) {
  poll::ProfileFiles all;
  for (const auto& folder : rules) {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder / "profiles", error), end; !error && at != end; at.increment(error)) {
      const auto extension = at->path().extension();
      if (extension == ".yaml" || extension == ".yml") files.push_back(at->path());
    }
    std::sort(files.begin(), files.end());
    poll::ProfileFiles here;
    for (const auto& file : files) {
      poll::ProfileFiles some = read_profiles(file, problems);
      std::move(some.profiles.begin(), some.profiles.end(), std::back_inserter(here.profiles));
      std::move(some.systems.begin(), some.systems.end(), std::back_inserter(here.systems));
    }
    if (const auto vendors = folder / "profiles" / "vendors.tsv"; std::filesystem::exists(vendors, error))
      read_vendors(vendors, all.vendors, problems);
    std::erase_if(all.profiles, [&](const poll::Profile& old) {
      return std::any_of(here.profiles.begin(), here.profiles.end(),
                         [&](const poll::Profile& next) { return next.name == old.name; });
    });
    std::move(here.profiles.begin(), here.profiles.end(), std::back_inserter(all.profiles));
    all.systems.insert(all.systems.begin(), std::make_move_iterator(here.systems.begin()),
                       std::make_move_iterator(here.systems.end()));
  }
  return all;
}

void add_findings(const std::vector<poll::Finding>& findings, Problems& problems) {
  for (const poll::Finding& finding : findings) problems.add({finding.at.file, finding.at.line, finding.at.column}, finding.text);
}

}  // namespace bongsu::config
