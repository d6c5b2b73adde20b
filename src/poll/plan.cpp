// SPDX-License-Identifier: Apache-2.0
#include "poll/plan.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>

#include "base/hash.h"
#include "base/text.h"

namespace bongsu::poll {
namespace {

using Op = Node::Op;

constexpr std::size_t kMaxNodes = 20'000;  // of one group, `let` included
constexpr Millis kLongestEvery = std::chrono::minutes(4);

bool is_name(std::string_view name, bool colons) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [colons](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (colons && c == ':');
  });
}

// Resolves the names of one group.
class GroupCompiler {
 public:
  GroupCompiler(const mib::Tree& tree, Group& group, std::vector<Finding>& findings)
      : tree_(tree), group_(group), findings_(findings) {}

  void under(const Text& text) {
    if (auto oid = tree_.resolve(text.text)) under_ = *std::move(oid);
    else report(text, 0, oid.error().text);
  }

  void lets(const std::vector<NamedText>& lets) {
    for (const NamedText& let : lets) {
      // Some MIB module or other has an object of any name: the group's own counts.
      if (!is_name(let.name, false)) {
        report(let.at, "`let` name '" + let.name + "' is not a name: choose another");
        continue;
      }
      if (auto node = parse(let.value)) lets_.insert_or_assign(let.name, std::pair(std::move(*node), let.value));
    }
  }

  enum class Use : std::uint8_t { Value, Label, Limit };
  // `counter`: its leaves are kept as counters; `limit`: bounded by that metric's max_rate.
  std::optional<Node> expression(const Text& text, bool counter = false, std::int32_t limit = -1, Use use = Use::Value) {
    auto node = parse(text);
    if (!node) return std::nullopt;
    counter_ = counter;
    limit_ = limit;
    use_ = use;
    if (!bind(*node, text, 0)) return std::nullopt;
    return node;
  }

 private:
  void report(const Where& at, std::string text) { findings_.push_back({at, std::move(text)}); }
  void report(const Text& text, std::size_t offset, std::string what) {
    Where at = text.at;
    if (at.line > 0 && text.text.find('\n') == std::string::npos) at.column += static_cast<int>(offset);
    report(at, std::move(what));
  }

  std::optional<Node> parse(const Text& text) {
    auto parsed = parse_expr(text.text);
    if (const auto* error = std::get_if<ExprError>(&parsed)) {
      report(text, error->at, error->text);
      return std::nullopt;
    }
    return std::get<Node>(std::move(parsed));
  }

  bool bind(Node& node, const Text& text, int depth) {
    if (++nodes_ > kMaxNodes || depth > 32) {
      report(text, node.at, "too much for one group: `let` names refer to each other, or their uses multiply");
      return false;
    }
    if (node.op == Op::Symbol) {
      if (const auto let = lets_.find(node.text); let != lets_.end()) {
        node = let->second.first;
        return bind(node, let->second.second, depth + 1);
      }
      return bind_symbol(node, text);
    }
    if (node.op == Op::Lookup) {
      for (Node& kid : node.kids) {
        if (!bind(kid, text, depth)) return false;
      }
      return bind_lookup(node, text);
    }
    if (node.op == Op::Delta) {
      if (node.kids[0].op != Op::Symbol || lets_.contains(node.kids[0].text)) {
        report(text, node.at, "delta() takes one object");
        return false;
      }
      const bool before = counter_;
      counter_ = true;
      const bool bound = bind(node.kids[0], text, depth);
      counter_ = before;
      if (bound && node.kids[0].op != Op::Leaf) {
        report(text, node.at, "delta() takes one object");
        return false;
      }
      if (bound) group_.leaves[node.kids[0].leaf].growth = true;
      return bound;
    }
    if (node.op == Op::Count || node.op == Op::Sum) return bind_whole(node, text);
    for (Node& kid : node.kids) {
      if (!bind(kid, text, depth)) return false;
    }
    if (node.op == Op::Equal || node.op == Op::NotEqual) return bind_enum(node, text);
    return true;
  }

