// SPDX-License-Identifier: Apache-2.0
// kill -9 of the whole daemon while devices die and come back and alarms are acknowledged: what its API said before, it says
// afterwards. BONGSU_E2E_KILLS=n kills it n times, BONGSU_E2E_SEED=s makes the same choices again.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "base/random.h"
#include "base/text.h"
#include "e2e/daemon.h"
#include "e2e/switches.h"

namespace bongsu::e2e {
namespace {

using Json = nlohmann::json;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : parse_unsigned(text).value_or(otherwise);
}

// What the API ever said about alarms.
class Said {
 public:
  void take(const Json& answer) {
    for (const Json& alarm : answer["alarms"]) {
      const Json& known = alarms_.emplace(alarm["id"], alarm).first->second;
      compare(known, alarm);
      if (alarm["state"] == "recovered") recovered_.insert(alarm["id"].get<std::uint64_t>());
    }
  }
  void acknowledged(std::uint64_t id) { acknowledged_.insert(id); }
  // An alarm that is open and was not acknowledged, or 0.
  std::uint64_t one_to_acknowledge(const Json& answer) const {
    for (const Json& alarm : answer["alarms"]) {
      if (alarm["state"] == "active" && alarm["acknowledged"] == false) return alarm["id"];
    }
    return 0;
  }
  // After a restart: `all` are the alarms, open or not.
  void hold_against(const Json& all) {
    std::map<std::uint64_t, Json> now;
    for (const Json& alarm : all["alarms"]) now.emplace(alarm["id"], alarm);
    for (const auto& [id, before] : alarms_) {
      const auto after = now.find(id);
      if (after == now.end()) {
        ADD_FAILURE() << "gone: " << before.dump();
        continue;
      }
      compare(before, after->second);
      const bool open = after->second["state"] == "active";
      EXPECT_FALSE(open && recovered_.contains(id)) << "open again: " << after->second.dump();
      EXPECT_FALSE(open && acknowledged_.contains(id) && after->second["acknowledged"] != true)
          << "not acknowledged: " << after->second.dump();
    }
  }
  std::size_t alarms() const { return alarms_.size(); }
  std::size_t acknowledgements() const { return acknowledged_.size(); }

 private:
  static void compare(const Json& before, const Json& after) {
    for (const char* key : {"item", "device", "labels", "since"})
      EXPECT_EQ(before[key], after[key]) << before.dump() << "\n" << after.dump();
  }
  std::map<std::uint64_t, Json> alarms_;  // as first told
  std::set<std::uint64_t> recovered_, acknowledged_;
};

TEST(ServeCrash, WhatTheApiSaidOfAlarmsStandsAfterKillNine) {
  const std::uint64_t kills = from_environment("BONGSU_E2E_KILLS", 5);
  const std::uint64_t seed = from_environment("BONGSU_E2E_SEED", std::random_device()());
  SCOPED_TRACE("BONGSU_E2E_SEED=" + std::to_string(seed));
  Random random(seed);
  constexpr int kDevices = 12;
  const Folder folder;
  std::filesystem::create_directories(folder / "rules/items");
  folder.write("rules/items/fast.yaml", items_file());
  Switches network;
  std::string devices;
  for (int i = 1; i <= kDevices; ++i) {
    const std::string address = "127.77.1." + std::to_string(i), name = "sw" + std::to_string(i);
    network.add(address, name);
    devices += "  - {name: " + name + ", address: \"" + address + ":" + std::to_string(network.port()) + "\", ping: false}\n";
  }
  const std::string config = folder.write("bongsu.yaml", config_text(folder, devices)).string();
  Said said;
  for (std::uint64_t kill = 0; kill <= kills && !HasFailure(); ++kill) {
    SCOPED_TRACE("kill " + std::to_string(kill));
    Daemon daemon({"bongsu", "serve", "--config", config});
    ASSERT_TRUE(daemon.comes_up()) << daemon.printed();
    const auto alarms = [&](const std::string& state) { return daemon.ask("/api/v1/alarms?limit=1000&state=" + state); };
    const Json all = alarms("all");
    ASSERT_TRUE(all.is_object()) << daemon.printed();
    said.hold_against(all);
    if (kill == kills) break;
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(500 + random.below(4000));
    while (std::chrono::steady_clock::now() < end && !HasFailure()) {
      network.set_dead("127.77.1." + std::to_string(1 + random.below(kDevices)), random.chance(0.5));
      const Json answer = alarms("all");
      ASSERT_TRUE(answer.is_object()) << daemon.printed();
      said.take(answer);
      if (const auto id = said.one_to_acknowledge(answer); id != 0 && random.chance(0.3)) {
        if (daemon.post("/api/v1/alarms/" + std::to_string(id) + "/ack", "{}") == 200) said.acknowledged(id);
      }
    }
    daemon.send(SIGKILL);
    ASSERT_EQ(128 + SIGKILL, daemon.wait());
  }
  RecordProperty("alarms", static_cast<int>(said.alarms()));
  std::printf("%zu alarms, %zu acknowledgements\n", said.alarms(), said.acknowledgements());
  EXPECT_GT(said.alarms(), 0u);
}

}  // namespace
}  // namespace bongsu::e2e
