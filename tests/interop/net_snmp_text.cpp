// SPDX-License-Identifier: Apache-2.0
#include "interop/net_snmp_text.h"

#include <cstdio>

namespace bongsu::interop {

std::string as_net_snmp(const Varbind& varbind) {
  const Value& value = varbind.value;
  std::string text;
  switch (value.type) {
    case ValueType::Integer:
      text = "INTEGER: " + std::to_string(value.integer);
      break;
    case ValueType::OctetString:
      text = "Hex-STRING:";
      for (const char octet : value.octets) {
        static constexpr char kDigits[] = "0123456789ABCDEF";
        const auto bits = static_cast<std::uint8_t>(octet);
        text += {' ', kDigits[bits >> 4], kDigits[bits & 15]};
      }
      if (value.octets.empty()) text = "\"\"";
      break;
    case ValueType::ObjectId:
      text = "OID: ." + value.oid.to_string();
      break;
    case ValueType::IpAddress:
      text = "IpAddress: " + value.to_text();
      break;
    case ValueType::TimeTicks:
      text = value.to_text();
      break;
    case ValueType::OpaqueFloat: {
      char room[64];
      std::snprintf(room, sizeof room, "Opaque: Float: %f", value.real);
      text = room;
      break;
    }
    default:
      text = std::string(to_string(value.type)) + ": " + value.to_text();
      break;
  }
  return "." + varbind.oid.to_string() + " = " + text;
}

std::string name_and_type(const std::string& line) {
  const std::size_t equals = line.find(" = ");
  const std::size_t colon = line.find(':', equals);
  if (equals == std::string::npos) return line;
  return colon == std::string::npos ? line.substr(0, equals) : line.substr(0, colon);
}

}  // namespace bongsu::interop