  // count(column), sum(column): a number of the whole column, which stands beside scalars.
  bool bind_whole(Node& node, const Text& text) {
    const std::string called = node.op == Op::Count ? "count()" : "sum()";
    const Node& what = node.kids[0];
    if (what.op != Op::Symbol || lets_.contains(what.text)) {
      report(text, node.at, called + " takes one column");
      return false;
    }
    if (group_.table) {
      report(text, node.at, called + " is of a whole column: put it in a `scalars:` group");
      return false;
    }
    const auto oid = resolve(what.text);
    if (!oid) {
      report(text, what.at, oid.error().text);
      return false;
    }
    const auto object = tree_.find(oid->arcs());
    const bool named = object && object->kind != mib::Kind::Node && !what.text.starts_with('.');
    if (oid->back() == 0 || (named && object->kind != mib::Kind::Column)) {
      report(text, what.at, what.text + " is no column, which " + called + " takes");
      return false;
    }
    const auto place = node.op == Op::Count ? Leaf::Place::Count : Leaf::Place::Sum;
    const std::string name = what.text;
    node.kids.clear();
    return leaf(node, place, *oid, name, {});
  }

  // ifOperStatus == 'up'
  bool bind_enum(Node& node, const Text& text) {
    for (int side = 0; side < 2; ++side) {
      const Node& leaf = node.kids[static_cast<std::size_t>(side)];
      Node& word = node.kids[static_cast<std::size_t>(1 - side)];
      if (leaf.op != Op::Leaf || word.op != Op::Text || !group_.leaves[leaf.leaf].object) continue;
      const auto& object = *group_.leaves[leaf.leaf].object;
      const auto enums = object.enums();
      if (enums.empty() || object.type == mib::Syntax::Bits) continue;
      std::vector<std::string_view> labels;
      for (const auto& item : enums) {
        labels.push_back(item.label);
        if (item.label != word.text) continue;
        word = Node{.op = Op::Number, .number = static_cast<double>(item.value), .at = word.at};
        return true;
      }
      const auto near = nearest(word.text, labels);
      report(text, word.at,
             std::string(object.name) + " has no value '" + word.text + "'" +
                 (near ? "; did you mean '" + std::string(*near) + "'?" : ""));
      return false;
    }
    return true;
  }

  // A number that begins no tree but this group's goes on from `under`.
  Result<Oid> resolve(const std::string& name) const {
    if (under_ && name.starts_with('.') && !name.starts_with(".1.")) return tree_.resolve(under_->to_string() + name);
    if (under_ && name.starts_with(".1.") && !name.starts_with(".1.3.6.1.")) return tree_.resolve(under_->to_string() + name);
    if (under_ && name == ".1") return *under_ + 1U;
    return tree_.resolve(name);
  }

  bool bind_symbol(Node& node, const Text& text) {
    const std::string name = node.text;
    const auto oid = resolve(name);
    if (!oid) {
      // A slip in the language's own words or in this group's is nearer than any object of any module.
      std::vector<std::string_view> own{"index", "none"};
      for (const auto& [let, value] : lets_) own.push_back(let);
      const auto near = name.starts_with('.') ? std::nullopt : nearest(name, own);
      report(text, node.at,
             near ? "'" + name + "' is no object and no name of this group; did you mean '" + std::string(*near) + "'?"
                  : oid.error().text);
      return false;
    }
    std::size_t used = 0;
    auto object = tree_.find(oid->arcs(), &used);
    if (object && used < oid->size() && object->kind != mib::Kind::Scalar && object->kind != mib::Kind::Column) object.reset();
    // What is given by number is what the group says it is, whatever a loaded module makes of that number.
    const bool value = !object || object->kind == mib::Kind::Scalar || object->kind == mib::Kind::Column ||
                       object->kind == mib::Kind::Table || object->kind == mib::Kind::Row;
    if (name.starts_with('.') && value) {
      if (object && object->kind != mib::Kind::Scalar && object->kind != mib::Kind::Column) object.reset();
      return leaf(node, oid->back() == 0 || !group_.table ? Leaf::Place::Scalar : Leaf::Place::Column, *oid, name, object);
    }
    if (!object) {  // a bare number: .0 at its end makes a scalar
      return leaf(node, oid->back() == 0 || !group_.table ? Leaf::Place::Scalar : Leaf::Place::Column, *oid, name, {});
    }
    const bool instance = used < oid->size();
    switch (object->kind) {
      case mib::Kind::Scalar:
        return leaf(node, Leaf::Place::Scalar, instance ? *oid : *oid + 0, name, object);
      case mib::Kind::Column:
        if (instance) return leaf(node, Leaf::Place::Scalar, *oid, name, object);
        if (!group_.table) {
          report(text, node.at, name + " is a column: put it in a `table:` group, or give its index, as in " + name + ".1");
          return false;
        }
        return leaf(node, Leaf::Place::Column, *oid, name, object);
      case mib::Kind::Table:
      case mib::Kind::Row:
        report(text, node.at, name + " is a table: name one of its columns");
        return false;
      default:
        node = Node{.op = Op::Name, .oid = *oid, .at = node.at};
        return true;
    }
  }

