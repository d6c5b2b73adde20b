// SPDX-License-Identifier: Apache-2.0
#include "parse.h"

#include <net-snmp/net-snmp-config.h>
// Net-SNMP's configuration comes before its other headers.
#include <net-snmp/library/callback.h>
#include <net-snmp/library/default_store.h>
#include <net-snmp/library/parse.h>
#include <net-snmp/library/snmp_api.h>
#include <net-snmp/library/snmp_logging.h>
#include <net-snmp/mib_api.h>
#include <net-snmp/output_api.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <unordered_map>

#include "base/text.h"

namespace bongsu::mibc {

namespace {

using mib::ImageBuilder;
using mib::Kind;
using mib::kNone;
using mib::ObjectRecord;
using mib::Syntax;

constexpr std::size_t kMaxComplaints = 20'000;

struct Complaints {
  std::string open;  // a line arrives in pieces
  std::vector<std::string> lines;
  std::size_t lost = 0;
};

int take_complaint(int, int, void* said, void* mine) {
  auto& to = *static_cast<Complaints*>(mine);
  to.open += static_cast<const snmp_log_message*>(said)->msg;
  for (auto end = to.open.find('\n'); end != std::string::npos; end = to.open.find('\n')) {
    if (to.lines.size() < kMaxComplaints) to.lines.push_back(to.open.substr(0, end));
    else ++to.lost;
    to.open.erase(0, end + 1);
  }
  return 0;
}

Syntax syntax_of(int type) {
  switch (type) {
    case TYPE_OBJID:
      return Syntax::ObjectId;
    case TYPE_OCTETSTR:
    case TYPE_NSAPADDRESS:
      return Syntax::OctetString;
    case TYPE_INTEGER:
    case TYPE_INTEGER32:
      return Syntax::Integer;
    case TYPE_NETADDR:
    case TYPE_IPADDR:
      return Syntax::IpAddress;
    case TYPE_COUNTER:
      return Syntax::Counter32;
    case TYPE_GAUGE:
      return Syntax::Gauge32;
    case TYPE_TIMETICKS:
      return Syntax::TimeTicks;
    case TYPE_OPAQUE:
      return Syntax::Opaque;
    case TYPE_COUNTER64:
      return Syntax::Counter64;
    case TYPE_BITSTRING:
      return Syntax::Bits;
    case TYPE_UINTEGER:
    case TYPE_UNSIGNED32:
      return Syntax::Unsigned32;
    default:
      return Syntax::None;
  }
}

// Lines without the source's indentation; Latin-1 where it is not UTF-8.
std::string clean(std::string text) {
  std::string out;
  if (!is_valid_utf8(text)) {
    std::string wide;
    for (const char c : text) {
      const auto octet = static_cast<unsigned char>(c);
      if (octet < 0x80) wide += c;
      else wide += {static_cast<char>(0xc0 | octet >> 6), static_cast<char>(0x80 | (octet & 0x3f))};
    }
    text = std::move(wide);
  }
  for (const std::string_view line : split(trim(text), '\n')) {
    if (!out.empty()) out += '\n';
    out += trim(line);
  }
  return out;
}

std::string plain(const char* raw) {
  std::string text = raw == nullptr ? std::string() : clean(raw);
  if (text.starts_with(kReservedMark)) text.erase(0, kReservedMark.size());
  return text;
}

class Harvest {
 public:
  Harvest(const std::vector<Input>& inputs, ImageBuilder& image) : inputs_(inputs), image_(image) {
    for (const Input& input : inputs) {
      by_module_.emplace(input.source->module.name, &input);
      if (!input.target) continue;
      numbers_.emplace(input.source->module.name, static_cast<std::uint32_t>(image.modules.size()));
      image.modules.push_back({image.text(input.source->module.name), image.text(input.source->file.string()),
                               image.text(input.source->module.last_updated), input.mended->declared, 0, 0});
    }
  }

