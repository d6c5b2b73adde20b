// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace bongsu::promqltest {

struct Verdict {
  std::string file;  // its stem
  std::size_t line = 0;
  std::size_t number = 0;  // of the case in its file; 0 for a line that cannot be read
  std::string key;
  std::string query;
  std::string wrong;        // empty when it passed
  bool histograms = false;  // names a series that was loaded as native histograms, or expects some
};

// Runs the cases of a file against the engine over a store in memory, with the settings that Prometheus tests itself with:
// look-back 5 min, subqueries each minute, metric names dropped at the end. A case asked at an instant is also asked as the
// middle of a range. Error: NotFound.
Result<std::vector<Verdict>> run_file(const std::filesystem::path& file);

}  // namespace bongsu::promqltest
