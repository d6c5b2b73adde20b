// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "folder.h"
#include "mib/compile.h"
#include "mib/tree.h"
#include "net/process.h"

namespace bongsu {

inline const std::filesystem::path kBaseModules = std::filesystem::path(BONGSU_SOURCE_DIR) / "mibs";
inline const std::filesystem::path kMibCompiler = std::filesystem::path(BONGSU_BIN_DIR) / "bongsu-mibc";

inline Result<mib::CompileReport> compile_into(const Folder& folder, std::vector<std::filesystem::path> paths) {
  net::LiveProcesses processes;
  return mib::compile(processes, {.folders = std::move(paths), .image = folder / "mibs.img", .compiler = kMibCompiler});
}

// The base modules, compiled once for all tests of the program.
inline std::shared_ptr<const mib::Tree> base_tree() {
  static const std::shared_ptr<const mib::Tree> tree = [] {
    const Folder folder;  // the mapping stays when it goes
    auto report = compile_into(folder, {kBaseModules});
    EXPECT_TRUE(report) << report.error().text;
    return report ? report->tree : mib::Tree::empty();
  }();
  return tree;
}

}  // namespace bongsu
