// SPDX-License-Identifier: Apache-2.0
// The program bongsu-devicescore, as a user starts it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "folder.h"
#include "net/process.h"

namespace bongsu::agent {
namespace {

using Json = nlohmann::json;

net::Outcome devicescore(const std::vector<std::string>& arguments) {
  net::Command command;
  command.program = std::filesystem::path(BONGSU_BIN_DIR) / "bongsu-devicescore";
  command.arguments = arguments;
  auto outcome = net::LiveProcesses().run(command);
  EXPECT_TRUE(outcome) << outcome.error().text;
  return outcome ? std::move(*outcome) : net::Outcome{};
}

Json read(const std::filesystem::path& file) {
  std::ifstream in(file);
  return Json::parse(in, nullptr, false);
}

const std::string kSwitch =
    "1.3.6.1.2.1.1.1.0|4|Cisco IOS Software, C2960X Software, Version 15.2(2)E7\n"
    "1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9.1.1208\n1.3.6.1.2.1.1.3.0|67|100\n"
    "1.3.6.1.2.1.2.2.1.2.3|4|Gi0/3\n1.3.6.1.2.1.2.2.1.3.3|2|6\n1.3.6.1.2.1.2.2.1.8.3|2|7\n"
    "1.3.6.1.2.1.31.1.1.1.1.3|4|Gi0/3\n1.3.6.1.2.1.31.1.1.1.6.3|70|12345\n1.3.6.1.2.1.31.1.1.1.15.3|66|1000\n"
    "1.3.6.1.4.1.9.9.109.1.1.1.1.8.1|66|17\n"
    "1.3.6.1.4.1.9.9.13.1.3.1.2.1|4|Inlet\n1.3.6.1.4.1.9.9.13.1.3.1.3.1|66|31\n1.3.6.1.4.1.9.9.13.1.3.1.6.1|2|2\n";

TEST(DeviceScore, WritesWhatWasFoundAndGoesOnWhereItStopped) {
  const Folder folder;
  const std::filesystem::path recordings = folder / "in", found = folder / "out";
  folder.write("in/ios.snmprec", kSwitch);
  folder.write("in/silent.snmprec", "1.3.6.1.2.1.1.3.0|67|100\n");
  const std::vector<std::string> run{"--recordings", recordings, "--found", found, "--jobs", "2"};
  const auto outcome = devicescore(run);
  EXPECT_EQ(0, outcome.exit_code) << outcome.error_output;
  const Json device = read(found / "ios.json");
  ASSERT_TRUE(device.is_object());
  EXPECT_EQ("ios", device["os"]);
  EXPECT_EQ("ciscoSystems", device["vendor"]);
  const auto metric = [&](const std::string& name) {
    for (const Json& each : device["metrics"])
      if (each["name"] == name) return each;
    ADD_FAILURE() << name << " is missing";
    return Json::object();
  };
  EXPECT_EQ(17, metric("cpu.usage")["value"]);
  EXPECT_EQ("1.3.6.1.4.1.9.9.109.1.1.1.1.8.1", metric("cpu.usage")["labels"]["oid"]);
  EXPECT_EQ("lowerLayerDown", metric("port.oper_status")["labels"]["state"]);
  EXPECT_EQ(1'000'000'000, metric("port.speed")["value"]);
  EXPECT_EQ(1, metric("port.counter64")["value"]);
  EXPECT_EQ(31, metric("sensor.temperature")["value"]);
  EXPECT_EQ("celsius", metric("sensor.temperature")["unit"]);
  EXPECT_EQ(2, metric("sensor.state")["value"]);
  EXPECT_EQ("warning", metric("sensor.state")["labels"]["state"]);
  EXPECT_TRUE(read(found / "silent.json")["metrics"].is_array());

  // Only what is not there yet is collected.
  folder.write("out/ios.json", "mine");
  std::filesystem::remove(found / "silent.json");
  EXPECT_EQ(0, devicescore(run).exit_code);
  std::string kept;
  std::ifstream(found / "ios.json") >> kept;
  EXPECT_EQ("mine", kept);
  EXPECT_TRUE(std::filesystem::exists(found / "silent.json"));
}

TEST(DeviceScore, RefusesWhatItCannotDo) {
  EXPECT_EQ(2, devicescore({"--recordings", "/nowhere/at/all", "--found", "/tmp"}).exit_code);
  EXPECT_EQ(2, devicescore({}).exit_code);
}

}  // namespace
}  // namespace bongsu::agent
