// SPDX-License-Identifier: Apache-2.0
#include "config/items.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <utility>

#include "base/text.h"
#include "config/match.h"
#include "config/merge.h"
#include "config/words.h"
#include "query/engine.h"
#include "query/parse.h"

namespace bongsu::config {
namespace {

using rule::Count;
using rule::Flapping;
using rule::ItemSpec;
using rule::Level;
using rule::Override;

constexpr std::array<std::string_view, 5> kLevelNames{"harmless", "caution", "danger", "urgent", "fatal"};
constexpr std::array<std::string_view, 10> kItemKinds{"server",  "switch", "router",  "firewall", "wireless",
                                                      "storage", "ups",    "printer", "sensor",   "other"};
constexpr std::array<std::string_view, 2> kNoDataWords{"unknown", "ignore"};
constexpr std::array<std::string_view, 3> kLimitKeys{"levels", "above", "below"};

// The place in the file of an error that PromQL names as "LINE:COLUMN: ..." within the scalar at `node`.
Place place_within(const Node& node, int line, int column) {
  Place place = node.place;
  std::ifstream in(place.file);
  std::string row;
  for (int i = 0; i < place.line; ++i) {
    if (!std::getline(in, row)) return place;
  }
  const auto at = static_cast<std::size_t>(place.column - 1);
  const char mark = at < row.size() ? row[at] : ' ';
  if (mark == '|') {  // each line of the expression is one of the file
    for (int i = 0; i < line; ++i) {
      if (!std::getline(in, row)) return place;
    }
    const std::size_t indent = row.find_first_not_of(' ');
    return {place.file, place.line + line, static_cast<int>(indent == std::string::npos ? 0 : indent) + column};
  }
  if (mark == '>' || line != 1) return place;  // folded: the lines are no longer known
  const int quote = mark == '"' || mark == '\'' ? 1 : 0;
  if (static_cast<std::size_t>(place.column + quote + column - 2) > row.size()) return place;
  place.column += quote + column - 1;
  return place;
}

rule::Targets read_targets(const Node& node, std::string_view key, const SystemNames& systems, Problems& problems) {
  rule::Targets out;
  MapReader targets(node, key, problems);
  if (const Node* names = targets.get("os")) {
    const std::span<const Node> all =
        names->kind == Node::Kind::List ? std::span<const Node>(names->items) : std::span<const Node>(names, 1);
    for (const Node& name : all) {
      const auto text = as_text(name, "os", problems);
      if (!text) continue;
      out.os.push_back(to_lower(*text));
      if (!systems.empty() && !systems.contains(out.os.back())) problems.add(name.place, unknown_system(*text, systems));
    }
  }
  if (const Node* kinds = targets.get("kind")) {
    const std::span<const Node> all =
        kinds->kind == Node::Kind::List ? std::span<const Node>(kinds->items) : std::span<const Node>(kinds, 1);
    for (const Node& kind : all) {
      if (const auto choice = as_choice(kind, "kind", kItemKinds, problems)) out.kind.emplace_back(kItemKinds[*choice]);
    }
  }
  targets.done();
  return out;
}

// An item's expression as the number of standard deviations by which it is off its usual value at this hour of the week: the mean
// and spread of the hour around the same time in each of the last weeks, one sample each five minutes. It gives nothing where
// fewer weeks than `minimum` have a value. A spread is taken as `floor`, or a hundredth of the mean, at least.
std::string deviation_of(const std::string& expr, int weeks, int minimum, double floor) {
  const auto of_weeks = [&](const std::string& function) {
    std::string all;
    for (int week = 1; week <= weeks; ++week) {
      all += (week > 1 ? " or " : "") + std::string("label_replace(") + function + "((" + expr + ")[1h:5m] offset " +
             std::to_string(week * 7 * 24 * 60 - 30) + "m), \"bongsu_week\", \"" + std::to_string(week) + "\", \"\", \"\")";
    }
    return "(" + all + ")";
  };
  const std::string means = of_weeks("avg_over_time");
  const std::string mean = "(avg without (bongsu_week) " + means + ")";
  const std::string spread =
      "((avg without (bongsu_week) " + of_weeks("stdvar_over_time") + " + stdvar without (bongsu_week) " + means + ") ^ 0.5)";
  const std::string least = "clamp_min(abs(" + mean + ") * 0.01, " + format_number(floor) + ")";
  return "((" + expr + ") - " + mean + ") / ((" + spread + " > " + least + ") or " + least +
         ") and (count without (bongsu_week) " + means + " >= " + std::to_string(minimum) + ")";
}

class ItemReader {
 public:
  ItemReader(const Node& node, std::string name, const SystemNames& systems, Problems& problems)
      : node_(node), what_("item \"" + name + "\""), map_(node, what_, problems), systems_(systems), problems_(problems) {
    spec_.name = std::move(name);
  }

