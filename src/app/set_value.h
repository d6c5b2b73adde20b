// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "mib/tree.h"
#include "model/varbind.h"

namespace bongsu::app {

// A value as Net-SNMP's snmpset has it: a letter for the type, then its text.
//   i INTEGER (a number, or a label that the object's MIB names)   u Unsigned32   c Counter32   t TimeTicks (hundredths of a
//   second)   s STRING   x hex octets   d decimal octets   n NULL   o OBJECT IDENTIFIER   a IpAddress   b BITS (places or labels)
//   F float   D double   = as the object's MIB says
// Errors: Invalid (no such letter, a text that the type cannot have), NotFound (= for an object that no MIB has; a name).
Result<Value> parse_set_value(const mib::Tree& tree, const Oid& oid, std::string_view type, std::string_view text);

}  // namespace bongsu::app
