// SPDX-License-Identifier: Apache-2.0
#include "counter_script.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bongsu::poll {
namespace {

TEST(CounterScripts, EndInExactOctetsOrAGapWithItsCause) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(BONGSU_SOURCE_DIR "/tests/poll/scripts")) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  EXPECT_LE(20u, files.size());
  for (const auto& file : files) {
    const CounterScript done = run_counter_script(file);
    EXPECT_LE(1u, done.expectations) << file;
    for (const std::string& fault : done.faults) ADD_FAILURE() << file.filename().string() << ": " << fault;
  }
}

}  // namespace
}  // namespace bongsu::poll
