// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "config/yaml.h"
#include "poll/profile.h"

namespace bongsu::config {

// Reads device profiles: one file may hold one profile or {systems: [...]} (a map), or several (a list of maps). What is wrong is
// a problem at its place and costs that part alone; names of objects are judged later, by poll::ProfileSet::compile.
poll::ProfileFiles read_profiles(const std::filesystem::path& file, Problems& problems);
poll::ProfileFiles parse_profiles(std::string_view text, const std::string& name, Problems& problems);
// Every *.yaml and *.yml below each folder's `profiles/`, in the order of their names; a later profile replaces an earlier one
// of the same name, and a later folder's systems go first, so that a user's folder overrides the stock one. `vendors.tsv` names
// enterprise numbers.
poll::ProfileFiles read_profile_folders(const std::vector<std::filesystem::path>& rules, Problems& problems);
// What compiling found, as problems.
void add_findings(const std::vector<poll::Finding>& findings, Problems& problems);

}  // namespace bongsu::config
