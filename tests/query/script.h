// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace bongsu::query {

// Runs a file of PromQL cases in the form that Prometheus' own test data has: load, clear, eval instant, eval range, with the
// expected series below. Native histograms and warnings are out of scope: such cases are counted as skipped.
struct ScriptOutcome {
  std::size_t passed = 0;
  std::size_t skipped = 0;            // native histograms, limitk and the like
  std::size_t unsupported = 0;        // parses, and the engine says that it does not answer it
  std::vector<std::string> failures;  // "file:line: query: what was wrong"
};
ScriptOutcome run_script(const std::filesystem::path& file);

}  // namespace bongsu::query
