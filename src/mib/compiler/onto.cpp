// SPDX-License-Identifier: Apache-2.0
#include "onto.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace bongsu::mibc {

namespace {

constexpr std::size_t kMostAgain = 400;  // modules; more are as quick in a compile of all

class Planner {
 public:
  Planner(const mib::Tree::Image& old, const std::vector<std::filesystem::path>& paths, const std::filesystem::path& work)
      : old_(old), paths_(paths), work_(work) {
    for (const auto& file : old.files) keys_.emplace(old.text(file.path), file.key);
    for (std::uint32_t i = 0; i < old.modules.size(); ++i) by_name_.emplace(old.module_name(i), i);
    imports_.resize(old.modules.size());
    for (const auto& import : old.imports) imports_[import.module].push_back(old.text(import.from));
  }

  std::optional<Sources> plan() {
    std::vector<std::string> unreadable;
    const auto files = mib::list_files(paths_, unreadable);
    std::size_t known = 0;
    for (const auto& file : files) {
      if (keys_.contains(file.string())) ++known;
      else fresh_.insert(file);
    }
    if (known != keys_.size() || fresh_.empty() || !unreadable.empty()) return std::nullopt;

    std::set<std::filesystem::path> only = fresh_;
    {
      const Sources first = gather(paths_, work_, &only);
      for (const Source& source : first.modules) {
        if (!is_fresh(first, source)) continue;
        if (by_name_.contains(source.module.name)) return std::nullopt;  // a revision: whose is meant may change
        names_.insert(source.module.name);
        folders_.insert(source.file.parent_path());
        wanted_.insert(source.imports.begin(), source.imports.end());
      }
    }
    find_waiting();
    if (again_.size() > kMostAgain) return std::nullopt;
    for (const std::uint32_t module : again_) wanted_.insert(imports_[module].begin(), imports_[module].end());
    std::set<std::uint32_t> needed = again_;
    for (std::vector<std::string> waiting(wanted_.begin(), wanted_.end()); !waiting.empty();) {
      const std::string name = std::move(waiting.back());
      waiting.pop_back();
      const auto [from, to] = by_name_.equal_range(name);
      for (auto at = from; at != to; ++at) {
        if (!needed.insert(at->second).second) continue;
        waiting.insert(waiting.end(), imports_[at->second].begin(), imports_[at->second].end());
      }
    }
    for (const std::uint32_t module : needed) {
      if (const auto file = file_of(old_.text(old_.modules[module].file))) only.insert(*file);
    }
    Sources sources = gather(paths_, work_, &only);
    mark(sources);
    return sources;
  }

 private:
  bool is_fresh(const Sources& sources, const Source& source) const { return fresh_.contains(sources.files[source.order].path); }

  // Loaded modules that may come to more by the new ones: who imports from one of them, who stands in their folder and misses a
  // module, and who imports from those.
  void find_waiting() {
    std::map<std::string_view, std::vector<std::uint32_t>> importers;
    for (std::uint32_t i = 0; i < imports_.size(); ++i) {
      for (const std::string_view from : imports_[i]) {
        importers[from].push_back(i);
        const bool lost = !by_name_.contains(from) && !names_.contains(std::string(from));
        if (lost && folders_.contains(std::filesystem::path(old_.text(old_.modules[i].file)).parent_path())) again_.insert(i);
      }
    }
    for (const std::string& name : names_) again_.insert(importers[name].begin(), importers[name].end());
    for (std::vector<std::uint32_t> waiting(again_.begin(), again_.end()); !waiting.empty() && again_.size() <= kMostAgain;) {
      const std::uint32_t module = waiting.back();
      waiting.pop_back();
      for (const std::uint32_t i : importers[old_.module_name(module)]) {
        if (again_.insert(i).second) waiting.push_back(i);
      }
    }
    // A file's modules go together: its problems are told anew.
    std::set<std::string_view> files;
    for (const std::uint32_t module : again_) files.insert(old_.text(old_.modules[module].file));
    for (std::uint32_t i = 0; i < old_.modules.size(); ++i) {
      if (files.contains(old_.text(old_.modules[i].file))) again_.insert(i);
    }
  }

  // The file, or the archive, that a module's text stands in.
  std::optional<std::filesystem::path> file_of(std::string_view shown) const {
    for (std::filesystem::path path(shown); !path.empty(); path = path.parent_path()) {
      if (keys_.contains(path.string())) return path;
      if (path == path.parent_path()) break;
    }
    return std::nullopt;
  }

  void mark(Sources& sources) const {
    std::set<std::pair<std::string, std::string>> again;
    std::set<std::string> told;  // files whose problems are new
    for (const std::uint32_t module : again_) {
      again.emplace(std::string(old_.text(old_.modules[module].file)), std::string(old_.module_name(module)));
      told.emplace(old_.text(old_.modules[module].file));
    }
    for (Source& source : sources.modules) {
      // A vendor's root that nobody asked for until now is new as well.
      source.target = is_fresh(sources, source) || !by_name_.contains(source.module.name) ||
                      again.contains(std::pair(source.file.string(), source.module.name));
      if (source.target) told.insert(source.file.string());
    }
    for (const auto& file : fresh_) told.insert(file.string());
    // Of an archive "bundle.zip/inner.mib".
    const auto is_told = [&](std::filesystem::path file) {
      for (; !file.empty() && file != file.parent_path(); file = file.parent_path()) {
        if (told.contains(file.string())) return true;
      }
      return false;
    };
    std::erase_if(sources.problems, [&](const mib::Problem& problem) { return !is_told(problem.file); });
    sources.key = mib::kFirstKey;
    for (SeenFile& file : sources.files) {
      if (const auto old = keys_.find(file.path.string()); old != keys_.end()) file.key = old->second;
      if (file.key != 0) sources.key = mib::content_key(sources.key, file.key);
    }
  }

  const mib::Tree::Image& old_;
  const std::vector<std::filesystem::path>& paths_;
  const std::filesystem::path& work_;
  std::map<std::string, std::uint64_t, std::less<>> keys_;  // of files
  std::multimap<std::string_view, std::uint32_t, std::less<>> by_name_;
  std::vector<std::vector<std::string_view>> imports_;  // of loaded modules
  std::set<std::filesystem::path> fresh_, folders_;
  std::set<std::string> names_;   // of new modules
  std::set<std::string> wanted_;  // modules whose text is read
  std::set<std::uint32_t> again_;
};

}  // namespace

std::optional<Sources> gather_onto(const mib::Tree::Image& old, const std::vector<std::filesystem::path>& paths,
                                   const std::filesystem::path& work) {
  return Planner(old, paths, work).plan();
}

}  // namespace bongsu::mibc
