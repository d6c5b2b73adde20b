// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace bongsu::remedy {

struct RunnerSpec {
  std::filesystem::path socket;
  std::filesystem::path scripts;  // the only folder that is run from
  std::string user;               // that scripts run as; empty: the runner's own
  std::string caller;             // the user that may ask, beside root and the runner's own; empty: nobody
  int parallel = 16;              // scripts at once; more are refused
  bool until_input_ends = false;  // ends when its standard input does
};

// Runs scripts until SIGTERM or SIGINT, then ends those under way. Errors: Exists, Denied, NotFound, Io.
Status serve_scripts(const RunnerSpec& spec);

}  // namespace bongsu::remedy
