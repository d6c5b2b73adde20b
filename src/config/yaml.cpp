// SPDX-License-Identifier: Apache-2.0
#include "config/yaml.h"

#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <unordered_set>

#include "base/text.h"

namespace bongsu::config {
namespace {

constexpr std::size_t kMaxSize = 8U << 20;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxSecret = 4U << 10;

// Builds our tree from the parser's events, so that duplicate keys and anchors are seen with their places.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const std::string& file, Problems& problems) : file_(file), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ > 0) problems_.add(place(mark), "a second document; one file holds one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { put(node(Node::Kind::Null, mark, anchor)); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(place(mark), "aliases (*name) are not taken; write the value out");
    put(node(Node::Kind::Null, mark, 0));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    if (tag != "?" && tag != "!" && !tag.empty()) problems_.add(place(mark), "tags (" + tag + ") are not taken; leave it out");
    Node made = node(Node::Kind::Scalar, mark, anchor);
    made.scalar = value;
    // A plain null is no value; a quoted "null" is a word.
    if (tag != "!" && (value == "null" || value == "~")) made.kind = Node::Kind::Null;
    put(std::move(made));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(node(Node::Kind::List, mark, anchor));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(node(Node::Kind::Map, mark, anchor));
  }
  void OnMapEnd() override { close(); }

  Node take() { return std::move(root_); }

 private:
  struct Frame {
    Node node;
    std::optional<Node> key;
    std::unordered_set<std::string> keys{};  // seen: a file of 8 MiB can hold a million
  };
  Place place(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }
  Node node(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) problems_.add(place(mark), "anchors (&name) are not taken; write the value out");
    Node made;
    made.kind = kind;
    made.place = place(mark);
    return made;
  }
  void open(Node made) {
    if (open_.size() >= kMaxDepth) throw YAML::ParserException(YAML::Mark(), "nested deeper than 64");
    open_.push_back({std::move(made), std::nullopt});
  }
  void close() {
    Node made = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(made));
  }
  void put(Node made) {
    if (open_.empty()) {
      if (documents_ <= 1) root_ = std::move(made);
      return;
    }
    Frame& top = open_.back();
    if (top.node.kind == Node::Kind::List) {
      top.node.items.push_back(std::move(made));
    } else if (!top.key) {
      if (made.kind == Node::Kind::List || made.kind == Node::Kind::Map) problems_.add(made.place, "a key must be a word");
      top.key = std::move(made);
    } else {
      Node key = *std::exchange(top.key, std::nullopt);
      if (!top.keys.insert(key.scalar).second) {
        problems_.add(key.place, "key \"" + key.scalar + "\" stands twice; keep one");
      } else {
        top.node.members.push_back({std::move(key.scalar), key.place, std::move(made)});
      }
    }
  }

  std::string file_;
  Problems& problems_;
  std::vector<Frame> open_;
  Node root_;
  int documents_ = 0;
};

// A pipe, a socket or a terminal could keep the reader waiting for ever, and with it a reload and the end of the daemon.
bool can_be_read_at_once(const std::filesystem::path& file) {
  std::error_code ec;
  return std::filesystem::is_regular_file(file, ec) || file == "/dev/null";
}

// Line and column of the first tab that indents a line, where nothing else explains the fault.
std::optional<std::pair<int, int>> indenting_tab(std::string_view text) {
  int line = 0;
  for (const std::string_view row : split(text, '\n')) {
    ++line;
    const std::size_t begin = row.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos || row[begin] == '#') continue;
    if (const std::size_t tab = row.find('\t'); tab < begin) return std::pair(line, static_cast<int>(tab) + 1);
  }
  return std::nullopt;
}

std::string kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::Null:
      return "nothing";
    case Node::Kind::Scalar:
      return "a single value";
    case Node::Kind::List:
      return "a list";
    case Node::Kind::Map:
      return "a map";
  }
  return "?";
}

std::string suggestion(std::string_view word, std::span<const std::string_view> choices) {
  if (const auto near = nearest(word, choices)) return "; did you mean \"" + std::string(*near) + "\"?";
  std::string all;
  for (const std::string_view choice : choices) all += (all.empty() ? "" : ", ") + std::string(choice);
  return "; known: " + all;
}

}  // namespace

