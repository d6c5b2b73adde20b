// SPDX-License-Identifier: Apache-2.0
#include "merge.h"

#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "mib/mapped.h"

namespace bongsu::mibc {

namespace {

using mib::kNone;
using mib::ObjectRecord;
using mib::TextAt;
using Image = mib::Tree::Image;

std::uint64_t pair_key(std::uint32_t a, std::uint32_t b) { return std::uint64_t{a} << 32 | b; }

class Merger {
 public:
  Merger(Sources& sources, mib::ImageBuilder& out, const Image* onto) : sources_(sources), out_(out), onto_(onto) {
    for (const Source& source : sources.modules) by_file_.emplace(std::pair(source.file.string(), source.module.name), &source);
    if (onto_ != nullptr) begin_with_old();
  }

  void add(const Image& part) {
    std::vector<std::uint32_t> modules;
    std::vector<const Source*> origins;
    for (const auto& m : part.modules) {
      const auto origin = by_file_.find(std::pair(std::string(part.text(m.file)), std::string(part.text(m.name))));
      origins.push_back(origin == by_file_.end() ? nullptr : origin->second);
      modules.push_back(take_module(part, m, origins.back()));
    }
    std::vector<std::uint32_t> place(part.objects.size()), self(part.objects.size());
    std::vector<std::pair<std::uint32_t, std::uint32_t>> fresh;  // in the part, and in the whole
    for (std::uint32_t i = 0; i < part.objects.size(); ++i) {
      const ObjectRecord& from = part.objects[i];
      const std::uint32_t parent = from.parent == kNone ? kNone : place[from.parent];
      const auto [first, is_new] = first_at(parent, from.subid);
      std::uint32_t number = first;
      place[i] = number;
      const bool named = from.name != 0;
      const TextAt name = named ? text(part, from.name) : 0;
      const bool ours = named && from.module != kNone;
      const TextAt module = ours ? out_.modules[modules[from.module]].name : 0;
      const Source* origin = ours ? origins[from.module] : nullptr;
      const bool meant = origin == nullptr || origin->meant;
      bool write = is_new;
      if (is_new) {
        out_.objects.push_back({});
      } else if (named) {
        const std::uint32_t same = find_named(module, name);
        if (out_.objects[number].name == 0) {
          write = true;
        } else if (same != kNone && out_.objects[same].parent == parent && out_.objects[same].subid == from.subid) {
          // Another revision of the module: the one that its name means says what counts.
          number = same;
          write = origin != nullptr && meant;
        } else {
          number = static_cast<std::uint32_t>(out_.objects.size());
          out_.objects.push_back({});
          write = true;
        }
      }
      self[i] = number;
      if (write) {
        copy(part, from, out_.objects[number], parent, ours ? modules[from.module] : kNone);
        if (named) {
          fresh.emplace_back(i, number);
          set_name(module, name, number, meant);
          set_plain(name, number, rank_of(origin));
        }
      }
    }
    // References, now that each object has its number.
    for (const auto& [i, number] : fresh) {
      const ObjectRecord& from = part.objects[i];
      ObjectRecord& to = out_.objects[number];
      to.first_ref = static_cast<std::uint32_t>(out_.refs.size());
      for (const auto& ref : part.refs.subspan(from.first_ref, from.refs))
        out_.refs.push_back({ref.object == kNone ? kNone : self[ref.object], text(part, ref.name), ref.implied});
      to.augments = from.augments == kNone ? kNone : self[from.augments];
    }
    for (const auto& p : part.problems)
      sources_.problems.push_back(
          {std::string(part.text(p.file)), p.line, p.column, p.warning != 0, std::string(part.text(p.text))});
  }

