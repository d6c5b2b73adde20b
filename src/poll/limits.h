// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "model/varbind.h"

// The limits that devices give for their own sensors, as series sensor_limit{limit="high_critical", ...} beside sensor_value.
namespace bongsu::poll {

// From the lowest to the highest. Beyond a warning limit something is to be looked at, beyond a critical one it is about to
// fail, beyond a fatal one it does, or the device switches itself off.
enum class Bound : std::uint8_t { LowFatal, LowCritical, LowWarning, HighWarning, HighCritical, HighFatal };
constexpr std::size_t kBounds = 6;
constexpr std::array<std::string_view, kBounds> kBoundNames{"low_fatal",    "low_critical",  "low_warning",
                                                            "high_warning", "high_critical", "high_fatal"};
std::optional<Bound> parse_bound(std::string_view name);

// By Bound, in the unit of the sensor's class.
using Limits = std::array<std::optional<double>, kBounds>;

// What of `given` can be meant. Left out are: 0 where nothing says that it is a limit (it is kept beside a limit of the other
// side that makes sense of it); what no sensor of the class can reach; the ends of the range of an optical module's registers
// (SFF-8472 section 9.5, which is how modules say that they have none); those of a side that stand in the wrong order; all of
// them when a low limit is not below every high one.
Limits believable(Limits given, std::string_view sensor_class);

// An object's value that says that there is no limit: the ends of the ranges of 16 and 32 bits, and -1.
bool is_no_limit(const Value& value);

}  // namespace bongsu::poll