  bool bind_lookup(Node& node, const Text& text) {
    const auto oid = resolve(node.text);
    if (!oid) {
      report(text, node.at, oid.error().text);
      return false;
    }
    auto object = tree_.find(oid->arcs());
    if (object && (object->kind == mib::Kind::Node || (node.text.starts_with('.') && object->kind != mib::Kind::Column)))
      object.reset();
    if (object && object->kind != mib::Kind::Column) {
      report(text, node.at, node.text + " is no column: only a column's value is looked up by an index in []");
      return false;
    }
    Node found{.at = node.at};
    if (!leaf(found, Leaf::Place::Lookup, *oid, node.text, object)) return false;
    node.leaf = found.leaf;
    return true;
  }

  bool leaf(Node& node, Leaf::Place place, const Oid& oid, const std::string& name, std::optional<mib::Object> object) {
    node.op = Op::Leaf;
    const bool seldom = use_ == Use::Limit || (use_ == Use::Label && place == Leaf::Place::Lookup);
    std::uint32_t at = 0;
    while (at < group_.leaves.size() && !(group_.leaves[at].oid == oid && group_.leaves[at].place == place)) ++at;
    if (at == group_.leaves.size())
      group_.leaves.push_back(Leaf{.place = place, .oid = oid, .name = name, .object = std::move(object), .seldom = seldom});
    Leaf& found = group_.leaves[at];
    found.seldom &= seldom;
    found.counter |= counter_ && place != Leaf::Place::Lookup;
    if (counter_ && limit_ >= 0) found.limit = limit_;
    node.leaf = at;
    return true;
  }

  const mib::Tree& tree_;
  Group& group_;
  std::vector<Finding>& findings_;
  std::map<std::string, std::pair<Node, Text>, std::less<>> lets_;
  std::optional<Oid> under_;
  std::size_t nodes_ = 0;
  bool counter_ = false;
  std::int32_t limit_ = -1;
  Use use_ = Use::Value;
};

const std::array<std::string_view, 10> kFacts{"os",     "kind",        "vendor",  "model",    "version",
                                              "serial", "sysObjectID", "sysName", "location", "hardware"};

void compile_facts(const std::vector<NamedText>& facts, GroupCompiler& compiler, Group& group, std::vector<Finding>& findings) {
  for (const NamedText& fact : facts) {
    if (std::find(kFacts.begin(), kFacts.end(), fact.name) == kFacts.end()) {
      const auto near = nearest(fact.name, kFacts);
      findings.push_back(
          {fact.at, "there is no device fact '" + fact.name + "'" +
                        (near ? "; did you mean '" + std::string(*near) + "'?"
                              : ": os, kind, vendor, model, version, serial, sysObjectID, sysName, location, hardware")});
      continue;
    }
    if (auto node = compiler.expression(fact.value)) group.device.push_back({fact.name, std::move(*node)});
  }
}

// What neighbours and the device itself are told by; the words are those of poll/rows.cpp.
const std::array<std::string_view, 6> kOfNeighbor{"protocol", "port", "chassis", "name", "address", "remote_port"};
const std::array<std::string_view, 4> kOwn{"chassis", "mac", "address", "name"};

