// SPDX-License-Identifier: Apache-2.0
#include "app/setup.h"

#include <gtest/gtest.h>

namespace bongsu::app {
namespace {

config::MainConfig config_with(const std::string& office, const std::string& lab) {
  config::Problems problems;
  auto config = config::parse_main("credentials:\n  office: {version: 2c, community: " + office +
                                       "}\n  lab: {version: 1, community: " + lab +
                                       "}\n"
                                       "devices:\n"
                                       "  - {name: sw1, address: 127.0.0.1, credentials: [office]}\n"
                                       "  - {name: sw2, address: 127.0.0.2, credentials: [lab, office]}\n",
                                   "bongsu.yaml", problems);
  EXPECT_TRUE(config) << (problems.empty() ? "" : problems.lines()[0]);
  return *std::move(config);
}

}  // namespace

TEST(DeviceSpecs, StayEqualWhereAReloadChangesNothing) {
  const auto first = config_with("public", "secret");
  const CredentialMap before = shared_credentials(first, {});
  const auto devices = device_specs(first, before);
  ASSERT_EQ(2U, devices.size());
  EXPECT_EQ("public", devices[0].credentials[0]->community.reveal());
  EXPECT_EQ(devices[0].credentials[0], devices[1].credentials[1]);

  const auto again = config_with("public", "secret");
  EXPECT_EQ(devices, device_specs(again, shared_credentials(again, before)));

  const auto changed = config_with("public", "other");
  const auto next = device_specs(changed, shared_credentials(changed, before));
  EXPECT_EQ(devices[0], next[0]);
  EXPECT_NE(devices[1], next[1]);
  EXPECT_EQ("other", next[1].credentials[0]->community.reveal());
  EXPECT_EQ(snmp::Version::V1, next[1].credentials[0]->version);
}

}  // namespace bongsu::app
