// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <set>
#include <vector>

#include "base/time.h"

namespace bongsu::remedy {

// Processes that descend from this one, but those of `keep` and what descends from them. Empty also where /proc cannot be read.
std::vector<pid_t> descendants(const std::set<pid_t>& keep = {});

// Ends all of descendants(keep), whatever they fork meanwhile: they are stopped first, until a look finds nobody new. Needs this
// process to be the subreaper of its orphans, so that nobody slips away. Gives how many are left after `patience`: what changed
// its user, or hangs in the kernel. `on_reaped` hears of each child that ended.
std::size_t end_descendants(const std::set<pid_t>& keep, Millis patience, void (*on_reaped)(pid_t, int, void*), void* context);

}  // namespace bongsu::remedy
