// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/yaml.h"

namespace bongsu::config {

// Lays `over` onto `base`, key by key: maps are merged, and `key: null` takes a key away. An item's limits (levels, above,
// below) replace each other.
void lay_over(Node& base, const Node& over);

}  // namespace bongsu::config
