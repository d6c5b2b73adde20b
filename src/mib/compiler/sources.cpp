// SPDX-License-Identifier: Apache-2.0
#include "sources.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <tuple>

#include "archive.h"
#include "base/hash.h"

namespace bongsu::mibc {

namespace {

// RFC 1213 says again what these say better; they are read first, so that an object's home is theirs.
constexpr std::string_view kHomes[] = {"SNMPv2-SMI", "SNMPv2-TC",  "SNMPv2-MIB",         "IF-MIB",          "IP-MIB", "TCP-MIB",
                                       "UDP-MIB",    "BRIDGE-MIB", "SNMP-FRAMEWORK-MIB", "INET-ADDRESS-MIB"};
constexpr int kSmiV2 = 100, kSmiV1 = 200;
constexpr int kStandIn = Homes::kWellKnown + 300;  // the user's own modules are asked first
// More modules to a run cost the parser, which looks names up in lists, more than a further run does.
constexpr std::size_t kGroup = 120;

int rank_of(const mib::ScannedModule& module, bool first_folder) {
  const auto home = std::find(std::begin(kHomes), std::end(kHomes), module.name);
  if (home != std::end(kHomes)) return static_cast<int>(home - std::begin(kHomes));
  return (module.smi_v2 ? kSmiV2 : kSmiV1) + (first_folder ? 0 : Homes::kWellKnown);
}

// Newest first; then the fuller text; then the folder named first.
bool better(const Source& a, const Source& b) {
  const std::string at = mib::sortable_time(a.module.last_updated), bt = mib::sortable_time(b.module.last_updated);
  if (at != bt) return at > bt;
  if (a.declared != b.declared) return a.declared > b.declared;
  return a.order < b.order;
}

class Gatherer {
 public:
  Gatherer(const std::vector<std::filesystem::path>& paths, std::filesystem::path work,
           const std::set<std::filesystem::path>* only)
      : work_(std::move(work)), only_(only) {
    std::vector<std::string> unreadable;
    for (auto& file : mib::list_files(paths, unreadable)) out.files.push_back({std::move(file), 0});
    for (const std::string& path : unreadable)
      out.problems.push_back({"", 0, 0, false, path + "; check the path and its rights"});
    // The modules that come with Bongsu are named first, and are everybody's.
    first_folder_ = paths.empty() ? 0 : mib::list_files({paths[0]}, unreadable).size();
    if (!paths.empty()) vendors_ = (paths[0] / "vendors").lexically_normal();
  }

  void read() {
    out.key = mib::kFirstKey;
    for (order_ = 0; order_ < out.files.size(); ++order_) {
      const auto& file = out.files[order_].path;
      if (only_ != nullptr && order_ >= first_folder_ && !only_->contains(file)) continue;
      const auto text = mib::read_text(file);
      if (!text) {
        report(file, {}, false, text.error().text);
        continue;
      }
      out.files[order_].key = mib::file_key(file, *text);
      out.key = mib::content_key(out.key, out.files[order_].key);
      if (mib::is_zip(file)) unpack(file, *text, 1);
      else take(file, file, *text);
    }
    take_stand_ins();
  }

  void report(const std::filesystem::path& file, mib::Place place, bool warning, std::string text) {
    out.problems.push_back({file.string(), place.line, place.column, warning, std::move(text)});
  }

  Sources out;

 private:
  void take(const std::filesystem::path& file, const std::filesystem::path& where, const std::string& text) {
    mib::ScannedFile scanned = mib::scan(text);
    if (scanned.modules.empty()) report(file, {}, true, "no MIB module found (NAME DEFINITIONS ::= BEGIN ... END); left out");
    const bool stand_in = order_ < first_folder_ && file.parent_path().lexically_normal() == vendors_;
    for (mib::ScannedModule& module : scanned.modules) {
      if (!module.ended && scanned.open_quote.line == 0)
        report(file, module.place, true, "module " + module.name + " has no END; read to the end of the file");
      Source source;
      source.file = file;
      source.text = where;
      source.declared = static_cast<std::uint32_t>(module.definitions.size());
      source.order = order_;
      source.rank = stand_in ? kStandIn : rank_of(module, order_ < first_folder_);
      source.text_key = hash_bytes(std::string_view(text).substr(module.begin, module.end - module.begin));
      source.module = std::move(module);
      if (stand_in) stand_ins_.emplace(source.module.name, std::move(source));
      else keep(std::move(source));
    }
  }

