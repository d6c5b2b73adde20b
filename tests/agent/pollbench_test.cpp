// SPDX-License-Identifier: Apache-2.0
// The program bongsu-pollbench, as a user starts it: what it counts, not how fast it was.
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "folder.h"
#include "net/process.h"

namespace bongsu::agent {
namespace {

using Json = nlohmann::json;

net::Outcome pollbench(std::vector<std::string> arguments) {
  net::Command command;
  command.program = std::filesystem::path(BONGSU_BIN_DIR) / "bongsu-pollbench";
  command.arguments = std::move(arguments);
  auto outcome = net::LiveProcesses().run(command);
  EXPECT_TRUE(outcome) << outcome.error().text;
  return outcome ? std::move(*outcome) : net::Outcome{};
}

// The last line.
Json figures(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--simulate", "--count", "20"});
  const auto outcome = pollbench(std::move(arguments));
  EXPECT_EQ(0, outcome.exit_code) << outcome.error_output;
  std::string text = outcome.output;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const auto start = text.rfind('\n');
  Json out = Json::parse(start == std::string::npos ? text : text.substr(start + 1), nullptr, false);
  EXPECT_TRUE(out.is_object()) << text;
  return out.is_object() ? out : Json::object();
}
double number(const Json& json, const char* name) { return json.contains(name) ? json[name].get<double>() : -1; }

const std::vector<std::string> kUser{"-u", "nms", "-A", "authentic phrase", "-X", "private phrase"};
std::vector<std::string> secured(std::vector<std::string> more) {
  more.insert(more.end(), kUser.begin(), kUser.end());
  return more;
}

}  // namespace

TEST(Pollbench, FetchesEachCounterBesideItsRival) {
  const Json out = figures({"--cycles", "2", "--rounds", "2", "--rival", "net-snmp"});
  EXPECT_EQ(20 * 240 * 2, number(out, "varbinds"));
  EXPECT_EQ(100, number(out, "answered_percent"));
  EXPECT_GT(number(out, "sum"), 0);
  EXPECT_EQ(4U, out["cycles_s"].size());
  EXPECT_GT(number(out, "rival_cpu_s_per_million_varbinds"), 0);
  EXPECT_GT(number(out, "ratio"), 0);
}

TEST(Pollbench, PollsInVersionThree) {
  const Json table = figures(secured({"--coroutines"}));
  EXPECT_EQ("3", table["version"]);
  EXPECT_EQ(20 * 240, number(table, "varbinds"));
  const Json small = figures(secured({"--small", "--cycles", "3", "--rival", "net-snmp"}));
  for (const char* name : {"v2c_us_per_request", "v3_us_per_request", "localize_us", "rival_v3_us_per_request"})
    EXPECT_GT(number(small, name), 0) << name;
  EXPECT_EQ(100, number(figures(secured({"--memory"})), "answered_percent"));
}

TEST(Pollbench, TheDeadAreNotCounted) {
  const Json out = figures({"--dead", "50", "--timeout", "50", "--retries", "0"});
  EXPECT_EQ(3 * 10 * 240, number(out, "varbinds"));  // the first cycle is not counted; one without the dead, one with them
  EXPECT_EQ(100, number(out, "answered_percent"));
  EXPECT_EQ(1U, out["cycles_s"].size());
  EXPECT_EQ(1U, out["stretches_percent"].size());
}

TEST(Pollbench, StoresWhatItPolls) {
  const Folder folder;
  const Json out = figures({"--cycles", "2", "--store", (folder.path() / "db").string()});
  EXPECT_EQ(20 * 240 * 2, number(out, "stored"));
}

TEST(Pollbench, ReadsItsFilesAndTellsWrongUse) {
  const Folder folder;
  folder.write("hosts", "127.0.0.1\n");
  folder.write("columns", "ifInOctets\n");
  const auto says = [](const std::string& what, std::vector<std::string> arguments) {
    const auto outcome = pollbench(std::move(arguments));
    EXPECT_EQ(2, outcome.exit_code);
    EXPECT_NE(std::string::npos, outcome.error_output.find(what)) << outcome.error_output;
  };
  says("--columns", {"--hosts", (folder.path() / "hosts").string(), "--columns", (folder.path() / "columns").string()});
  says("cannot be read", {"--hosts", (folder.path() / "none").string()});
  says("give --hosts FILE or --count N", {"--cycles", "2"});
  says("--memory goes alone", {"--count", "1", "--memory", "--dead", "5"});
}

}  // namespace bongsu::agent