void compile_telling(const std::vector<NamedText>& told, std::span<const std::string_view> words, GroupCompiler& compiler,
                     std::vector<NamedExpr>& into, std::vector<Finding>& findings) {
  for (const NamedText& one : told) {
    if (std::find(words.begin(), words.end(), one.name) == words.end()) {
      std::string known;
      for (const auto word : words) known += (known.empty() ? "" : ", ") + std::string(word);
      const auto near = nearest(one.name, words);
      findings.push_back({one.at, "nothing is told by '" + one.name + "'" +
                                      (near ? "; did you mean '" + std::string(*near) + "'?" : ": " + known)});
      continue;
    }
    auto node = compiler.expression(one.value, false, -1, GroupCompiler::Use::Label);
    if (node) into.push_back({one.name, std::move(*node)});
  }
}

std::vector<State> states_of(const SensorRule& rule, const Metric& metric, const Group& group, std::vector<Finding>& findings) {
  std::vector<State> states;
  for (const StateRule& state : rule.states) {
    // "rebooting (caution)": a severity in brackets counts before what the word tells.
    std::string word = state.word;
    std::optional<Severity> said;
    if (const auto open = word.rfind(" ("); open != std::string::npos && word.ends_with(')')) {
      const std::string_view level = std::string_view(word).substr(open + 2, word.size() - open - 3);
      said = parse_severity(level);
      constexpr std::array<std::string_view, 6> kLevels{"normal", "harmless", "caution", "danger", "urgent", "fatal"};
      if (const auto near = nearest(level, kLevels); !said && near)
        findings.push_back({rule.at, "'" + std::string(level) + "' is no severity; did you mean '" + std::string(*near) + "'?"});
    }
    if (said) word.resize(word.rfind(" ("));
    const Severity severity = said ? *said : severity_of_word(word);
    states.push_back({static_cast<double>(state.value), std::move(word), severity});
  }
  if (!states.empty()) return states;
  if (metric.value.op == Op::Leaf && group.leaves[metric.value.leaf].object) {
    for (const auto& item : group.leaves[metric.value.leaf].object->enums())
      states.push_back({static_cast<double>(item.value), std::string(item.label), severity_of_word(item.label)});
  }
  if (states.empty())
    findings.push_back(
        {rule.at, "a state needs `states:`, such as {1: normal, 2: failed}: no loaded MIB module says what its values mean"});
  return states;
}

// The limits of the sensor that the group's last metric is.
void compile_limits(const SensorRule& sensor, GroupCompiler& compiler, Group& group, std::vector<Finding>& findings) {
  const auto of = static_cast<std::uint32_t>(group.metrics.size() - 1);
  for (const NamedText& limit : sensor.limits) {
    const auto bound = parse_bound(limit.name);
    if (!bound) {
      const auto near = nearest(limit.name, kBoundNames);
      findings.push_back(
          {limit.at, "there is no limit '" + limit.name + "'" +
                         (near ? "; did you mean '" + std::string(*near) + "'?"
                               : ": low_fatal, low_critical, low_warning, high_warning, high_critical, high_fatal")});
      continue;
    }
    auto node = compiler.expression(limit.value, false, -1, GroupCompiler::Use::Limit);
    if (!node) continue;
    Metric made{.name = "sensor_limit", .value = std::move(*node), .unit = group.metrics[of].unit};
    made.sensor = true;
    made.labels = group.metrics[of].labels;
    made.labels.emplace_back("limit", limit.name);
    made.part = sensor.name;
    made.bound = bound;
    made.of = of;
    group.metrics.push_back(std::move(made));
  }
}

