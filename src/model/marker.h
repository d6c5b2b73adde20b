// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

namespace bongsu {

// Why a value that was due is not there.
enum class GapCause : std::uint8_t {
  Timeout = 1,
  Auth,
  NoSuchObject,
  Reboot,
  Overrun,
  Maintenance,
  Dns,
  Discontinuity,
  Ambiguous,
  Unreachable,
  AgentError  // the agent answered with an error, or with what cannot be believed
};
inline constexpr GapCause kLastGapCause = GapCause::AgentError;
std::string_view to_string(GapCause cause);  // "timeout"

// Markers are NaNs with a payload of their own, so that a gap and its cause stand in the series at no cost. A query treats
// each of them as Prometheus treats its staleness marker: the series has no value from there on.
double stale_marker();  // the thing vanished; Prometheus' own bits, 0x7ff0000000000002
double gap_marker(GapCause cause);
inline constexpr std::uint64_t kStaleBits = 0x7ff0000000000002;
inline constexpr std::uint64_t kGapBits = 0x7ff0000000000100;  // and the cause
inline bool is_marker(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return bits == kStaleBits || (bits > kGapBits && bits <= kGapBits + static_cast<std::uint64_t>(kLastGapCause));
}
std::optional<GapCause> gap_cause(double value);  // nothing for a value or a plain staleness marker

}  // namespace bongsu
