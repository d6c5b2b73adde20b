// SPDX-License-Identifier: Apache-2.0
#include "poll/fetch.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/text.h"

namespace bongsu::poll {
namespace {

constexpr std::size_t kProbes = 12;            // in one request
constexpr std::size_t kMostCounted = 100'000;  // values of a column that count() or sum() look at

const Oid kSysDescr{1, 3, 6, 1, 2, 1, 1, 1, 0};
const Oid kSysObjectId{1, 3, 6, 1, 2, 1, 1, 2, 0};

// For an instance, its object: GETNEXT of it finds the instance itself.
Oid before(const Oid& object) {
  return object.back() == 0 && object.size() > 2 ? Oid(object.arcs().first(object.size() - 1)) : object;
}

// Which of `objects` have an instance. Where several at once are refused, cut or not answered, fewer are asked for.
asio::awaitable<Result<std::set<Oid>>> probe(snmp::Client& client, snmp::Target target, std::vector<Oid> objects) {
  std::set<Oid> present;
  std::size_t most = kProbes;
  for (std::size_t first = 0; first < objects.size();) {
    const snmp::Dialect* known = client.dialect(target.endpoint);
    if (known != nullptr && known->varbinds != 0) most = std::min<std::size_t>(most, known->varbinds);
    const std::size_t count = std::min(most, objects.size() - first);
    std::vector<Oid> asked;
    for (std::size_t i = 0; i < count; ++i) asked.push_back(before(objects[first + i]));
    auto answer = co_await client.get_next(target, std::move(asked));
    if (!answer && (count == 1 || answer.error().code != Code::Timeout)) co_return std::move(answer).error();
    if (!answer || (count > 1 && (answer->error_status != 0 || answer->varbinds.size() != count))) {
      most = count / 2;
      continue;
    }
    // By name: some agents answer in another order.
    for (std::size_t i = 0; answer->error_status == 0 && i < count; ++i) {
      const auto shows = [&](const Varbind& found) { return found.value.exists() && found.oid.starts_with(objects[first + i]); };
      if (std::any_of(answer->varbinds.begin(), answer->varbinds.end(), shows)) present.insert(objects[first + i]);
    }
    const auto odd = [](const Varbind& found) { return !found.value.exists() && found.value.type != ValueType::EndOfMibView; };
    const auto found = std::find_if(answer->varbinds.begin(), answer->varbinds.end(), odd);
    if (answer->error_status == 0 && found != answer->varbinds.end())
      client.dialects().note(target.endpoint, snmp::Trait::EmptyAnswer,
                             std::string(to_string(found->value.type)) + " in answer to GETNEXT of " + found->oid.to_string() +
                                 ", where the next object or endOfMibView is due");
    first += count;
  }
  co_return present;
}

}  // namespace

// A coroutine keeps these in its frame, whose type has linkage; so must theirs.
struct Judgement {
  bool matched = false;
  int rank = 0;  // higher is more specific
  std::string why;
  bool near = false;  // see Explanation
};

// The system that a device says it is: of those that fit, the one with the longest sysObjectID, then the one whose sysDescr
// fits as well. `present` decides where a system names objects.
static const System* find_system(const ProfileSet& set, const Oid& id, const std::string& descr, const std::set<Oid>& present) {
  const System* best = nullptr;
  std::size_t best_rank = 0;
  for (const System& system : set.systems()) {
    std::size_t rank = 1;
    if (!system.sys_object_id.empty()) {
      std::size_t longest = 0;
      for (const Oid& prefix : system.sys_object_id) {
        if (id.starts_with(prefix)) longest = std::max(longest, prefix.size());
      }
      if (longest == 0) continue;
      rank += longest * 8;
    }
    if (system.sys_descr) rank += 2;
    if (!system.has.empty()) rank += 1;
    if (rank <= best_rank) continue;
    if (system.sys_descr && !re2::RE2::PartialMatch(descr, *system.sys_descr)) continue;
    const auto shown = [&](const Oid& object) { return present.contains(object); };
    if (!system.has.empty() && std::none_of(system.has.begin(), system.has.end(), shown)) continue;
    best = &system;
    best_rank = rank;
  }
  return best;
}

// Objects that decide which system it is.
static void add_probes(const ProfileSet& set, const Oid& id, const std::string& descr, std::set<Oid>& wanted) {
  const auto begins = [&](const Oid& prefix) { return id.starts_with(prefix); };
  for (const System& system : set.systems()) {
    if (system.has.empty()) continue;
    if (!system.sys_object_id.empty() && std::none_of(system.sys_object_id.begin(), system.sys_object_id.end(), begins)) continue;
    if (system.sys_descr && !re2::RE2::PartialMatch(descr, *system.sys_descr)) continue;
    wanted.insert(system.has.begin(), system.has.end());
  }
}

static void add_facts(const ProfileSet& set, Identified& device, const System* system) {
  const auto add = [&](const std::string& name, std::string value) {
    const auto known =
        std::find_if(device.facts.begin(), device.facts.end(), [&](const auto& have) { return have.first == name; });
    if (known == device.facts.end() && !value.empty()) device.facts.emplace_back(name, std::move(value));
  };
  if (system != nullptr) {
    for (const auto& [name, value] : system->facts) add(name, value);
    for (const auto& [name, pattern] : system->captures) {
      std::string found;
      if (re2::RE2::PartialMatch(device.sys_descr, *pattern, &found)) add(name, to_valid_utf8(trim(found)));
    }
  }
  static const Oid kEnterprises{1, 3, 6, 1, 4, 1};
  if (!device.sys_object_id.starts_with(kEnterprises) || device.sys_object_id.size() < 7) return;
  const auto vendor = set.vendors().find(device.sys_object_id.arcs()[6]);
  if (vendor != set.vendors().end()) add("vendor", vendor->second);
}

// Below the same number under enterprises, 1.3.6.1.4.1.N.
static bool same_maker(const Oid& a, const Oid& b) {
  constexpr std::size_t kMaker = 7;
  return a.size() >= kMaker && b.size() >= kMaker && std::equal(a.arcs().begin(), a.arcs().begin() + kMaker, b.arcs().begin());
}

static Judgement judge(const DeviceProfile& profile, const Oid& id, const std::string& descr, std::string_view os,
                       const std::set<Oid>& present) {
  if (profile.always) return {true, 0, "for every device"};
  Judgement all{.matched = true};
  const auto say = [&](bool holds, int rank, const std::string& why) {
    all.matched &= holds;
    all.near |= holds;
    all.rank = std::max(all.rank, rank);
    all.why += (all.why.empty() ? "" : "; ") + why;
  };
  if (!profile.sys_object_id.empty() || !profile.os.empty()) {  // either
    const Oid* best = nullptr;
    for (const Oid& prefix : profile.sys_object_id) {
      if (id.starts_with(prefix) && (!best || prefix.size() > best->size())) best = &prefix;
    }
    const bool known = std::find(profile.os.begin(), profile.os.end(), os) != profile.os.end();
    all.near = std::any_of(profile.sys_object_id.begin(), profile.sys_object_id.end(),
                           [&](const Oid& prefix) { return same_maker(prefix, id); });
    std::string why;
    if (best) {
      why = "sysObjectID " + id.to_string() + " begins with " + best->to_string();
    } else if (known) {
      why = "os is " + std::string(os);
    } else {
      if (!profile.sys_object_id.empty())
        why = "sysObjectID " + (id.empty() ? "is missing" : id.to_string()) + " does not begin with " +
              profile.sys_object_id[0].to_string() + (profile.sys_object_id.size() > 1 ? " or the others" : "");
      if (!profile.os.empty())
        why += (why.empty() ? "" : ", ") + std::string("os ") + (os.empty() ? "is not known" : "is " + std::string(os)) +
               ", not " + profile.os[0] + (profile.os.size() > 1 ? " or the others" : "");
    }
    say(best || known, known ? 2000 : best ? 1000 + static_cast<int>(best->size()) : 0, why);
  }
  if (profile.sys_descr) {
    const bool holds = re2::RE2::PartialMatch(descr, *profile.sys_descr);
    say(holds, 500, std::string("sysDescr ") + (holds ? "matches " : "does not match ") + profile.sys_descr_text);
  }
  if (!profile.has.empty()) {
    const auto found =
        std::find_if(profile.has.begin(), profile.has.end(), [&](const auto& has) { return present.contains(has.first); });
    const bool holds = found != profile.has.end();
    std::string names;
    for (const auto& [oid, name] : profile.has) names += (names.empty() ? "" : ", ") + name;
    say(holds, 100, holds ? "has " + found->second : "has none of " + names);
  }
  if (all.why.empty()) return {false, 0, "has no condition"};
  return all;
}

asio::awaitable<Result<Identified>> identify(snmp::Client& client, snmp::Target target,
                                             std::shared_ptr<const ProfileSet> profiles) {
  Identified device;
  std::vector<Oid> first{kSysDescr, kSysObjectId};
  auto answer = co_await client.get(target, std::move(first));
  if (!answer) co_return std::move(answer).error();
  if (answer->varbinds.size() == 2) {
    if (answer->varbinds[0].value.type == ValueType::OctetString)
      device.sys_descr = answer->varbinds[0].value.octets.substr(0, 4096);
    if (answer->varbinds[1].value.type == ValueType::ObjectId) device.sys_object_id = answer->varbinds[1].value.oid;
  }
  std::set<Oid> wanted;
  add_probes(*profiles, device.sys_object_id, device.sys_descr, wanted);
  std::vector<Oid> objects(wanted.begin(), wanted.end());
  auto present = co_await probe(client, target, std::move(objects));
  if (!present) co_return std::move(present).error();
  const System* system = find_system(*profiles, device.sys_object_id, device.sys_descr, *present);
  add_facts(*profiles, device, system);
  std::string os;
  for (const auto& [name, value] : device.facts)
    if (name == "os") os = value;
  device.explanations.push_back({"systems", "who the device is", system != nullptr, system == nullptr,
                                 system != nullptr ? "sysObjectID and sysDescr say that it is " + (os.empty() ? "known" : os)
                                                   : "no system fits its sysObjectID and sysDescr"});

  // Objects are asked for where they decide: the profile's other conditions hold.
  wanted.clear();
  for (const DeviceProfile& profile : profiles->profiles()) {
    std::set<Oid> all;
    for (const auto& [oid, name] : profile.has) all.insert(oid);
    if (!all.empty() && judge(profile, device.sys_object_id, device.sys_descr, os, all).matched) wanted.merge(all);
  }
  std::vector<Oid> deciding(wanted.begin(), wanted.end());
  present = co_await probe(client, target, std::move(deciding));
  if (!present) co_return std::move(present).error();

  std::vector<std::pair<int, const DeviceProfile*>> matched;
  for (const DeviceProfile& profile : profiles->profiles()) {
    Judgement found = judge(profile, device.sys_object_id, device.sys_descr, os, *present);
    if (found.matched) matched.emplace_back(-found.rank, &profile);
    device.explanations.push_back(
        {profile.name, profile.title, found.matched, found.near && !found.matched, std::move(found.why)});
  }
  std::stable_sort(matched.begin(), matched.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [rank, profile] : matched) device.profiles.push_back(profile);
  co_return device;
}

// Puts cells into rows as they come: side by side, so that the row is mostly the last one or the one behind it. An agent whose
// columns hold different rows costs a map.
struct RowBuilder {
  GroupData& data;
  std::size_t columns;
  const Clock& clock;
  const SteadyTime& deadline;
  bool late = false;
  std::size_t last = 0;
  bool rising = true;  // the rows lie by their index
  std::map<std::vector<std::uint32_t>, std::size_t> by_index{};

