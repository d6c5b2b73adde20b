// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "model/match.h"

namespace bongsu::rule {

// A maintenance window: alarms that it matches are suppressed while it is open. Once (from, until), recurring (the hours of
// the match), or both: it is open where all of them hold.
struct Window {
  std::string name;  // unique
  Match match;       // its `from` is not used
  std::optional<Time> from;
  std::optional<Time> until;
  std::string note;      // what is done, for a person
  std::string by;        // who made it
  bool in_file = false;  // of the configuration, which alone can end it

  bool open(Time now) const { return !(from && now < *from) && !(until && now >= *until) && match.hours.contains(now); }
  // When an open one ends, as far as is known.
  std::optional<Time> ends(Time now) const;
  friend bool operator==(const Window&, const Window&) = default;
};

// Error: Invalid (it matches nothing, or has no end).
Status check_window(const Window& window);

}  // namespace bongsu::rule
