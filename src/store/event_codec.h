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

inline constexpr std::uint8_t kEventBlockVersion = 2;
// Flags of an event.
inline constexpr std::uint8_t kEventClean = 1, kEventDeviceTime = 2, kEventRaw = 4;
Error unreadable_events();  // Corrupt

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
// A block of format 1, in order of the ids; none is written any more. Error: Corrupt.
Result<std::vector<Event>> decode_events(std::string_view value);
// Of its texts.
std::size_t octets(const Event& event);

}  // namespace bongsu::store
