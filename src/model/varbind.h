// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/oid.h"

namespace bongsu {

// SNMP's types, numbered by their BER tags (RFC 2578 section 7.1, RFC 3416 section 3).
enum class ValueType : std::uint8_t {
  Integer = 2,
  OctetString = 4,
  Null = 5,
  ObjectId = 6,
  IpAddress = 64,
  Counter32 = 65,
  Gauge32 = 66,
  TimeTicks = 67,
  Opaque = 68,
  Counter64 = 70,
  OpaqueFloat = 120,   // Opaque that holds a float (0x9f78), as Net-SNMP writes it
  OpaqueDouble = 121,  // Opaque that holds a double (0x9f79)
  NoSuchObject = 128,
  NoSuchInstance = 129,
  EndOfMibView = 130,
};
std::string_view to_string(ValueType type);  // "Counter32"

// One value. Which member holds it follows from the type.
struct Value {
  ValueType type = ValueType::Null;
  std::int64_t integer = 0;  // Integer
  std::uint64_t number = 0;  // Counter32, Gauge32, TimeTicks (hundredths of a second), Counter64
  double real = 0;           // OpaqueFloat, OpaqueDouble
  std::string octets;        // OctetString, IpAddress (4 octets), Opaque (content)
  Oid oid;                   // ObjectId

  static Value of_integer(std::int32_t v) { return {.type = ValueType::Integer, .integer = v}; }
  static Value of_number(ValueType type, std::uint64_t v) { return {.type = type, .number = v}; }
  static Value of_octets(std::string v) { return {.type = ValueType::OctetString, .octets = std::move(v)}; }
  static Value of_oid(Oid v) { return {.type = ValueType::ObjectId, .oid = std::move(v)}; }

  bool exists() const {
    return type != ValueType::NoSuchObject && type != ValueType::NoSuchInstance && type != ValueType::EndOfMibView;
  }
  // As a number: every numeric type, and an octet string that reads as a decimal number; nothing for the others.
  std::optional<double> to_double() const;
  // Plain text without a MIB: numbers in decimal, printable octets as they are, others in hex.
  std::string to_text() const;

  friend bool operator==(const Value&, const Value&) = default;
};

struct Varbind {
  Oid oid;
  Value value;
  friend bool operator==(const Varbind&, const Varbind&) = default;
};

}  // namespace bongsu
