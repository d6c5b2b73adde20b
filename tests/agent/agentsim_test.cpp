// SPDX-License-Identifier: Apache-2.0
// The program bongsu-agentsim, as a user starts it.
#include <gtest/gtest.h>

#include <filesystem>

#include "folder.h"
#include "net/live.h"
#include "net/process.h"

namespace bongsu::agent {
namespace {

net::Outcome agentsim(std::vector<std::string> arguments) {
  net::Command command;
  command.program = std::filesystem::path(BONGSU_BIN_DIR) / "bongsu-agentsim";
  command.arguments = std::move(arguments);
  auto outcome = net::LiveProcesses().run(command);
  EXPECT_TRUE(outcome) << outcome.error().text;
  return outcome ? std::move(*outcome) : net::Outcome{};
}

}  // namespace

TEST(Agentsim, TellsItsOptions) {
  const auto outcome = agentsim({"--help"});
  EXPECT_EQ(0, outcome.exit_code);
  for (const auto* option : {"--port", "--address", "--recording", "--synthetic", "--ports", "--community", "--delay", "--jitter",
                             "--loss", "--dead-pct", "--max-size"}) {
    EXPECT_NE(std::string::npos, outcome.output.find(option)) << option;
  }
}

TEST(Agentsim, EndsWithTwoOnWrongUse) {
  EXPECT_EQ(2, agentsim({"--no-such-option"}).exit_code);
  EXPECT_EQ(2, agentsim({"--loss", "101"}).exit_code);
  EXPECT_EQ(2, agentsim({"--synthetic", "toaster"}).exit_code);
  EXPECT_EQ(2, agentsim({"--port", "70000"}).exit_code);
}

TEST(Agentsim, EndsWithOneAndSaysWhyWhenItCannotServe) {
  const auto says = [](const std::string& what, std::vector<std::string> arguments) {
    const auto outcome = agentsim(std::move(arguments));
    EXPECT_EQ(1, outcome.exit_code);
    EXPECT_NE(std::string::npos, outcome.error_output.find(what)) << outcome.error_output;
  };
  const Folder folder;
  says("no *.snmprec file in " + folder.path().string(), {"--recording", folder.path().string()});
  folder.write("bad.snmprec", "nothing of use\n");
  says("none of its 1 rows is an object (line 1: not OID|type|value)", {"--recording", folder.path().string()});
  says("read recording /nonexistent/x.snmprec", {"--recording", "/nonexistent/x.snmprec"});
  says("--address", {"--address", "somewhere"});

  net::LiveReactor reactor;
  net::SocketSpec spec;
  spec.bind.address = net::Address::any(net::Address::Family::V4);
  const auto taken = reactor.open(spec);
  ASSERT_TRUE(taken);
  const std::string port = std::to_string((*taken)->local().port);
  says("listen on udp 0.0.0.0:" + port, {"--port", port});
}

}  // namespace bongsu::agent
