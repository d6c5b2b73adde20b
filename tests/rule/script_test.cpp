// SPDX-License-Identifier: Apache-2.0
#include "rule/script.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace bongsu::rule {
namespace {

std::vector<std::filesystem::path> scripts() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(BONGSU_SOURCE_DIR "/tests/rule/scripts"))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST(RuleScripts, Hold) {
  ASSERT_LT(10U, scripts().size());
  for (const auto& file : scripts()) {
    const ScriptResult result = run_script(file);
    EXPECT_LT(0U, result.checks) << file;
    for (const std::string& failure : result.failures) ADD_FAILURE() << failure;
  }
}

// The same alarms at the same times, whether the process lives on or is killed and started again before every evaluation.
TEST(RuleScripts, HoldWithARestartEachSecond) {
  for (const auto& file : scripts()) {
    // These are about what one process alone can know: a disk that refuses, a device or an item that has just left.
    const auto name = file.filename();
    if (name == "disk_full.test" || name == "device_gone.test" || name == "silence.test" || name == "reload.test") continue;
    const ScriptResult once = run_script(file);
    const ScriptResult restarted = run_script(file, true);
    for (const std::string& failure : restarted.failures) ADD_FAILURE() << "restarted: " << failure;
    EXPECT_EQ(once.log, restarted.log) << file;
  }
}

TEST(RuleScripts, TwoRunsGiveOneLog) {
  for (const auto& file : scripts()) EXPECT_EQ(run_script(file).log, run_script(file).log) << file;
}

}  // namespace bongsu::rule
