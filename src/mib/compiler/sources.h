// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "mib/scan.h"
#include "mib/tree.h"

namespace bongsu::mibc {

// The file that was taken for a module, and the copy that the parser reads.
struct Source {
  std::string module;
  std::filesystem::path file;
  std::filesystem::path copy;
  std::string last_updated;
  std::uint32_t declared = 0;
  bool smi_v2 = false;
  std::size_t order = 0;  // of its file among all
};

struct Sources {
  std::vector<Source> modules;  // in the order to load: SMIv2 before what it replaces
  std::vector<mib::Problem> problems;
  std::uint64_t key = 0;
};

// Reads every file, takes the newest of each module, and writes a mended copy of each into `work`, one file a module.
// Errors: Io (the folder for copies).
Result<Sources> gather(const std::vector<std::filesystem::path>& paths, const std::filesystem::path& work);

}  // namespace bongsu::mibc
