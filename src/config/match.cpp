// SPDX-License-Identifier: Apache-2.0
#include "config/match.h"

#include "config/words.h"

namespace bongsu::config {

std::optional<Severity> read_level(const Node& node, std::string_view what, Problems& problems) {
  const auto text = as_text(node, what, problems);
  if (!text) return std::nullopt;
  std::string_view word = *text;
  if (word.starts_with(">=")) word.remove_prefix(2);
  while (word.starts_with(' ')) word.remove_prefix(1);
  const auto level = parse_severity(word);
  if (level && *level >= Severity::Harmless) return level;
  problems.add(node.place, std::string(what) + ": not a level: " + in_quotes(*text) +
                               "; write \">=harmless\", caution, danger, urgent or fatal");
  return std::nullopt;
}

WeekHours read_hours(MapReader& map, const Node& node, Problems& problems) {
  const std::string zone = map.text("zone").value_or("");
  const auto text = map.text("hours");
  auto hours = WeekHours::parse(text.value_or("always"), zone);
  const auto holidays = map.texts("holidays");
  if (hours && holidays) {
    if (const Status taken = hours->close_on(*holidays); !taken)
      problems.add(node.find("holidays")->place, "holidays: " + taken.error().text);
    else if (!hours->contains(hours->next(std::chrono::floor<Millis>(std::chrono::system_clock::now()))))
      problems.add(node.find("holidays")->place,
                   "holidays: they leave none of the hours " + in_quotes(hours->text()) + " within a year");
  }
  if (hours) return *std::move(hours);
  const auto refuse = [&](const char* key, const Error& error) {
    const Node* at = node.find(key);
    problems.add(at == nullptr ? node.place : at->place, error.text);
  };
  if (is_zone(zone)) {
    refuse("hours", hours.error());
  } else {
    refuse("zone", hours.error());
    if (const auto anywhere = WeekHours::parse(text.value_or("always"), ""); !anywhere) refuse("hours", anywhere.error());
  }
  return {};
}

Match read_match(const Node& node, Problems& problems) {
  Match match;
  const std::size_t before = problems.size();
  MapReader map(node, "match", problems);
  if (problems.size() > before) return match;
  if (const Node* level = map.get("level")) match.from = read_level(*level, "level", problems);
  match.items = map.texts("item").value_or(std::vector<std::string>());
  match.devices = map.texts("device").value_or(std::vector<std::string>());
  const auto patterns = [&](std::string_view key, std::map<std::string, std::vector<std::string>>& into) {
    const Node* all = map.get(key);
    if (all == nullptr) return;
    const std::size_t faults = problems.size();
    MapReader inside(*all, key, problems);
    if (problems.size() > faults) return;
    for (const Node::Member& member : all->members) {
      if (auto words = inside.texts(member.key)) into.insert_or_assign(member.key, *std::move(words));
    }
  };
  patterns("tags", match.tags);
  patterns("labels", match.labels);
  match.hours = read_hours(map, node, problems);
  map.done();
  return match;
}

}  // namespace bongsu::config
