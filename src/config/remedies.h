// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "config/main.h"
#include "config/yaml.h"

namespace bongsu::config {

// Reads `remedies` and `runner` from the members of bongsu.yaml; `credentials` are those that a SET may name. What is wrong is a
// problem at its place.
void read_remedies(MapReader& root, const std::filesystem::path& folder, const std::vector<Credential>& credentials,
                   remedy::Spec& spec, RunnerConfig& runner, Problems& problems);

}  // namespace bongsu::config
