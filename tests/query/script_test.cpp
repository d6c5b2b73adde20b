// SPDX-License-Identifier: Apache-2.0
#include "query/script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace bongsu::query {
namespace {

std::vector<std::filesystem::path> scripts_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST(QueryScripts, OurOwnCasesHold) {
  const auto files = scripts_in(BONGSU_SOURCE_DIR "/tests/query/scripts");
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) {
    const ScriptOutcome outcome = run_script(file);
    EXPECT_EQ(0U, outcome.skipped + outcome.unsupported) << file;
    EXPECT_LT(0U, outcome.passed) << file;
    for (const std::string& failure : outcome.failures) ADD_FAILURE() << failure;
  }
}

TEST(Corpus, PrometheusCasesHold) {
  const std::filesystem::path folder = BONGSU_CORPUS "/promql";
  if (!std::filesystem::is_directory(folder))
    GTEST_SKIP() << "no folder promql in the corpus '" << BONGSU_CORPUS << "'; cmake -DBONGSU_CORPUS=FOLDER gives one";
  const auto files = scripts_in(folder);
  EXPECT_FALSE(files.empty()) << "no .test file in " << folder;
  for (const auto& file : files) {
    const ScriptOutcome outcome = run_script(file);
    std::cout << file.filename().string() << ": " << outcome.passed << " passed, " << outcome.skipped << " out of scope, "
              << outcome.unsupported << " unsupported, " << outcome.failures.size() << " failed\n";
    for (const std::string& failure : outcome.failures) ADD_FAILURE() << failure;
  }
}

}  // namespace bongsu::query
