// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "config/yaml.h"
#include "notify/spec.h"

namespace bongsu::config {

// Reads people, groups, channels and routes from the members of bongsu.yaml into `spec`. What is wrong is a problem at its place.
void read_notices(MapReader& root, const std::filesystem::path& folder, notify::Spec& spec, Problems& problems);

}  // namespace bongsu::config
