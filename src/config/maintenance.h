// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "config/yaml.h"
#include "rule/window.h"

namespace bongsu::config {

// Reads the windows of `maintenance`. What is wrong is a problem at its place.
std::vector<rule::Window> read_maintenance(const Node& node, Problems& problems);

}  // namespace bongsu::config