std::vector<std::string> Problems::lines() const {
  std::vector<const Problem*> order;
  for (const Problem& problem : found_) order.push_back(&problem);
  std::stable_sort(order.begin(), order.end(), [](const Problem* a, const Problem* b) {
    return std::tie(a->at.file, a->at.line, a->at.column) < std::tie(b->at.file, b->at.line, b->at.column);
  });
  std::vector<std::string> out;
  for (const Problem* problem : order) {
    std::string line = problem->at.file;
    if (problem->at.line > 0) line += ":" + std::to_string(problem->at.line) + ":" + std::to_string(problem->at.column);
    out.push_back(line + ": " + problem->text);
  }
  return out;
}

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

std::optional<Node> read_yaml(const std::filesystem::path& file, Problems& problems) {
  std::ifstream in;
  if (can_be_read_at_once(file)) in.open(file, std::ios::binary);
  if (!in.is_open()) {
    problems.add({file.string()}, "cannot be read; check that it is a file, there and readable");
    return std::nullopt;
  }
  std::string text(kMaxSize + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return parse_yaml(text, file.string(), problems);
}

std::optional<Node> parse_yaml(std::string_view text, const std::string& name, Problems& problems) {
  if (text.size() > kMaxSize) {
    problems.add({name}, "larger than 8 MiB; split it");
    return std::nullopt;
  }
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
    problems.add({name, static_cast<int>(line), 1}, "a NUL octet; save the file as text in UTF-8");
    return std::nullopt;
  }
  if (!is_valid_utf8(text)) {
    std::size_t line = 1;
    for (const std::string_view row : split(text, '\n')) {
      if (!is_valid_utf8(row)) break;
      ++line;
    }
    problems.add({name, static_cast<int>(line), 1}, "not UTF-8; save the file as UTF-8");
    return std::nullopt;
  }
  const std::size_t before = problems.size();
  Builder builder(name, problems);
  try {
    // The parser takes a quote that is never closed as closed where the last line ends; with one more line it does not.
    std::istringstream in{std::string(text) + (text.ends_with('\n') ? "#" : "\n#")};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
      if (problems.size() > before + 100) break;
    }
  } catch (const YAML::Exception& fault) {
    if (const auto tab = indenting_tab(text)) {
      problems.add({name, tab->first, tab->second},
                   "a tab stands before what this line says; YAML is indented with spaces alone");
      return std::nullopt;
    }
    const bool placed = !fault.mark.is_null();
    problems.add({name, placed ? fault.mark.line + 1 : 0, placed ? fault.mark.column + 1 : 0},
                 "not YAML here: " + fault.msg + "; check indentation, colons and quotes around this place");
    return std::nullopt;
  }
  if (problems.size() > before) return std::nullopt;
  return builder.take();
}

MapReader::MapReader(const Node& node, std::string_view what, Problems& problems)
    : node_(node), what_(what), problems_(problems) {
  if (node.kind != Node::Kind::Map && node.kind != Node::Kind::Null) {
    problems.add(node.place, what_ + " must be a map of keys, not " + kind_name(node.kind));
  }
}

const Node* MapReader::get(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  const Node* value = node_.find(key);
  return value == nullptr || value->kind == Node::Kind::Null ? nullptr : value;
}

void MapReader::pass_over(std::string_view key) { passed_.emplace_back(key); }

const Node* MapReader::required(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr) problems_.add(node_.place, what_ + " has no \"" + std::string(key) + "\"; it is required");
  return value;
}

std::optional<std::string> MapReader::text(std::string_view key) {
  const Node* value = get(key);
  return value == nullptr ? std::nullopt : as_text(*value, key, problems_);
}

std::optional<bool> MapReader::flag(std::string_view key) {
  static constexpr std::string_view kChoices[] = {"false", "true"};
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  const auto choice = as_choice(*value, key, kChoices, problems_);
  return choice ? std::optional(*choice == 1) : std::nullopt;
}

std::optional<double> MapReader::number(std::string_view key) {
  const Node* value = get(key);
  return value == nullptr ? std::nullopt : as_number(*value, key, problems_);
}

