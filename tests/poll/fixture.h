// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base_modules.h"
#include "config/profiles.h"
#include "poll/plan.h"
#include "snmp/target.h"

namespace bongsu::poll {

// The stock profiles; any finding in them fails the test.
inline std::shared_ptr<const ProfileSet> stock_profiles() {
  static const std::shared_ptr<const ProfileSet> set = [] {
    config::Problems problems;
    const auto profiles = config::read_profile_folders({std::filesystem::path(BONGSU_SOURCE_DIR) / "rules"}, problems);
    std::vector<Finding> findings;
    auto made = ProfileSet::compile(profiles, base_tree(), findings);
    config::add_findings(findings, problems);
    for (const std::string& line : problems.lines()) ADD_FAILURE() << line;
    EXPECT_FALSE(made->profiles().empty());
    return made;
  }();
  return set;
}

inline std::shared_ptr<const snmp::Credentials> community(std::string text = "public",
                                                          snmp::Version version = snmp::Version::V2c) {
  return std::make_shared<const snmp::Credentials>(
      snmp::Credentials{.name = text, .version = version, .community = Secret(text)});
}

}  // namespace bongsu::poll
