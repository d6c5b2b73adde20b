// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bongsu::app {

// Values over [from, to] in seconds, as `width` letters from ▁ (the lowest) to █ (the highest), a space where there is none.
// Of values that fall on one letter the mean is drawn; one that never changes stands in the middle.
std::string sparkline(const std::vector<std::pair<double, double>>& samples, double from, double to, std::size_t width);

// A field of RFC 4180, in quotes where it must be.
std::string csv_cell(std::string_view text);

}  // namespace bongsu::app
