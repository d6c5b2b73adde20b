// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/device.h"
#include "model/point.h"
#include "rule/limits.h"
#include "rule/spec.h"

namespace bongsu::rule {

// One alarm as it would have been.
struct Replayed {
  Labels labels;
  Severity peak = Severity::Normal;
  Time since;
  std::optional<Time> until;  // nothing: still open at the end
  Time last;                  // value that was judged while it was open
  double worst = 0;           // value, in the direction of the limits
  bool flapped = false;       // its level changed too often: it stayed open in between
};

// What the item would have told, given the values of its expression at each of its intervals: sorted by beginning, then labels.
// A gap of more than no_data_after (one interval where it has none) forgets what was pending, and ends an alarm where
// `no_data: ignore`; otherwise the alarm outlives it. Overrides hold by who the devices are now, `devices` (who they were is not
// kept). Left out is what would have been suppressed. Limits that are queries hold as `limits` has them, for all of the time.
std::vector<Replayed> replay(const ItemSpec& item, std::span<const Series> values, std::span<const DeviceState> devices = {},
                             Limits limits = {});

}  // namespace bongsu::rule
