// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

namespace bongsu {

std::chrono::nanoseconds SystemClock::precise() const { return std::chrono::system_clock::now().time_since_epoch(); }
SteadyTime SystemClock::steady() const { return std::chrono::steady_clock::now(); }

}  // namespace bongsu