  void walk(tree* head) {
    struct Step {
      tree* node;
      std::uint32_t parent;
    };
    std::vector<Step> todo;  // an own stack: nothing bounds how deep a tree is
    for (tree* node = head; node != nullptr; node = node->next_peer) todo.push_back({node, kNone});
    while (!todo.empty()) {
      const Step step = todo.back();
      todo.pop_back();
      const std::uint32_t number = take(*step.node, step.parent);
      for (tree* child = step.node->child_list; child != nullptr; child = child->next_peer) todo.push_back({child, number});
    }
    resolve();
  }

 private:
  struct Known {
    const Input* input = nullptr;  // nothing when the parser made the module up
    std::uint32_t number = kNone;  // in the image, of a module that this run is for
  };
  const Known& known(int modid) {
    const auto [at, fresh] = modids_.try_emplace(modid);
    if (!fresh) return at->second;
    if (const module* found = find_module(modid); found != nullptr && found->name != nullptr) {
      if (const auto input = by_module_.find(found->name); input != by_module_.end()) at->second.input = input->second;
      if (const auto number = numbers_.find(found->name); number != numbers_.end()) at->second.number = number->second;
    }
    return at->second;
  }

  std::uint32_t take(const tree& node, std::uint32_t parent) {
    const auto number = static_cast<std::uint32_t>(image_.objects.size());
    const std::string label = plain(node.label);
    ObjectRecord record{};
    record.parent = parent;
    record.subid = static_cast<std::uint32_t>(node.subid);
    record.module = kNone;
    record.augments = kNone;
    // Net-SNMP makes up "anonymous#5" for a number without a name.
    if (label.empty() || label.find('#') != std::string::npos) {
      image_.objects.push_back(record);
      origins_.push_back({});
      return number;
    }
    // Modules that say the same name for the same number; each of ours keeps what it says of it.
    std::vector<int> modids{node.modid};
    for (int i = 0; i < node.number_modules; ++i) {
      if (std::find(modids.begin(), modids.end(), node.module_list[i]) == modids.end()) modids.push_back(node.module_list[i]);
    }
    std::size_t taken = 0;
    for (const int modid : modids) {
      const Known& home = known(modid);
      const Facts* facts = nullptr;
      if (home.input != nullptr) {
        if (const auto at = home.input->mended->facts.find(label); at != home.input->mended->facts.end()) facts = &at->second;
      }
      if (home.number == kNone && (taken != 0 || modid != modids.back())) continue;
      by_name_[label].emplace_back(modid, static_cast<std::uint32_t>(image_.objects.size()));
      add(node, record, label, home, facts, modid);
      ++taken;
    }
    return number;
  }

  void add(const tree& node, ObjectRecord record, const std::string& label, const Known& home, const Facts* facts, int modid) {
    const Syntax syntax = syntax_of(node.type);
    record.kind = static_cast<std::uint8_t>(facts != nullptr ? facts->kind : Kind::Node);
    if (record.parent == kNone) record.name = image_.text(label);  // iso, of no module
    if (home.number != kNone) {                                    // of others the place alone: their own run tells the rest
      record.name = image_.text(label);
      record.module = home.number;
      if (facts != nullptr) ++image_.modules[home.number].objects;  // not for a name inside another's OID
      record.syntax = static_cast<std::uint8_t>(syntax);
      record.convention = image_.text(plain(get_tc_descriptor(node.tc_index)));
      if (syntax == Syntax::None && facts != nullptr && facts->kind == Kind::Scalar)
        record.convention = image_.text(clean(facts->type));  // one that nothing loaded defines keeps its name
      record.hint = image_.text(plain(node.hint));
      take_lists(node, syntax, facts, record);
    }
    if (home.number != kNone && facts != nullptr) {
      record.access = static_cast<std::uint8_t>(facts->access);
      record.status = static_cast<std::uint8_t>(facts->status);
      record.units = image_.text(clean(facts->units));
      record.description = image_.text(clean(facts->description));
      record.default_value = image_.text(clean(facts->default_value));
    }
    image_.objects.push_back(record);
    origins_.push_back({facts, modid});
  }

