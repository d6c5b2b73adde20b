// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/alarm.h"
#include "rule/engine.h"
#include "rule/judge.h"
#include "rule/window.h"

namespace bongsu::rule {

// What is kept over a restart: FORMAT.md.
inline constexpr std::string_view kAlarmTable = "alarm";
inline constexpr std::string_view kWatchTable = "watch";
inline constexpr std::string_view kAcknowledgementTable = "alarm_ack";
inline constexpr std::string_view kHushTable = "alarm_hush";
inline constexpr std::string_view kWindowTable = "maintenance";

struct KeptWatch {
  std::string item;
  std::uint64_t expr = 0;  // hash of the expression that gave the labels
  Labels labels;
  AlarmState state = AlarmState::Normal;
  bool had_value = false;
  bool silent = false;
  std::optional<Time> missing_since;  // the last value before a silence, also before it counts as one
  Time changed;
  Time judged;  // the evaluation that wrote this; the item's other label sets stood as kept then, too
  std::uint64_t alarm = 0;
  std::string cause;
  Clocks clocks;
  Unrest unrest{};
};

// Why nobody is told of an open alarm.
struct Hush {
  enum class Kind : std::uint8_t {
    Window = 1,  // maintenance
    Parent,      // its device cannot be reached because another is down
    Asking,      // the devices above, or others, are being asked whether they are
    Uplink       // no device at all can be reached: Bongsu's own connection is at fault
  };
  Kind kind = Kind::Window;
  std::string by;              // as Alarm::suppressed_by
  std::string name{};          // of the window; of Asking: who is asked, with commas between
  Time since{};                // in this kind
  std::optional<Time> back{};  // of Parent and Uplink: when a way was open again
  friend bool operator==(const Hush&, const Hush&) = default;
};

struct KeptAcknowledgement {
  Acknowledgement said;
  Severity level = Severity::Normal;  // of the alarm at that time
};

std::string alarm_key(std::uint64_t id);  // sorts by id
std::string watch_key(std::string_view item, const Labels& labels);

std::string encode(const Alarm& alarm);
std::string encode(const KeptWatch& watch);
std::string encode(const KeptAcknowledgement& kept);
std::string encode(const Hush& hush);
std::string encode(const Window& window);
// Errors: Corrupt, Unsupported (written by a later version).
Result<Alarm> decode_alarm(std::string_view bytes);
Result<KeptWatch> decode_watch(std::string_view bytes);
Result<KeptAcknowledgement> decode_acknowledgement(std::string_view bytes);
Result<Hush> decode_hush(std::string_view bytes);
Result<Window> decode_window(std::string_view bytes);

}  // namespace bongsu::rule
