// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/alarm.h"
#include "model/device.h"
#include "query/engine.h"
#include "rule/spec.h"

namespace bongsu::rule {

// Whether a device is one of them, by the os or the kind that it is known to be.
bool wanted_on(const Targets& targets, const DeviceState& device);
// The item as it is for these labels. `device` may be unknown.
const ItemSpec& spec_for(const ItemSpec& item, const Labels& labels, const DeviceState* device);

inline constexpr std::string_view kSwitchedOff = "switched off";  // Coverage::Missing::why

// What of what should be watched is.
struct Coverage {
  struct Missing {
    std::string item;
    std::string title;
    std::string why;  // "switched off", "no data: timeout", ...
    friend bool operator==(const Missing&, const Missing&) = default;
  };
  struct Device {
    std::string name;
    std::string os, kind;            // as known; both empty: nobody knows what it should have
    std::size_t expected = 0;        // items that its os and kind should have, and others that it has, or would have
    std::size_t watched = 0;         // of them, those with a value
    std::vector<Missing> missing{};  // the others, by name
    bool unclear() const { return expected == 0 || (os.empty() && kind.empty()); }
    friend bool operator==(const Device&, const Device&) = default;
  };
  std::vector<Device> devices;  // by name
  std::vector<Missing> idle;    // items that are judged for nobody, by name; those for kinds that no device is of are left out
};

// Items with devices (of a value without one, an empty name) whose expression gives a value at `now` that nobody judges, because
// the item, or an override of it, is switched off there.
using SwitchedOff = std::set<std::pair<std::string, std::string>>;
SwitchedOff switched_off(const std::vector<ItemSpec>& items, const std::vector<DeviceState>& devices,
                         const query::Engine& queries, Time now);

// `items` as configured, those that are switched off too; `states` as AlarmSource::items() gives them.
Coverage coverage_of(const std::vector<ItemSpec>& items, const std::vector<DeviceState>& devices,
                     const std::vector<ItemState>& states, const SwitchedOff& off = {});

}  // namespace bongsu::rule
