// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "mib/compile.h"
#include "mib/tree.h"
#include "net/process.h"

namespace bongsu::mib {

// A folder of its own, gone at the end.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "bongsu-mib-XXXXXX").string();
    EXPECT_NE(nullptr, ::mkdtemp(name.data()));
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(std::string_view name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

inline const std::filesystem::path kBaseModules = std::filesystem::path(BONGSU_SOURCE_DIR) / "mibs";
inline const std::filesystem::path kCompiler = std::filesystem::path(BONGSU_BIN_DIR) / "bongsu-mibc";

inline Result<CompileReport> compile_into(const Folder& folder, std::vector<std::filesystem::path> paths) {
  net::LiveProcesses processes;
  return compile(processes, {.folders = std::move(paths), .image = folder / "mibs.img", .compiler = kCompiler});
}

// The base modules, compiled once for all tests of the program.
inline const Tree& base_tree() {
  static const auto tree = [] {
    const Folder folder;
    auto report = compile_into(folder, {kBaseModules});
    if (!report) {
      ADD_FAILURE() << report.error().text;
      return Tree::empty();
    }
    return report->tree;
  }();
  return *tree;
}

}  // namespace bongsu::mib
