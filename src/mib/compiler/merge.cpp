// SPDX-License-Identifier: Apache-2.0
#include "merge.h"

#include <map>
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
  Merger(Sources& sources, mib::ImageBuilder& out) : sources_(sources), out_(out) {
    for (const Source& source : sources.modules) by_file_.emplace(std::pair(source.file.string(), source.module.name), &source);
  }

  void add(const Image& part) {
    std::vector<std::uint32_t> modules;
    std::vector<const Source*> origins;
    for (const auto& m : part.modules) {
      const auto origin = by_file_.find(std::pair(std::string(part.text(m.file)), std::string(part.text(m.name))));
      origins.push_back(origin == by_file_.end() ? nullptr : origin->second);
      modules.push_back(static_cast<std::uint32_t>(out_.modules.size()));
      out_.modules.push_back({text(part, m.name), text(part, m.file), text(part, m.last_updated), m.declared, m.objects});
    }
    std::vector<std::uint32_t> place(part.objects.size()), self(part.objects.size());
    std::vector<std::pair<std::uint32_t, std::uint32_t>> fresh;  // in the part, and in the whole
    for (std::uint32_t i = 0; i < part.objects.size(); ++i) {
      const ObjectRecord& from = part.objects[i];
      const std::uint32_t parent = from.parent == kNone ? kNone : place[from.parent];
      const auto [first, is_new] =
          first_.try_emplace(pair_key(parent, from.subid), static_cast<std::uint32_t>(out_.objects.size()));
      std::uint32_t number = first->second;
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
        const auto same = by_name_.find(pair_key(module, name));
        if (out_.objects[number].name == 0) {
          write = true;
        } else if (same != by_name_.end() && out_.objects[same->second].parent == parent &&
                   out_.objects[same->second].subid == from.subid) {
          // Another revision of the module: the one that its name means says what counts.
          number = same->second;
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
          const auto [slot, first_name] = by_name_.try_emplace(pair_key(module, name), number);
          if (!first_name && meant) slot->second = number;
          const int rank = (origin == nullptr ? 0 : origin->rank) + (meant ? 0 : 1'000'000);
          const auto [plain, first_plain] = plain_.try_emplace(name, number, rank);
          if (!first_plain && rank < plain->second.second) plain->second = {number, rank};
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
    for (const auto& module : out_.modules) {
      if (module.objects >= module.declared) continue;
      const auto at = by_file_.find(std::pair(std::string(out_.text_of(module.file)), std::string(out_.text_of(module.name))));
      const mib::Place place = at == by_file_.end() ? mib::Place() : at->second->module.place;
      sources_.problems.push_back({std::string(out_.text_of(module.file)), place.line, place.column, false,
                                   "module " + std::string(out_.text_of(module.name)) + ": " + std::to_string(module.objects) +
                                       " of " + std::to_string(module.declared) + " names kept"});
    }
    for (auto& ref : out_.refs) {
      if (ref.object != kNone) continue;
      if (const auto at = plain_.find(ref.name); at != plain_.end()) ref.object = at->second.first;
    }
    for (const auto& [name, entry] : plain_) out_.names.push_back({entry.first, kNone});
    for (const auto& [key, number] : by_name_) out_.names.push_back({number, out_.objects[number].module});
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

  Sources& sources_;
  mib::ImageBuilder& out_;
  std::map<std::pair<std::string, std::string>, const Source*> by_file_;
  std::unordered_map<std::uint64_t, std::uint32_t> first_;    // parent and number, object
  std::unordered_map<std::uint64_t, std::uint32_t> by_name_;  // module's name and name, object
  std::unordered_map<TextAt, std::pair<std::uint32_t, int>> plain_;
};

}  // namespace

Status merge(const std::vector<std::filesystem::path>& images, Sources& sources, mib::ImageBuilder& out) {
  Merger merger(sources, out);
  for (const auto& file : images) {
    BONGSU_TRY(const auto part, Image::map(file));
    merger.add(*part);
  }
  merger.finish();
  return {};
}

}  // namespace bongsu::mibc
