// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "model/alarm.h"
#include "model/source.h"
#include "rule/spec.h"

namespace bongsu::app {

// How the value of an alarm went in the hours before `now`: the item's expression for the alarm's device alone. Empty where it
// cannot be known any more.
std::vector<Sample> course_of(const Alarm& alarm, const rule::ItemSpec& item, const PointSource& points, Millis lookback,
                              Time now);

}  // namespace bongsu::app