  void take_lists(const tree& node, Syntax syntax, const Facts* facts, ObjectRecord& record) {
    record.first_enum = static_cast<std::uint32_t>(image_.enums.size());
    for (const enum_list* e = node.enums; e != nullptr; e = e->next)
      image_.enums.push_back({image_.text(plain(e->label)), e->value});
    std::stable_sort(image_.enums.begin() + record.first_enum, image_.enums.end(),
                     [](const auto& a, const auto& b) { return a.value < b.value; });
    record.enums = static_cast<std::uint32_t>(image_.enums.size()) - record.first_enum;

    record.first_range = static_cast<std::uint32_t>(image_.ranges.size());
    if (facts != nullptr && !facts->ranges.empty()) {
      for (const auto& [low, high] : facts->ranges) image_.ranges.push_back({low, high});
    } else {
      const bool is_unsigned =
          syntax == Syntax::Unsigned32 || syntax == Syntax::Gauge32 || syntax == Syntax::Counter32 || syntax == Syntax::TimeTicks;
      // A convention's bounds were written for 32 bits with a sign.
      for (const range_list* r = node.ranges; r != nullptr; r = r->next)
        image_.ranges.push_back({r->low, is_unsigned && r->high == INT32_MAX ? std::int64_t{UINT32_MAX} : r->high});
    }
    std::stable_sort(image_.ranges.begin() + record.first_range, image_.ranges.end(),
                     [](const auto& a, const auto& b) { return a.low < b.low; });
    record.ranges = static_cast<std::uint32_t>(image_.ranges.size()) - record.first_range;

    record.first_ref = static_cast<std::uint32_t>(image_.refs.size());
    if (facts != nullptr) {
      for (const auto& [name, implied] : facts->refs) image_.refs.push_back({kNone, image_.text(name), implied});
    }
    record.refs = static_cast<std::uint32_t>(image_.refs.size()) - record.first_ref;
  }

  std::uint32_t lookup(const std::string& name, int modid) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return kNone;
    const auto of = [&](int wanted) {
      for (const auto& [id, number] : found->second) {
        if (id == wanted) return number;
      }
      return kNone;
    };
    if (const auto own = of(modid); own != kNone) return own;
    if (const module* importer = find_module(modid); importer != nullptr) {
      for (int i = 0; i < importer->no_imports; ++i) {
        if (importer->imports[i].label == nullptr || plain(importer->imports[i].label) != name) continue;
        if (const auto at = of(importer->imports[i].modid); at != kNone) return at;
      }
    }
    return found->second.front().second;
  }

  // Names of other objects, and what a row makes of its neighbours.
  void resolve() {
    for (std::uint32_t i = 0; i < image_.objects.size(); ++i) {
      ObjectRecord& record = image_.objects[i];
      const auto& [facts, modid] = origins_[i];
      if (facts == nullptr) continue;
      for (std::uint32_t r = 0; r < record.refs; ++r)
        image_.refs[record.first_ref + r].object = lookup(facts->refs[r].first, modid);
      if (!facts->augments.empty()) record.augments = lookup(facts->augments, modid);
      if (record.parent == kNone) continue;
      ObjectRecord& parent = image_.objects[record.parent];
      if (static_cast<Kind>(record.kind) == Kind::Row && static_cast<Kind>(parent.kind) == Kind::Node)
        parent.kind = static_cast<std::uint8_t>(Kind::Table);
      if (static_cast<Kind>(record.kind) == Kind::Scalar && static_cast<Kind>(parent.kind) == Kind::Row)
        record.kind = static_cast<std::uint8_t>(Kind::Column);
    }
  }

  const std::vector<Input>& inputs_;
  ImageBuilder& image_;
  std::map<std::string, const Input*, std::less<>> by_module_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::unordered_map<int, Known> modids_;
  std::vector<std::pair<const Facts*, int>> origins_;  // by object
  std::unordered_map<std::string, std::vector<std::pair<int, std::uint32_t>>> by_name_;
};

void set(int flag, bool on = true) { netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, flag, on ? 1 : 0); }

// What stands in `text` between two marks; empty when either is missing.
std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
  const auto begin = text.find(from);
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin + from.size());
  const auto end = to.empty() ? text.size() : text.find(to);
  return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
}

class Complainer {
 public:
  Complainer(const std::vector<Input>& inputs, Outcome& out) : out_(out) {
    for (const Input& input : inputs) {
      copies_.emplace(input.copy.string(), &input);
      modules_.emplace(input.source->module.name, &input);
    }
  }

