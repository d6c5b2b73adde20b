// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "model/point.h"

namespace bongsu::notify {

// How a value went, as a small picture: its course from the left to the right, and the limit as a line across. Gaps in time stay
// empty. Nothing where there are fewer than two values.
inline constexpr int kGraphWidth = 480;
inline constexpr int kGraphHeight = 120;
std::string png_of(std::span<const Sample> samples, double limit);  // a whole PNG file

}  // namespace bongsu::notify
