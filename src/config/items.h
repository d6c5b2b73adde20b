// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "config/yaml.h"
#include "rule/spec.h"

namespace bongsu::config {

// Reads watch items: every *.yaml of each folder's `items` folder, or of the folder itself when it has none, each a list of
// `- item: NAME` maps (DESIGN: rules). A later folder overrides an item of an earlier one by name, key by key: maps are merged,
// and `key: null` takes a key away. What is wrong is a problem at its place, and the item is left out. Sorted by name.
std::vector<rule::ItemSpec> read_items(std::span<const std::filesystem::path> folders, Problems& problems);

}  // namespace bongsu::config
