// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/source.h"

namespace bongsu::store {

// Logs (syslog, traps) and the other events are kept apart, since they are kept for different times.
constexpr bool is_log(EventKind kind) { return kind == EventKind::Syslog || kind == EventKind::Trap; }

// What is known of a block of events without reading it, so that a search can pass it over.
struct EventBlockSummary {
  std::uint64_t first_id = 0;
  std::uint64_t last_id = 0;
  Time oldest{};  // by time of receipt
  Time newest{};
  std::uint8_t kinds = 0;  // bit n for kind n
  Severity worst = Severity::Unknown;
  std::uint8_t worst_syslog = 255;  // the smallest; 255 when none has one

  bool may_hold(const EventQuery& query) const;
};

// `events` are not empty and their ids rise.
EventBlockSummary summarize(std::span<const Event* const> events);
std::string encode(const EventBlockSummary& summary);  // without first_id, which is the key
Result<EventBlockSummary> decode_summary(std::uint64_t first_id, std::string_view value);
std::string encode(std::span<const Event* const> events);
Result<std::vector<Event>> decode_events(std::string_view value);  // in order of their ids
// Roughly what it occupies in memory.
std::size_t weight(const Event& event);

}  // namespace bongsu::store
