// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "config/yaml.h"
#include "model/match.h"

namespace bongsu::config {

// A level or worse: ">=danger", "danger".
std::optional<Severity> read_level(const Node& node, std::string_view what, Problems& problems);
// The members `hours`, `zone` and `holidays` of a map; without them always.
WeekHours read_hours(MapReader& map, const Node& node, Problems& problems);
// {level, item, device, tags, labels, hours, zone}.
Match read_match(const Node& node, Problems& problems);

}  // namespace bongsu::config