void compile_sensors(const GroupRule& rule, GroupCompiler& compiler, Group& group, std::vector<Finding>& findings) {
  std::set<std::string> seen;
  for (const SensorRule& sensor : rule.sensors) {
    const auto unit = unit_of_class(sensor.kind);
    if (!unit) {
      const auto classes = sensor_classes();
      const auto near = nearest(sensor.kind, classes);
      std::string known;
      for (const auto name : classes) known += (known.empty() ? "" : ", ") + std::string(name);
      findings.push_back({sensor.at, "there is no class of sensors '" + sensor.kind + "'" +
                                         (near ? "; did you mean '" + std::string(*near) + "'?" : ": " + known)});
      continue;
    }
    const bool state = sensor.kind == "state";
    Metric made{.name = state ? "sensor_state" : "sensor_value"};
    made.sensor = true;
    made.part = sensor.name;
    made.labels.emplace_back("class", sensor.kind);
    if (!state) {
      made.unit = sensor.unit.empty() ? std::string(*unit) : sensor.unit;
      made.labels.emplace_back("unit", made.unit);
      if (!sensor.states.empty()) findings.push_back({sensor.at, "`states` are for sensors of the class state"});
    } else if (!sensor.limits.empty()) {
      findings.push_back({sensor.at, "a state has no `limits`: its words say how bad it is"});
      continue;
    }
    if (group.labels.empty() && sensor.name.empty()) {
      findings.push_back({sensor.at, "a sensor of a group without labels needs a `name:`"});
      continue;
    }
    if (!seen.insert(series_key(made)).second) {
      findings.push_back({sensor.at, "another sensor of this group has the class " + sensor.kind + " and " +
                                         (sensor.name.empty() ? "no name" : "the name '" + sensor.name + "'") +
                                         ": give each a `name:` of its own"});
      continue;
    }
    auto node = compiler.expression(sensor.value);
    if (!node) continue;
    made.value = std::move(*node);
    if (state) {
      made.states = states_of(sensor, made, group, findings);
      if (made.states.empty()) continue;
    }
    group.metrics.push_back(std::move(made));
    compile_limits(sensor, compiler, group, findings);
  }
}

Group compile_group(const std::string& profile, const GroupRule& rule, const mib::Tree& tree, std::vector<Finding>& findings) {
  Group group{.profile = profile, .name = rule.name, .table = rule.table, .every = rule.every};
  if (rule.every > kLongestEvery || rule.every < Millis(0))
    findings.push_back({rule.every_at, "`every` is at most 4m: a value is looked for five minutes back, and would be missed"});
  GroupCompiler compiler(tree, group, findings);
  if (rule.under) compiler.under(*rule.under);
  compiler.lets(rule.let);
  if (rule.where) group.where = compiler.expression(*rule.where);
  std::set<std::string> seen;
  for (const NamedText& label : rule.labels) {
    if (!is_name(label.name, false) || label.name == "device" || label.name.starts_with("__") ||
        !seen.insert(label.name).second) {
      findings.push_back(
          {label.at, "label '" + label.name + "' is reserved, given twice, or not a name of letters, digits and '_'"});
      continue;
    }
    if (auto node = compiler.expression(label.value, false, -1, GroupCompiler::Use::Label))
      group.labels.push_back({label.name, std::move(*node)});
  }
  if (rule.table && rule.labels.empty() && !(rule.metrics.empty() && rule.sensors.empty())) {
    findings.push_back(
        {rule.at, "table '" + rule.name + "' gives metrics but no labels: its rows could not be told apart; add `labels:`"});
  }
  if (rule.identity) {
    Group::Identity identity;
    const auto part = [&](const std::optional<Text>& text, std::optional<Node>& to) {
      if (text) to = compiler.expression(*text);
    };
    part(rule.identity->name, identity.name);
    part(rule.identity->descr, identity.descr);
    part(rule.identity->alias, identity.alias);
    part(rule.identity->mac, identity.mac);
    part(rule.identity->type, identity.type);
    group.identity = std::move(identity);
  }
  if (rule.discontinuity) group.discontinuity = compiler.expression(*rule.discontinuity);
  for (const Text& metric : rule.unless) group.unless.push_back(metric.text);
  compile_facts(rule.device, compiler, group, findings);
  compile_telling(rule.neighbor, kOfNeighbor, compiler, group.neighbor, findings);
  compile_telling(rule.own, kOwn, compiler, group.own, findings);
  seen.clear();
  for (const MetricRule& metric : rule.metrics) {
    if (!is_metric_name(metric.name) || !seen.insert(metric.name).second) {
      findings.push_back(
          {metric.at, "metric '" + metric.name + "' is given twice in this group, or is not a name of letters, digits and '_'"});
      continue;
    }
    Metric made{.name = metric.name, .unit = metric.unit.empty() ? std::string(unit_of(metric.name)) : metric.unit};
    made.counter = metric.name.ends_with("_total");
    if (metric.max_rate) {
      if (!made.counter) findings.push_back({metric.max_rate->at, "max_rate is for counters, whose names end in _total"});
      made.max_rate = compiler.expression(*metric.max_rate);
    }
    const auto limit = made.max_rate ? static_cast<std::int32_t>(group.metrics.size()) : -1;
    auto node = compiler.expression(metric.value, made.counter, limit);
    if (!node) continue;
    made.value = std::move(*node);
    group.metrics.push_back(std::move(made));
  }
  compile_sensors(rule, compiler, group, findings);
  return group;
}

