// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mib/tree.h"
#include "net/process.h"

namespace bongsu::mib {

// Of an image's format. Images of others are compiled anew; programs that share a folder keep them apart by their names.
std::uint32_t image_version();

struct CompileRequest {
  std::vector<std::filesystem::path> folders;  // or files; of equal texts of one module the first named is taken
  std::filesystem::path image;                 // where the image is kept; its folder must exist
  std::filesystem::path compiler;              // bongsu-mibc, beside the running program
  Millis timeout{180'000};
  std::uint64_t memory_mib = 2048;
};

struct CompileReport {
  std::shared_ptr<const Tree> tree;  // of the image; its modules() and problems() say what was kept and what was wrong
  bool reused = false;               // the image at hand was made of the same texts
  bool added = false;                // only new files were compiled, the rest was taken from the image at hand
};

// Makes `image` hold what the files say now, and opens it. Nothing is done when it does already. Otherwise the compiler
// runs in its own confined process; whatever becomes of it, an image at hand stays until a whole new one replaces it.
// Blocks (reads every file): not on a reactor's thread. Errors: NotFound (no compiler), Invalid (nothing to read),
// Timeout, Unavailable (the compiler died or gave up), Io, Corrupt.
Result<CompileReport> compile(net::Processes& processes, const CompileRequest& request);

}  // namespace bongsu::mib
