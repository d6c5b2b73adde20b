// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace bongsu {

// Five levels above normal, and unknown for no data. The numbers are shown and stored.
enum class Severity : std::int8_t { Unknown = -1, Normal = 0, Harmless = 1, Caution = 2, Danger = 3, Urgent = 4, Fatal = 5 };

constexpr int to_number(Severity severity) { return static_cast<int>(severity); }
std::string_view to_string(Severity severity);  // "danger"
std::string_view to_korean(Severity severity);  // "위험"
std::optional<Severity> parse_severity(std::string_view word);

// Syslog's severity 0 (emerg) .. 7 (debug), RFC 5424 section 6.2.1.
std::string_view syslog_severity_name(int severity);  // "err"
std::string_view syslog_facility_name(int facility);  // "auth"; 0..23
std::optional<int> parse_syslog_severity(std::string_view word);
Severity from_syslog(
    int severity);  // emerg fatal, alert urgent, crit danger, err danger, warning caution, notice harmless, else normal

}  // namespace bongsu
