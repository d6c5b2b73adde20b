// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace bongsu::syslog {

using Micros = std::chrono::sys_time<std::chrono::microseconds>;

struct Stamp {
  Micros at{};
  bool strict = false;  // to the letter of RFC 5424 section 6.2.3
};

// Each takes a time stamp off the front of `in`, or leaves it as it was. A time without a zone is read as UTC.

// 2003-10-11T22:14:15.003Z, and what is near: a space or / in it, a comma before the fraction, +0900, no zone.
std::optional<Stamp> take_iso(std::string_view& in);
// The forms of RFC 3164 and its relatives, Cisco's clock marks (* and .) included:
//   Oct 11 22:14:15   Oct 11 2026 22:14:15.123 KST:   2026 Oct 11 22:14:15 UTC:   Oct 11 22:14:15 2026   Sun Oct 11 22:14:15 2026
//   11 Oct 2026 22:14:15, and those of take_iso. Zone names other than UTC and GMT say too little and are passed over.
// A year that is missing is the latest that does not put the time more than a week ahead of `received`.
std::optional<Stamp> take_legacy(std::string_view& in, Time received);
// Seconds since 1970, ten digits and perhaps a fraction.
std::optional<Stamp> take_epoch(std::string_view& in);

}  // namespace bongsu::syslog
