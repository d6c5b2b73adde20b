// SPDX-License-Identifier: Apache-2.0
// Three switches in a chain, which nobody configured: they tell of each other by LLDP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/daemon.h"
#include "e2e/switches.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

// Switch `number` has the chassis identifier 00:00:5e:00:53:0N (RFC 7042 section 2.1.2) and sees `others` at ports of their
// names.
std::string recording(int number, const std::vector<int>& others) {
  const auto chassis = [](int of) { return "00005e00530" + std::to_string(of); };
  std::string text = "1.3.6.1.2.1.1.1.0|4|a switch\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.99999.1\n1.3.6.1.2.1.1.3.0|67|86400000\n";
  text += "1.3.6.1.2.1.1.5.0|4|switch\n1.0.8802.1.1.2.1.3.1.0|2|4\n1.0.8802.1.1.2.1.3.2.0|4x|" + chassis(number) + "\n";
  for (const int other : others) {
    const std::string port = std::to_string(other), row = "0." + port + ".1|";
    text += "1.0.8802.1.1.2.1.3.7.1.2." + port + "|2|5\n1.0.8802.1.1.2.1.3.7.1.3." + port + "|4|ge" + port + "\n";
    text += "1.0.8802.1.1.2.1.4.1.1.4." + row + "2|4\n1.0.8802.1.1.2.1.4.1.1.5." + row + "4x|" + chassis(other) + "\n";
    text += "1.0.8802.1.1.2.1.4.1.1.6." + row + "2|5\n1.0.8802.1.1.2.1.4.1.1.7." + row + "4|ge" + std::to_string(number) + "\n";
    text += "1.0.8802.1.1.2.1.4.1.1.9." + row + "4|switch\n";
  }
  return text;
}

}  // namespace

TEST(Topology, OfAChainThatLldpTellsOnlyTheMiddleIsToldOf) {
  Folder folder;
  Switches network;
  const auto address = [](int number) { return "127.77.9." + std::to_string(number); };
  network.add_recorded(address(1), recording(1, {2}));
  network.add_recorded(address(2), recording(2, {1, 3}));
  network.add_recorded(address(3), recording(3, {2}));
  folder.write("rules/items/all.yaml", items_file());
  std::string devices;
  for (const auto& [name, number] : {std::pair{"core", 1}, std::pair{"middle", 2}, std::pair{"leaf", 3}})
    devices +=
        std::string("  - {name: ") + name + ", address: \"" + address(number) + ":" + std::to_string(network.port()) + "\"}\n";
  folder.write("bongsu.yaml", config_text(folder, devices));
  const std::string config = (folder.path() / "bongsu.yaml").string();
  Daemon daemon({"bongsu", "serve", "--config", config});
  ASSERT_TRUE(daemon.comes_up()) << daemon.printed();

  // The links are there; the machine's gateway is none of the three.
  ASSERT_TRUE(eventually([&] { return daemon.ask("/api/v1/topology")["links"].size() == 2; })) << daemon.ask("/api/v1/topology");
  EXPECT_TRUE(daemon.ask("/api/v1/topology")["root"].is_null());
  EXPECT_EQ(Json::array(), daemon.ask("/api/v1/devices/leaf")["device"]["parents"]);
  folder.write("bongsu.yaml", config_text(folder, devices) + "topology: {root: core}\n");
  daemon.send(SIGHUP);
  const auto leaf = [&] { return daemon.ask("/api/v1/devices/leaf").value("device", Json::object()); };
  ASSERT_TRUE(eventually([&] { return leaf().value("parents", Json()) == Json::array({"middle"}); }))
      << daemon.ask("/api/v1/topology");
  EXPECT_EQ("discovered", leaf()["parents_from"]);
  const Ran shown = run({"bongsu", "topology", "--url", daemon.url()});
  EXPECT_EQ(0, shown.code) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("root: core (named by the configuration)"));
  EXPECT_THAT(shown.out, testing::ContainsRegex("leaf +up +2 +middle +discovered"));
  EXPECT_THAT(shown.out, testing::ContainsRegex("leaf +middle +middle +lldp +ge3 +ge2"));
  EXPECT_EQ("core", Json::parse(run({"bongsu", "topology", "--json", "--url", daemon.url()}).out)["root"]);

  // The middle dies, and takes the leaf along.
  network.set_dead(address(2), true);
  network.set_dead(address(3), true);
  const auto alarm_of = [&](const std::string& device) {
    const Json answer = daemon.ask("/api/v1/alarms?device=" + device);
    return answer.is_object() && !answer["alarms"].empty() ? answer["alarms"][0] : Json::object();
  };
  EXPECT_TRUE(eventually([&] { return alarm_of("leaf").value("suppressed_by", "") == "middle is down"; })) << alarm_of("leaf");
  EXPECT_TRUE(eventually([&] { return alarm_of("middle").value("suppressed", true) == false; })) << alarm_of("middle");
  EXPECT_EQ(Json::object(), alarm_of("core"));

  // What was told is known after a restart, though nobody tells it now.
  daemon.send(SIGTERM);
  ASSERT_EQ(0, daemon.wait());
  Daemon again({"bongsu", "serve", "--config", config});
  ASSERT_TRUE(again.comes_up()) << again.printed();
  EXPECT_EQ(Json::array({"middle"}), again.ask("/api/v1/devices/leaf")["device"]["parents"]);
  EXPECT_EQ(2U, again.ask("/api/v1/topology")["links"].size());
}

}  // namespace bongsu::e2e
