// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bongsu {

// Milliseconds since 1970 in UTC: what is stored and shown.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
// Deadlines and intervals; never stored.
using SteadyTime = std::chrono::steady_clock::time_point;
using Millis = std::chrono::milliseconds;

constexpr Time time_from_ms(std::int64_t ms) { return Time(Millis(ms)); }
constexpr std::int64_t to_ms(Time at) { return at.time_since_epoch().count(); }

// "30s", "5m", "1h30m", "7d", "4w", "3y" (365 days), "250ms"; units fall from large to small. Error: Invalid.
Result<Millis> parse_duration(std::string_view text);
// The shortest form that parse_duration reads back to the same value; "0s" for zero.
std::string format_duration(Millis span);
// RFC 3339 in UTC with milliseconds when there are any: 2026-11-23T01:02:03.456Z.
std::string format_time(Time at);
// RFC 3339 with any offset, or seconds since 1970 as a decimal number. Error: Invalid.
Result<Time> parse_time(std::string_view text);

}  // namespace bongsu
