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
#include "places.h"

namespace bongsu::mibc {

namespace {

using mib::Access;
using mib::DefStatus;
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

Access access_of(int access) {
  switch (access) {
    case MIB_ACCESS_READONLY:
      return Access::ReadOnly;
    case MIB_ACCESS_READWRITE:
      return Access::ReadWrite;
    case MIB_ACCESS_WRITEONLY:
      return Access::WriteOnly;
    case MIB_ACCESS_NOACCESS:
      return Access::NotAccessible;
    case MIB_ACCESS_NOTIFY:
      return Access::Notify;
    case MIB_ACCESS_CREATE:
      return Access::ReadCreate;
    default:
      return Access::None;
  }
}

DefStatus status_of(int status) {
  switch (status) {
    case MIB_STATUS_MANDATORY:
      return DefStatus::Mandatory;
    case MIB_STATUS_OPTIONAL:
      return DefStatus::Optional;
    case MIB_STATUS_OBSOLETE:
      return DefStatus::Obsolete;
    case MIB_STATUS_DEPRECATED:
      return DefStatus::Deprecated;
    case MIB_STATUS_CURRENT:
      return DefStatus::Current;
    default:
      return DefStatus::None;
  }
}

Kind kind_of(const tree& node) {
  switch (node.type) {
    case TYPE_TRAPTYPE:
    case TYPE_NOTIFTYPE:
      return Kind::Notification;
    case TYPE_OBJGROUP:
    case TYPE_NOTIFGROUP:
      return Kind::Group;
    case TYPE_MODID:
      return Kind::Module;
    case TYPE_AGENTCAP:
      return Kind::Capabilities;
    case TYPE_MODCOMP:
      return Kind::Compliance;
    default:
      break;
  }
  if (node.indexes != nullptr || node.augments != nullptr) return Kind::Row;
  return syntax_of(node.type) == Syntax::None ? Kind::Node : Kind::Scalar;
}

// Lines without the source's indentation; Latin-1 where it is not UTF-8.
std::string clean(const char* raw) {
  if (raw == nullptr) return {};
  std::string text = raw, out;
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

std::string plain(const char* raw) { return raw == nullptr ? std::string() : clean(raw); }

class Harvest {
 public:
  Harvest(Sources& sources, ImageBuilder& image) : sources_(sources), image_(image) {
    for (const Source& source : sources.modules) {
      numbers_.emplace(source.module, static_cast<std::uint32_t>(image.modules.size()));
      image.modules.push_back(
          {image.text(source.module), image.text(source.file.string()), image.text(source.last_updated), source.declared, 0});
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
  std::uint32_t module_number(int modid) {
    const auto known = modids_.find(modid);
    if (known != modids_.end()) return known->second;
    const module* found = find_module(modid);
    std::uint32_t number = kNone;
    if (found != nullptr) {
      if (const auto at = numbers_.find(found->name); at != numbers_.end()) number = at->second;
    }
    modids_.emplace(modid, number);
    return number;
  }

  std::uint32_t take(const tree& node, std::uint32_t parent) {
    const auto number = static_cast<std::uint32_t>(image_.objects.size());
    const std::string_view label = node.label == nullptr ? "" : node.label;
    ObjectRecord record{};
    record.parent = parent;
    record.subid = static_cast<std::uint32_t>(node.subid);
    record.module = kNone;
    record.augments = kNone;
    // Net-SNMP makes up "anonymous#5" for a number without a name, and "enterprise#" for the 0 above a TRAP-TYPE.
    if (label.empty() || label.find('#') != std::string_view::npos) {
      image_.objects.push_back(record);
      nodes_.push_back(nullptr);
      return number;
    }
    record.name = image_.text(label);
    record.module = module_number(node.modid);
    record.kind = static_cast<std::uint8_t>(kind_of(node));
    const Syntax syntax = syntax_of(node.type);
    record.syntax = static_cast<std::uint8_t>(syntax);
    record.access = static_cast<std::uint8_t>(access_of(node.access));
    record.status = static_cast<std::uint8_t>(status_of(node.status));
    record.convention = image_.text(plain(get_tc_descriptor(node.tc_index)));
    record.hint = image_.text(plain(node.hint));
    record.units = image_.text(plain(node.units));
    record.description = image_.text(clean(node.description));
    record.default_value = image_.text(plain(node.defaultValue));
    take_lists(node, syntax, record);
    image_.objects.push_back(record);
    nodes_.push_back(&node);
    take_names(node, number, label);
    return number;
  }

  void take_lists(const tree& node, Syntax syntax, ObjectRecord& record) {
    record.first_enum = static_cast<std::uint32_t>(image_.enums.size());
    for (const enum_list* e = node.enums; e != nullptr; e = e->next)
      image_.enums.push_back({image_.text(plain(e->label)), e->value});
    std::stable_sort(image_.enums.begin() + record.first_enum, image_.enums.end(),
                     [](const auto& a, const auto& b) { return a.value < b.value; });
    record.enums = static_cast<std::uint32_t>(image_.enums.size()) - record.first_enum;

    record.first_range = static_cast<std::uint32_t>(image_.ranges.size());
    const bool is_unsigned =
        syntax == Syntax::Unsigned32 || syntax == Syntax::Gauge32 || syntax == Syntax::Counter32 || syntax == Syntax::TimeTicks;
    for (const range_list* r = node.ranges; r != nullptr; r = r->next) {
      // The parser keeps bounds in 32 bits with a sign: 0..4294967295 arrives as 0..-1.
      std::int64_t low = r->low, high = r->high;
      if (is_unsigned && low < 0) low += std::int64_t{1} << 32;
      if ((is_unsigned && high < 0) || high < low) high += std::int64_t{1} << 32;
      image_.ranges.push_back({low, high});
    }
    std::stable_sort(image_.ranges.begin() + record.first_range, image_.ranges.end(),
                     [](const auto& a, const auto& b) { return a.low < b.low; });
    record.ranges = static_cast<std::uint32_t>(image_.ranges.size()) - record.first_range;

    record.first_ref = static_cast<std::uint32_t>(image_.refs.size());
    for (const index_list* i = node.indexes; i != nullptr; i = i->next)
      image_.refs.push_back({kNone, image_.text(plain(i->ilabel)), i->isimplied != 0});
    for (const varbind_list* v = node.varbinds; v != nullptr; v = v->next)
      image_.refs.push_back({kNone, image_.text(plain(v->vblabel)), 0});
    record.refs = static_cast<std::uint32_t>(image_.refs.size()) - record.first_ref;
  }

  void take_names(const tree& node, std::uint32_t number, std::string_view label) {
    int best = 1'000;
    const auto add = [&](int modid) {
      const std::uint32_t module = module_number(modid);
      if (module == kNone || !by_name_[std::string(label)].try_emplace(module, number).second) return;
      image_.names.push_back({number, module});
      ++image_.modules[module].objects;
      best = std::min(best, sources_.modules[module].smi_v2 ? 0 : 1);
    };
    for (int i = 0; i < node.number_modules; ++i) add(node.module_list[i]);
    add(node.modid);
    const auto [entry, fresh] = plain_.try_emplace(std::string(label), number, best);
    if (!fresh && best < entry->second.second) entry->second = {number, best};
  }

  std::uint32_t lookup(std::string_view name, int modid) {
    const auto found = by_name_.find(std::string(name));
    if (found == by_name_.end()) return kNone;
    if (const auto own = found->second.find(module_number(modid)); own != found->second.end()) return own->second;
    if (const module* importer = find_module(modid); importer != nullptr) {
      for (int i = 0; i < importer->no_imports; ++i) {
        if (importer->imports[i].label == nullptr || name != importer->imports[i].label) continue;
        if (const auto at = found->second.find(module_number(importer->imports[i].modid)); at != found->second.end())
          return at->second;
      }
    }
    return plain_.at(std::string(name)).first;
  }

  // Names of other objects, and what a row makes of its neighbours.
  void resolve() {
    for (const auto& [name, entry] : plain_) image_.names.push_back({entry.first, kNone});
    for (std::uint32_t i = 0; i < image_.objects.size(); ++i) {
      const tree* node = nodes_[i];
      ObjectRecord& record = image_.objects[i];
      if (node == nullptr) continue;
      std::uint32_t at = record.first_ref;
      for (const index_list* r = node->indexes; r != nullptr; r = r->next, ++at)
        image_.refs[at].object = lookup(plain(r->ilabel), node->modid);
      for (const varbind_list* r = node->varbinds; r != nullptr; r = r->next, ++at)
        image_.refs[at].object = lookup(plain(r->vblabel), node->modid);
      if (node->augments != nullptr) record.augments = lookup(plain(node->augments), node->modid);
      if (record.parent == kNone) continue;
      ObjectRecord& parent = image_.objects[record.parent];
      if (static_cast<Kind>(record.kind) == Kind::Row && static_cast<Kind>(parent.kind) == Kind::Node)
        parent.kind = static_cast<std::uint8_t>(Kind::Table);
      if (static_cast<Kind>(record.kind) == Kind::Scalar && static_cast<Kind>(parent.kind) == Kind::Row)
        record.kind = static_cast<std::uint8_t>(Kind::Column);
    }
  }

  Sources& sources_;
  ImageBuilder& image_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::unordered_map<int, std::uint32_t> modids_;
  std::vector<const tree*> nodes_;                                                   // by object
  std::unordered_map<std::string, std::map<std::uint32_t, std::uint32_t>> by_name_;  // name, module, object
  std::unordered_map<std::string, std::pair<std::uint32_t, int>> plain_;
};

void set(int flag, bool on = true) { netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, flag, on ? 1 : 0); }

}  // namespace

void parse(Sources& sources, ImageBuilder& image) {
  // Nothing of the user's own Net-SNMP setting reaches us.
  for (const char* name : {"MIBS", "MIBDIRS", "MIBFILES", "SNMPCONFPATH", "PREFIX", "SUFFIX"}) ::unsetenv(name);
  set(NETSNMP_DS_LIB_DONT_READ_CONFIGS);
  set(NETSNMP_DS_LIB_DONT_PERSIST_STATE);
  set(NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD);
  set(NETSNMP_DS_LIB_SAVE_MIB_DESCRS);
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

  for (const Source& source : sources.modules) add_mibfile(source.copy.c_str(), nullptr);
  for (const Source& source : sources.modules) netsnmp_read_module(source.module.c_str());
  adopt_orphans();

  Harvest(sources, image).walk(get_tree_head());

  Places places(sources);
  std::map<std::string, bool> seen;
  for (const std::string& line : complaints.lines) {
    // The parser's own search path says nothing here; one line for a module that is missing is enough, and so is one for
    // a missing parent, which "Unlinked OID" has named already.
    if (trim(line).empty() || line.starts_with("MIB search path") || line.starts_with("Undefined identifier:") ||
        line.find("in module #-1") != std::string::npos)
      continue;
    mib::Problem problem = places.locate(line);
    if (seen.emplace(problem.to_string(), true).second) sources.problems.push_back(std::move(problem));
  }
  if (complaints.lost != 0)
    sources.problems.push_back(
        {"", 0, 0, false, std::to_string(complaints.lost) + " more complaints of the parser are not kept"});
  for (std::size_t i = 0; i < sources.modules.size(); ++i) {
    const auto& module = image.modules[i];
    if (module.objects >= module.declared) continue;
    sources.problems.push_back({sources.modules[i].file.string(), 0, 0, false,
                                "module " + sources.modules[i].module + ": " + std::to_string(module.objects) + " of " +
                                    std::to_string(module.declared) + " names kept"});
  }
}

}  // namespace bongsu::mibc
