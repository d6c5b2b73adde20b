// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

namespace bongsu::config {

// A place in a file; lines and columns count from 1, 0 for the file as a whole.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

// Findings of one run over the files, each as "file:line:col: what, and what to do".
class Problems {
 public:
  void add(const Place& at, std::string text) { found_.push_back({at, std::move(text)}); }
  bool empty() const { return found_.empty(); }
  std::size_t size() const { return found_.size(); }
  // One line each, in file order.
  std::vector<std::string> lines() const;

 private:
  struct Problem {
    Place at;
    std::string text;
  };
  std::vector<Problem> found_;
};

// A YAML value with the place it stands at. Anchors, aliases, tags and duplicate keys are problems: an alias bomb of 300
// octets would walk 490 million nodes. Every scalar is text; what it means is asked for below, so that `no` stays "no".
class Node {
 public:
  enum class Kind { Null, Scalar, List, Map };
  struct Member;
  Kind kind = Kind::Null;
  Place place;
  std::string scalar;
  std::vector<Node> items;      // List
  std::vector<Member> members;  // Map, in file order

  const Node* find(std::string_view key) const;
};
struct Node::Member {
  std::string key;
  Place place;
  Node value;
};

// Limits: 8 MiB, depth 64. What cannot be read is a problem and gives nothing.
std::optional<Node> read_yaml(const std::filesystem::path& file, Problems& problems);
std::optional<Node> parse_yaml(std::string_view text, const std::string& name, Problems& problems);

// Reads the members of one map. Each key that is asked for is known; done() reports the others with the nearest known key.
class MapReader {
 public:
  // `what` names the map in messages ("device", "http"). A node that is no map is a problem; every key is then absent.
  MapReader(const Node& node, std::string_view what, Problems& problems);
  const Node* get(std::string_view key);       // nothing when absent or null
  void pass_over(std::string_view key);        // is dealt with elsewhere, and never suggested
  const Node* required(std::string_view key);  // absence is a problem
  std::optional<std::string> text(std::string_view key);
  std::optional<bool> flag(std::string_view key);  // true, false
  std::optional<double> number(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t low, std::int64_t high);
  std::optional<Millis> duration(std::string_view key);
  std::optional<std::vector<std::string>> texts(std::string_view key);  // a list of scalars, or one scalar
  // A scalar, or {file: PATH} (relative to the YAML file; white space at its end is cut) or {env: NAME}.
  std::optional<Secret> secret(std::string_view key);
  void done();

 private:
  const Node& node_;
  std::string what_;
  Problems& problems_;
  std::vector<std::string> known_;
  std::vector<std::string> passed_;
};

// Reads one scalar; what is wrong is a problem at its place.
std::optional<std::string> as_text(const Node& node, std::string_view what, Problems& problems);
std::optional<double> as_number(const Node& node, std::string_view what, Problems& problems);
std::optional<Millis> as_duration(const Node& node, std::string_view what, Problems& problems);
// The word must be one of `choices`; the message names them and the nearest.
std::optional<std::size_t> as_choice(const Node& node, std::string_view what, std::span<const std::string_view> choices,
                                     Problems& problems);

}  // namespace bongsu::config