  void take(std::string_view line) {
    line = trim(line);
    // "What (token): At line 12 in COPY": the rest of the module is lost to the parser, unless the definition is left out.
    if (const auto at = line.rfind(": At line "); at != std::string_view::npos) {
      const auto number = parse_unsigned(between(line.substr(at), ": At line ", " in "));
      const auto copy = copies_.find(between(line.substr(at), " in ", ""));
      if (!number || copy == copies_.end()) return;
      const auto& lines = copy->second->mended->lines;
      const auto next = std::upper_bound(lines.begin(), lines.end(), *number, [](auto n, const auto& l) { return n < l.first; });
      if (next != lines.begin())
        out_.refused.push_back({copy->second->number, std::prev(next)->second, std::string(line.substr(0, at))});
      return;
    }
    // "Cannot adopt OID in M: name ::= { parent 3 }", "Unlinked OID in M: ..."
    if (!line.starts_with("Cannot adopt") && !line.starts_with("Unlinked")) return;
    const auto module = modules_.find(between(line, " in ", ": "));
    const std::string_view parent = between(between(line, ": ", ""), "{ ", " ");
    if (module == modules_.end() || !module->second->target || parent.empty()) return;
    const std::string_view rest = between(line, ": ", "");
    auto& hung = orphans_[{module->second, std::string(parent)}];
    hung.emplace_back(rest.substr(0, rest.find(' ')));
  }

  // One line for each parent that is missing, whatever hangs below it.
  void finish() {
    for (const auto& [where, names] : orphans_) {
      const auto& [input, parent] = where;
      const auto facts = input->mended->facts.find(names[0]);
      const mib::Place place = facts == input->mended->facts.end() ? input->source->module.place : facts->second.place;
      out_.problems.push_back({input->source->file.string(), place.line, place.column, false,
                               names[0] + (names.size() == 1 ? " is" : " and " + std::to_string(names.size() - 1) + " more are") +
                                   " left out: their parent " + parent + " is not where it is imported from"});
    }
  }

 private:
  Outcome& out_;
  std::map<std::string, const Input*, std::less<>> copies_;
  std::map<std::string, const Input*, std::less<>> modules_;
  std::map<std::pair<const Input*, std::string>, std::vector<std::string>> orphans_;
};

}  // namespace

Outcome parse(const std::vector<Input>& inputs, ImageBuilder& image) {
  // Nothing of the user's own Net-SNMP setting reaches us.
  for (const char* name : {"MIBS", "MIBDIRS", "MIBFILES", "SNMPCONFPATH", "PREFIX", "SUFFIX"}) ::unsetenv(name);
  set(NETSNMP_DS_LIB_DONT_READ_CONFIGS);
  set(NETSNMP_DS_LIB_DONT_PERSIST_STATE);
  set(NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD);
  set(NETSNMP_DS_LIB_MIB_ERRORS);
  set(NETSNMP_DS_LIB_MIB_PARSE_LABEL);   // underscores in names
  set(NETSNMP_DS_LIB_MIB_COMMENT_TERM);  // a comment goes to the end of its line
  set(NETSNMP_DS_LIB_MIB_REPLACE, false);
  netsnmp_ds_set_string(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_MIBDIRS, "/nonexistent");
  ::setenv("MIBS", "", 1);

  Complaints complaints;
  snmp_disable_stderrlog();
  snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, take_complaint, &complaints);
  netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);
  netsnmp_init_mib();
  complaints.lines.clear();  // about the folder that is not there

  for (const Input& input : inputs) add_mibfile(input.copy.c_str(), nullptr);
  for (const Input& input : inputs) {
    if (input.target) netsnmp_read_module(input.source->module.name.c_str());
  }
  adopt_orphans();

  Outcome out;
  Complainer complainer(inputs, out);
  for (const std::string& line : complaints.lines) complainer.take(line);
  if (!out.refused.empty()) return out;
  complainer.finish();
  Harvest(inputs, image).walk(get_tree_head());
  return out;
}

}  // namespace bongsu::mibc
