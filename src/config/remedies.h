// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "config/main.h"
#include "config/yaml.h"

namespace bongsu::config {

// Reads `remedies` and `runner` from the members of bongsu.yaml. What is wrong is a problem at its place.
void read_remedies(MapReader& root, const std::filesystem::path& folder, remedy::Spec& spec, RunnerConfig& runner,
                   Problems& problems);

}  // namespace bongsu::config
