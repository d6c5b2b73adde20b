// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/alarm.h"

namespace bongsu {

enum class AlarmChange : std::uint8_t {
  Raised = 1,  // also one that is suppressed from the first
  Level,
  Recovered,
  Acknowledged,
  Unacknowledged,
  Suppressed,    // by maintenance or a dead parent
  Unsuppressed,  // and it is still there
  Flapping,      // from now on, until
  Settled
};
std::string_view to_string(AlarmChange change);  // "raised"

// What became of an alarm, for those who act on it. Whoever judges commits it with the change itself; whoever acts on it
// erases it with what it made of it: so a crash between the two loses nothing and doubles nothing.
struct AlarmNews {
  AlarmChange change = AlarmChange::Raised;
  Severity before = Severity::Normal;  // the level that it had
  Time at;
  std::string by;    // who; of Recovered: what repaired it, where that is known
  std::string note;  // what was said with it; of Recovered: why, where it is not the value
  Alarm alarm;       // after the change
  friend bool operator==(const AlarmNews&, const AlarmNews&) = default;
};

// Table of the StateStore; the key sorts by time, then by alarm.
inline constexpr std::string_view kAlarmNewsTable = "alarm_news";
inline constexpr std::string_view kRemedyNewsTable = "remedy_news";  // the same once more, for those who repair
std::string alarm_news_key(const AlarmNews& news);
// Version 3: change octet, before octet, at time, by text, note text, acknowledged octet, suppressed octet, flapping octet, then
// the alarm as RecordWriter::alarm(), suppressed by, meaning and asked texts. Version 2 ends before the last two, 1 before all.
std::string encode(const AlarmNews& news);
Result<AlarmNews> decode_alarm_news(std::string_view bytes);  // errors: Corrupt, Unsupported

}  // namespace bongsu
