// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/labels.h"
#include "model/neighbor.h"
#include "model/point.h"
#include "model/varbind.h"
#include "poll/counter.h"
#include "poll/identity.h"
#include "poll/plan.h"

// From raw objects to canonical points: pure, and the same for a single collection and for polls that go on.
namespace bongsu::poll {

// What one group's transaction brought.
struct GroupData {
  struct Row {
    std::vector<std::uint32_t> index;
    std::vector<Value> values;  // one for each of `asked`; Null or an exception where the row lacks it
  };
  std::vector<std::uint32_t> asked;                                              // columns, as leaves
  std::vector<Row> rows;                                                         // by rising index
  std::vector<std::pair<std::uint32_t, Value>> scalars;                          // by leaf
  std::map<std::uint32_t, std::map<std::vector<std::uint32_t>, Value>> lookups;  // by leaf, then index
  std::vector<bool> left_out;                 // by leaf: not asked for this time; empty: all were
  bool whole = true;                          // what is read seldom (Leaf::seldom) was asked for as well
  std::map<std::uint32_t, GapCause> lacking;  // leaves that were left, or lack rows, because the agent failed there
};

// When a group was read, and what the device said of itself then.
struct Moment {
  SteadyTime at;         // of the reading
  Time stamp;            // under which its values are stored
  UptimeState uptime{};  // sysUpTime, heard shortly before
  Millis interval{0};    // until it is read again; 0: not known
  bool own = true;       // Outcome::own is wanted
};

// A Counter32 that its line can carry round more than once until the next poll, as the octets of a 1 Gbit/s port without
// 64-bit counters in a minute. Packet counters cannot decide how often it went round: frames have no one size, and agents do
// not count all that they drop. So it is read between the polls as well, often enough that it cannot go round unseen. What it
// did stands here until the poll; there it counts, unless the row moved or the device restarted meanwhile.
struct Ahead {
  std::uint32_t leaf = 0;
  double rate = 0;  // largest possible growth a second
  CounterState counter;
  double growth = 0;  // since the poll
  bool reset = false;
  std::optional<GapCause> gap{};
};

// One series of a row, as its owner knows it.
struct SeriesState {
  SeriesHeight height;  // of a counter
  std::optional<SeriesId> id;
  bool owned = false;           // no other row writes it
  bool kept = false;            // known from before a restart, and not written since
  bool live = false;            // the last sample was a value
  std::optional<GapCause> gap;  // the cause of the last sample, when it was a gap
};

// One row, kept from poll to poll; scalars are a row without an index.
struct RowState {
  RowKey key;
  std::vector<Labels::Pair> labels;
  std::vector<CounterState> counters;  // by leaf
  std::vector<std::optional<double>> growth;
  std::vector<std::optional<GapCause>> gaps;
  std::vector<bool> resets;
  std::vector<SeriesState> series;  // by metric
  std::optional<std::string> discontinuity;
  std::vector<Ahead> ahead;  // by rising leaf
  // Of sensors, by metric, as they were read last; empty: they were not. They are told again every few minutes.
  std::vector<std::optional<double>> limits;
  std::vector<bool> limited;  // by a sensor's metric: they were
};

// What names rows, and the limits of sensors, change seldom and are as much as all the rest: they are is read again after
// kSeldom, and when a row is new.
constexpr Millis kSeldom = std::chrono::minutes(30);
struct SeldomState {
  std::optional<SteadyTime> at;                                                  // of its last reading; nothing: it is due
  std::vector<std::uint64_t> rows;                                               // the rows there were then: hashes, rising
  std::map<std::uint32_t, std::map<std::vector<std::uint32_t>, Value>> lookups;  // of what was looked up then
  bool restless = false;                                                         // new rows came with the last reading
};

struct GroupState {
  std::vector<std::unique_ptr<RowState>> rows;
  UptimeState uptime;                   // of the last reading
  bool read = false;                    // at least once; what is new after that begins at zero
  SteadyTime at;                        // of the last reading
  Time stamp{};                         // and under which it was stored
  std::optional<SteadyTime> kept_at{};  // when it was last kept (row_memory.h)
  bool keep_soon = false;
  std::vector<bool> used;  // by leaf: some row's value was read; empty while none was
  std::vector<bool> once;  // by leaf: `used` had it before; it is asked for also while the device lacks it
  SeldomState seldom;
  std::optional<Time> limits_told{};  // the stamp of all rows' limits
  Millis apart{0};                    // how far readings of the counters in `ahead` may lie apart; 0: there is none
};

// One sample for one series; the row lives as long as the GroupState or the Outcome that holds it.
struct Emission {
  RowState* row = nullptr;
  std::uint32_t metric = 0;
  double value = 0;                   // or a marker
  std::optional<std::uint32_t> leaf;  // the first object that it was made of
};

struct Outcome {
  std::vector<Emission> emissions;
  std::vector<std::unique_ptr<RowState>> gone;             // rows that vanished: their markers are among the emissions
  std::vector<std::pair<std::string, std::string>> facts;  // of the device
  std::vector<Neighbor> neighbors;
  std::vector<Identifier> own;
  std::vector<std::string> notices;  // for a person: rows that could not be told apart
  bool changed = false;              // worth being kept before the next restart
  bool missed = false;               // something is needed that was left out: ask for all, and again
};

// What to ask for now: by leaf, empty for all; `whole` as in GroupData.
struct Wanted {
  std::vector<bool> leaves;
  bool whole = true;
};
Wanted wanted_now(const Group& group, const GroupState& state, SteadyTime now);
// Of its rows' indices, rising.
std::vector<std::uint64_t> row_hashes(const GroupData& data);
// Rows came of which nothing is known that is read seldom: then all is to be read at once.
bool has_new_rows(const GroupState& state, const GroupData& data);

// Judges the data of one poll. The state is changed, so that a poll counts once.
Outcome evaluate_group(const mib::Tree& tree, const Group& group, GroupState& state, const GroupData& data, const Moment& moment);
// Takes a reading between two polls, of the columns that ahead_leaves() names.
void read_ahead(GroupState& state, const GroupData& data, SteadyTime at);
// By leaf; none where nothing is to be read between the polls.
std::vector<bool> ahead_leaves(const Group& group, const GroupState& state);
// The whole group has no data: one gap marker for each of its series that was not in that gap already.
std::vector<Emission> mark_gap(const Group& group, GroupState& state, GapCause cause);
// The group is no longer polled: a staleness marker for each series that was not gone; the rows leave the state.
Outcome mark_stale(const Group& group, GroupState& state);

// The OID that an emission's first object was read at; empty when there is none.
Oid emission_oid(const Group& group, const Emission& emission);

}  // namespace bongsu::poll
