// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/time.h"

namespace bongsu::notify {

// Who is on call, one after the other: a shift of `every` begins at `from` and again at each whole multiple of it on the clock of
// `zone`, so that a change to or from summer time moves no handover.
struct Rota {
  struct Swap {
    Time from, until;
    std::string who;
  };
  std::vector<std::string> turns;  // people or groups; not empty
  int every_minutes = 7 * 24 * 60;
  std::string from;  // "2026-01-05 09:00" on the zone's clock
  std::string zone;
  std::vector<Swap> swaps{};  // somebody else's for a while; the last that fits counts
};

// Whose turn it is, and until when. Before `from` it is that of the first.
struct OnCall {
  std::string who;
  Time until;
};
OnCall on_call(const Rota& rota, Time now);

}  // namespace bongsu::notify
