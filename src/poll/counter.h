// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "model/marker.h"
#include "model/varbind.h"

// Counters as they are stored: 64 bits wide, never faster than the line, restarted only when the device was.
namespace bongsu::poll {

// --- did the device restart? ---

// sysUpTime as it was heard.
struct UptimeState {
  bool known = false;
  std::uint32_t ticks = 0;  // hundredths of a second
  SteadyTime at;
  friend bool operator==(const UptimeState&, const UptimeState&) = default;
};

enum class Uptime : std::uint8_t {
  Unknown,    // nothing to compare
  Going,      // it went on; its own wrap at 497 days is growth like any other
  Restarted,  // it is shorter than the time that passed
  Jumped      // it went back, and is longer than the time that passed: another agent answers, or its clock was set
};
Uptime compare(const UptimeState& before, const UptimeState& now);
// Seconds that passed on the device and not on our steady clock, which stands still while this machine sleeps.
double slept(const UptimeState& before, const UptimeState& now);

// --- one counter object of one row ---

struct CounterState {
  std::uint64_t raw = 0;    // last reading
  std::uint64_t total = 0;  // the first reading and all growth since; never falls
  SteadyTime at;            // of the last reading
  ValueType type = ValueType::Null;
  std::uint8_t over = 0;  // readings in a row beyond what the line can carry; past three, those within it since
  bool known() const { return type != ValueType::Null; }
  // Growth passed the line speed so often that the device is not believed about it.
  bool line_speed_lies() const;
  friend bool operator==(const CounterState&, const CounterState&) = default;
};

// What happened to the counters since the reading before.
enum class Restart : std::uint8_t {
  None,
  Reset,  // they began at zero
  Doubt   // they may have, or may not
};

// What is known around one reading.
struct Reader {
  SteadyTime at;
  Restart restart = Restart::None;
  std::optional<double> since{};  // seconds since the restart
  GapCause doubt = GapCause::Reboot;
};

struct CounterStep {
  std::optional<double> growth{};  // since the last reading; nothing on the first and at a gap
  std::optional<GapCause> gap{};   // the reading does not tell: no value now, and the next one goes on from here
  bool reset = false;              // growth is all that the counter shows: it began at zero
};

// Takes one reading. `max_rate` is the largest possible growth a second (line speed), nothing when unknown.
// - A Counter32 that became smaller wrapped (RFC 2578 section 7.1.6) when the growth that this means is possible, or, with
//   no max_rate, when it is below half the range; else it was cleared.
// - A Counter32 that may have wrapped once more or less within what is possible is a gap (ambiguous).
// - More growth than is possible, or a value too large for what passed since the restart, is a gap (discontinuity).
//   Three of those in a row, and the line speed is not believed, until a hundred in a row show growth within it.
// - In doubt about a restart only a counter that stands still is taken.
CounterStep step(CounterState& state, ValueType type, std::uint64_t raw, const Reader& reader, std::optional<double> max_rate);

// How far two readings of a Counter32 may lie apart so that its line cannot carry it round between them unseen: 29 s at
// 1 Gbit/s. Not above zero: its wraps cannot be told however often it is read.
Millis longest_apart(double max_rate);

// What one counter says of a restart of the agent, before it takes the reading.
enum class Witness : std::uint8_t { Silent, BeganAtZero, WentOn };
Witness witness(const CounterState& state, ValueType type, std::uint64_t raw, const Reader& reader,
                std::optional<double> max_rate);

// --- a series, over one or more counters ---

struct SeriesHeight {
  bool known = false;
  std::uint64_t source = 0;  // which counters it was made of
  double base = 0;           // stored = computed - base
  double seen = 0;           // computed, last
  double last = 0;           // as stored
  Time at{};                 // when it was stored
  friend bool operator==(const SeriesHeight&, const SeriesHeight&) = default;
};

struct SeriesStep {
  std::optional<double> value{};
  std::optional<GapCause> gap{};  // neither: nothing is stored under this time stamp
};

// What is to be stored of `computed`, made of counters' totals. Between two stored values the growth is that of the
// counters and at most max_rate x the time between their stamps. A little more, as an agent's cache makes it, follows with
// the next ones; much more is a gap, and so is another source (64 to 32 bits), after which it goes on at its height.
// `reset`: all its counters began at zero; so does the series, unless that would not show as a fall.
// `begin_at_zero`: the series may have been written before by who knows what; a fall to zero claims no growth.
SeriesStep step(SeriesHeight& state, double computed, std::uint64_t source, bool reset, std::optional<double> max_rate,
                Time stamp, bool begin_at_zero);

// A wall clock that went back by less than this stores nothing until it has caught up.
inline constexpr Millis kClockBack{3'600'000};

}  // namespace bongsu::poll
