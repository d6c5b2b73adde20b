// SPDX-License-Identifier: Apache-2.0
#include "model/alarm.h"

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
  std::vector<DeviceLevels> out;
  for (ItemState& item : items("")) {
    if (out.empty() || out.back().device != item.device) out.push_back({std::move(item.device), {}});
    ++out.back().items[item.level];
  }
  return out;
}

std::vector<ItemState> AlarmSource::of_item(std::string_view item) const {
  std::vector<ItemState> out = items("");
  std::erase_if(out, [&](const ItemState& one) { return one.item != item; });
  return out;
}

}  // namespace bongsu
