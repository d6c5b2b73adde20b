// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "remedy/hands.h"

// What daemon and runner say to each other over the socket: one order and one outcome for each connection, each a JSON object
// of version 1. The daemon ends its side after the order, the runner after the outcome.
//   {"version":1,"script":"x.sh","timeout_ms":30000,"environment":{"BONGSU_ALARM":"7"},"input":"..."}
//   {"version":1,"ran":true,"problem":"","exit":0,"signal":0,"timed_out":false,"took_ms":12,"output":"...","left_out":0}
namespace bongsu::remedy {

inline constexpr std::size_t kOrderOctets = 256 * 1024;
inline constexpr std::size_t kOutputOctets = 64 * 1024;           // kept of a script's output
inline constexpr std::size_t kOutcomeOctets = 8 * kOutputOctets;  // an octet may need six as JSON
inline constexpr Millis kLongestTimeout = std::chrono::hours(1);

// A plain file name: letters, digits, dots, - and _; no dot in front.
bool is_script_name(std::string_view name);

std::string encode(const Order& order);
std::string encode(const Outcome& outcome);
// Errors: Invalid, Limit, Unsupported (a later version).
Result<Order> decode_order(std::string_view text);
Result<Outcome> decode_outcome(std::string_view text);

}  // namespace bongsu::remedy