  std::optional<ItemSpec> read() {
    const std::size_t before = problems_.size();
    map_.get("item");
    map_.get("overrides");  // read with the keys of the item laid under each
    title();
    targets();
    const Node* expr = map_.get("expr");
    expression();
    levels();
    baseline(expr);
    spec_.unit = map_.text("unit").value_or("");
    if (sigma_) spec_.unit = "sigma";
    states();
    spec_.why = map_.text("why").value_or("");
    if (const Node* node = map_.get("clear")) {
      const auto clear = as_number(*node, "clear", problems_);
      if (clear && !(*clear >= 0 && std::isfinite(*clear)))
        problems_.add(node->place, "clear must be 0 or more, not " + node->scalar);
      spec_.clear = clear.value_or(0);
    }
    if (const Node* node = map_.get("interval")) {
      spec_.interval = as_duration(*node, "interval", problems_).value_or(spec_.interval);
      if (spec_.interval < std::chrono::seconds(1) || spec_.interval > std::chrono::hours(24)) {
        problems_.add(node->place, "interval must be from 1s to 1d, not " + node->scalar);
      }
    }
    spec_.enabled = map_.flag("enabled").value_or(true);
    spec_.page = map_.flag("page").value_or(false);
    no_data();
    flapping();
    spec_.hours = read_hours(map_, node_, problems_);
    map_.done();
    if (problems_.size() > before) return std::nullopt;
    return std::move(spec_);
  }

 private:
  void title() {
    const Node* node = map_.get("title");
    if (node == nullptr) return;
    if (node->kind == Node::Kind::Scalar) {
      spec_.title.en = node->scalar;
      return;
    }
    MapReader titles(*node, "title", problems_);
    spec_.title.en = titles.text("en").value_or("");
    spec_.title.ko = titles.text("ko").value_or("");
    titles.done();
  }

  void targets() {
    if (const Node* node = map_.get("for")) spec_.targets = read_targets(*node, "for", systems_, problems_);
    if (const Node* node = map_.get("expect")) spec_.expected = read_targets(*node, "expect", systems_, problems_);
  }

  void expression() {
    if (const Node* node = map_.required("expr")) read_query(*node, "expr", spec_.expr_text, spec_.expr);
  }

  // PromQL that gives single values; `what` is called so where it is wrong.
  void read_query(const Node& query, const std::string& what, std::string& text_to, std::shared_ptr<const query::Expr>& to) {
    const Node* node = &query;
    const auto text = as_text(*node, what, problems_);
    if (!text) return;
    auto parsed = query::parse(*text);
    if (!parsed) {
      // "LINE:COLUMN: what" becomes a place in this file.
      std::string_view said = parsed.error().text;
      int numbers[2]{1, 1};
      for (int& number : numbers) {
        const std::size_t colon = said.find(':');
        number = static_cast<int>(parse_unsigned(said.substr(0, colon)).value_or(1));
        said.remove_prefix(colon + 1);
      }
      return problems_.add(place_within(*node, numbers[0], numbers[1]), what + ":" + std::string(said));
    }
    if ((*parsed)->type != query::ValueType::Vector && (*parsed)->type != query::ValueType::Scalar) {
      return problems_.add(node->place,
                           what + " gives a " + std::string(to_string((*parsed)->type)) +
                               ", and an item judges single values; take a function such as rate() or avg_over_time()");
    }
    if (const auto supported = query::check_supported(**parsed); !supported)
      return problems_.add(node->place, what + ": " + supported.error().text);
    text_to = *text;
    to = *std::move(parsed);
  }

