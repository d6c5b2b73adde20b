// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "mib/tree.h"

namespace bongsu::app {

// Prints problems as a compiler does: the place, what is wrong and what was done, the line, and a mark under the word. Then
// a line about them and the modules. Files are read again for their lines.
void print_report(std::vector<mib::Problem> problems, const std::vector<mib::ModuleInfo>& modules);
std::string counted(std::size_t count, const std::string& word);  // "1 module", "2 modules"

}  // namespace bongsu::app