  void finish() {
    for (const std::uint32_t i : taken_) {
      const auto& module = out_.modules[i];
      if (module.objects >= module.declared) continue;
      const auto at = by_file_.find(std::pair(std::string(out_.text_of(module.file)), std::string(out_.text_of(module.name))));
      const mib::Place place = at == by_file_.end() ? mib::Place() : at->second->module.place;
      sources_.problems.push_back({std::string(out_.text_of(module.file)), place.line, place.column, false,
                                   "module " + std::string(out_.text_of(module.name)) + ": " + std::to_string(module.objects) +
                                       " of " + std::to_string(module.declared) + " names kept"});
    }
    std::unordered_map<std::string_view, std::uint32_t> plain;
    for (const auto& [name, entry] : plain_) plain.emplace(out_.text_of(name), entry.first);
    for (auto& ref : out_.refs) {
      if (ref.object != kNone) continue;
      const std::string_view name = out_.text_of(ref.name);
      if (const auto at = plain.find(name); at != plain.end()) ref.object = at->second;
      else if (onto_ != nullptr) ref.object = onto_->find_name({}, name);
    }
    for (const auto& [name, entry] : plain_) {
      if (!entry.old) out_.names.push_back({entry.first, kNone});
    }
    for (const auto& [key, number] : by_name_) out_.names.push_back({number, out_.objects[number].module});
    if (onto_ == nullptr) return;
    for (std::size_t slot = 0; slot < onto_->names.size(); ++slot) {
      if (onto_->names[slot].object != kNone && !dropped_.contains(slot)) out_.names.push_back(onto_->names[slot]);
    }
  }

 private:
  TextAt text(const Image& part, TextAt at) { return out_.text(part.text(at)); }

  void copy(const Image& part, const ObjectRecord& from, ObjectRecord& to, std::uint32_t parent, std::uint32_t module) {
    to = from;
    to.parent = parent;
    to.module = module;
    to.name = text(part, from.name);
    to.convention = text(part, from.convention);
    to.hint = text(part, from.hint);
    to.units = text(part, from.units);
    to.description = text(part, from.description);
    to.default_value = text(part, from.default_value);
    to.augments = kNone;
    to.first_ref = 0;
    to.first_enum = static_cast<std::uint32_t>(out_.enums.size());
    for (const auto& e : part.enums.subspan(from.first_enum, from.enums)) out_.enums.push_back({text(part, e.label), e.value});
    to.first_range = static_cast<std::uint32_t>(out_.ranges.size());
    const auto ranges = part.ranges.subspan(from.first_range, from.ranges);
    out_.ranges.insert(out_.ranges.end(), ranges.begin(), ranges.end());
  }

  // --- what stands in the image that this is put to

  void begin_with_old() {
    out_.adopt_texts(onto_->texts);
    out_.objects.assign(onto_->objects.begin(), onto_->objects.end());
    out_.enums.assign(onto_->enums.begin(), onto_->enums.end());
    out_.ranges.assign(onto_->ranges.begin(), onto_->ranges.end());
    out_.refs.assign(onto_->refs.begin(), onto_->refs.end());
    out_.modules.assign(onto_->modules.begin(), onto_->modules.end());
    std::set<std::string, std::less<>> again;  // files
    std::set<std::uint32_t> modules;
    for (const Source& source : sources_.modules) {
      if (source.target) again.insert(source.file.string());
    }
    for (std::uint32_t i = 0; i < onto_->modules.size(); ++i) {
      if (!again.contains(onto_->text(onto_->modules[i].file))) continue;
      modules.insert(i);
      old_modules_.emplace(std::pair(std::string(onto_->text(onto_->modules[i].file)), std::string(onto_->module_name(i))), i);
    }
    for (const auto& import : onto_->imports) {
      if (!modules.contains(import.module)) out_.imports.push_back(import);
    }
    for (const auto& problem : onto_->problems) {
      if (!again.contains(onto_->text(problem.file))) out_.problems.push_back(problem);
    }
  }

