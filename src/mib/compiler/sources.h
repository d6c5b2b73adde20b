// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "homes.h"
#include "mib/scan.h"
#include "mib/tree.h"

namespace bongsu::mibc {

// One module in one file.
struct Source {
  mib::ScannedModule module;   // its lists are empty: homes have them
  std::filesystem::path file;  // as problems name it: of an archive "bundle.zip/inner.mib"
  std::filesystem::path text;  // where its text stands: `file`, or what was unpacked
  std::uint32_t declared = 0;
  std::size_t order = 0;  // of its file among all
  int rank = 0;           // lower is asked first for a name that several modules define
  std::uint64_t text_key = 0;
  std::set<std::string> imports;  // modules, loaded or not
  bool target = true;             // to be compiled, not only read for those that import from it
  bool near = true;               // the revision that the files of its folder mean
  bool meant = true;              // the revision that the module's name means where nothing nearer is
};

struct SeenFile {
  std::filesystem::path path;
  std::uint64_t key = 0;  // 0: not read, or not readable
};

struct Sources {
  std::vector<Source> modules;  // in the order to load: SMIv2 before what it replaces
  std::vector<SeenFile> files;  // of all paths; Source::order counts in it
  std::vector<mib::Problem> problems;
  Homes homes;
  std::uint64_t key = 0;
};

// Reads every file once. The first path holds Bongsu's own modules, which are everybody's, but for those in its folder
// "vendors": each of them is loaded only if a module that is loaded imports from it and no other path holds one of its name.
// Several revisions of one module stay side by side: its name means the newest, but the files of a folder mean the one in their
// own. Archives are unpacked into `work`. With `only`, of the other paths' files these alone are read.
Sources gather(const std::vector<std::filesystem::path>& paths, const std::filesystem::path& work,
               const std::set<std::filesystem::path>* only = nullptr);

// Which modules one run of the parser loads: each name once, since the parser knows them by name.
struct Group {
  std::vector<std::size_t> modules;
};
// Folders stay together as far as a group holds them, so that each sees its own revisions.
std::vector<Group> group(const Sources& sources);

}  // namespace bongsu::mibc
