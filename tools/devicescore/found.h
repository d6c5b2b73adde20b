// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "poll/collect.h"

namespace bongsu::devicescore {

// What was found on a device, as JSON in the form that a corpus of recorded devices is scored by: metrics cpu.usage,
// memory.used, storage.total, port.oper_status, sensor.temperature, ... with the instance each was read from, and `limits`: those
// of sensors, as sensor_limit has them, with the value beside each.
std::string found_json(const std::string& device, const poll::Collection& found);

}  // namespace bongsu::devicescore
