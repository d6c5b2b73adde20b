// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "model/device.h"
#include "model/labels.h"
#include "rule/spec.h"

namespace bongsu::rule {

// What the item says of the value: "no answer"; empty where it names none.
std::string meaning_of(const ItemSpec& spec, double value);
// The unit of the item's values on these labels.
std::string unit_of(const ItemSpec& spec, const Labels& labels);
// Which address was asked, and what came back by each way that fell silent:
// "192.0.2.7: no answer to ping; SNMP: no answer within 2s"; of a device that answers its address alone.
std::string asked_of(const DeviceState& device);

}  // namespace bongsu::rule
