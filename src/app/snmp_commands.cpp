// SPDX-License-Identifier: Apache-2.0
// get, walk and set: one device, asked once.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/commands.h"
#include "app/session.h"
#include "app/set_value.h"
#include "base/json.h"
#include "base/text.h"

namespace bongsu::app {
namespace {

// Type names as Net-SNMP's tools print them, which everyone in this field knows by heart.
std::string_view type_word(const Value& value) {
  switch (value.type) {
    case ValueType::Integer:
      return "INTEGER";
    case ValueType::OctetString:
      return "STRING";
    case ValueType::ObjectId:
      return "OID";
    case ValueType::IpAddress:
      return "IpAddress";
    case ValueType::TimeTicks:
      return "Timeticks";
    default:
      return to_string(value.type);
  }
}

std::string shown(const mib::Tree& tree, const Varbind& varbind, bool numeric) {
  const std::string name = numeric ? "." + varbind.oid.to_string() : tree.name_of(varbind.oid);
  if (!varbind.value.exists()) {
    const char* why = varbind.value.type == ValueType::NoSuchObject     ? "no such object on this agent"
                      : varbind.value.type == ValueType::NoSuchInstance ? "no such instance of this object"
                                                                        : "the agent has nothing after this";
    return name + " = " + why;
  }
  const std::string text = varbind.value.type == ValueType::ObjectId && numeric ? "." + varbind.value.oid.to_string()
                                                                                : tree.format(varbind.oid, varbind.value);
  return escape_terminal(name + " = " + std::string(type_word(varbind.value)) + ": " + text);
}

// An object was named where its instance has the value: what was meant? Nothing where that is not so.
std::string meant(const mib::Tree& tree, const std::string& word, const Varbind& varbind) {
  if (varbind.value.exists()) return {};
  std::size_t used = 0;
  const auto object = tree.find(varbind.oid.arcs(), &used);
  if (!object || used != varbind.oid.size()) return {};
  if (object->kind == mib::Kind::Scalar)
    return word + " is an object, and its value stands one below: did you mean " + word + ".0?";
  if (object->kind == mib::Kind::Column)
    return word + " is a column, with a value in each row: did you mean " + word + ".1, or all of it by bongsu walk?";
  return word + " has no value of its own; what is below it is read by bongsu walk";
}

void append_json(JsonWriter& json, const mib::Tree& tree, const Varbind& varbind) {
  json.begin_object().member("oid", varbind.oid.to_string()).member("name", tree.name_of(varbind.oid));
  json.member("type", std::string(to_string(varbind.value.type)));
  if (const auto number = varbind.value.to_double(); number && varbind.value.type != ValueType::OctetString)
    json.member("value", *number);
  else json.member("value", varbind.value.to_text());
  json.member("text", tree.format(varbind.oid, varbind.value)).end_object();
}

// v1 has no Counter64 at all, and says noSuchName of one that is there.
void note_version(Session& session, const snmp::Target& target, std::vector<std::string>& notes) {
  const snmp::Dialect* dialect = session.client.dialect(target.endpoint);
  if (dialect == nullptr || !dialect->v1 || target.credentials->version != snmp::Version::V2c) return;
  notes.push_back(target.name +
                  " did not answer SNMPv2c and was asked in SNMPv1, which has no 64-bit counters: what is said to be missing "
                  "may be there in v2c; if it is to speak v2c, ask again");
}

// What a coroutine of a command leaves behind.
struct Ended {
  std::optional<Error> error;
  std::vector<std::string> notes;
  bool complete = true;
};

asio::awaitable<void> get_all(Session& session, const SnmpOptions& options, std::vector<Oid> oids, std::vector<Varbind>& into,
                              Ended& ended) {
  auto target = co_await make_target(session, options);
  if (!target) {
    ended.error = target.error();
  } else {
    auto answer = co_await session.client.get(*target, std::move(oids));
    if (answer) {
      into = std::move(answer->varbinds);
      for (const Error& refused : answer->refused) ended.notes.push_back(refused.text);
      ended.complete = answer->refused.empty();
    } else {
      ended.error = answer.error();
    }
    note_version(session, *target, ended.notes);
  }
  session.reactor.io().stop();
}

void print_notes(const Ended& ended) {
  for (const std::string& note : ended.notes) std::fprintf(stderr, "bongsu: note: %s\n", escape_terminal(note).c_str());
}

asio::awaitable<void> set_all(Session& session, const SnmpOptions& options, std::vector<Varbind> wanted,
                              std::vector<Varbind>& into, Ended& ended) {
  auto target = co_await make_target(session, options);
  if (!target) {
    ended.error = target.error();
  } else {
    auto answer = co_await session.client.set(*target, std::move(wanted));
    if (answer) into = std::move(answer->varbinds);
    else ended.error = answer.error();
  }
  session.reactor.io().stop();
}

// OID, type and value, and again.
Result<std::vector<Varbind>> parse_assignments(const mib::Tree& tree, const std::vector<std::string>& words) {
  if (words.empty() || words.size() % 3 != 0)
    return Error{Code::Invalid, "set takes an OID, a type and a value, as often as needed: sysContact.0 s \"noc@example.com\""};
  std::vector<Varbind> out;
  for (std::size_t i = 0; i < words.size(); i += 3) {
    BONGSU_TRY(Oid oid, tree.resolve(words[i]));
    BONGSU_TRY(Value value, parse_set_value(tree, oid, words[i + 1], words[i + 2]).context(words[i]));
    out.push_back({std::move(oid), std::move(value)});
  }
  return out;
}

// Counts the rows of the column at hand: a column as the MIB names it, else the names that differ in their last arc.
class RowCount {
 public:
  explicit RowCount(const mib::Tree& tree) : tree_(tree) {}
  std::size_t take(const Oid& name) {
    if (!column_.empty() && name.starts_with(column_)) return ++rows_;
    std::size_t used = 0;
    const auto object = tree_.find(name.arcs(), &used);
    if (!object || object->kind != mib::Kind::Column || used == 0) used = std::max<std::size_t>(name.size(), 1) - 1;
    column_ = Oid(name.arcs().first(used));
    return rows_ = 1;
  }
  const Oid& column() const { return column_; }

