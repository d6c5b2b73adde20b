// SPDX-License-Identifier: Apache-2.0
#include "model/marker.h"

namespace bongsu {

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

double stale_marker() { return std::bit_cast<double>(kStaleBits); }
double gap_marker(GapCause cause) { return std::bit_cast<double>(kGapBits + static_cast<std::uint64_t>(cause)); }
std::optional<GapCause> gap_cause(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  if (bits == kStaleBits || !is_marker(value)) return std::nullopt;
  return static_cast<GapCause>(bits - kGapBits);
}

}  // namespace bongsu
