// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"

namespace bongsu::app {

// Where the files that come with Bongsu are: beside the binary's folder, in share/bongsu (both in a build tree and when
// installed), and the MIB compiler and the runner of scripts beside the binary itself.
struct Share {
  std::filesystem::path mibs;
  std::filesystem::path rules;  // holds items/ and profiles/
  std::filesystem::path mib_compiler;
  std::filesystem::path script_runner;
};
// Error: NotFound, naming the folder that was looked for.
Result<Share> find_share();

// Where a command without a data directory keeps compiled MIB images: $XDG_CACHE_HOME/bongsu, ~/.cache/bongsu, else a
// folder of this user below the system's temporary one.
std::filesystem::path cache_folder();

}  // namespace bongsu::app
