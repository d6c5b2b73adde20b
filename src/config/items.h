// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/overlay.h"
#include "config/yaml.h"
#include "rule/spec.h"

namespace bongsu::config {

// Reads watch items: every *.yaml of each folder's `items` folder, or of the folder itself when it has none, each a list of
// `- item: NAME` maps (DESIGN: rules). A later folder overrides an item of an earlier one by name, key by key: maps are merged,
// and `key: null` takes a key away. What was set while running lies between the first folder (an empty path: none) and the
// others. What is wrong is a problem at its place, and the item is left out. Sorted by name.
std::vector<rule::ItemSpec> read_items(std::span<const std::filesystem::path> folders, Problems& problems,
                                       const Overlay& overlay = {});
// The same before it is read: each item as all of them say it.
std::map<std::string, Node> merge_items(std::span<const std::filesystem::path> folders, const Overlay& overlay,
                                        Problems& problems);
bool is_item_name(std::string_view name);  // a-z, 0-9 and _

}  // namespace bongsu::config
