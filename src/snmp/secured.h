// SPDX-License-Identifier: Apache-2.0
// The SNMPv3 message (RFC 3412 section 6) with the parameters of USM (RFC 3414 section 2.4), around a scoped PDU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "snmp/ber.h"
#include "snmp/usm.h"

namespace bongsu::snmp {

// The largest boots; an engine that has reached it takes nothing any more (RFC 3414 section 2.2.2). Of time, too.
inline constexpr std::int32_t kLastBoots = 2'147'483'647;
inline constexpr std::size_t kMostEngineId = 32, kMostUserName = 32;

// What stands in front of the scoped PDU. Borrows.
struct SecuredHead {
  std::int32_t message_id = 0;
  std::int32_t max_size = 65'507;
  SecurityLevel level = SecurityLevel::NoAuthNoPriv;
  bool reportable = false;
  Octets engine_id;  // of the authoritative engine; empty where it is asked for
  std::int32_t boots = 0;
  std::int32_t time = 0;  // seconds since the boot
  std::string_view user;
};

// A message as far as it can be read without keys. Borrows from the datagram.
struct SecuredView : SecuredHead {
  Octets mac, salt;
  Octets scoped;   // the scoped PDU; of an authPriv message, what is to be decrypted
  Octets message;  // all of it, as it was authenticated
  std::size_t mac_at = 0;
};

// Nothing of it is to be believed yet. Octets behind the message are ignored.
ber::Fault read_secured(Octets datagram, SecuredView& into);

// Builds one message at a time in a buffer that is kept. Thread: one.
class SecuredWriter {
 public:
  // Signs and encrypts as the level says; `keys` may be null for noAuthNoPriv alone. `counter`: see LocalKeys::encrypt.
  // Valid until the next call.
  Octets write(const SecuredHead& head, Octets scoped, LocalKeys* keys, std::uint64_t counter);

 private:
  ber::Writer writer_;
  std::vector<std::uint8_t> cipher_;
};

}  // namespace bongsu::snmp
