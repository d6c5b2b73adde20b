// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "model/match.h"
#include "model/severity.h"
#include "model/week_hours.h"
#include "query/ast.h"

namespace bongsu::rule {

// n of the last m evaluations; 1 <= n <= m <= 64.
struct Count {
  int needed = 1;
  int of = 1;
  friend bool operator==(const Count&, const Count&) = default;
};

// A level is reached when the value is beyond `limit` at every evaluation over `hold`, and was so at `count.needed` or more
// of the last `count.of` evaluations.
struct Level {
  Severity severity = Severity::Danger;  // Harmless .. Fatal
  double limit = 0;
  Millis hold{0};
  Count count;
  std::string query_text;                    // instead of a number: PromQL that gives a limit for each label set of the item
  std::shared_ptr<const query::Expr> query;  // the same; nothing where the limit is a number
  friend bool operator==(const Level&, const Level&) = default;
};

struct Title {
  std::string en;
  std::string ko;
  friend bool operator==(const Title&, const Title&) = default;
};

// Devices of one of these systems or of one of these kinds.
struct Targets {
  std::vector<std::string> os;
  std::vector<std::string> kind;
  bool empty() const { return os.empty() && kind.empty(); }
  friend bool operator==(const Targets&, const Targets&) = default;
};

enum class NoData : std::uint8_t {
  Unknown,  // the item becomes unknown; an open alarm stays
  Ignore,   // the item goes away quietly and an open alarm recovers: for expressions whose silence is the good case
};

// When the level begins to rise or to fall `changes` times `within`, the alarm is flapping: it stays open at its worst level
// until there was less than two of that within as long. No changes: never.
struct Flapping {
  std::size_t changes = 6;       // at most kMostTurns
  std::optional<Millis> within;  // nothing: 32 intervals
  static constexpr std::size_t kMostTurns = 20;
  friend bool operator==(const Flapping&, const Flapping&) = default;
};

struct ItemSpec;
// Other keys of an item where it is for some devices or labels.
struct Override {
  Match match;                           // devices, tags and labels of it
  Targets targets;                       // where not empty, the device must be one of them
  std::shared_ptr<const ItemSpec> item;  // the whole item with the other keys; its expression, interval and targets do not count
};

// A watch item: a PromQL expression judged by up to five levels. One alarm for each label set that it gives.
struct ItemSpec {
  std::string name;
  Title title;
  Targets targets;   // who must have it: without a value it is unknown there
  Targets expected;  // who ought to have it: coverage names it where it has no value, and it is judged nowhere for that
  std::string expr_text;
  std::shared_ptr<const query::Expr> expr;  // an instant vector or a scalar; never null
  std::string unit;                         // empty: as the label `unit` of the series says
  std::map<double, std::string> states;     // what values mean, for a person: 0 "no answer"
  bool below = false;                       // beyond a limit is below it
  std::vector<Level> levels;                // from the mildest to the worst, each severity once
  double clear = 0;                         // a level ends at limit - clear, or limit + clear where `below`; in the item's unit
  std::string why;
  Millis interval{30'000};  // between evaluations; at whole multiples of it since 1970
  bool enabled = true;
  bool page = false;  // the status page shows its values
  NoData no_data = NoData::Unknown;
  std::optional<Millis> no_data_after;  // silence that is still no silence; nothing: one interval
  WeekHours hours;                      // outside of them it is not judged, and its alarms end
  Flapping flapping;
  std::vector<Override> overrides;  // the last that fits counts
};

}  // namespace bongsu::rule
