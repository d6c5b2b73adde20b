// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/alarm.h"
#include "remedy/hands.h"

namespace bongsu::remedy {

enum class RunState : std::uint8_t {
  Waiting = 1,  // for approval
  Queued,       // for others to end
  Started,      // kept before it is handed over: at most once
  Done,         // whatever it came to
  Failed,       // handed over and not begun
  Unknown,      // it was begun, or may have been, and nobody knows how it went; not run again
  Skipped,      // not run, for the reason in `why`
  Dry           // would have been run
};
std::string_view to_string(RunState state);  // "waiting"
std::optional<RunState> parse_run_state(std::string_view word);
// Waits, or is under way.
bool is_open(RunState state);

// One script for one alarm.
struct Run {
  std::uint64_t id = 0;
  std::string remedy;
  std::string script;
  Alarm alarm;  // as it was when it was chosen
  RunState state = RunState::Queued;
  std::string by;   // who asked for it or approved it; empty: its remedy
  std::string why;  // for a person
  Time created;
  std::optional<Time> started, ended;
  Outcome outcome;  // of Done
  bool good() const { return state == RunState::Done && outcome.good(); }
  friend bool operator==(const Run&, const Run&) = default;
};
// "ended with 0 after 1.2s", "ended by signal 9 ...", or why it did not run.
std::string describe(const Run& run);
void write_run(JsonWriter& json, const Run& run, bool output = true);

// How a remedy fares. Kept by its name.
struct Tally {
  int failures = 0;             // in a row
  std::optional<Time> stopped;  // after too many
  friend bool operator==(const Tally&, const Tally&) = default;
};

inline constexpr std::string_view kRunTable = "remedy_run";      // by record_key(id)
inline constexpr std::string_view kTallyTable = "remedy_tally";  // by name
std::string encode(const Run& run);
std::string encode(const Tally& tally);
Result<Run> decode_run(std::string_view bytes);  // errors: Corrupt, Unsupported
Result<Tally> decode_tally(std::string_view bytes);

}  // namespace bongsu::remedy
