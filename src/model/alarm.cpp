// SPDX-License-Identifier: Apache-2.0
#include "model/alarm.h"

#include <limits>
#include <map>

namespace bongsu {

std::string_view to_string(AlarmState state) {
  switch (state) {
    case AlarmState::Normal:
      return "normal";
    case AlarmState::Pending:
      return "pending";
    case AlarmState::Active:
      return "active";
    case AlarmState::Recovered:
      return "recovered";
  }
  return "unknown";
}

std::vector<DeviceLevels> AlarmSource::levels() const {
  std::map<std::string, DeviceLevels> all;
  for (const ItemState& item : items("")) ++all[item.device].items[item.level];
  for (const Alarm& alarm : alarms({.limit = std::numeric_limits<std::size_t>::max()})) ++all[alarm.device].alarms[alarm.level];
  std::vector<DeviceLevels> out;
  for (auto& [device, levels] : all) {
    out.push_back(std::move(levels));
    out.back().device = device;
  }
  return out;
}

std::vector<ItemState> AlarmSource::of_item(std::string_view item) const {
  std::vector<ItemState> out = items("");
  std::erase_if(out, [&](const ItemState& one) { return one.item != item; });
  return out;
}

}  // namespace bongsu