  void keep(Source source) {
    mib::ScannedModule& module = source.module;
    out.homes.add_module(module.name, source.file.parent_path(), source.rank);
    for (const auto& [name, place] : module.definitions) out.homes.add_name(name, module.name);
    for (const auto& [name, place] : module.types) out.homes.add_name(name, module.name);
    for (const std::string& name : module.labels) out.homes.add_label(name, module.name);
    for (const mib::ScannedImport& import : module.imports) source.imports.insert(import.module);
    wanted_.insert(source.imports.begin(), source.imports.end());
    module.definitions.clear();
    module.types.clear();
    module.labels.clear();
    module.imports.clear();
    out.modules.push_back(std::move(source));
  }

  // Bongsu's own word for a vendor's root is taken where something imports it that the user did not load.
  void take_stand_ins() {
    for (const Source& source : out.modules) stand_ins_.erase(source.module.name);
    for (bool more = true; more;) {
      more = false;
      for (auto at = stand_ins_.begin(); at != stand_ins_.end();) {
        const auto here = at++;
        if (!wanted_.contains(here->first)) continue;
        keep(std::move(here->second));
        stand_ins_.erase(here);
        more = true;
      }
    }
  }

  // Vendors put archives into archives.
  void unpack(const std::filesystem::path& archive, const std::string& octets, int depth) {
    constexpr int kMostDepth = 3;
    const auto wants = [](std::string_view name) {
      return (mib::may_be_mib(name) && !name.starts_with("__MACOSX/")) || mib::is_zip(name);
    };
    const auto take_one = [&](std::string_view name, const std::string& text) {
      const auto shown = archive / name;
      if (mib::is_zip(name)) {
        if (depth < kMostDepth) unpack(shown, text, depth + 1);
        else report(shown, {}, false, "an archive too deep in archives; unpack it and name its folder");
        return;
      }
      const auto copy = work_ / ("unpacked-" + std::to_string(copies_++));
      std::ofstream to(copy, std::ios::binary);
      to << text;
      if (!to.flush()) return report(shown, {}, false, "cannot be unpacked into " + work_.string() + "; is the disk full?");
      take(shown, copy, text);
    };
    const auto refuse = [&](std::string_view name, const std::string& why) { report(archive / name, {}, false, why); };
    if (const auto read = read_zip(octets, {}, {wants, take_one, refuse}); !read) report(archive, {}, false, read.error().text);
  }