std::shared_ptr<const re2::RE2> compile_pattern(const Text& text, std::vector<Finding>& findings) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  auto regex = std::make_shared<const re2::RE2>(text.text, options);
  if (!regex->ok()) findings.push_back({text.at, "the pattern cannot be read: " + regex->error()});
  return regex;
}

// Nothing when it could not be read whole: it must not be turned loose on every device.
std::optional<System> compile_system(const SystemRule& rule, const mib::Tree& tree, std::vector<Finding>& findings) {
  const std::size_t before = findings.size();
  System made;
  const auto resolve = [&](const std::vector<Text>& names, std::vector<Oid>& to) {
    for (const Text& name : names) {
      if (auto oid = tree.resolve(name.text)) to.push_back(*std::move(oid));
      else findings.push_back({name.at, oid.error().text});
    }
  };
  resolve(rule.sys_object_id, made.sys_object_id);
  resolve(rule.has, made.has);
  if (rule.sys_descr) made.sys_descr = compile_pattern(*rule.sys_descr, findings);
  if (made.sys_object_id.empty() && !made.sys_descr)
    findings.push_back({rule.at, "a system is told by `sysObjectID:`, `sysDescr:` or both"});
  made.facts.assign(rule.facts.begin(), rule.facts.end());
  for (const auto& [fact, pattern] : rule.captures) {
    auto regex = compile_pattern(pattern, findings);
    if (regex->ok() && regex->NumberOfCapturingGroups() < 1)
      findings.push_back({pattern.at, "the pattern needs a group in (), which is the " + fact});
    made.captures.emplace_back(fact, std::move(regex));
  }
  if (findings.size() != before) return std::nullopt;
  return made;
}

void compile_match(const Profile& profile, const mib::Tree& tree, DeviceProfile& made, std::vector<Finding>& findings) {
  const Match& match = profile.match;
  made.always = match.always;
  if (!match.always && match.sys_object_id.empty() && !match.sys_descr && match.has.empty() && match.os.empty()) {
    findings.push_back({profile.at, "profile '" + profile.name +
                                        "' matches no device: give `match:` one of always, sysObjectID, sysDescr, os, has"});
  }
  for (const Text& prefix : match.sys_object_id) {
    if (auto oid = tree.resolve(prefix.text)) {
      made.sys_object_id.push_back(std::move(*oid));
    } else {
      findings.push_back({prefix.at, oid.error().text});
    }
  }
  if (match.sys_descr) {
    made.sys_descr = compile_pattern(*match.sys_descr, findings);
    made.sys_descr_text = match.sys_descr->text;
  }
  for (const Text& os : match.os) made.os.push_back(os.text);
  for (const Text& object : match.has) {
    if (auto oid = tree.resolve(object.text)) {
      made.has.emplace_back(std::move(*oid), object.text);
    } else {
      findings.push_back({object.at, oid.error().text});
    }
  }
}

// An operating system that no line tells is one that no device has.
void check_systems(const Profile& profile, const std::vector<std::string_view>& known, std::vector<Finding>& findings) {
  if (known.empty()) return;
  for (const Text& os : profile.match.os) {
    if (std::find(known.begin(), known.end(), os.text) != known.end()) continue;
    const auto near = nearest(os.text, known);
    findings.push_back(
        {os.at, "no system is called '" + os.text + "'" +
                    (near ? "; did you mean '" + std::string(*near) + "'?" : ": add a line to a list of `systems:`")});
  }
}

