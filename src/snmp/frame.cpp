// SPDX-License-Identifier: Apache-2.0
#include "snmp/frame.h"

namespace bongsu::snmp {

std::optional<std::size_t> message_size(Octets octets, ber::Fault& fault) {
  if (octets.empty()) return std::nullopt;
  if (octets[0] != ber::kSequence) {
    fault = ber::Fault::Tag;
    return std::nullopt;
  }
  if (octets.size() < 2) return std::nullopt;
  std::size_t length = octets[1], header = 2;
  if (length >= 0x80) {
    const std::size_t more = length & 0x7f;
    if (more == 0 || more > 4) {
      fault = ber::Fault::Length;
      return std::nullopt;
    }
    if (octets.size() < 2 + more) return std::nullopt;
    length = 0;
    for (const std::uint8_t octet : octets.subspan(2, more)) length = length << 8 | octet;
    header += more;
  }
  if (length > kMostMessage - header) {
    fault = ber::Fault::Size;
    return std::nullopt;
  }
  return header + length;
}

}  // namespace bongsu::snmp
