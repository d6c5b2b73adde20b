// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "model/labels.h"

namespace bongsu::http {

inline constexpr const char* kExposition = "text/plain; version=0.0.4; charset=utf-8";

// Prometheus' text format 0.0.4, line by line. What cannot stand in a name becomes _.
void append_help(std::string& out, std::string_view metric, std::string_view text);
void append_type(std::string& out, std::string_view metric, std::string_view type);
// `labels` with or without the metric's name, which is `metric` here; with `instance`, an absent label of that name is written
// empty, so that a scraper does not put its own there.
void append_exposed(std::string& out, std::string_view metric, const Labels& labels, double value, std::optional<Time> at,
                    bool instance = false);
// Go's %g with the shortest digits: "1e+06", "0.5", "NaN", "+Inf".
std::string exposed_number(double value);

}  // namespace bongsu::http
