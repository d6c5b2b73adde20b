// SPDX-License-Identifier: Apache-2.0
#include "model/varbind.h"

#include <algorithm>
#include <span>

#include "base/text.h"

namespace bongsu {

std::string_view to_string(ValueType type) {
  switch (type) {
    case ValueType::Integer:
      return "Integer32";
    case ValueType::OctetString:
      return "OCTET STRING";
    case ValueType::Null:
      return "NULL";
    case ValueType::ObjectId:
      return "OBJECT IDENTIFIER";
    case ValueType::IpAddress:
      return "IpAddress";
    case ValueType::Counter32:
      return "Counter32";
    case ValueType::Gauge32:
      return "Gauge32";
    case ValueType::TimeTicks:
      return "TimeTicks";
    case ValueType::Opaque:
      return "Opaque";
    case ValueType::Counter64:
      return "Counter64";
    case ValueType::OpaqueFloat:
      return "Opaque float";
    case ValueType::OpaqueDouble:
      return "Opaque double";
    case ValueType::NoSuchObject:
      return "noSuchObject";
    case ValueType::NoSuchInstance:
      return "noSuchInstance";
    case ValueType::EndOfMibView:
      return "endOfMibView";
  }
  return "unknown";
}

std::optional<double> Value::to_double() const {
  switch (type) {
    case ValueType::Integer:
      return static_cast<double>(integer);
    case ValueType::Counter32:
    case ValueType::Gauge32:
    case ValueType::TimeTicks:
    case ValueType::Counter64:
      return static_cast<double>(number);
    case ValueType::OpaqueFloat:
    case ValueType::OpaqueDouble:
      return real;
    case ValueType::OctetString:
      return parse_number(trim(octets));
    default:
      return std::nullopt;
  }
}

std::string Value::to_text() const {
  switch (type) {
    case ValueType::Integer:
      return std::to_string(integer);
    case ValueType::Counter32:
    case ValueType::Gauge32:
    case ValueType::TimeTicks:
    case ValueType::Counter64:
      return std::to_string(number);
    case ValueType::OpaqueFloat:
    case ValueType::OpaqueDouble:
      return format_number(real);
    case ValueType::ObjectId:
      return oid.to_string();
    case ValueType::IpAddress: {
      std::string out;
      for (const char octet : octets) out += (out.empty() ? "" : ".") + std::to_string(static_cast<std::uint8_t>(octet));
      return out;
    }
    case ValueType::OctetString: {
      const bool printable = is_valid_utf8(octets) && std::none_of(octets.begin(), octets.end(), [](char c) {
                               const auto octet = static_cast<std::uint8_t>(c);
                               return (octet < 0x20 && c != '\n' && c != '\r' && c != '\t') || octet == 0x7f;
                             });
      if (printable) return octets;
      [[fallthrough]];
    }
    case ValueType::Opaque:
      return to_hex({reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
    case ValueType::Null:
      return "";
    case ValueType::NoSuchObject:
    case ValueType::NoSuchInstance:
    case ValueType::EndOfMibView:
      return std::string(to_string(type));
  }
  return "";
}

}  // namespace bongsu
