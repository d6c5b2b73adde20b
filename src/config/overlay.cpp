// SPDX-License-Identifier: Apache-2.0
#include "config/overlay.h"

#include <algorithm>

#include "base/json.h"
#include "config/items.h"
#include "config/merge.h"
#include "config/words.h"

namespace bongsu::config {
namespace {

constexpr std::array<std::string_view, kParts.size()> kPartWords{"items", "people", "routes", "remedies"};
constexpr std::size_t kMostNameOctets = 100;

Node* member_of(Node& map, std::string_view key) {
  const auto at = std::find_if(map.members.begin(), map.members.end(), [&](const Node::Member& one) { return one.key == key; });
  return at == map.members.end() ? nullptr : &at->value;
}

Node& section(Node& root, Part part, Node::Kind kind) {
  if (root.kind == Node::Kind::Null) root.kind = Node::Kind::Map;
  const std::string_view key = to_string(part);
  Node* found = member_of(root, key);
  if (found == nullptr) {
    root.members.push_back({std::string(key), root.place, Node{}});
    found = &root.members.back().value;
    found->place = root.place;
  }
  if (found->kind == Node::Kind::Null) found->kind = kind;
  return *found;
}

std::string route_name(const Node& route, std::size_t at) {
  const Node* name = route.find("name");
  return name != nullptr && name->kind == Node::Kind::Scalar ? name->scalar : "route " + std::to_string(at + 1);
}

// A word that YAML reads as it stands.
bool is_plain(std::string_view word) {
  return !word.empty() && word != "null" && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '/';
  });
}

void append_scalar(std::string& out, const std::string& text) {
  if (is_plain(text)) out += text;
  else append_json_string(out, text);
}

void append_yaml(std::string& out, const Node& node, std::size_t depth) {
  const std::string indent(depth * 2, ' ');
  switch (node.kind) {
    case Node::Kind::Null:
      out += " null\n";
      return;
    case Node::Kind::Scalar:
      out += ' ';
      append_scalar(out, node.scalar);
      out += '\n';
      return;
    case Node::Kind::List:
      if (node.items.empty()) out += " []";
      if (depth > 0 || node.items.empty()) out += '\n';
      for (const Node& one : node.items) {
        out += indent + "-";
        append_yaml(out, one, depth + 1);
      }
      return;
    case Node::Kind::Map:
      if (node.members.empty()) out += " {}";
      if (depth > 0 || node.members.empty()) out += '\n';
      for (const Node::Member& one : node.members) {
        out += indent;
        append_scalar(out, one.key);
        out += ':';
        append_yaml(out, one.value, depth + 1);
      }
      return;
  }
}

void write_json(JsonWriter& json, const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      json.null();
      return;
    case Node::Kind::Scalar:
      json.value(node.scalar);
      return;
    case Node::Kind::List:
      json.begin_array();
      for (const Node& one : node.items) write_json(json, one);
      json.end_array();
      return;
    case Node::Kind::Map:
      json.begin_object();
      for (const Node::Member& one : node.members) write_json(json.key(one.key), one.value);
      json.end_object();
      return;
  }
}

}  // namespace

std::string_view to_string(Part part) { return kPartWords[static_cast<std::size_t>(part)]; }

std::optional<Part> parse_part(std::string_view word) {
  const auto at = std::find(kPartWords.begin(), kPartWords.end(), word);
  return at == kPartWords.end() ? std::nullopt : std::optional(static_cast<Part>(at - kPartWords.begin()));
}

Status check_entry_name(Part part, std::string_view name) {
  if (part == Part::Items && !is_item_name(name))
    return Error{Code::Invalid, "not a name for an item: " + in_quotes(name) + "; use a-z, 0-9 and _"};
  const bool good =
      !name.empty() && name.size() <= kMostNameOctets && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
      });
  if (!good) return Error{Code::Invalid, in_quotes(name) + " is no name for what is set here; use letters, digits, - and _"};
  return {};
}

