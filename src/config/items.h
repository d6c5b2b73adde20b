// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/overlay.h"
#include "config/yaml.h"
#include "rule/spec.h"

namespace bongsu::config {

// What the os of a device can be, in small letters.
using SystemNames = std::set<std::string, std::less<>>;

// Reads watch items: every *.yaml of each folder's `items` folder, or of the folder itself when it has none, each a list of
// `- item: NAME` maps (DESIGN: rules). A later folder overrides an item of an earlier one by name, key by key: maps are merged,
// and `key: null` takes a key away. What was set while running lies between the first folder (an empty path: none) and the
// others. What is wrong is a problem at its place, and the item is left out; so is an os that is not one of `systems` (none: not
// asked). Sorted by name.
std::vector<rule::ItemSpec> read_items(std::span<const std::filesystem::path> folders, Problems& problems,
                                       const Overlay& overlay = {}, const SystemNames& systems = {});
// The same before it is read: each item as all of them say it.
std::map<std::string, Node> merge_items(std::span<const std::filesystem::path> folders, const Overlay& overlay,
                                        Problems& problems);
// That no system is called so, and the nearest that is.
std::string unknown_system(std::string_view word, const SystemNames& systems);
bool is_item_name(std::string_view name);  // a-z, 0-9 and _

}  // namespace bongsu::config
