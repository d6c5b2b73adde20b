// SPDX-License-Identifier: Apache-2.0
#include "rule/script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config/items.h"

namespace bongsu::rule {
namespace {

std::vector<std::filesystem::path> scripts() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(BONGSU_SOURCE_DIR "/tests/rule/scripts"))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

// What Bongsu ships with.
const std::vector<ItemSpec>& stock() {
  static const auto items = [] {
    config::Problems problems;
    const std::filesystem::path folder(BONGSU_SOURCE_DIR "/rules");
    auto read = config::read_items(std::span(&folder, 1), problems);
    EXPECT_TRUE(problems.empty()) << problems.lines().front();
    return read;
  }();
  return items;
}

ScriptResult run_file(const std::filesystem::path& file, bool restart_each_second = false) {
  std::ifstream in(file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return run_script(text, file.filename().string(), stock(), restart_each_second);
}

}  // namespace

TEST(RuleScripts, Hold) {
  ASSERT_LT(10U, scripts().size());
  for (const auto& file : scripts()) {
    const ScriptResult result = run_file(file);
    EXPECT_LT(0U, result.checks) << file;
    for (const std::string& failure : result.failures) ADD_FAILURE() << failure;
  }
}

// The same alarms at the same times, whether the process lives on or is killed and started again before every evaluation.
TEST(RuleScripts, HoldWithARestartEachSecond) {
  for (const auto& file : scripts()) {
    // These are about what one process alone can know: a disk that refuses, a device or an item that has just left.
    const auto name = file.filename();
    // What ships is about levels, and takes hours.
    if (name.string().starts_with("stock_")) continue;
    // And points that it writes of itself it writes anew when it begins.
    if (name == "uplink.test" || name == "disk_full.test" || name == "device_gone.test" || name == "silence.test" ||
        name == "reload.test")
      continue;
    const ScriptResult once = run_file(file);
    const ScriptResult restarted = run_file(file, true);
    for (const std::string& failure : restarted.failures) ADD_FAILURE() << "restarted: " << failure;
    // Here such a point tells when its item rises.
    if (name != "uplink_in_maintenance.test") {
      EXPECT_EQ(once.log, restarted.log) << file;
    }
  }
}

TEST(RuleScripts, TwoRunsGiveOneLog) {
  for (const auto& file : scripts()) EXPECT_EQ(run_file(file).log, run_file(file).log) << file;
}

// What the README of rules shows holds.
TEST(RuleScripts, TheOneOfTheReadmeHolds) {
  std::ifstream in(BONGSU_SOURCE_DIR "/rules/README.md");
  std::string script;
  for (std::string line; std::getline(in, line);) {
    if (line == "    # cpu.test" || (!script.empty() && line.starts_with("    "))) script += line.substr(4) + "\n";
    else if (!script.empty()) break;
  }
  const ScriptResult result = run_script(script, "cpu.test", stock());
  EXPECT_EQ(3U, result.checks);
  for (const std::string& failure : result.failures) ADD_FAILURE() << failure;
}

// A person's mistake is a failure of its line, and ends nothing.
TEST(RuleScripts, NamesTheLineThatIsWrong) {
  const auto fails = [](const std::string& line) {
    SCOPED_TRACE(line);
    const auto result = run_script("load 10s v{device=\"a\"} 1 2 3\n" + line + "\n", "x.test");
    ASSERT_FALSE(result.failures.empty());
    EXPECT_TRUE(result.failures[0].starts_with("x.test:2: " + line)) << result.failures[0];
  };
  fails("item");
  fails("item cpu_usage");  // not known here
  fails("item v danger");
  fails("item v danger much");
  fails("at");
  fails("at soon normal");
  fails("at 0s");
  fails("load");
  fails("load 10s");
  fails("load 10s v{device=\"a\"} 1xmany");
  fails("ack");
  fails("ack seven");
  fails("window");
  fails("device");
  fails("disk");
  fails("frobnicate");
}

}  // namespace bongsu::rule
