// SPDX-License-Identifier: Apache-2.0
// How much of a collection of MIB files an image holds:
//   bongsu-mibc --quiet --image FILE --work DIR mibs FOLDER && build/release/bench/mib_score FILE FOLDER [FOUND.jsonl]
// FOUND gets one line for each name of the image, as `bongsu mib show --json` prints it.
#include <cstdio>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "base/hash.h"
#include "mib/json.h"
#include "mib/scan.h"
#include "mib/tree.h"

namespace bongsu::mib {
namespace {

using Text = std::pair<std::string, std::uint64_t>;  // of a module: its name and what it says

struct File {
  std::string path;
  std::set<Text> modules;
  std::size_t declared = 0;
  bool typed = false;
};

File look(const std::filesystem::path& path) {
  File file{path.string(), {}, 0, false};
  const auto text = read_text(path);
  if (!text) return file;
  for (const ScannedModule& module : scan(*text).modules) {
    file.modules.emplace(module.name, hash_bytes(std::string_view(*text).substr(module.begin, module.end - module.begin)));
    file.declared += module.definitions.size();
    file.typed = file.typed || !module.types.empty();
  }
  return file;
}

int score(const char* image, const char* folder, const char* found) {
  const auto tree = Tree::open(image);
  if (!tree) return std::fprintf(stderr, "%s\n", tree.error().text.c_str()), 1;
  std::vector<std::string> unreadable;
  std::vector<File> files;
  for (const auto& path : list_files({folder}, unreadable)) files.push_back(look(path));

  std::map<std::pair<std::string, std::string>, const ModuleInfo*> held;  // by file and name
  const auto modules = (*tree)->modules();
  for (const ModuleInfo& module : modules) held.emplace(std::pair(std::string(module.file), std::string(module.name)), &module);
  // A text that stands in several files is loaded once and serves them all.
  std::map<Text, std::pair<std::size_t, std::size_t>> kept;
  for (const File& file : files) {
    for (const Text& text : file.modules) {
      const auto at = held.find({file.path, text.first});
      if (at != held.end())
        kept[text] = std::max(kept[text], std::pair<std::size_t, std::size_t>(at->second->objects, at->second->declared));
    }
  }
  std::size_t empty = 0, types = 0, whole = 0, part = 0, none = 0, names = 0, names_kept = 0;
  std::set<std::string> without;
  for (const File& file : files) {
    std::size_t objects = 0, declared = 0;
    for (const Text& text : file.modules) objects += kept[text].first, declared += kept[text].second;
    names += declared, names_kept += objects;
    if (file.declared == 0) ++(file.typed ? types : empty);
    else if (objects == 0) ++none, without.insert(file.path);
    else if (objects < declared) ++part;
    else ++whole;
  }
  const std::size_t asked = whole + part + none;
  std::printf("%zu files: %zu define nothing, %zu types alone; of the other %zu: %zu whole, %zu in part, %zu nothing\n",
              files.size(), empty, types, asked, whole, part, none);
  std::printf("at least one object: %.2f %%; names kept %zu of %zu, %.2f %%\n",
              100.0 * static_cast<double>(whole + part) / static_cast<double>(asked), names_kept, names,
              100.0 * static_cast<double>(names_kept) / static_cast<double>(names));
  // Why: kinds of problems in the files that gave nothing. No names: the collection is a measure, not a source.
  std::map<std::string, std::set<std::string>> causes;
  for (const Problem& problem : (*tree)->problems()) {
    if (problem.warning || !without.contains(problem.file)) continue;
    std::string kind = "another";
    for (const char* const known :
         {" is not there; add its file", "is not in module", "is defined nowhere that is loaded", "hangs nowhere itself",
          "are left out with them", "the parser says", "is not where it is imported from", "names kept"}) {
      if (problem.text.find(known) != std::string::npos) kind = known;
    }
    causes[kind].insert(problem.file);
  }
  for (const auto& [kind, where] : causes) std::printf("  %5zu files: %s\n", where.size(), kind.c_str());

  if (found == nullptr) return 0;
  std::ofstream out(found, std::ios::binary);
  for (std::uint32_t i = 0; i < (*tree)->size(); ++i) {
    const Object object = (*tree)->at(i);
    if (object.name.empty() || object.module.empty()) continue;
    // Of several revisions, what the module's name means.
    const auto meant = (*tree)->find(std::string(object.module).append("::").append(object.name));
    if (!meant || meant->number != i) continue;
    std::string line;
    JsonWriter json(line);
    append_object(json, object, false);
    out << line << '\n';
  }
  return out.flush() ? 0 : 1;
}

}  // namespace
}  // namespace bongsu::mib

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("usage: mib_score IMAGE FOLDER [FOUND.jsonl]\n", stderr), 2;
  return bongsu::mib::score(argv[1], argv[2], argc > 3 ? argv[3] : nullptr);
}