  std::optional<Count> count_of(const Node& node) {
    const auto text = as_text(node, "count", problems_);
    if (!text) return std::nullopt;
    const std::size_t slash = text->find('/');
    const auto needed = parse_unsigned(trim(std::string_view(*text).substr(0, slash)));
    const auto of = slash == std::string::npos ? needed : parse_unsigned(trim(std::string_view(*text).substr(slash + 1)));
    if (!needed || !of || *needed < 1 || *needed > *of || *of > 64) {
      problems_.add(
          node.place,
          "count must be n/m with 1 <= n <= m <= 64, such as 3/5 for three of the last five evaluations, not \"" + *text + "\"");
      return std::nullopt;
    }
    return Count{static_cast<int>(*needed), static_cast<int>(*of)};
  }

  std::optional<Millis> hold_of(const Node& node) {
    const auto hold = as_duration(node, "hold", problems_);
    if (hold && *hold > std::chrono::hours(24 * 30)) problems_.add(node.place, "hold must be 30d or less, not " + node.scalar);
    return hold;
  }

  // A value for every level, or a map of levels.
  template <class T, class Read>
  std::map<std::string, T> per_level(std::string_view key, Read read) {
    std::map<std::string, T> out;
    const Node* node = map_.get(key);
    if (node == nullptr) return out;
    if (node->kind != Node::Kind::Map) {
      if (const auto value = read(*node)) out.emplace("", *value);
      return out;
    }
    MapReader map(*node, key, problems_);
    for (const std::string_view level : kLevelNames) {
      const Node* own = map.get(level);
      if (own == nullptr) continue;
      if (const auto value = read(*own)) out.emplace(level, *value);
    }
    map.done();
    return out;
  }
  template <class T>
  static T own_or_common(const std::map<std::string, T>& values, std::string_view level) {
    if (const auto own = values.find(std::string(level)); own != values.end()) return own->second;
    const auto common = values.find("");
    return common != values.end() ? common->second : T{};
  }