Overlay Overlay::read(const std::filesystem::path& folder, Problems& problems) {
  Overlay out;
  std::error_code ec;
  for (const Part part : kParts) {
    for (const auto& entry : std::filesystem::directory_iterator(folder / to_string(part), ec)) {
      if (entry.path().extension() != ".yaml") continue;
      const std::string name = entry.path().stem().string();
      if (const Status good = check_entry_name(part, name); !good) {
        problems.add({entry.path().string()}, good.error().text);
      } else if (auto node = read_yaml(entry.path(), problems)) {
        out.parts_[static_cast<std::size_t>(part)].insert_or_assign(name, *std::move(node));
      }
    }
  }
  return out;
}

bool Overlay::set(Part part, const std::string& name, std::string_view text, const std::string& place, Problems& problems) {
  auto node = parse_yaml(text, place, problems);
  if (!node) return false;
  const std::size_t before = problems.size();
  if (node->kind != Node::Kind::Map) problems.add(node->place, "must be a map, as a file of the configuration holds it");
  const std::string_view key = part == Part::Items ? "item" : "name";
  if (const Node* own = node->find(key); own != nullptr && (part == Part::Items || part == Part::Routes)) {
    if (own->scalar != name) problems.add(own->place, std::string(key) + " must be " + in_quotes(name) + ", or be left out");
    std::erase_if(node->members, [&](const Node::Member& one) { return one.key == key; });
  }
  if (problems.size() > before) return false;
  parts_[static_cast<std::size_t>(part)].insert_or_assign(name, *std::move(node));
  return true;
}

bool Overlay::erase(Part part, std::string_view name) {
  auto& all = parts_[static_cast<std::size_t>(part)];
  const auto at = all.find(name);
  if (at == all.end()) return false;
  all.erase(at);
  return true;
}

bool Overlay::leaves_main() const { return of(Part::People).empty() && of(Part::Routes).empty() && of(Part::Remedies).empty(); }

void lay_beneath(Node& root, const Overlay& overlay) {
  for (const Part part : {Part::People, Part::Remedies}) {
    if (overlay.of(part).empty()) continue;
    Node& into = section(root, part, Node::Kind::Map);
    if (into.kind != Node::Kind::Map) continue;  // which the reader tells
    for (const auto& [name, entry] : overlay.of(part)) {
      Node whole = entry;
      if (Node* own = member_of(into, name); own != nullptr && overlay.wins(part, name)) {
        lay_over(*own, entry);
      } else if (own != nullptr) {
        lay_over(whole, *own);
        *own = std::move(whole);
      } else {
        into.members.push_back({name, entry.place, std::move(whole)});
      }
    }
  }
  if (overlay.of(Part::Routes).empty()) return;
  Node& into = section(root, Part::Routes, Node::Kind::List);
  if (into.kind != Node::Kind::List) return;
  std::vector<std::string> known;
  for (std::size_t i = 0; i < into.items.size(); ++i) known.push_back(route_name(into.items[i], i));
  for (const auto& [name, entry] : overlay.of(Part::Routes)) {
    if (const auto own = std::find(known.begin(), known.end(), name); own != known.end()) {
      if (!overlay.wins(Part::Routes, name)) continue;
      const auto at = own - known.begin();
      into.items.erase(into.items.begin() + at);
      known.erase(own);
    }
    Node whole = entry;
    Node said;
    said.kind = Node::Kind::Scalar;
    said.place = entry.place;
    said.scalar = name;
    whole.members.insert(whole.members.begin(), {"name", entry.place, std::move(said)});
    into.items.push_back(std::move(whole));
  }
}

std::map<std::string, Node> entries_of(const Node& root, Part part) {
  std::map<std::string, Node> out;
  const Node* from = root.find(to_string(part));
  if (from == nullptr) return out;
  for (const Node::Member& one : from->members) out.emplace(one.key, one.value);
  for (std::size_t i = 0; i < from->items.size(); ++i) out.emplace(route_name(from->items[i], i), from->items[i]);
  return out;
}

std::string to_yaml(const Node& node) {
  std::string out;
  append_yaml(out, node, 0);
  return out;
}

std::string to_json(const Node& node) {
  std::string out;
  JsonWriter json(out);
  write_json(json, node);
  return out;
}

}  // namespace bongsu::config