  std::uint32_t take_module(const Image& part, const mib::ModuleRecord& m, const Source* origin) {
    const mib::ModuleRecord record{text(part, m.name), text(part, m.file), text(part, m.last_updated),
                                   m.declared,         m.objects,          static_cast<std::uint32_t>(rank_of(origin))};
    auto number = static_cast<std::uint32_t>(out_.modules.size());
    const auto old = old_modules_.find(std::pair(std::string(part.text(m.file)), std::string(part.text(m.name))));
    if (old != old_modules_.end()) out_.modules[number = old->second] = record;
    else out_.modules.push_back(record);
    taken_.push_back(number);
    if (origin != nullptr) {
      for (const std::string& import : origin->imports) out_.imports.push_back({number, out_.text(import)});
    }
    return number;
  }

  static int rank_of(const Source* origin) { return origin == nullptr ? 0 : origin->rank + (origin->meant ? 0 : 1'000'000); }

  // The first object at that place, made when there is none.
  std::pair<std::uint32_t, bool> first_at(std::uint32_t parent, std::uint32_t subid) {
    const auto fresh = static_cast<std::uint32_t>(out_.objects.size());
    const auto [at, is_new] = first_.try_emplace(pair_key(parent, subid), fresh);
    if (is_new && onto_ != nullptr && (parent == kNone || parent < onto_->objects.size())) {
      if (const std::uint32_t old = onto_->find_child(parent, subid); old != kNone) at->second = old;
    }
    return {at->second, at->second == fresh};
  }

  std::uint32_t find_named(TextAt module, TextAt name) const {
    if (const auto at = by_name_.find(pair_key(module, name)); at != by_name_.end()) return at->second;
    if (onto_ == nullptr) return kNone;
    const std::uint32_t old = onto_->find_name(out_.text_of(module), out_.text_of(name));
    return module == 0 && old != kNone && onto_->objects[old].module != kNone ? kNone : old;  // a plain name of nobody's: iso
  }

  void drop_old_name(TextAt module, TextAt name) {
    if (onto_ == nullptr) return;
    if (const auto slot = onto_->find_slot(out_.text_of(module), out_.text_of(name))) dropped_.insert(*slot);
  }

  void set_name(TextAt module, TextAt name, std::uint32_t number, bool meant) {
    const auto [slot, first] = by_name_.try_emplace(pair_key(module, name), number);
    if (first) drop_old_name(module, name);
    else if (meant) slot->second = number;
  }

  void set_plain(TextAt name, std::uint32_t number, int rank) {
    auto at = plain_.find(name);
    if (at == plain_.end() && onto_ != nullptr) {
      const std::uint32_t old = onto_->find_name({}, out_.text_of(name));
      if (old != kNone) {
        const std::uint32_t module = onto_->objects[old].module;
        at = plain_.emplace(name, Plain{old, module == kNone ? 0 : static_cast<int>(onto_->modules[module].rank), true}).first;
      }
    }
    if (at == plain_.end()) {
      plain_.emplace(name, Plain{number, rank, false});
    } else if (rank < at->second.rank) {
      if (at->second.old) drop_old_name(0, name);
      at->second = {number, rank, false};
    }
  }

  struct Plain {
    std::uint32_t first = kNone;  // the object
    int rank = 0;
    bool old = false;  // and its slot stands already
  };

  Sources& sources_;
  mib::ImageBuilder& out_;
  const Image* onto_;
  std::map<std::pair<std::string, std::string>, const Source*> by_file_;
  std::unordered_map<std::uint64_t, std::uint32_t> first_;    // parent and number, object
  std::unordered_map<std::uint64_t, std::uint32_t> by_name_;  // module's name and name, object
  std::unordered_map<TextAt, Plain> plain_;
  std::vector<std::uint32_t> taken_;  // modules of the parts
  std::map<std::pair<std::string, std::string>, std::uint32_t> old_modules_;
  std::set<std::size_t> dropped_;  // slots of the old table of names
};

}  // namespace

Status merge(const std::vector<std::filesystem::path>& images, Sources& sources, mib::ImageBuilder& out, const Image* onto) {
  Merger merger(sources, out, onto);
  for (const auto& file : images) {
    BONGSU_TRY(const auto part, Image::map(file));
    merger.add(*part);
  }
  merger.finish();
  return {};
}

}  // namespace bongsu::mibc
