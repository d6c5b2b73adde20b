// SPDX-License-Identifier: Apache-2.0
#include "config/maintenance.h"

#include <algorithm>

#include "config/match.h"
#include "config/words.h"

namespace bongsu::config {
namespace {

std::optional<rule::Window> read_window(const Node& node, Problems& problems) {
  rule::Window window;
  window.in_file = true;
  const std::size_t before = problems.size();
  MapReader map(node, "maintenance", problems);
  if (problems.size() > before) return std::nullopt;
  if (const Node* name = map.required("name")) {
    window.name = as_text(*name, "name", problems).value_or("");
    if (!is_plain_name(window.name))
      problems.add(name->place, "name: " + in_quotes(window.name) + " is no name; use letters, digits, - and _");
  }
  if (const Node* match = map.required("match")) {
    window.match = read_match(*match, problems);
    for (const char* key : {"level", "hours", "zone"}) {
      if (const Node* odd = match->find(key))
        problems.add(odd->place, "match: " + std::string(key) + " is not for maintenance" +
                                     (std::string_view(key) == "level" ? "; take it out" : "; write it beside match"));
    }
  }
  window.match.hours = read_hours(map, node, problems);
  const std::string zone = is_zone(window.match.hours.zone()) ? window.match.hours.zone() : "";
  const auto time = [&](std::string_view key, std::optional<Time>& into) {
    const auto text = map.text(key);
    if (!text) return;
    auto at = parse_local(*text, zone);
    if (at) into = *at;
    else problems.add(node.find(key)->place, std::string(key) + ": " + at.error().text);
  };
  time("from", window.from);
  time("until", window.until);
  window.note = map.text("note").value_or("");
  map.done();
  if (problems.size() > before) return std::nullopt;
  if (const Status good = rule::check_window(window); !good) {
    problems.add(node.place, good.error().text);
    return std::nullopt;
  }
  return window;
}

}  // namespace

std::vector<rule::Window> read_maintenance(const Node& node, Problems& problems) {
  std::vector<rule::Window> out;
  if (node.kind != Node::Kind::List) {
    problems.add(
        node.place,
        "maintenance must be a list, such as [{name: patches, match: {tags: {site: seoul}}, hours: \"Sun 02:00-04:00\"}]");
    return out;
  }
  for (const Node& one : node.items) {
    auto window = read_window(one, problems);
    if (!window) continue;
    if (std::any_of(out.begin(), out.end(), [&](const auto& other) { return other.name == window->name; }))
      problems.add(one.place, "two windows of maintenance are called " + in_quotes(window->name) + "; rename one");
    out.push_back(*std::move(window));
  }
  return out;
}

}  // namespace bongsu::config
