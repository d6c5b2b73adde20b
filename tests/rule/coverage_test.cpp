// SPDX-License-Identifier: Apache-2.0
#include "rule/coverage.h"

#include <gtest/gtest.h>

#include "query/parse.h"
#include "store/memory.h"

namespace bongsu::rule {
namespace {

ItemSpec item(std::string name, Targets targets, bool enabled = true, NoData no_data = NoData::Unknown) {
  ItemSpec out;
  out.name = std::move(name);
  out.targets = std::move(targets);
  out.enabled = enabled;
  out.no_data = no_data;
  return out;
}

ItemState state(std::string device, std::string item, Severity level, std::string cause = "") {
  ItemState out;
  out.device = std::move(device);
  out.item = std::move(item);
  out.level = level;
  out.cause = std::move(cause);
  return out;
}

}  // namespace

TEST(Coverage, NamesWhatADeviceShouldHaveAndHasNot) {
  const Targets linux_hosts{.os = {"linux"}}, switches{.kind = {"switch"}};
  const std::vector<ItemSpec> items{item("swap", linux_hosts),
                                    item("cpu", {.os = {"linux"}, .kind = {"switch"}}),
                                    item("disk", linux_hosts, false),
                                    item("memory", linux_hosts),
                                    item("errors", linux_hosts, true, NoData::Ignore),
                                    item("ports", switches),
                                    item("printers", {.kind = {"printer"}}),
                                    item("mine", {}),
                                    item("useless", {}),
                                    item("quiet", {}, true, NoData::Ignore)};
  const std::vector<DeviceState> devices{{.name = "db1", .info = {{"os", "Linux"}, {"kind", "server"}}},
                                         {.name = "new1"},
                                         {.name = "new2"},
                                         {.name = "new3", .info = {{"kind", "printer-3d"}}},
                                         {.name = "sw1", .info = {{"kind", "switch"}}}};
  const std::vector<ItemState> states{state("db1", "cpu", Severity::Danger), state("db1", "memory", Severity::Unknown, "timeout"),
                                      // One label set with a value is enough.
                                      state("sw1", "ports", Severity::Unknown, "no data"),
                                      state("sw1", "ports", Severity::Normal), state("sw1", "cpu", Severity::Unknown, "no data"),
                                      state("db1", "mine", Severity::Normal), state("new1", "mine", Severity::Unknown, "no data"),
                                      state("new2", "mine", Severity::Normal)};
  const Coverage coverage = coverage_of(items, devices, states);
  ASSERT_EQ(5U, coverage.devices.size());
  const Coverage::Device db1{
      .name = "db1",
      .os = "Linux",
      .kind = "server",
      .expected = 6,
      .watched = 3,
      .missing = {
          {"disk", "disk", "switched off"}, {"memory", "memory", "no data: timeout"}, {"swap", "swap", "not judged yet"}}};
  EXPECT_EQ(db1, coverage.devices[0]);
  // What is for all is expected where it is judged; what else it should have nobody knows.
  EXPECT_EQ((Coverage::Device{.name = "new1", .expected = 1, .missing = {{"mine", "mine", "no data"}}}), coverage.devices[1]);
  EXPECT_EQ((Coverage::Device{.name = "new2", .expected = 1, .watched = 1}), coverage.devices[2]);
  EXPECT_EQ((Coverage::Device{.name = "new3", .kind = "printer-3d"}), coverage.devices[3]);
  EXPECT_TRUE(coverage.devices[2].unclear());
  EXPECT_TRUE(coverage.devices[3].unclear());
  EXPECT_FALSE(coverage.devices[4].unclear());
  EXPECT_EQ(2U, coverage.devices[4].expected);
  EXPECT_EQ(1U, coverage.devices[4].watched);
  EXPECT_EQ((std::vector<Coverage::Missing>{{"cpu", "cpu", "no data"}}), coverage.devices[4].missing);
  EXPECT_EQ((std::vector<Coverage::Missing>{{"useless", "useless", "its expression gives nothing"}}), coverage.idle);
}

// An item is missed where it ought to have a value, whatever its silence means, and is judged nowhere for that.
TEST(Coverage, NamesWhatADeviceOfItsKindOughtToHave) {
  ItemSpec ports = item("ports", {}), charge = item("charge", {}, true, NoData::Ignore), cpu = item("cpu", {.os = {"linux"}});
  ports.expected = {.kind = {"server", "switch"}};
  charge.expected = {.kind = {"ups"}};
  cpu.expected = {.os = {"esxi"}, .kind = {"switch"}};
  ItemSpec off = item("off", {}, false);
  off.expected = {.kind = {"ups"}};
  const std::vector<DeviceState> devices{{.name = "dead1", .up = false, .info = {{"kind", "switch"}}},
                                         {.name = "esx1", .up = true, .info = {{"os", "ESXi"}, {"kind", "server"}}},
                                         {.name = "sw1", .up = true, .info = {{"kind", "switch"}}},
                                         {.name = "ups1", .up = true, .info = {{"kind", "ups"}}}};
  const std::vector<ItemState> states{state("sw1", "ports", Severity::Normal), state("sw1", "cpu", Severity::Danger)};
  const Coverage coverage = coverage_of({charge, cpu, off, ports}, devices, states);
  using Missing = std::vector<Coverage::Missing>;
  const std::string dead = "no data: the device does not answer";
  EXPECT_EQ((Missing{{"cpu", "cpu", dead}, {"ports", "ports", dead}}), coverage.devices[0].missing);
  EXPECT_EQ((Missing{{"cpu", "cpu", "no data"}, {"ports", "ports", "no data"}}), coverage.devices[1].missing);
  EXPECT_EQ((Coverage::Device{.name = "sw1", .kind = "switch", .expected = 2, .watched = 2}), coverage.devices[2]);
  EXPECT_EQ((Missing{{"charge", "charge", "no data"}, {"off", "off", "switched off"}}), coverage.devices[3].missing);
  EXPECT_TRUE(coverage.idle.empty());
}

// Whom an item is for says who is missed without a value; who would have one is missed, too, when it is switched off.
TEST(Coverage, FindsWhatIsSwitchedOffWhereItWouldHaveAValue) {
  const Time now = time_from_ms(1'700'000'000'000);
  store::MemoryStore store;
  for (const auto& [device, cpu] : {std::pair{"db1", "0"}, {"sw1", "0"}, {"sw1", "1"}, {"sw2", "0"}}) {
    const auto id = store.series(Labels{{std::string(kMetricName), "cpu_usage_percent"}, {"device", device}, {"cpu", cpu}});
    ASSERT_TRUE(id);
    const Point point{*id, {now, 7}};
    ASSERT_TRUE(store.append(std::span(&point, 1)));
  }
  const query::Engine queries(store);
  const std::vector<DeviceState> devices{{.name = "db1", .info = {{"os", "linux"}, {"kind", "server"}}},
                                         {.name = "sw1", .tags = {{"site", "s1"}}, .info = {{"kind", "switch"}}},
                                         {.name = "sw2", .info = {{"kind", "switch"}}}};
  const auto item_of = [](std::string name, Targets targets, bool enabled) {
    ItemSpec out = item(std::move(name), std::move(targets), enabled);
    out.expr_text = "cpu_usage_percent";
    out.expr = query::parse(out.expr_text).value();
    return out;
  };
  std::vector<ItemSpec> items{item_of("cpu", {.os = {"linux"}}, false), item_of("mine", {}, false), item_of("part", {}, true),
                              item_of("here", {}, true)};
  const auto off = std::make_shared<const ItemSpec>(item_of("", {}, false));
  items[2].overrides = {{.match = {.labels = {{"cpu", {"1"}}}}, .item = off}};
  items[3].overrides = {{.match = {.tags = {{"site", {"s1"}}}}, .item = off}};
  const SwitchedOff found = switched_off(items, devices, queries, now);
  EXPECT_EQ(
      (SwitchedOff{
          {"cpu", "db1"}, {"cpu", "sw1"}, {"cpu", "sw2"}, {"here", "sw1"}, {"mine", "db1"}, {"mine", "sw1"}, {"mine", "sw2"}}),
      found);
  std::vector<ItemState> states;
  for (const char* device : {"db1", "sw1", "sw2"}) states.push_back(state(device, "part", Severity::Normal));
  for (const char* device : {"db1", "sw2"}) states.push_back(state(device, "here", Severity::Normal));
  Coverage coverage = coverage_of(items, devices, states, found);
  const std::string off_word(kSwitchedOff);
  EXPECT_EQ((std::vector<Coverage::Missing>{{"cpu", "cpu", off_word}, {"mine", "mine", off_word}}), coverage.devices[0].missing);
  EXPECT_EQ((std::vector<Coverage::Missing>{{"cpu", "cpu", off_word}, {"here", "here", off_word}, {"mine", "mine", off_word}}),
            coverage.devices[1].missing);
  EXPECT_EQ(4U, coverage.devices[1].expected);
  EXPECT_EQ(2U, coverage.devices[2].watched);
  // On again: also the switch, which the item is not for, is counted.
  items[0].enabled = items[1].enabled = true;
  items[3].overrides.clear();
  EXPECT_TRUE(switched_off(items, devices, queries, now).empty());
  for (const char* name : {"cpu", "mine"}) {
    for (const char* device : {"db1", "sw1", "sw2"}) states.push_back(state(device, name, Severity::Normal));
  }
  states.push_back(state("sw1", "here", Severity::Normal));
  coverage = coverage_of(items, devices, states, {});
  for (const Coverage::Device& device : coverage.devices) {
    EXPECT_EQ(4U, device.expected) << device.name;
    EXPECT_EQ(4U, device.watched) << device.name;
  }
  EXPECT_TRUE(coverage.idle.empty());
}

}  // namespace bongsu::rule
