// SPDX-License-Identifier: Apache-2.0
#include "app/survey.h"

#include <gtest/gtest.h>

#include "devices.h"
#include "store/memory.h"

namespace bongsu::app {
namespace {

using namespace std::chrono_literals;

DeviceState& add(ListedDevices& to, const std::string& name, const std::string& id, const std::string& os = "") {
  DeviceState& one = to.list.emplace_back();
  one.name = name;
  one.snmp_up = true;
  one.last_poll = time_from_ms(1);
  one.info = {{"sysObjectID", id}};
  if (!os.empty()) one.info["os"] = os;
  return one;
}

struct SurveyWorld {
  ManualClock clock;
  Metrics metrics;
  store::MemoryStore store;
  StateKeeper keeper{store, metrics, std::chrono::hours(1)};
  ListedDevices devices;
  std::vector<std::string> asked;
  bool silent = false;
  std::unique_ptr<Surveyor> surveyor = open();

  std::unique_ptr<Surveyor> open() {
    auto made = Surveyor::open(store, keeper, clock, devices, metrics,
                               [this](std::string_view device, std::stop_token) -> Result<discover::Proposal> {
                                 asked.emplace_back(device);
                                 if (silent) return Error{Code::Timeout, std::string(device) + ": no answer"};
                                 discover::Proposal found{.profile = "proposed-9", .yaml = "x", .series = 3};
                                 found.sys_object_id = *Oid::parse(devices.device(device)->info.at("sysObjectID"));
                                 found.unused = {{*Oid::parse("1.3.6.1.4.1.9.1"), "A-MIB::a", 5, true}};
                                 return found;
                               });
    EXPECT_TRUE(made);
    return *std::move(made);
  }
  std::string steps() {
    asked.clear();
    for (int i = 0; i < 10; ++i) surveyor->step();
    std::string out;
    for (const std::string& one : asked) out += one + " ";
    return out;
  }
};

TEST(Survey, OfEachNewDeviceOnceAndOfOneForEachKnownMake) {
  SurveyWorld world;
  add(world.devices, "a", "1.3.6.1.4.1.9.1");
  add(world.devices, "b", "1.3.6.1.4.1.9.1");
  add(world.devices, "c", "1.3.6.1.4.1.9.2", "ios");
  add(world.devices, "d", "1.3.6.1.4.1.9.2", "ios");
  add(world.devices, "e", "1.3.6.1.4.1.9.3").snmp_up = false;
  EXPECT_EQ("a b c ", world.steps());
  EXPECT_EQ("", world.steps());
  world.devices.list[0].info["sysObjectID"] = "1.3.6.1.4.1.9.7";  // another device by that name
  EXPECT_EQ("a ", world.steps());
  world.surveyor->again({"b", "e"});  // a module was added
  EXPECT_EQ("b ", world.steps());
  EXPECT_EQ((std::vector<std::string>{"a", "b", "c"}), world.surveyor->with_proposal("proposed-9"));
}

TEST(Survey, IsKeptOverARestart) {
  SurveyWorld world;
  add(world.devices, "a", "1.3.6.1.4.1.9.1");
  EXPECT_EQ("a ", world.steps());
  world.keeper.flush();
  world.surveyor = world.open();
  EXPECT_EQ("", world.steps());
  const auto all = world.surveyor->all();
  ASSERT_EQ(1U, all.size());
  EXPECT_EQ("proposed-9", all[0].profile);
  EXPECT_EQ(3U, all[0].series);
  ASSERT_EQ(1U, all[0].unused.size());
  EXPECT_EQ("A-MIB::a", all[0].unused[0].name);
  EXPECT_TRUE(all[0].unused[0].proposed);
  // A device that is not watched any more is forgotten.
  world.devices.list[0].name = "z";
  EXPECT_EQ("z ", world.steps());
  EXPECT_EQ(1U, world.surveyor->all().size());
}

TEST(Survey, WhatCouldNotBeLookedAtIsTriedAgainInAnHour) {
  SurveyWorld world;
  add(world.devices, "a", "1.3.6.1.4.1.9.1");
  world.silent = true;
  EXPECT_EQ("a ", world.steps());
  world.silent = false;
  world.clock.advance(59min);
  EXPECT_EQ("", world.steps());
  world.clock.advance(1min);
  EXPECT_EQ("a ", world.steps());
  world.surveyor->stop();
  add(world.devices, "b", "1.3.6.1.4.1.9.2");
  EXPECT_EQ("", world.steps());
}

}  // namespace
}  // namespace bongsu::app
