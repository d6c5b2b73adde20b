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
  snmp::PassPhraseKeys keys;
  const CredentialMap before = shared_credentials(first, {}, keys);
  const auto devices = device_specs(first, before);
  ASSERT_EQ(2U, devices.size());
  EXPECT_EQ("public", devices[0].credentials[0]->community.reveal());
  EXPECT_EQ(devices[0].credentials[0], devices[1].credentials[1]);

  const auto again = config_with("public", "secret");
  EXPECT_EQ(devices, device_specs(again, shared_credentials(again, before, keys)));

  const auto changed = config_with("public", "other");
  const auto next = device_specs(changed, shared_credentials(changed, before, keys));
  EXPECT_EQ(devices[0], next[0]);
  EXPECT_NE(devices[1], next[1]);
  EXPECT_EQ("other", next[1].credentials[0]->community.reveal());
  EXPECT_EQ(snmp::Version::V1, next[1].credentials[0]->version);
}

TEST(DeviceSpecs, StayEqualWithUsersOfVersion3) {
  const auto configured = [](const std::string& phrase, const std::string& more) {
    config::Problems problems;
    auto config = config::parse_main(
        "credentials:\n  core: {version: 3, user: nms, auth: {protocol: SHA-256, password: " + phrase +
            "}, priv: {protocol: AES-128, password: private123}" + more + "}\ndevices:\n  - {name: sw1, address: 127.0.0.1}\n",
        "bongsu.yaml", problems);
    EXPECT_TRUE(config) << (problems.empty() ? "" : problems.lines()[0]);
    return *std::move(config);
  };
  snmp::PassPhraseKeys keys;
  const auto first = configured("authentic1", "");
  const CredentialMap before = shared_credentials(first, {}, keys);
  const auto devices = device_specs(first, before);
  EXPECT_EQ(snmp::SecurityLevel::AuthPriv, devices[0].credentials[0]->level);
  EXPECT_EQ(2U, keys.stretched());
  const auto reloaded = [&](const std::string& phrase, const std::string& more) {
    const auto config = configured(phrase, more);
    return device_specs(config, shared_credentials(config, before, keys));
  };
  EXPECT_EQ(devices, reloaded("authentic1", ""));
  EXPECT_EQ(2U, keys.stretched());  // nothing is derived twice
  EXPECT_NE(devices, reloaded("authentic2", ""));
  EXPECT_NE(devices, reloaded("authentic1", ", context: vrf"));
  EXPECT_NE(devices, reloaded("authentic1", ", context_engine: 80001f8804"));
  const auto lower = reloaded("authentic1", ", level: authNoPriv");
  EXPECT_NE(devices, lower);
  EXPECT_EQ(snmp::SecurityLevel::AuthNoPriv, lower[0].credentials[0]->level);
}

}  // namespace bongsu::app
