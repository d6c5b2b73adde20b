// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "config/profiles.h"
#include "mib/compile.h"
#include "net/process.h"
#include "poll/plan.h"
#include "snmp/target.h"

namespace bongsu::poll {

// The base modules, compiled once for all tests of the program.
inline std::shared_ptr<const mib::Tree> base_tree() {
  static const std::shared_ptr<const mib::Tree> tree = [] {
    std::string folder = (std::filesystem::temp_directory_path() / "bongsu-poll-XXXXXX").string();
    EXPECT_NE(nullptr, ::mkdtemp(folder.data()));
    net::LiveProcesses processes;
    const std::filesystem::path at = folder;
    auto made = mib::compile(processes, {.folders = {std::filesystem::path(BONGSU_SOURCE_DIR) / "mibs"},
                                         .image = at / "mibs.img",
                                         .compiler = std::filesystem::path(BONGSU_BIN_DIR) / "bongsu-mibc"});
    std::error_code ignored;
    std::filesystem::remove_all(at, ignored);  // the mapping stays
    EXPECT_TRUE(made) << (made ? "" : made.error().text);
    return made ? made->tree : mib::Tree::empty();
  }();
  return tree;
}

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
