// SPDX-License-Identifier: Apache-2.0
#include "snmp/secured.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace bongsu::snmp {
namespace {

constexpr std::uint8_t kAuthFlag = 1, kPrivFlag = 2, kReportableFlag = 4;  // the others are reserved, and ignored
constexpr std::int32_t kUsm = 3, kV3 = 3;

std::int32_t not_negative(ber::Reader& in) {
  const std::int32_t number = in.integer();
  if (number < 0) in.refuse(ber::Fault::Range);
  return number;
}

Octets at_most(ber::Reader& in, std::size_t size) {
  const Octets octets = in.expect(ber::kOctetString);
  if (octets.size() > size) in.refuse(ber::Fault::Size);
  return octets;
}

}  // namespace

ber::Fault read_secured(Octets datagram, SecuredView& into) {
  ber::Reader outside(datagram);
  ber::Reader message(outside.expect(ber::kSequence));
  if (!outside.ok()) return outside.fault();
  into.message = datagram.first(datagram.size() - outside.rest().size());
  const std::int32_t version = message.integer();
  if (!message.ok()) return message.fault();
  if (version != kV3) return ber::Fault::Version;

  ber::Reader global(message.expect(ber::kSequence));
  if (!message.ok()) return message.fault();
  into.message_id = not_negative(global);
  into.max_size = not_negative(global);
  const Octets flags = global.expect(ber::kOctetString);
  const std::int32_t model = global.integer();
  global.end();
  if (!global.ok()) return global.fault();
  if (flags.size() != 1) return ber::Fault::Size;
  if (model != kUsm) return ber::Fault::Model;
  const std::uint8_t level = flags[0] & (kAuthFlag | kPrivFlag);
  if (level == kPrivFlag) return ber::Fault::Flags;  // RFC 3412 section 7.2 (5 d)
  into.level = static_cast<SecurityLevel>(level);
  into.reportable = (flags[0] & kReportableFlag) != 0;

  ber::Reader parameters(message.expect(ber::kOctetString));
  if (!message.ok()) return message.fault();
  ber::Reader usm(parameters.expect(ber::kSequence));
  parameters.end();
  if (!parameters.ok()) return parameters.fault();
  into.engine_id = at_most(usm, kMostEngineId);
  into.boots = not_negative(usm);
  into.time = not_negative(usm);
  const Octets user = at_most(usm, kMostUserName);
  into.mac = usm.expect(ber::kOctetString);
  into.salt = usm.expect(ber::kOctetString);
  usm.end();
  if (!usm.ok()) return usm.fault();
  into.user = {reinterpret_cast<const char*>(user.data()), user.size()};
  into.mac_at = static_cast<std::size_t>(into.mac.data() - datagram.data());

  const bool encrypted = into.level == SecurityLevel::AuthPriv;
  const Octets whole = message.rest();
  std::uint8_t tag = 0;
  const Octets content = message.element(tag);
  message.end();
  if (!message.ok()) return message.fault();
  if (tag != (encrypted ? ber::kOctetString : ber::kSequence)) return ber::Fault::Flags;
  into.scoped = encrypted ? content : whole;
  return ber::Fault::None;
}

Octets SecuredWriter::write(const SecuredHead& head, Octets scoped, LocalKeys* keys, std::uint64_t counter) {
  const bool authentic = head.level != SecurityLevel::NoAuthNoPriv, encrypted = head.level == SecurityLevel::AuthPriv;
  BONGSU_CHECK(!authentic || keys != nullptr);
  std::array<std::uint8_t, 8> salt{};
  if (encrypted) {
    keys->encrypt(head.boots, head.time, counter, scoped, cipher_, salt);
    scoped = cipher_;
  }
  static constexpr std::array<std::uint8_t, 48> kZeros{};
  const std::size_t mac = authentic ? mac_octets(keys->auth()) : 0;

  writer_.clear();
  std::copy(scoped.begin(), scoped.end(), writer_.append(scoped.size()));
  if (encrypted) writer_.wrap(ber::kOctetString);
  const std::size_t data = writer_.size();
  writer_.prepend_element(ber::kOctetString, Octets(salt).first(encrypted ? salt.size() : 0));
  writer_.prepend(Octets(kZeros).first(mac));
  const std::size_t mac_from_end = writer_.size();
  writer_.prepend_header(ber::kOctetString, mac);
  writer_.prepend_element(ber::kOctetString, {reinterpret_cast<const std::uint8_t*>(head.user.data()), head.user.size()});
  writer_.prepend_integer(head.time);
  writer_.prepend_integer(head.boots);
  writer_.prepend_element(ber::kOctetString, head.engine_id);
  writer_.prepend_header(ber::kSequence, writer_.size() - data);
  writer_.prepend_header(ber::kOctetString, writer_.size() - data);
  const std::size_t behind = writer_.size();
  writer_.prepend_integer(kUsm);
  const auto flags = static_cast<std::uint8_t>(static_cast<std::uint8_t>(head.level) | (head.reportable ? kReportableFlag : 0));
  writer_.prepend_element(ber::kOctetString, {&flags, 1});
  writer_.prepend_integer(head.max_size);
  writer_.prepend_integer(head.message_id);
  writer_.prepend_header(ber::kSequence, writer_.size() - behind);
  writer_.prepend_integer(kV3);
  writer_.wrap(ber::kSequence);
  if (authentic) {
    const std::size_t at = writer_.size() - mac_from_end;
    keys->sign(writer_.written(), at, {writer_.data() + at, mac});
  }
  return writer_.written();
}

}  // namespace bongsu::snmp
