// SPDX-License-Identifier: Apache-2.0
#include "discover/propose.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"
#include "discover/place.h"
#include "discover/units.h"
#include "poll/states.h"

namespace bongsu::discover {

std::string reference(const mib::Object& object, bool scalar) {
  const std::string name = std::string(object.module) + "::" + std::string(object.name);
  const auto found = object.tree->find(name);
  const bool plain = object.name.find('-') == std::string_view::npos;
  std::string out = found && found->number == object.number && plain ? name : "." + object.oid().to_string();
  return scalar ? out + ".0" : out;
}

std::string yaml_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) continue;
    out += c;
    if (c == '\'') out += c;
  }
  return out + "'";
}

std::string metric_name(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

std::string number_reference(const Seen& seen, bool scalar) {
  const std::string name = reference(seen.object, scalar);
  return seen.object.type == mib::Syntax::OctetString ? "number(" + name + ")" : name;
}

namespace {

using mib::Kind;
using mib::Object;
using mib::Syntax;

const Oid& enterprises() {
  static const Oid oid = *Oid::parse("1.3.6.1.4.1");
  return oid;
}

std::optional<double> number_of(const Value& value) {
  switch (value.type) {
    case ValueType::OctetString:
      return value.octets.size() <= 16 ? parse_number(trim(value.octets)) : std::nullopt;
    case ValueType::Integer:
      return static_cast<double>(value.integer);
    case ValueType::Counter32:
    case ValueType::Gauge32:
    case ValueType::TimeTicks:
    case ValueType::Counter64:
      return static_cast<double>(value.number);
    default:
      return std::nullopt;
  }
}

std::vector<Place> places_of(const mib::Tree& tree, const std::vector<Varbind>& walked) {
  std::map<std::uint32_t, Place> places;
  std::map<std::uint32_t, std::map<std::uint32_t, std::size_t>> at;  // place, object, where in its list
  for (const Varbind& varbind : walked) {
    std::size_t used = 0;
    const auto object = tree.find(varbind.oid.arcs(), &used);
    if (!object || used >= varbind.oid.size()) continue;
    const bool column = object->kind == Kind::Column;
    if (!column && (object->kind != Kind::Scalar || varbind.oid.size() != used + 1 || varbind.oid.back() != 0)) continue;
    const auto parent = object->parent();
    if (!parent || (column && parent->kind != Kind::Row)) continue;
    Place& place = places.try_emplace(parent->number, Place{*parent, column, {}, {}}).first->second;
    const auto suffix = varbind.oid.suffix(used);
    place.rows.emplace(suffix.begin(), suffix.end());
    const auto [slot, fresh] = at[parent->number].try_emplace(object->number, place.objects.size());
    if (fresh) place.objects.push_back({*object, 0, 0, 0, 0, {}});
    Seen& seen = place.objects[slot->second];
    if (const auto number = number_of(varbind.value)) {
      seen.least = seen.numbers == 0 ? *number : std::min(seen.least, *number);
      seen.most = seen.numbers == 0 ? *number : std::max(seen.most, *number);
      ++seen.numbers;
    }
    if (varbind.value.type == ValueType::OctetString) {
      seen.texts.insert(std::string(trim(varbind.value.octets)));
    }
    ++seen.values;
  }
  std::vector<Place> out;
  for (auto& [number, place] : places) out.push_back(std::move(place));
  return out;
}

bool is_text(const Object& object) {
  return object.type == Syntax::OctetString &&
         (object.hint.ends_with('a') || object.hint.ends_with('t') || object.convention.ends_with("String"));
}

// One line of a group, and what it reads.
struct Line {
  std::string name, value, unit;  // of a metric
  std::string sensor_class;       // of a sensor
  std::size_t series = 0;
};

class Proposer {
 public:
  Proposer(const mib::Tree& tree, const Subject& subject, const ProposalLimits& limits)
      : tree_(tree), subject_(subject), limits_(limits) {}

  void run() {
    const auto arcs = subject_.sys_object_id.arcs();
    const bool vendor = subject_.sys_object_id.starts_with(enterprises()) && arcs.size() > enterprises().size();
    const std::uint32_t enterprise = vendor ? arcs[enterprises().size()] : 0;
    out_.profile = "proposed-" + std::to_string(enterprise);
    std::string body;
    for (const Place& place : places_of(tree_, subject_.walked)) body += group_of(place);
    if (unnamed_ > 0) note(unnamed_, "values of objects that no loaded MIB module names: bongsu mib add the vendor's");
    if (settings_ > 0) note(settings_, "objects that may be set, and so are settings");
    if (unclear_ > 0) note(unclear_, "numbers of which neither type, UNITS, words nor name tell what they are");
    if (body.empty()) return;
    out_.yaml = "# SPDX-License-Identifier: Apache-2.0\n# Proposed from what " + plain(subject_.device) +
                " answers and what its MIB modules say of it. Change what you know better.\n- profile: " + out_.profile +
                "\n  title: " + yaml_text("What MIB modules say of devices like " + plain(subject_.device)) + "\n  match: {";
    if (vendor) out_.yaml += "sysObjectID: ." + (enterprises() + enterprise).to_string() + ", ";
    out_.yaml += "has: [" + has_ + "]}\n  collect:\n" + body;
  }

  Proposal take() { return std::move(out_); }

  // A table or a group of scalars each, or two numbers below the vendor's where nothing is named.
  void list_unused() {
    std::map<Oid, Unused> found;
    // A table of which one column is read is in use: the others were left out by who wrote the profile.
    std::set<std::uint32_t> read;
    for (const Varbind& varbind : subject_.walked) {
      const auto object = tree_.find(varbind.oid.arcs());
      if (object && object->kind == Kind::Column && object->parent() && is_covered(varbind.oid))
        read.insert(object->parent()->number);
    }
    for (const Varbind& varbind : subject_.walked) {
      if (is_covered(varbind.oid)) continue;
      const auto object = tree_.find(varbind.oid.arcs());
      const bool named = object && (object->kind == Kind::Column || object->kind == Kind::Scalar);
      auto parent = named ? object->parent() : std::nullopt;
      if (parent && read.contains(parent->number)) continue;
      if (parent && parent->kind == Kind::Row) parent = parent->parent();
      const Oid oid = parent ? parent->oid() : Oid(varbind.oid.arcs().first(std::min<std::size_t>(varbind.oid.size(), 9)));
      Unused& at = found.try_emplace(oid, Unused{oid, {}, 0, false}).first->second;
      if (named) at.proposed = at.proposed || proposed_.contains(object->parent()->number);
      if (parent) at.name = std::string(parent->module) + "::" + std::string(parent->name);
      ++at.values;
    }
    for (auto& [oid, one] : found) out_.unused.push_back(std::move(one));
    std::stable_sort(out_.unused.begin(), out_.unused.end(),
                     [](const Unused& a, const Unused& b) { return a.values > b.values; });
    if (out_.unused.size() > kMostUnused) out_.unused.resize(kMostUnused);
    out_.values = subject_.walked.size();
    out_.sys_object_id = subject_.sys_object_id;
  }

  void count_unnamed() {
    for (const Varbind& varbind : subject_.walked) {
      const auto object = tree_.find(varbind.oid.arcs());
      unnamed_ += !object || (object->kind != Kind::Column && object->kind != Kind::Scalar) ? 1 : 0;
    }
  }

 private:
  bool is_covered(const Oid& oid) const {
    for (std::size_t size = enterprises().size() + 1; size <= oid.size(); ++size) {
      const Oid prefix(oid.arcs().first(size));
      if (subject_.covered.contains(prefix) || subject_.accepted.contains(prefix)) return true;
    }
    return false;
  }
  static std::string plain(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, 100)) out += c >= ' ' && c <= '~' ? c : '?';
    return out;
  }
  void note(std::size_t count, std::string_view what) { out_.notes.push_back(fmt::format("{} {}", count, what)); }

  bool is_wanted(const Object& object, bool scalar) const {
    const auto covered = scalar ? object.oid() + 0 : object.oid();
    if (subject_.covered.contains(covered) || object.status == mib::DefStatus::Obsolete || object.name.empty()) return false;
    return object.access != mib::Access::NotAccessible && object.access != mib::Access::Notify;
  }

  std::optional<Line> line_of(const Seen& seen, bool scalar) {
    const Object& object = seen.object;
    const std::string value = reference(object, scalar);
    Line line{.name = metric_name(object.name), .value = value, .series = seen.values};
    // HCNUM-TC has a gauge that travels as a Counter64.
    const bool gauge = object.convention == "CounterBasedGauge64";
    if (!gauge && (object.type == Syntax::Counter32 || object.type == Syntax::Counter64)) {
      line.name += "_total";
      return line;
    }
    const bool text = object.type == Syntax::OctetString && seen.numbers == seen.values && object.enums().empty();
    const bool number =
        object.type == Syntax::Integer || object.type == Syntax::Gauge32 || object.type == Syntax::Unsigned32 || gauge || text;
    if (!number && object.type != Syntax::TimeTicks) return std::nullopt;
    const bool writable = object.access == mib::Access::ReadWrite || object.access == mib::Access::ReadCreate;
    const auto words = words_of_name(object.name);
    if (!object.enums().empty()) return writable ? setting() : state_of(object, words, std::move(line));
    if (is_bound(words)) return writable ? setting() : std::nullopt;
    if (object.type == Syntax::TimeTicks) {
      if (writable) return setting();
      line.name += "_seconds";
      line.value += " / 100";
      return line;
    }
    line.value = number_reference(seen, scalar);
    auto reading = reading_of_units(object.units, words);
    if (reading && reading->after.empty()) {
      // UNITS name the unit; that it is told in tenths stands in the text, if anywhere.
      const auto spoken = reading_of_words({.words = words,
                                            .description = object.description,
                                            .hint = object.hint,
                                            .convention = object.convention,
                                            .least = seen.least,
                                            .most = seen.most});
      if (spoken && spoken->sensor_class == reading->sensor_class) reading = spoken;
      else reading = plausible(*reading, seen.least, seen.most);
    }
    if (!reading && object.units.empty())
      reading = reading_of_words({.words = words,
                                  .description = object.description,
                                  .hint = object.hint,
                                  .convention = object.convention,
                                  .least = seen.least,
                                  .most = seen.most});
    // What may be set is a setting, unless it is plainly measured: modules are careless there.
    if (writable && (!reading || reading->sensor_class == "percent" || reading->sensor_class == "load")) return setting();
    if (reading) {
      line.sensor_class = reading->sensor_class;
      line.value = std::string(reading->before) + line.value + std::string(reading->after);
      return line;
    }
    if (text) return std::nullopt;
    if (object.units.empty() && counts_things(words) && seen.least >= 0) {
      line.sensor_class = "count";
      return line;
    }
    if (object.units.empty() && object.type != Syntax::Gauge32 && !gauge) {
      ++unclear_;
      return std::nullopt;
    }
    line.unit = object.units.substr(0, 40);
    return line;
  }

  std::optional<Line> setting() {
    ++settings_;
    return std::nullopt;
  }

  // Only words that tell of health: one that is well, and one that is not; or the name says that it is a state.
  static std::optional<Line> state_of(const Object& object, const std::vector<std::string>& words, Line line) {
    bool well = false, ill = false;
    for (const mib::EnumItem& item : object.enums()) {
      const Severity severity = poll::severity_of_word(item.label);
      well = well || severity == Severity::Normal;
      ill = ill || severity >= Severity::Caution;
    }
    const auto has = [&](std::string_view word) { return has_word(words, word); };
    if (has("admin") || has("config") || has("mode") || has("type") || has("trap") || has("action") || has("row"))
      return std::nullopt;
    const bool named = has("status") || has("state") || has("condition") || has("health") || has("alarm") || has("fault") ||
                       has("online") || has("up") || has("active") || has("present");
    if (!(well && ill) && !named) return std::nullopt;
    line.sensor_class = "state";
    return line;
  }

  // The column that names rows: a text that differs from row to row, by preference one that says that it is a name.
  static const Seen* naming(const Place& place) {
    const Seen* best = nullptr;
    int best_rank = 99;
    constexpr std::string_view kWords[] = {"name", "label", "descr", "description", "alias", "location", "string", "id"};
    for (const Seen& seen : place.objects) {
      if (!is_text(seen.object) || seen.texts.empty() || seen.texts.contains("") || seen.texts.size() < place.rows.size())
        continue;
      const auto words = words_of_name(seen.object.name);
      const auto at = std::find(std::begin(kWords), std::end(kWords), words.empty() ? "" : words.back());
      const int rank = static_cast<int>(at - std::begin(kWords));
      if (rank < best_rank) best = &seen, best_rank = rank;
    }
    return best;
  }

  // `first` is the name of the label that tells rows apart.
  static std::string labels_of(const Place& place, const std::string& first) {
    const auto index = place.parent.index();
    std::string out;
    const Seen* name = naming(place);
    if (name != nullptr) out = first + ": \"trim(" + reference(name->object, false) + ") ?? index\"";
    else if (index.size() < 2) return "{" + first + ": index}";
    else out = first + ": index";
    // Of a row within a row each part tells.
    for (std::size_t i = 0; index.size() > 1 && i < index.size(); ++i)
      out += ", " + metric_name(index[i].name) + ": index(" + std::to_string(i + 1) + ")";
    return "{" + out + "}";
  }

  std::string group_of(const Place& place) {
    const auto table = place.table ? place.parent.parent() : std::optional<Object>();
    const std::string name(table && !table->name.empty() ? table->name : place.parent.name);
    if (place.rows.size() > limits_.rows) {
      note(place.rows.size(), "rows in " + name + ", more than are proposed");
      return {};
    }
    const auto index = place.parent.index();
    std::vector<Line> metrics, sensors;
    std::size_t series = 0;
    std::set<std::uint32_t> taken;  // read already, or by another group of this proposal
    for (const Seen& seen : place.objects) {
      if (!is_wanted(seen.object, !place.table)) taken.insert(seen.object.number);
    }
    std::vector<std::string> typed;
    if (place.table) typed = typed_sensors(place, taken);
    if (!typed.empty()) series += place.rows.size();
    std::string pools;
    for (const GroupText& pool : pool_groups(place, name, labels_of(place, "@"), subject_.given, taken)) {
      if (out_.series + series + pool.series > limits_.series) continue;
      pools += pool.yaml;
      series += pool.series;
      ++out_.groups;
    }
    for (const Seen& seen : place.objects) {
      if (taken.contains(seen.object.number)) continue;
      if (std::any_of(index.begin(), index.end(), [&](const auto& ref) { return ref.object == seen.object.number; })) continue;
      if (auto line = line_of(seen, !place.table)) {
        series += line->series;
        (line->sensor_class.empty() ? metrics : sensors).push_back(*std::move(line));
      }
    }
    if (series == 0) return {};
    if (out_.series + series > limits_.series) {
      note(series, "series of " + name + " beyond what is proposed for one device");
      return {};
    }
    out_.series += series;
    proposed_.insert(place.parent.number);
    if (out_.groups++ < 8) has_ += (has_.empty() ? "" : ", ") + reference(place.parent, false);
    if (metrics.empty() && sensors.empty() && typed.empty()) return pools;
    std::string body = std::string("    - ") + (place.table ? "table: " : "scalars: ") + metric_name(name) + "\n";
    const bool readings = !sensors.empty() || !typed.empty();
    if (place.table) body += "      labels: " + labels_of(place, readings ? "sensor" : "name") + "\n";
    if (!metrics.empty()) {
      body += "      metrics:\n";
      for (const Line& line : metrics) {
        if (line.unit.empty()) body += "        " + line.name + ": " + line.value + "\n";
        else body += "        " + line.name + ": {value: " + line.value + ", unit: " + yaml_text(line.unit) + "}\n";
      }
    }
    if (readings) {
      body += "      sensors:\n";
      for (const std::string& line : typed) body += line;
      const bool several = sensors.size() > 1 || !place.table;
      for (const Line& line : sensors) {
        body += "        - {class: " + line.sensor_class + ", value: " + line.value;
        if (several) body += ", name: " + yaml_text(line.name);
        body += "}\n";
      }
    }
    return body + pools;
  }

  const mib::Tree& tree_;
  const Subject& subject_;
  const ProposalLimits& limits_;
  std::size_t settings_ = 0, unclear_ = 0, unnamed_ = 0;
  std::string has_;
  std::set<std::uint32_t> proposed_;  // places that give something
  Proposal out_;
};

}  // namespace

Proposal propose(const mib::Tree& tree, const Subject& subject, const ProposalLimits& limits) {
  Proposer proposer(tree, subject, limits);
  proposer.count_unnamed();
  proposer.run();
  proposer.list_unused();
  return proposer.take();
}

}  // namespace bongsu::discover