// The words in quotes of an expression that gives a device's os.
void add_os_words(const std::vector<NamedText>& facts, std::set<std::string, std::less<>>& into) {
  for (const NamedText& fact : facts) {
    if (fact.name != "os") continue;
    const std::string& text = fact.value.text;
    for (std::size_t from = text.find('\''); from != std::string::npos;) {
      const std::size_t to = text.find('\'', from + 1);
      if (to == std::string::npos) break;
      into.insert(text.substr(from + 1, to - from - 1));
      from = text.find('\'', to + 1);
    }
  }
}

// A metric that no profile gives, where another one is nearly called so: nothing would ever stand back for it.
void check_rivals(const std::vector<Profile>& profiles, std::vector<Finding>& findings) {
  std::set<std::string_view> given;
  for (const Profile& profile : profiles) {
    for (const GroupRule& group : profile.groups) {
      for (const MetricRule& metric : group.metrics) given.insert(metric.name);
    }
  }
  const std::vector<std::string_view> names(given.begin(), given.end());
  for (const Profile& profile : profiles) {
    for (const GroupRule& group : profile.groups) {
      for (const Text& metric : group.unless) {
        if (given.contains(metric.text)) continue;
        if (const auto near = nearest(metric.text, names))
          findings.push_back(
              {metric.at, "no profile gives a metric '" + metric.text + "'; did you mean '" + std::string(*near) + "'?"});
      }
    }
  }
}

// A condition that could not be read must not turn a profile loose on every device.
bool is_whole(const Profile& profile, const DeviceProfile& made) {
  return made.sys_object_id.size() == profile.match.sys_object_id.size() && made.has.size() == profile.match.has.size() &&
         (!made.sys_descr || made.sys_descr->ok());
}

// What a profile says, places aside.
class Digest {
 public:
  explicit Digest(std::uint64_t seed) : hash_(seed) {}
  void add(std::string_view text) { hash_ = hash_bytes(text, hash_) ^ 0xff; }
  void add(const Text& text) { add(text.text); }
  void add(const NamedText& named) {
    add(named.name);
    add(named.value);
  }
  void add(const MetricRule& rule) {
    add(rule.name);
    add(rule.value);
    add(rule.unit);
    add(rule.max_rate);
  }
  template <class T>
  void add(const std::optional<T>& item) {
    add(item ? std::string_view("+") : std::string_view("-"));
    if (item) add(*item);
  }
  template <class T>
  void add(const std::vector<T>& items) {
    add(std::to_string(items.size()));
    for (const T& item : items) add(item);
  }
  void add(const IdentityRule& rule) {
    for (const auto* part : {&rule.name, &rule.descr, &rule.alias, &rule.mac, &rule.type}) add(*part);
  }
  void add(const SensorRule& rule) {
    add(rule.kind);
    add(rule.value);
    add(rule.name);
    add(rule.unit);
    add(rule.limits);
    for (const StateRule& state : rule.states) add(std::to_string(state.value) + '=' + state.word);
  }
  void add(const SystemRule& rule) {
    add(rule.sys_object_id);
    add(rule.sys_descr);
    add(rule.has);
    for (const auto& [name, value] : rule.facts) add(name + '=' + value);
    for (const auto& [name, pattern] : rule.captures) add(name + '~' + pattern.text);
  }
  void add(const GroupRule& rule) {
    add(rule.name);
    add(rule.under);
    add(rule.sensors);
    add(rule.table ? std::string_view("table") : std::string_view("scalars"));
    add(std::to_string(rule.every.count()));
    add(rule.let);
    add(rule.where);
    add(rule.labels);
    add(rule.identity);
    add(rule.discontinuity);
    add(rule.unless);
    add(rule.device);
    add(rule.neighbor);
    add(rule.own);
    add(rule.metrics);
  }
  void add(const Profile& profile) {
    add(profile.name);
    add(profile.title);
    add(profile.match.always ? std::string_view("always") : std::string_view());
    add(profile.match.sys_object_id);
    add(profile.match.sys_descr);
    add(profile.match.os);
    add(profile.match.has);
    add(profile.device);
    add(profile.groups);
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_;
};

}  // namespace

