// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/severity.h"

namespace bongsu {

enum class EventKind : std::uint8_t { Syslog = 1, Trap, Alarm, State, Audit, Discovery };
std::string_view to_string(EventKind kind);  // "syslog"
std::optional<EventKind> parse_event_kind(std::string_view word);

// Something that happened, as it was told. Text fields hold what came, in any octets; they are escaped where they leave.
struct Event {
  std::uint64_t id = 0;  // given by the store, rising with the order of receipt
  EventKind kind = EventKind::Syslog;
  Severity severity = Severity::Normal;
  std::int8_t syslog_severity = -1;  // 0..7 as sent, -1 for none
  std::int8_t facility = -1;         // 0..23 as sent, -1 for none
  bool clean = true;                 // parsed without a doubt; if not, raw is kept
  Time received;
  std::optional<Time> device_time;  // as the device claims
  std::string device;               // name of the device it was matched to; empty for an unknown sender
  std::string sender;               // address it came from
  std::string host;                 // host name claimed in the message
  std::string app;                  // APP-NAME, TAG, or trap OID
  std::string process;              // PROCID
  std::string message_id;           // MSGID
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;  // structured data as "sd-id.param", varbinds, labels
  std::string raw;                                          // the whole datagram when it was not clean
  friend bool operator==(const Event&, const Event&) = default;
};

}  // namespace bongsu
