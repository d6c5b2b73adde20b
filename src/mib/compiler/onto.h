// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "mib/mapped.h"
#include "sources.h"

namespace bongsu::mibc {

// Reads what must be compiled when files have joined those that `old` was made of, the others being as they were: the modules
// of the new files, loaded modules that wait for one of them, and what both import; only the first two are targets. Nothing
// when a part will not do: a file has gone, a name of a module has come again, or too many wait.
std::optional<Sources> gather_onto(const mib::Tree::Image& old, const std::vector<std::filesystem::path>& paths,
                                   const std::filesystem::path& work);

}  // namespace bongsu::mibc
