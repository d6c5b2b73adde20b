// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "model/event.h"

namespace bongsu::syslog {

// PRI of a message that has none (RFC 3164 section 4.3.3): user, notice.
inline constexpr int kNoPri = 13;

// One datagram taken apart (RFC 5424, RFC 3164 and what devices make of it). The views point into the datagram and hold its
// octets as they came; empty means absent or NILVALUE.
struct Message {
  enum class Format : std::uint8_t { Legacy, Rfc5424 };
  struct Element {
    std::string_view id;
    std::vector<std::pair<std::string_view, std::string>> params;  // values without their escapes
  };
  Format format = Format::Legacy;
  std::optional<int> pri;  // 0..191
  int version = 0;         // RFC 5424
  // As the device claims. Where it names no zone the time is read as UTC; where it names no year, the latest one that does not
  // put it more than a week ahead of the receipt.
  std::optional<std::chrono::sys_time<std::chrono::microseconds>> time;
  std::string_view host, app, process;
  std::string_view message_id;  // MSGID, or a mnemonic such as SYS-5-CONFIG_I
  std::vector<Element> structured_data;
  std::string_view text;  // without the byte order mark in front and the line end behind it
  bool clean = false;     // parsed without a doubt
};

// Never fails: what cannot be told apart is text. It reads each octet a bounded number of times.
Message parse(std::string_view datagram, Time received);

// The event of a message, with the fields of its text where that has a format of its own (CEF, LEEF, key=value, PAN-OS, Snare).
// Device, sender and id are left to the caller. `datagram` is kept whole where the message is not clean.
Event to_event(const Message& message, std::string_view datagram, Time received);

}  // namespace bongsu::syslog