 private:
  const mib::Tree& tree_;
  Oid column_;
  std::size_t rows_ = 0;
};

// What a walk may take where more rows than usual are wanted: all of it in proportion, and a day.
snmp::WalkLimits limits_for(std::size_t rows) {
  snmp::WalkLimits limits;
  if (rows <= kRowsOfAColumn) return limits;
  const std::size_t more = rows / kRowsOfAColumn + 1;
  limits.requests *= more;
  limits.octets *= more;
  limits.cells *= more;
  limits.time = std::chrono::hours(24);
  return limits;
}

asio::awaitable<void> walk_all(Session& session, const SnmpOptions& options, std::vector<Oid> roots,
                               std::function<bool(const Varbind&)> visit, snmp::WalkLimits limits, Ended& ended) {
  auto target = co_await make_target(session, options);
  if (!target) ended.error = target.error();
  for (const Oid& root : roots) {
    if (ended.error) break;
    const auto end = co_await session.client.walk(*target, root, visit, limits);
    if (!end) {
      ended.error = end.error();
      if (ended.error->code == Code::Limit) ended.error->text += ": --rows with more raises all bounds of a walk";
      break;
    }
    ended.notes.insert(ended.notes.end(), end->notes.begin(), end->notes.end());
    ended.complete &= end->left.empty();
  }
  if (target) note_version(session, *target, ended.notes);
  session.reactor.io().stop();
}

Result<std::vector<Oid>> resolve_all(const mib::Tree& tree, const std::vector<std::string>& words) {
  std::vector<Oid> oids;
  for (const std::string& word : words) {
    BONGSU_TRY(Oid oid, tree.resolve(word));
    oids.push_back(std::move(oid));
  }
  return oids;
}

void print_varbinds(const mib::Tree& tree, const std::vector<Varbind>& varbinds) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("varbinds").begin_array();
  for (const Varbind& varbind : varbinds) append_json(json, tree, varbind);
  json.end_array().end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

int get(const GetOptions& options) {
  if (auto usage = check_usage(options.snmp); !usage) return fail(usage.error().text), 2;
  auto session = open_session(options.snmp);
  if (!session) return fail(session.error().text);
  const auto oids = resolve_all(*(*session)->tree, options.oids);
  if (!oids) return fail(oids.error().text), 2;
  std::vector<Varbind> varbinds;
  Ended ended;
  (*session)->reactor.spawn(get_all(**session, options.snmp, *oids, varbinds, ended));
  (*session)->reactor.run();
  if (ended.error) return fail(options.numeric ? ended.error->text : (*session)->tree->with_names(ended.error->text));
  if (options.snmp.json) {
    print_varbinds(*(*session)->tree, varbinds);
  } else {
    for (const Varbind& varbind : varbinds) std::printf("%s\n", shown(*(*session)->tree, varbind, options.numeric).c_str());
  }
  for (std::size_t i = 0; i < std::min(varbinds.size(), options.oids.size()); ++i) {
    if (const std::string hint = meant(*(*session)->tree, options.oids[i], varbinds[i]); !hint.empty()) (void)fail(hint);
  }
  print_notes(ended);
  const bool all_there =
      std::all_of(varbinds.begin(), varbinds.end(), [](const Varbind& varbind) { return varbind.value.exists(); });
  return all_there && ended.complete ? 0 : 1;
}

int set(const GetOptions& options) {
  if (auto usage = check_usage(options.snmp); !usage) return fail(usage.error().text), 2;
  auto session = open_session(options.snmp);
  if (!session) return fail(session.error().text);
  const mib::Tree& tree = *(*session)->tree;
  auto wanted = parse_assignments(tree, options.oids);
  if (!wanted) return fail(wanted.error().text), 2;
  std::vector<Varbind> varbinds;
  Ended ended;
  (*session)->reactor.spawn(set_all(**session, options.snmp, *std::move(wanted), varbinds, ended));
  (*session)->reactor.run();
  if (ended.error) return fail(options.numeric ? ended.error->text : (*session)->tree->with_names(ended.error->text));
  if (options.snmp.json) print_varbinds(tree, varbinds);
  else
    for (const Varbind& varbind : varbinds) std::printf("%s\n", shown(tree, varbind, options.numeric).c_str());
  return 0;
}

int walk(const GetOptions& options) {
  if (auto usage = check_usage(options.snmp); !usage) return fail(usage.error().text), 2;
  auto session = open_session(options.snmp);
  if (!session) return fail(session.error().text);
  const std::vector<std::string> words = options.oids.empty() ? std::vector<std::string>{"1.3.6.1.2.1"} : options.oids;
  const auto roots = resolve_all(*(*session)->tree, words);
  if (!roots) return fail(roots.error().text), 2;
  std::vector<Varbind> varbinds;
  std::size_t count = 0;
  Ended ended;
  RowCount rows(*(*session)->tree);
  std::function<bool(const Varbind&)> visit = [&](const Varbind& varbind) {
    if (rows.take(varbind.oid) > options.rows) {
      ended.complete = false;
      ended.notes.push_back(
          fmt::format("ended behind {} rows of {}, which has more or never ends; give --rows {} if it is that large, and see: "
                      "bongsu doctor {}",
                      options.rows, (*session)->tree->name_of(rows.column()), options.rows * 10, options.snmp.host));
      return false;
    }
    ++count;
    if (options.snmp.json) varbinds.push_back(varbind);
    else std::printf("%s\n", shown(*(*session)->tree, varbind, options.numeric).c_str());
    return true;
  };
  (*session)->reactor.spawn(walk_all(**session, options.snmp, *roots, visit, limits_for(options.rows), ended));
  (*session)->reactor.run();
  if (options.snmp.json) print_varbinds(*(*session)->tree, varbinds);
  print_notes(ended);
  if (ended.error) return fail(options.numeric ? ended.error->text : (*session)->tree->with_names(ended.error->text));
  if (count == 0)
    return fail(options.snmp.host + ": nothing below " + words.front() + "; try a shorter OID, or: bongsu collect " +
                options.snmp.host + " --explain");
  return ended.complete ? 0 : 1;
}

}  // namespace bongsu::app