  void levels() {
    const auto holds = per_level<Millis>("hold", [this](const Node& node) { return hold_of(node); });
    const auto counts = per_level<Count>("count", [this](const Node& node) { return count_of(node); });
    const Node* found = nullptr;
    for (const std::string_view key : kLimitKeys) {
      const Node* node = map_.get(key);
      if (node == nullptr) continue;
      if (found != nullptr) return problems_.add(node->place, "limits stand twice; keep one of levels, above and below");
      found = node;
      spec_.below = key == "below";
    }
    if (found == nullptr)
      return problems_.add(node_.place, what_ + " has no \"levels\"; write them as in levels: {caution: 70, danger: 80}");
    // `levels: {below: {...}}` says the same as `below: {...}`.
    if (found->kind == Node::Kind::Map && found->members.size() == 1 &&
        (found->members[0].key == "below" || found->members[0].key == "above")) {
      spec_.below = found->members[0].key == "below";
      found = &found->members[0].value;
    }
    MapReader map(*found, "levels", problems_);
    for (const std::string_view name : kLevelNames) {
      const Node* node = map.get(name);
      if (node == nullptr) continue;
      Level level{.severity = *parse_severity(name), .hold = own_or_common(holds, name), .count = own_or_common(counts, name)};
      const Node* limit = node;
      if (node->kind == Node::Kind::Map) {
        MapReader own(*node, name, problems_);
        const Node* query = own.get("query");
        limit = query == nullptr ? own.required("limit") : own.get("limit");
        if (query != nullptr && limit != nullptr)
          problems_.add(query->place, std::string(name) + " has a limit and a query for it; keep one");
        else if (query != nullptr) read_query(*query, std::string(name) + ": query", level.query_text, level.query);
        if (const Node* hold = own.get("hold")) level.hold = hold_of(*hold).value_or(level.hold);
        if (const Node* count = own.get("count")) level.count = count_of(*count).value_or(level.count);
        own.done();
        if (level.query && sigma_)
          problems_.add(query->place, std::string(name) + ": the other levels are in sigma; write \"4 sigma\"");
        if (level.query) spec_.levels.push_back(level);
        if (limit == nullptr || level.query) continue;
      }
      Node plain = *limit;
      constexpr std::string_view kSigma = " sigma";
      const bool sigma = plain.scalar.ends_with(kSigma);
      if (sigma) plain.scalar.resize(plain.scalar.size() - kSigma.size());
      auto number = as_number(plain, name, problems_);
      if (!number) continue;
      if (!sigma && sigma_) problems_.add(limit->place, std::string(name) + ": the other levels are in sigma; write \"4 sigma\"");
      if (sigma && !sigma_ && !spec_.levels.empty())
        problems_.add(limit->place, std::string(name) + ": the other levels are not in sigma; an item has either");
      if (sigma && !(*number > 0 && *number <= 100))
        problems_.add(limit->place, std::string(name) + ": a number of sigma is more than 0 and at most 100");
      sigma_ = sigma_ || sigma;
      if (sigma && spec_.below) number = -*number;
      if (!std::isfinite(*number)) {
        problems_.add(limit->place, std::string(name) + " must be a finite number, not " + limit->scalar);
        continue;
      }
      level.limit = *number;
      if (!spec_.levels.empty()) {
        const Level& milder = spec_.levels.back();
        if (!milder.query && (spec_.below ? level.limit > milder.limit : level.limit < milder.limit)) {
          problems_.add(limit->place, std::string(name) + " at " + format_number(level.limit) + " would come before " +
                                          std::string(to_string(milder.severity)) + " at " + format_number(milder.limit) +
                                          "; a worse level needs a " + (spec_.below ? "lower" : "higher") + " limit");
        }
      }
      spec_.levels.push_back(level);
    }
    map.done();
    if (found->kind == Node::Kind::Map && found->members.empty())
      problems_.add(found->place, what_ + " has no level; write them as in levels: {caution: 70, danger: 80}");
  }

  void states() {
    const Node* node = map_.get("states");
    if (node == nullptr) return;
    if (node->kind != Node::Kind::Map)
      return problems_.add(node->place, "states must be a map of values and what they mean, such as {0: no answer, 1: answers}");
    for (const Node::Member& member : node->members) {
      if (member.value.kind == Node::Kind::Null) continue;
      const auto value = parse_number(member.key);
      const auto words = as_text(member.value, "states", problems_);
      if (!value || !std::isfinite(*value)) problems_.add(member.place, "states: \"" + member.key + "\" is no number");
      else if (words) spec_.states.insert_or_assign(*value, *words);
    }
  }

  // Levels in sigma are judged against what is usual.
  void baseline(const Node* expr) {
    const Node* node = map_.get("baseline");
    int weeks = 4, minimum = 2;
    double floor = 1e-9;
    if (node != nullptr) {
      MapReader own(*node, "baseline", problems_);
      weeks = static_cast<int>(own.integer("weeks", 1, 12).value_or(weeks));
      minimum = static_cast<int>(own.integer("minimum", 1, 12).value_or(std::min(minimum, weeks)));
      if (const auto least = own.number("floor")) floor = *least;
      own.done();
      if (minimum > weeks) problems_.add(node->place, "baseline: minimum is more than weeks");
      if (!(floor > 0 && std::isfinite(floor))) problems_.add(node->place, "baseline: floor must be more than 0");
      if (!sigma_) problems_.add(node->place, "baseline is for levels in sigma; write them as in levels: {danger: 4 sigma}");
    }
    if (!sigma_ || spec_.expr_text.empty()) return;
    const std::string text = deviation_of(spec_.expr_text, weeks, minimum, floor);
    auto parsed = query::parse(text);
    if (!parsed) return problems_.add(expr->place, "expr: this cannot be compared with other weeks: " + parsed.error().text);
    spec_.expr_text = text;
    spec_.expr = *std::move(parsed);
    spec_.interval = std::chrono::minutes(5);  // each judgement reads hours of the past
  }

