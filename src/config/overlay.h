// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/yaml.h"

namespace bongsu::config {

// What is set while Bongsu runs, beside what files say. Each entry is a map as a file would hold it: an item, a person, a route,
// a remedy.
enum class Part : std::uint8_t { Items, People, Routes, Remedies };
inline constexpr std::array kParts{Part::Items, Part::People, Part::Routes, Part::Remedies};
std::string_view to_string(Part part);  // "items"
std::optional<Part> parse_part(std::string_view word);

// Stock items < the overlay < the user's files: where a file sets the same key, the file wins. Of a route, which is told by its
// name, the file's stands whole; a route of the overlay is asked after those of the file.
class Overlay {
 public:
  // PART/NAME.yaml below `folder`, which need not be there. Errors are problems.
  static Overlay read(const std::filesystem::path& folder, Problems& problems);

  // Takes YAML, of which JSON is a part; its problems stand at `place`:LINE:COLUMN. False where there is one.
  bool set(Part part, const std::string& name, std::string_view text, const std::string& place, Problems& problems);
  bool erase(Part part, std::string_view name);  // false: there was none
  // The entry goes over what files say of it, so that a mistake shows which they hide.
  void let_win(Part part, std::string name) { winner_.emplace(part, std::move(name)); }
  bool wins(Part part, std::string_view name) const { return winner_ && winner_->first == part && winner_->second == name; }
  const std::map<std::string, Node, std::less<>>& of(Part part) const { return parts_[static_cast<std::size_t>(part)]; }
  // None but perhaps items.
  bool leaves_main() const;

 private:
  std::array<std::map<std::string, Node, std::less<>>, kParts.size()> parts_;
  std::optional<std::pair<Part, std::string>> winner_;
};

// What may name an entry: it is a file's name, too. Error: Invalid.
Status check_entry_name(Part part, std::string_view name);
// Lays people, routes and remedies beneath the members of bongsu.yaml.
void lay_beneath(Node& root, const Overlay& overlay);
// The entries of a part in bongsu.yaml as `root` has them; routes by name.
std::map<std::string, Node> entries_of(const Node& root, Part part);

// The value as YAML, each member on a line, and as JSON; scalars stay texts.
std::string to_yaml(const Node& node);
std::string to_json(const Node& node);

}  // namespace bongsu::config