  bool take(const snmp::Cell& cell) {
    if (!is_at(last, cell.index) && !is_at(++last, cell.index)) {
      if (clock.steady() > deadline) return late = true, false;
      last = place(std::vector(cell.index.begin(), cell.index.end()));
    }
    data.rows[last].values[cell.column] = cell.value.to_value();
    return true;
  }
  void finish() {
    if (!rising) std::sort(data.rows.begin(), data.rows.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  }

  bool is_at(std::size_t row, std::span<const std::uint32_t> index) const {
    return row < data.rows.size() &&
           std::equal(index.begin(), index.end(), data.rows[row].index.begin(), data.rows[row].index.end());
  }
  std::size_t place(std::vector<std::uint32_t> index) {
    const bool behind = data.rows.empty() || data.rows.back().index < index;
    if (rising && !behind) {
      const auto before = [](const GroupData::Row& row, const std::vector<std::uint32_t>& wanted) { return row.index < wanted; };
      const auto at = std::lower_bound(data.rows.begin(), data.rows.end(), index, before);
      if (at->index == index) return static_cast<std::size_t>(at - data.rows.begin());
      rising = false;
      for (std::size_t row = 0; row < data.rows.size(); ++row) by_index.emplace(data.rows[row].index, row);
    }
    if (!rising) {
      const auto [at, fresh] = by_index.try_emplace(index, data.rows.size());
      if (!fresh) return at->second;
    }
    data.rows.push_back({.index = std::move(index), .values = std::vector<Value>(columns)});
    return data.rows.size() - 1;
  }
};

// Whether a value of this kind can stand for an object of that syntax at all. Agents mix the kinds of numbers freely; that
// does no harm.
static bool fits(mib::Syntax syntax, ValueType type) {
  const bool number = type == ValueType::Integer || type == ValueType::Counter32 || type == ValueType::Gauge32 ||
                      type == ValueType::TimeTicks || type == ValueType::Counter64;
  switch (syntax) {
    case mib::Syntax::Integer:
    case mib::Syntax::Counter32:
    case mib::Syntax::Gauge32:
    case mib::Syntax::TimeTicks:
    case mib::Syntax::Counter64:
    case mib::Syntax::Unsigned32:
      return number;
    case mib::Syntax::OctetString:
    case mib::Syntax::Bits:
      return type == ValueType::OctetString;
    case mib::Syntax::ObjectId:
      return type == ValueType::ObjectId;
    case mib::Syntax::IpAddress:
      return type == ValueType::IpAddress;
    default:
      return true;
  }
}

// Whether no number can be had of it, neither as text.
static bool is_no_number(const Value& value) {
  const auto number = value.type == ValueType::OctetString ? parse_number(trim(value.octets)) : value.to_double();
  return !number || !std::isfinite(*number);
}

// A value that cannot be what its object is said to be: the dialect is told of the first. Where a number is due and none
// came, it is as if the agent had failed at it.
static void doubt_types(snmp::Client& client, const snmp::Target& target, const Group& group, Fetched& fetched) {
  bool told = false;
  std::set<std::uint32_t> numberless;
  const auto look = [&](std::uint32_t number, std::span<const std::uint32_t> index, Value& value) {
    const Leaf& leaf = group.leaves[number];
    if (!leaf.object || value.type == ValueType::Null || !value.exists() || fits(leaf.object->type, value.type)) return;
    const bool lost = fits(leaf.object->type, ValueType::Integer) && is_no_number(value);
    if (!told || (lost && !numberless.contains(number))) {
      std::string evidence = leaf.name + " (" + (leaf.oid + index).to_string() + ") came as " +
                             std::string(to_string(value.type)) + ", and is " + std::string(to_string(leaf.object->type));
      if (lost && numberless.insert(number).second) fetched.notes.push_back(evidence + "; it is not used");
      if (!std::exchange(told, true)) client.dialects().note(target.endpoint, snmp::Trait::WrongType, std::move(evidence));
    }
    if (!lost) return;
    fetched.data.lacking.emplace(number, GapCause::AgentError);
    value = {};
  };
  for (auto& [leaf, value] : fetched.data.scalars) look(leaf, {}, value);
  for (GroupData::Row& row : fetched.data.rows) {
    for (std::size_t i = 0; i < row.values.size() && i < fetched.data.asked.size(); ++i)
      look(fetched.data.asked[i], row.index, row.values[i]);
  }
}

static Error too_late(const snmp::Target& target, const Group& group) {
  return Error{Code::Limit,
               target.name + ": table " + group.name + " was not done in the time that a poll has; raise the device's interval"};
}

GapCause cause_of(Code code) {
  switch (code) {
    case Code::Timeout:
      return GapCause::Timeout;
    case Code::Denied:
      return GapCause::Auth;
    case Code::Limit:
      return GapCause::Overrun;
    case Code::NotFound:
      return GapCause::Dns;
    case Code::Refused:
    case Code::Invalid:
      return GapCause::AgentError;
    case Code::Unsupported:
      return GapCause::NoSuchObject;
    default:
      return GapCause::Unreachable;
  }
}

// What is wrong with one column is wrong with its neighbours, too, and is told once.
static void add_notes(const std::vector<std::string>& from, std::vector<std::string>& notes) {
  if (from.empty()) return;
  notes.push_back(from.front());
  if (from.size() > 1) notes.back() += " (and the like in " + std::to_string(from.size() - 1) + " more places)";
}

static void add_lacking(const std::vector<snmp::WalkEnd::Left>& left, const std::vector<std::uint32_t>& leaves, GroupData& data) {
  for (const auto& [column, code] : left)
    if (column < leaves.size()) data.lacking.emplace(leaves[column], cause_of(code));
}

// How many values a column has, or what they are together: one number, and no row is kept. A column without values gives none.
static asio::awaitable<Status> read_whole(snmp::Client& client, snmp::Target target, const Group& group, std::uint32_t leaf,
                                          Fetched& fetched) {
  const bool sum = group.leaves[leaf].place == Leaf::Place::Sum;
  std::size_t cells = 0;
  std::uint64_t all = 0;
  std::vector<Oid> column{group.leaves[leaf].oid};
  auto made = snmp::Columns::make(std::move(column));
  if (!made) co_return std::move(made).error();
  snmp::CellSink sink = [&](const snmp::Cell& cell) {
    const auto value = cell.value.to_value();
    if (value.type == ValueType::Null || !value.exists()) return true;
    if (sum) all += static_cast<std::uint64_t>(std::max(0.0, value.to_double().value_or(0)));
    else ++all;
    return ++cells < kMostCounted;
  };
  auto end = co_await client.table(target, std::move(*made), std::move(sink));
  if (!end) co_return std::move(end).error();
  if (cells == kMostCounted || end->cut) {
    fetched.notes.push_back(group.leaves[leaf].name + " has " + std::to_string(kMostCounted) +
                            " values and more, or does not end: it is not counted");
    fetched.data.lacking.emplace(leaf, GapCause::Overrun);
    co_return Status();
  }
  add_notes(end->notes, fetched.notes);
  if (!end->left.empty()) fetched.data.lacking.emplace(leaf, cause_of(end->left.front().code));
  else if (cells > 0) fetched.data.scalars.emplace_back(leaf, Value::of_number(ValueType::Counter64, all));
  co_return Status();
}

asio::awaitable<Result<Fetched>> fetch_group(net::Reactor& reactor, snmp::Client& client, snmp::Target target, const Group& group,
                                             std::vector<bool> used, const SteadyTime& deadline) {
  Fetched fetched;
  std::vector<Oid> scalars, columns, lookups;
  std::vector<std::uint32_t> scalar_leaves, lookup_leaves, whole;
  fetched.data.left_out.assign(group.leaves.size(), false);
  for (std::uint32_t leaf = 0; leaf < group.leaves.size(); ++leaf) {
    if (!used.empty() && !used[leaf]) {
      fetched.data.left_out[leaf] = true;
      continue;
    }
    switch (group.leaves[leaf].place) {
      case Leaf::Place::Scalar:
        scalars.push_back(group.leaves[leaf].oid);
        scalar_leaves.push_back(leaf);
        break;
      case Leaf::Place::Column:
        columns.push_back(group.leaves[leaf].oid);
        fetched.data.asked.push_back(leaf);
        break;
      case Leaf::Place::Lookup:
        lookups.push_back(group.leaves[leaf].oid);
        lookup_leaves.push_back(leaf);
        break;
      case Leaf::Place::Count:
      case Leaf::Place::Sum:
        whole.push_back(leaf);
        break;
    }
  }
  if (!scalars.empty()) {
    auto answer = co_await client.get(target, std::move(scalars));
    if (!answer) co_return std::move(answer).error();
    for (const Error& refused : answer->refused) fetched.notes.push_back(refused.text);
    for (std::size_t i = 0; i < answer->varbinds.size() && i < scalar_leaves.size(); ++i) {
      if (answer->varbinds[i].value.type == ValueType::Null && !answer->refused.empty())
        fetched.data.lacking.emplace(scalar_leaves[i], cause_of(answer->refused.front().code));
      fetched.data.scalars.emplace_back(scalar_leaves[i], std::move(answer->varbinds[i].value));
    }
  }
  if (!columns.empty()) {
    auto made = snmp::Columns::make(columns);
    if (!made) co_return std::move(made).error();
    RowBuilder builder{.data = fetched.data, .columns = columns.size(), .clock = reactor.clock(), .deadline = deadline};
    snmp::CellSink sink = [&builder](const snmp::Cell& cell) { return builder.take(cell); };
    auto end = co_await client.table(target, std::move(*made), std::move(sink));
    if (!end) co_return std::move(end).error();
    if (builder.late) co_return too_late(target, group);
    if (end->cut)
      co_return Error{Code::Limit,
                      target.name + ": table " + group.name +
                          " does not end within the bounds of a walk; which of its rows are true cannot be known, so "
                          "none is taken" +
                          (end->notes.empty() ? std::string() : ": " + end->notes.front())};
    builder.finish();
    add_notes(end->notes, fetched.notes);
    add_lacking(end->left, fetched.data.asked, fetched.data);
  }
  if (!lookups.empty()) {
    if (reactor.clock().steady() > deadline) co_return too_late(target, group);
    auto table = co_await client.table(target, std::move(lookups));
    if (!table) co_return std::move(table).error();
    for (auto& row : table->rows) {
      for (std::size_t i = 0; i < row.cells.size() && i < lookup_leaves.size(); ++i) {
        if (row.cells[i]) fetched.data.lookups[lookup_leaves[i]].emplace(row.index, std::move(*row.cells[i]));
      }
    }
    add_notes(table->end.notes, fetched.notes);
    add_lacking(table->end.left, lookup_leaves, fetched.data);
  }
  for (const std::uint32_t leaf : whole) {
    if (reactor.clock().steady() > deadline) co_return too_late(target, group);
    const Status read = co_await read_whole(client, target, group, leaf, fetched);
    if (!read) co_return read.error();
  }
  doubt_types(client, target, group, fetched);
  co_return fetched;
}

}  // namespace bongsu::poll
