// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "model/device.h"
#include "rule/spec.h"

namespace bongsu::rule {

// What the item says of the value: "no answer"; empty where it names none.
std::string meaning_of(const ItemSpec& spec, double value);
// Which address was asked, and what came back by each way that fell silent:
// "192.0.2.7: no answer to ping; SNMP: no answer within 2s"; of a device that answers its address alone.
std::string asked_of(const DeviceState& device);

}  // namespace bongsu::rule