std::optional<std::int64_t> MapReader::integer(std::string_view key, std::int64_t low, std::int64_t high) {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  const auto number = as_number(*value, key, problems_);
  if (!number) return std::nullopt;
  if (!(*number >= static_cast<double>(low) && *number <= static_cast<double>(high)) ||
      *number != static_cast<double>(static_cast<std::int64_t>(*number))) {
    problems_.add(value->place, std::string(key) + " must be a whole number from " + std::to_string(low) + " to " +
                                    std::to_string(high) + ", not " + value->scalar);
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

std::optional<Millis> MapReader::duration(std::string_view key) {
  const Node* value = get(key);
  return value == nullptr ? std::nullopt : as_duration(*value, key, problems_);
}

std::optional<std::vector<std::string>> MapReader::texts(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  std::vector<std::string> out;
  if (value->kind == Node::Kind::Scalar) return std::vector{value->scalar};
  if (value->kind != Node::Kind::List) {
    problems_.add(value->place, std::string(key) + " must be a list, not " + kind_name(value->kind));
    return std::nullopt;
  }
  for (const Node& item : value->items) {
    if (auto word = as_text(item, key, problems_)) out.push_back(*std::move(word));
  }
  return out;
}

std::optional<Secret> MapReader::secret(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (value->kind == Node::Kind::Scalar) return Secret(value->scalar);
  MapReader where(*value, key, problems_);
  const auto file = where.text("file");
  const auto env = where.text("env");
  where.done();
  if (file.has_value() == env.has_value()) {
    problems_.add(value->place, std::string(key) + " must be text, {file: PATH} or {env: NAME}");
    return std::nullopt;
  }
  if (env) {
    const char* found = std::getenv(env->c_str());
    if (found == nullptr) {
      problems_.add(value->place, std::string(key) + ": the environment has no " + *env + "; set it before starting bongsu");
      return std::nullopt;
    }
    return Secret(found);
  }
  const std::filesystem::path path = std::filesystem::path(value->place.file).parent_path() / *file;
  std::ifstream in;
  if (can_be_read_at_once(path)) in.open(path, std::ios::binary);
  std::string content(kMaxSecret + 1, '\0');
  if (in.is_open()) in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (!in.is_open() || (!in && !in.eof())) {
    problems_.add(value->place,
                  std::string(key) + ": " + path.string() + " cannot be read; check that the file is there and readable");
    return std::nullopt;
  }
  content.resize(static_cast<std::size_t>(in.gcount()));
  if (content.size() > kMaxSecret) {
    problems_.add(value->place,
                  std::string(key) + ": " + path.string() + " is larger than 4 KiB, so it is no secret; name another file");
    return std::nullopt;
  }
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r' || content.back() == ' ')) content.pop_back();
  return Secret(std::move(content));
}

void MapReader::done() {
  std::vector<std::string_view> choices(known_.begin(), known_.end());
  for (const Node::Member& member : node_.members) {
    if (std::find(known_.begin(), known_.end(), member.key) != known_.end() ||
        std::find(passed_.begin(), passed_.end(), member.key) != passed_.end())
      continue;
    problems_.add(member.place, what_ + " has no key \"" + member.key + "\"" + suggestion(member.key, choices));
  }
}

std::optional<std::string> as_text(const Node& node, std::string_view what, Problems& problems) {
  if (node.kind == Node::Kind::Scalar) return node.scalar;
  problems.add(node.place, std::string(what) + " must be a single value, not " + kind_name(node.kind));
  return std::nullopt;
}

std::optional<double> as_number(const Node& node, std::string_view what, Problems& problems) {
  const auto word = as_text(node, what, problems);
  if (!word) return std::nullopt;
  const auto number = parse_number(*word);
  if (!number) problems.add(node.place, std::string(what) + " must be a number, not \"" + *word + "\"");
  return number;
}

std::optional<Millis> as_duration(const Node& node, std::string_view what, Problems& problems) {
  const auto word = as_text(node, what, problems);
  if (!word) return std::nullopt;
  auto span = parse_duration(*word);
  if (span) return *span;
  problems.add(node.place, std::string(what) + ": " + span.error().text);
  return std::nullopt;
}

std::optional<std::size_t> as_choice(const Node& node, std::string_view what, std::span<const std::string_view> choices,
                                     Problems& problems) {
  const auto word = as_text(node, what, problems);
  if (!word) return std::nullopt;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == *word) return i;
  }
  problems.add(node.place, std::string(what) + " cannot be \"" + *word + "\"" + suggestion(*word, choices));
  return std::nullopt;
}

}  // namespace bongsu::config
