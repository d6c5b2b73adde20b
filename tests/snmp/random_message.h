// SPDX-License-Identifier: Apache-2.0
// Messages of every version, type and kind of value, for properties.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "snmp/codec.h"

namespace bongsu::snmp {

inline Oid random_oid(Random& random) {
  std::vector<std::uint32_t> arcs{static_cast<std::uint32_t>(random.below(3))};
  arcs.push_back(static_cast<std::uint32_t>(arcs[0] == 2 ? random.next32() >> random.below(32) : random.below(40)));
  const std::size_t size = 2 + random.below(random.chance(0.05) ? 127 : 14);
  while (arcs.size() < size) arcs.push_back(random.next32() >> random.below(32));
  return Oid(std::move(arcs));
}

inline std::string random_octets(Random& random, std::size_t most) {
  std::string out(random.below(most + 1), '\0');
  for (char& c : out) c = static_cast<char>(random.next());
  return out;
}

inline Value random_value(Random& random) {
  const std::uint64_t wide = random.next() >> random.below(64);
  const auto narrow = static_cast<std::uint32_t>(random.next32() >> random.below(32));
  switch (random.below(15)) {
    case 0:
      return Value::of_integer(static_cast<std::int32_t>(random.chance(0.5) ? narrow : ~narrow));
    case 1:
      return Value::of_octets(random_octets(random, random.chance(0.05) ? 70'000 : 300));
    case 2:
      return {};
    case 3:
      return Value::of_oid(random_oid(random));
    case 4:
      return {.type = ValueType::IpAddress, .octets = std::string(4, static_cast<char>(narrow))};
    case 5:
      return Value::of_number(ValueType::Counter32, narrow);
    case 6:
      return Value::of_number(ValueType::Gauge32, narrow);
    case 7:
      return Value::of_number(ValueType::TimeTicks, narrow);
    case 8:
      return {.type = ValueType::Opaque, .octets = "\x30" + random_octets(random, 20)};
    case 9:
      return Value::of_number(ValueType::Counter64, wide);
    case 10:
      return {.type = ValueType::OpaqueFloat, .real = static_cast<float>(random.unit() * 1e6 - 5e5)};
    case 11:
      return {.type = ValueType::OpaqueDouble, .real = random.unit() * 1e30 - 5e29};
    case 12:
      return {.type = ValueType::NoSuchObject};
    case 13:
      return {.type = ValueType::NoSuchInstance};
    default:
      return {.type = ValueType::EndOfMibView};
  }
}

inline Pdu random_pdu(Random& random, Version version) {
  static constexpr PduType kV1[] = {PduType::GetRequest, PduType::GetNext, PduType::Response, PduType::Set, PduType::TrapV1};
  static constexpr PduType kV2[] = {PduType::GetRequest, PduType::GetNext, PduType::Response, PduType::Set,
                                    PduType::GetBulk,    PduType::Inform,  PduType::TrapV2,   PduType::Report};
  Pdu out;
  out.type = version == Version::V1 ? kV1[random.below(std::size(kV1))] : kV2[random.below(std::size(kV2))];
  if (out.type == PduType::TrapV1) {
    out.trap = TrapV1{random_oid(random), std::string(4, static_cast<char>(random.next())),
                      static_cast<std::int32_t>(random.below(7)), static_cast<std::int32_t>(random.next32()), random.next32()};
  } else {
    out.request_id = static_cast<std::int32_t>(random.next32());
    out.error_status = static_cast<std::int32_t>(random.below(19));
    out.error_index = static_cast<std::int32_t>(random.below(100));
  }
  const std::size_t varbinds = random.below(12);
  for (std::size_t i = 0; i < varbinds; ++i) out.varbinds.push_back({random_oid(random), random_value(random)});
  return out;
}

inline Message random_message(Random& random) {
  Message out;
  out.version = random.chance(0.3) ? Version::V1 : Version::V2c;
  out.community = random_octets(random, random.chance(0.1) ? 400 : 12);
  out.pdu = random_pdu(random, out.version);
  return out;
}

}  // namespace bongsu::snmp
