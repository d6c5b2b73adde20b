// SPDX-License-Identifier: Apache-2.0
#include "model/severity.h"

#include <array>

#include "base/text.h"

namespace bongsu {
namespace {

constexpr std::array<std::string_view, 7> kNames{"unknown", "normal", "harmless", "caution", "danger", "urgent", "fatal"};
constexpr std::array<std::string_view, 7> kKorean{"불명", "정상", "무해", "주의", "위험", "긴급", "치명"};
constexpr std::array<std::string_view, 8> kSyslog{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
constexpr std::array<std::string_view, 24> kFacilities{
    "kern", "user",  "mail",  "daemon", "auth",   "syslog", "lpr",    "news",   "uucp",   "cron",   "authpriv", "ftp",
    "ntp",  "audit", "alert", "clock",  "local0", "local1", "local2", "local3", "local4", "local5", "local6",   "local7"};

}  // namespace

std::string_view to_string(Severity severity) { return kNames[static_cast<std::size_t>(to_number(severity) + 1)]; }
std::string_view to_korean(Severity severity) { return kKorean[static_cast<std::size_t>(to_number(severity) + 1)]; }

std::optional<Severity> parse_severity(std::string_view word) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (word == kNames[i] || word == kKorean[i]) return static_cast<Severity>(static_cast<int>(i) - 1);
  }
  return std::nullopt;
}

std::string_view syslog_severity_name(int severity) {
  return severity >= 0 && severity < 8 ? kSyslog[static_cast<std::size_t>(severity)] : std::string_view("none");
}
std::string_view syslog_facility_name(int facility) {
  return facility >= 0 && facility < 24 ? kFacilities[static_cast<std::size_t>(facility)] : std::string_view("none");
}
std::optional<int> parse_syslog_severity(std::string_view word) {
  const std::string lower = to_lower(word);
  for (std::size_t i = 0; i < kSyslog.size(); ++i) {
    if (lower == kSyslog[i]) return static_cast<int>(i);
  }
  if (lower == "error") return 3;
  if (lower == "warn") return 4;
  if (lower == "emergency" || lower == "panic") return 0;
  if (lower == "critical") return 2;
  return std::nullopt;
}

Severity from_syslog(int severity) {
  switch (severity) {
    case 0:
      return Severity::Fatal;
    case 1:
      return Severity::Urgent;
    case 2:
    case 3:
      return Severity::Danger;
    case 4:
      return Severity::Caution;
    case 5:
      return Severity::Harmless;
    default:
      return Severity::Normal;
  }
}

}  // namespace bongsu
