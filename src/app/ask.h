// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snmp/dialect.h"

namespace bongsu::app {

// What a running daemon has learned of a device.
struct KnownDialect {
  std::string json;  // its whole answer
  std::string summary;
  std::vector<snmp::Observation> observations;
};
// Nothing when no daemon answers at `url`, or it does not know the device. Blocks, two seconds at most.
std::optional<KnownDialect> ask_dialect(const std::string& url, const std::string& device);

}  // namespace bongsu::app
