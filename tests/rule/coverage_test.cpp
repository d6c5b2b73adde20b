// SPDX-License-Identifier: Apache-2.0
#include "rule/coverage.h"

#include <gtest/gtest.h>

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

}  // namespace bongsu::rule
