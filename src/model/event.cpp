// SPDX-License-Identifier: Apache-2.0
#include "model/event.h"

#include <array>

namespace bongsu {
namespace {
constexpr std::array<std::string_view, 6> kKinds{"syslog", "trap", "alarm", "state", "audit", "discovery"};
}

std::string_view to_string(EventKind kind) { return kKinds[static_cast<std::size_t>(kind) - 1]; }

std::optional<EventKind> parse_event_kind(std::string_view word) {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (kKinds[i] == word) return static_cast<EventKind>(i + 1);
  }
  return std::nullopt;
}

}  // namespace bongsu
