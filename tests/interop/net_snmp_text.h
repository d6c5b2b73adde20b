// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "model/varbind.h"

namespace bongsu::interop {

// A varbind as `snmpwalk -On -Oe -Ox -Ot --hexOutputLength=0` prints it.
std::string as_net_snmp(const Varbind& varbind);
// Such a line without the value: what of a moving object can be compared.
std::string name_and_type(const std::string& line);

}  // namespace bongsu::interop
