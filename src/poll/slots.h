// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/time.h"

// When a device is polled.
namespace bongsu::poll {

// The slot at or before `now`: slots lie `interval` apart, moved by `offset`.
Time slot_before(Time now, Millis interval, Millis offset);
// Every device has its own place in the interval.
Millis slot_offset(std::string_view device, Millis interval);

}  // namespace bongsu::poll
