// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "confine.h"
#include "sources.h"

namespace bongsu::mibc {

// Compiles each group in a process of its own, as many at once as there are processors, and puts an image of each into
// `work`. A process that dies costs its group: half of it is tried again, until the module that kills is found and left
// out. What was wrong joins sources.problems; images of what could be read are returned, in the order of `groups`.
Result<std::vector<std::filesystem::path>> run(Sources& sources, std::vector<Group> groups, const std::filesystem::path& work,
                                               const Limits& limits);

}  // namespace bongsu::mibc
