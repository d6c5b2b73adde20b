// SPDX-License-Identifier: Apache-2.0
#include "rule/describe.h"

namespace bongsu::rule {

std::string meaning_of(const ItemSpec& spec, double value) {
  const auto at = spec.states.find(value);
  return at == spec.states.end() ? std::string() : at->second;
}

std::string unit_of(const ItemSpec& spec, const Labels& labels) {
  return spec.unit.empty() ? std::string(labels.get("unit")) : spec.unit;
}

std::string asked_of(const DeviceState& device) {
  std::string came;
  const auto add = [&](const std::string& what) { came += (came.empty() ? "" : "; ") + what; };
  if (device.icmp_up == false) add("no answer to ping");
  if (device.snmp_up == false) {
    if (device.icmp_up == true) add("answers ping");
    add(device.error.empty() ? "no answer to SNMP" : "SNMP: " + device.error);
  } else if (device.up == false && !device.error.empty()) {
    add(device.error);
  }
  if (came.empty()) return device.address;
  return device.address.empty() ? came : device.address + ": " + came;
}

}  // namespace bongsu::rule
