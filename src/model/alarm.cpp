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

}  // namespace bongsu