  void flapping() {
    const Node* node = map_.get("flapping");
    if (node == nullptr) return;
    if (node->kind != Node::Kind::Map) {
      if (!map_.flag("flapping").value_or(true)) spec_.flapping.changes = 0;
      return;
    }
    MapReader map(*node, "flapping", problems_);
    if (const auto changes = map.integer("changes", 3, Flapping::kMostTurns))
      spec_.flapping.changes = static_cast<std::size_t>(*changes);
    spec_.flapping.within = map.duration("within");
    map.done();
  }

  void no_data() {
    const Node* node = map_.get("no_data");
    if (node == nullptr) return;
    std::optional<std::size_t> policy;
    if (node->kind == Node::Kind::Map) {
      MapReader map(*node, "no_data", problems_);
      if (const Node* word = map.get("policy")) policy = as_choice(*word, "policy", kNoDataWords, problems_);
      spec_.no_data_after = map.duration("after");
      map.done();
    } else {
      policy = as_choice(*node, "no_data", kNoDataWords, problems_);
    }
    if (policy) spec_.no_data = static_cast<rule::NoData>(*policy);
  }

  const Node& node_;
  const std::string what_;
  MapReader map_;
  const SystemNames& systems_;
  Problems& problems_;
  ItemSpec spec_;
  bool sigma_ = false;
};

// Other keys for some devices: each is read as the item with them laid over it.
void read_overrides(const Node& item, const std::string& name, const SystemNames& systems, ItemSpec& into, Problems& problems) {
  const Node* list = item.find("overrides");
  if (list == nullptr || list->kind == Node::Kind::Null) return;
  if (list->kind != Node::Kind::List)
    return problems.add(list->place, "overrides must be a list, such as [{match: {tags: {role: db}}, levels: {danger: 90}}]");
  for (const Node& one : list->items) {
    if (one.kind != Node::Kind::Map) {
      problems.add(one.place, "an override must be a map with match or for, and the keys that differ");
      continue;
    }
    Override made;
    const std::size_t before = problems.size();
    Node keys = one;
    std::erase_if(keys.members, [&](const Node::Member& member) {
      if (member.key == "match") made.match = read_match(member.value, problems);
      if (member.key == "for") made.targets = read_targets(member.value, "for", systems, problems);
      for (const char* own :
           {"item", "expr", "expect", "interval", "overrides", "hours", "zone", "holidays", "no_data", "page"}) {
        if (member.key == own)
          problems.add(member.place, "an override cannot change " + std::string(own) + "; make an item of its own");
      }
      return member.key == "match" || member.key == "for";
    });
    if (made.match.from || !made.match.items.empty() || !made.match.hours.always())
      problems.add(one.place, "the match of an override takes device, tags and labels");
    if (made.targets.empty() && made.match.devices.empty() && made.match.tags.empty() && made.match.labels.empty() &&
        problems.size() == before)
      problems.add(one.place, "an override needs match or for: where it holds");
    if (problems.size() > before) continue;
    Node whole = item;
    lay_over(whole, keys);
    auto spec = ItemReader(whole, name, systems, problems).read();
    if (!spec) continue;
    made.item = std::make_shared<const ItemSpec>(*std::move(spec));
    into.overrides.push_back(std::move(made));
  }
}

std::vector<std::filesystem::path> item_files(const std::filesystem::path& folder, Problems& problems) {
  std::error_code ec;
  std::filesystem::path from = folder / "items";
  if (!std::filesystem::is_directory(from, ec)) from = folder;
  std::vector<std::filesystem::path> files;
  std::filesystem::directory_iterator entries(from, ec);
  if (ec) {
    problems.add({from.string()}, "cannot be read: " + ec.message() + "; check the folder, or take it out of rules:");
    return files;
  }
  for (const auto& entry : entries) {
    const auto extension = entry.path().extension();
    if (extension == ".yaml" || extension == ".yml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// Adds the items of one file to those of its folder.
void collect(const std::filesystem::path& file, std::map<std::string, Node>& items, Problems& problems) {
  const auto root = read_yaml(file, problems);
  if (!root || root->kind == Node::Kind::Null) return;
  if (root->kind != Node::Kind::List)
    return problems.add(root->place, "must be a list of items; begin each with \"- item: NAME\"");
  for (const Node& node : root->items) {
    const Node* name = node.kind == Node::Kind::Map ? node.find("item") : nullptr;
    if (name == nullptr || name->kind != Node::Kind::Scalar) {
      problems.add(node.place, "an item must be a map with its name; begin it with \"- item: NAME\"");
    } else if (!is_item_name(name->scalar)) {
      problems.add(name->place, "not a name for an item: \"" + name->scalar + "\"; use a-z, 0-9 and _");
    } else if (const auto [at, is_new] = items.emplace(name->scalar, node); !is_new) {
      problems.add(name->place, "item \"" + name->scalar + "\" stands in " + at->second.place.file + ":" +
                                    std::to_string(at->second.place.line) + " too; keep one");
    }
  }
}

}  // namespace

std::string unknown_system(std::string_view word, const SystemNames& systems) {
  const std::string low = to_lower(word);
  std::optional<std::string_view> near;
  // Often the maker's name stands before it: cisco-ios.
  for (std::size_t from = low.find_first_of("-_ "); from != std::string::npos && !near;
       from = low.find_first_of("-_ ", from + 1)) {
    if (const auto at = systems.find(low.substr(from + 1)); at != systems.end()) near = *at;
  }
  if (!near) near = nearest(low, std::vector<std::string_view>(systems.begin(), systems.end()));
  return "no system is called " + in_quotes(word) +
         (near ? "; did you mean " + in_quotes(*near) + "?" : "; see the list of systems: in the profiles, or add a line to it");
}

bool is_item_name(std::string_view name) {
  return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::map<std::string, Node> merge_items(std::span<const std::filesystem::path> folders, const Overlay& overlay,
                                        Problems& problems) {
  std::map<std::string, Node> merged;
  const auto lay = [&](const std::string& name, Node node) {
    if (const auto at = merged.find(name); at != merged.end()) lay_over(at->second, node);
    else merged.emplace(name, std::move(node));
  };
  const auto lay_overlay = [&] {
    for (const auto& [name, node] : overlay.of(Part::Items)) lay(name, node);
  };
  bool first = true;
  for (const std::filesystem::path& folder : folders) {
    std::map<std::string, Node> items;
    if (!folder.empty()) {
      for (const auto& file : item_files(folder, problems)) collect(file, items, problems);
    }
    for (auto& [name, node] : items) lay(name, std::move(node));
    if (std::exchange(first, false)) lay_overlay();
  }
  for (const auto& [name, node] : overlay.of(Part::Items)) {
    if (overlay.wins(Part::Items, name)) lay(name, node);
  }
  return merged;
}

std::vector<ItemSpec> read_items(std::span<const std::filesystem::path> folders, Problems& problems, const Overlay& overlay,
                                 const SystemNames& systems) {
  std::vector<ItemSpec> out;
  for (const auto& [name, node] : merge_items(folders, overlay, problems)) {
    auto spec = ItemReader(node, name, systems, problems).read();
    if (!spec) continue;
    read_overrides(node, name, systems, *spec, problems);
    out.push_back(*std::move(spec));
  }
  return out;
}

}  // namespace bongsu::config