  const std::filesystem::path work_;
  std::filesystem::path vendors_;
  std::map<std::string, Source> stand_ins_;  // by the module's name
  std::set<std::string> wanted_;             // modules that those which are kept import from
  const std::set<std::filesystem::path>* only_;
  std::size_t first_folder_ = 0, order_ = 0, copies_ = 0;
};

}  // namespace

Sources gather(const std::vector<std::filesystem::path>& paths, const std::filesystem::path& work,
               const std::set<std::filesystem::path>* only) {
  Gatherer gatherer(paths, work, only);
  gatherer.read();
  Sources out = std::move(gatherer.out);
  const auto report = [&out](const std::filesystem::path& file, mib::Place place, bool warning, std::string text) {
    out.problems.push_back({file.string(), place.line, place.column, warning, std::move(text)});
  };

  std::map<std::string, std::size_t> meant;
  for (std::size_t i = 0; i < out.modules.size(); ++i) {
    const auto [at, fresh] = meant.try_emplace(out.modules[i].module.name, i);
    if (!fresh && better(out.modules[i], out.modules[at->second])) at->second = i;
  }
  for (std::size_t i = 0; i < out.modules.size(); ++i) out.modules[i].meant = meant.at(out.modules[i].module.name) == i;
  // Of one folder's revisions the best is what its files mean.
  std::map<std::pair<std::filesystem::path, std::string>, std::size_t> nearest;
  for (std::size_t i = 0; i < out.modules.size(); ++i) {
    const auto [at, fresh] = nearest.try_emplace({out.modules[i].file.parent_path(), out.modules[i].module.name}, i);
    if (!fresh && better(out.modules[i], out.modules[at->second])) at->second = i;
  }
  std::set<std::pair<std::filesystem::path, std::string>> in_file;
  std::set<std::tuple<std::filesystem::path, std::string, std::uint64_t>> texts;
  for (const auto& [where, i] : nearest) {
    const Source& source = out.modules[i];
    in_file.emplace(source.file, source.module.name);
    texts.emplace(where.first, where.second, source.text_key);
  }
  std::vector<Source> kept;
  for (std::size_t i = 0; i < out.modules.size(); ++i) {
    Source& source = out.modules[i];
    const auto folder = source.file.parent_path();
    source.near = nearest.at({folder, source.module.name}) == i;
    // An older text, not the same once more.
    const bool elder = !source.near && texts.emplace(folder, source.module.name, source.text_key).second &&
                       in_file.emplace(source.file, source.module.name).second;
    const Source& taken = out.modules[meant.at(source.module.name)];
    if (!source.meant) {
      const std::string newer = taken.module.last_updated == source.module.last_updated ? "" : ", which is newer";
      report(source.file, source.module.place, true,
             "module " + source.module.name + " is taken from " + taken.file.string() + newer +
                 (source.near ? "; this one serves the files of its own folder"
                  : elder     ? "; this one names what that one does not"
                              : ""));
    }
    if (source.near || elder) kept.push_back(source);  // a copy: `taken` may still be asked for
  }
  out.modules = std::move(kept);
  std::stable_sort(out.modules.begin(), out.modules.end(), [](const Source& a, const Source& b) { return a.rank < b.rank; });
  return out;
}

std::vector<Group> group(const Sources& sources) {
  std::map<std::filesystem::path, std::vector<std::size_t>> folders;
  std::vector<std::filesystem::path> order;
  for (std::size_t i = 0; i < sources.modules.size(); ++i) {
    if (!sources.modules[i].target) continue;
    auto& of = folders[sources.modules[i].file.parent_path()];
    if (of.empty()) order.push_back(sources.modules[i].file.parent_path());
    of.push_back(i);
  }
  std::vector<Group> groups;
  std::set<std::string> names;
  std::vector<std::size_t> elders;
  for (const auto& folder : order) {
    auto& of = folders[folder];
    std::erase_if(of, [&](auto i) {
      if (!sources.modules[i].near) elders.push_back(i);
      return !sources.modules[i].near;
    });
    const bool fits = !groups.empty() && groups.back().modules.size() + of.size() <= kGroup &&
                      std::none_of(of.begin(), of.end(), [&](auto i) { return names.contains(sources.modules[i].module.name); });
    if (!fits) groups.emplace_back(), names.clear();
    for (const std::size_t i : of) {
      if (groups.back().modules.size() >= kGroup) groups.emplace_back(), names.clear();
      groups.back().modules.push_back(i);
      names.insert(sources.modules[i].module.name);
    }
  }
  // Beside what the files of their folder mean by the name, so in runs of their own.
  std::filesystem::path folder;
  names.clear();
  for (const std::size_t i : elders) {
    const Source& source = sources.modules[i];
    if (folder != source.file.parent_path() || names.contains(source.module.name)) groups.emplace_back(), names.clear();
    folder = source.file.parent_path();
    groups.back().modules.push_back(i);
    names.insert(source.module.name);
  }
  return groups;
}

}  // namespace bongsu::mibc
