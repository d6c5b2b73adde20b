// SPDX-License-Identifier: Apache-2.0
#include "model/marker.h"

#include <bit>

namespace bongsu {
namespace {
constexpr std::uint64_t kStale = 0x7ff0000000000002;
constexpr std::uint64_t kGap = 0x7ff0000000000100;
constexpr std::uint64_t kLastCause = static_cast<std::uint64_t>(kLastGapCause);
}  // namespace

std::string_view to_string(GapCause cause) {
  switch (cause) {
    case GapCause::Timeout:
      return "timeout";
    case GapCause::Auth:
      return "auth";
    case GapCause::NoSuchObject:
      return "no_such_object";
    case GapCause::Reboot:
      return "reboot";
    case GapCause::Overrun:
      return "overrun";
    case GapCause::Maintenance:
      return "maintenance";
    case GapCause::Dns:
      return "dns";
    case GapCause::Discontinuity:
      return "discontinuity";
    case GapCause::Ambiguous:
      return "ambiguous";
    case GapCause::Unreachable:
      return "unreachable";
    case GapCause::AgentError:
      return "agent_error";
  }
  return "unknown";
}

double stale_marker() { return std::bit_cast<double>(kStale); }
double gap_marker(GapCause cause) { return std::bit_cast<double>(kGap + static_cast<std::uint64_t>(cause)); }
bool is_marker(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return bits == kStale || (bits > kGap && bits <= kGap + kLastCause);
}
std::optional<GapCause> gap_cause(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  if (bits <= kGap || bits > kGap + kLastCause) return std::nullopt;
  return static_cast<GapCause>(bits - kGap);
}

}  // namespace bongsu