std::shared_ptr<const ProfileSet> ProfileSet::compile(const ProfileFiles& files, std::shared_ptr<const mib::Tree> tree,
                                                      std::vector<Finding>& findings) {
  const auto set = std::make_shared<ProfileSet>();
  set->tree_ = std::move(tree);
  Digest digest(set->tree_->content_key());
  digest.add(files.profiles);
  digest.add(files.systems);
  for (const auto& [number, vendor] : files.vendors) digest.add(std::to_string(number) + vendor);
  set->digest_ = digest.value();
  std::set<std::string> names;
  set->vendors_ = files.vendors;
  for (const SystemRule& rule : files.systems) {
    if (auto system = compile_system(rule, *set->tree_, findings)) set->systems_.push_back(*std::move(system));
  }
  std::vector<std::string_view> known;
  for (const SystemRule& rule : files.systems) {
    if (const auto os = rule.facts.find("os"); os != rule.facts.end()) known.push_back(os->second);
  }
  set->os_names_.insert(known.begin(), known.end());
  for (const Profile& profile : files.profiles) {
    check_systems(profile, known, findings);
    add_os_words(profile.device, set->os_names_);
    for (const GroupRule& group : profile.groups) add_os_words(group.device, set->os_names_);
    if (!names.insert(profile.name).second) {
      findings.push_back({profile.at, "there is a profile '" + profile.name + "' already: give this one another name"});
      continue;
    }
    DeviceProfile made{.name = profile.name, .title = profile.title};
    compile_match(profile, *set->tree_, made, findings);
    if (!profile.device.empty()) {
      Group facts{.profile = profile.name, .name = "device", .general = profile.match.always};
      GroupCompiler compiler(*set->tree_, facts, findings);
      compile_facts(profile.device, compiler, facts, findings);
      made.groups.push_back(std::move(facts));
    }
    std::set<std::pair<bool, std::string>> groups;
    for (const GroupRule& rule : profile.groups) {
      if (!groups.emplace(rule.table, rule.name).second) {
        findings.push_back(
            {rule.at, "profile '" + profile.name + "' has a group '" + rule.name + "' already: give this one another name"});
        continue;
      }
      made.groups.push_back(compile_group(profile.name, rule, *set->tree_, findings));
      made.groups.back().general = profile.match.always;
    }
    if (is_whole(profile, made)) set->profiles_.push_back(std::move(made));
  }
  check_rivals(files.profiles, findings);
  return set;
}

std::string_view ProfileSet::kind_of(std::string_view os) const {
  const auto fact = [](const System& system, std::string_view name) -> std::string_view {
    const auto at = std::find_if(system.facts.begin(), system.facts.end(), [&](const auto& one) { return one.first == name; });
    return at == system.facts.end() ? std::string_view() : at->second;
  };
  for (const System& system : systems_) {
    if (fact(system, "os") != os) continue;
    if (const std::string_view kind = fact(system, "kind"); !kind.empty()) return kind;
  }
  return {};
}

Labels series_labels(const Metric& metric, const std::vector<Labels::Pair>& row) {
  Labels labels(row);
  for (const auto& [name, value] : metric.labels) labels.set(name, value);
  if (metric.part.empty()) return labels;
  const std::string whole(labels.get("sensor"));
  labels.set("sensor", whole.empty() ? metric.part : whole + " " + metric.part);
  return labels;
}

std::string series_key(const Metric& metric) {
  std::string key = metric.name;
  for (const auto& [name, value] : metric.labels) key += '\x1f' + name + '\x1e' + value;
  return metric.part.empty() ? key : key + '\x1f' + metric.part;
}

const State* find_state(const Metric& metric, const Cell& cell) {
  const auto number = to_number(cell);
  const auto* word = std::get_if<std::string>(&cell);
  for (const State& state : metric.states) {
    if (number ? state.value == *number : word && *word == state.word) return &state;
  }
  return nullptr;
}

bool is_metric_name(std::string_view name) { return is_name(name, true); }

std::string_view unit_of(std::string_view metric) {
  if (metric.ends_with("_total")) metric.remove_suffix(6);
  for (const std::string_view unit : {"percent", "bytes", "seconds", "packets", "errors", "discards", "bits"}) {
    if (metric.ends_with(unit)) return unit == "bits" ? "bits/s" : unit;
  }
  return {};
}

}  // namespace bongsu::poll
