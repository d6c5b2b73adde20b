// SPDX-License-Identifier: Apache-2.0
#include "net/process.h"

#include <gtest/gtest.h>

namespace bongsu::net {

using namespace std::chrono_literals;

TEST(Processes, RunWithoutAShell) {
  LiveProcesses processes;
  const auto outcome = processes.run({.program = "/bin/echo", .arguments = {"$HOME; true", "b"}});
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(0, outcome->exit_code);
  EXPECT_EQ("$HOME; true b\n", outcome->output);
}

TEST(Processes, FeedAndCollect) {
  LiveProcesses processes;
  const std::string big(300'000, 'x');
  const auto outcome = processes.run({.program = "/bin/cat", .input = big, .output_limit = 200'000});
  ASSERT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(big.substr(0, 200'000), outcome->output);
}

TEST(Processes, TellHowTheyEnded) {
  LiveProcesses processes;
  EXPECT_EQ(1, processes.run({.program = "/bin/false"})->exit_code);
  EXPECT_EQ(Code::NotFound, processes.run({.program = "/nonexistent/program"}).error().code);
  const auto killed = processes.run({.program = "/bin/sleep", .arguments = {"1000"}, .timeout = 50ms});
  ASSERT_TRUE(killed);
  EXPECT_TRUE(killed->timed_out);
  EXPECT_EQ(9, killed->signal);
}

}  // namespace bongsu::net
