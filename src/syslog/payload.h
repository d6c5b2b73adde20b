// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bongsu::syslog {

using Fields = std::vector<std::pair<std::string, std::string>>;

// No event gets more fields from its text than this.
inline constexpr std::size_t kMaxPayloadFields = 256;

// Appends what the text itself says in a format of its own; text in none of them adds nothing, and nor does one that breaks off
// within the fixed part of its format.
//   CEF:0|vendor|product|version|signature|name|severity|key=value ...   cef.version .. cef.severity, cef.KEY
//   LEEF:2.0|vendor|product|version|event|^|key=value^...                leef.version .. leef.event_id, leef.KEY
//   date=2026-10-11 devname="fw 1" type=event ...                        KEY; three pairs at least, from the first word on
//   1,2026/10/11 22:14:15,SERIAL,TRAFFIC,end,...  (PAN-OS)                paloalto.receive_time, .serial, .type, .subtype
//   MSWinEventLog<TAB>1<TAB>Security<TAB>...      (Snare)                 windows_snare.criticality, .log, .event_id, .source,
//   .computer
void add_payload_fields(std::string_view text, Fields& fields);

}  // namespace bongsu::syslog
