// SPDX-License-Identifier: Apache-2.0
// SNMPv1 and SNMPv2c messages (RFC 1157, RFC 3416) as octets. The PDU is coded apart from the message around it, and so
// serves SNMPv3 (snmp/secured.h), too.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/varbind.h"
#include "snmp/ber.h"

namespace bongsu::snmp {

enum class Version : std::uint8_t { V1 = 0, V2c = 1, V3 = 3 };  // as on the wire
std::string_view to_string(Version version);                    // "v2c"

enum class PduType : std::uint8_t {
  GetRequest = 0xa0,
  GetNext = 0xa1,
  Response = 0xa2,
  Set = 0xa3,
  TrapV1 = 0xa4,
  GetBulk = 0xa5,
  Inform = 0xa6,
  TrapV2 = 0xa7,
  Report = 0xa8,
};
std::string_view to_string(PduType type);  // "GETBULK"

// error-status (RFC 3416 section 3); agents send others too.
enum : std::int32_t {
  kNoError = 0,
  kTooBig = 1,
  kNoSuchName = 2,
  kBadValue = 3,
  kReadOnly = 4,
  kGenErr = 5,
  kNoAccess = 6,
  kAuthorizationError = 16,
};
std::string error_status_name(std::int32_t status);  // "tooBig", "error-status 77"

// One value inside a datagram. Borrows.
struct ValueView {
  ValueType type = ValueType::Null;
  std::uint64_t number = 0;  // Integer (two's complement), Counter32, Gauge32, TimeTicks, Counter64; float and double as bits
  Octets octets;             // OctetString, IpAddress, Opaque; ObjectId as in OidView

  std::int64_t integer() const { return static_cast<std::int64_t>(number); }
  bool exists() const { return type < ValueType::NoSuchObject; }
  std::string_view text() const { return {reinterpret_cast<const char*>(octets.data()), octets.size()}; }
  std::optional<double> to_double() const {  // as Value::to_double
    double out = 0;
    bool any = true;
    if (type == ValueType::Integer) out = static_cast<double>(integer());
    else if (type >= ValueType::Counter32 && type <= ValueType::Counter64 && type != ValueType::Opaque)
      out = static_cast<double>(number);
    else any = other_to_double(out);
    return any ? std::optional(out) : std::nullopt;
  }
  Value to_value() const;

 private:
  bool other_to_double(double& out) const;
};
struct VarbindView {
  OidView name;
  ValueView value;
  Varbind to_varbind() const { return {name.to_oid(), value.to_value()}; }
};

// What only a v1 trap has (RFC 1157 section 4.1.6).
struct TrapV1 {
  Oid enterprise;
  std::string agent_address;  // 4 octets
  std::int32_t generic = 0;
  std::int32_t specific = 0;
  std::uint32_t timestamp = 0;  // hundredths of a second
  friend bool operator==(const TrapV1&, const TrapV1&) = default;
};

// The numbers at the head of a PDU.
struct PduHead {
  PduType type = PduType::GetRequest;
  std::int32_t request_id = 0;
  std::int32_t error_status = 0;  // GETBULK: non-repeaters
  std::int32_t error_index = 0;   // GETBULK: max-repetitions
  friend bool operator==(const PduHead&, const PduHead&) = default;
};

struct Pdu : PduHead {
  std::optional<TrapV1> trap;  // of a TrapV1, which has no head
  std::vector<Varbind> varbinds;
  friend bool operator==(const Pdu&, const Pdu&) = default;
};
struct Message {
  Version version = Version::V2c;
  std::string community;
  Pdu pdu;
  friend bool operator==(const Message&, const Message&) = default;
};

// A message inside a datagram. Borrows from the datagram and from its Decoder.
struct MessageView : PduHead {
  Version version = Version::V2c;
  std::string_view community;
  std::optional<TrapV1> trap;
  std::span<const VarbindView> varbinds;

  std::int32_t non_repeaters() const { return error_status; }
  std::int32_t max_repetitions() const { return error_index; }
  Message to_message() const;
};

// The scoped PDU of a v3 message (RFC 3412 section 6). Borrows as MessageView; its community is empty.
struct ScopedView : MessageView {
  Octets context_engine_id;
  std::string_view context_name;
};

// Reads datagrams; allocates nothing once it has grown to the largest. The whole message is checked before anything of it
// is handed out. Octets behind the message are ignored, octets left over inside it refuse it. Thread: one.
class Decoder {
 public:
  // Valid until the next call, and while `datagram` is. Errors: Truncated, Invalid, Unsupported (v3, an unknown version).
  Result<MessageView> decode(Octets datagram);
  // The same without an Error's text, for hot paths.
  ber::Fault decode(Octets datagram, MessageView& into);
  // What is inside of a v3 message, plain or deciphered. Octets behind it are a cipher's padding.
  ber::Fault decode_scoped(Octets scoped, ScopedView& into);

 private:
  std::vector<VarbindView> varbinds_;
};

// Builds one message at a time: varbinds first, then what stands in front of them. The buffer is kept.
//   encoder.start(); encoder.add(name, value); ...; Octets datagram = encoder.finish(Version::V2c, "public", head);
class Encoder {
 public:
  void start() { writer_.clear(); }
  void add(OidView name, const ValueView& value);
  // The same with octets that make up one whole varbind (its SEQUENCE), as varbind_octets() returns them.
  void add_raw(Octets varbind);
  // Errors: Invalid (an OID that BER cannot say, a value of the wrong size).
  Status add(const Varbind& varbind);
  // Octets of the varbinds so far; the message adds message_overhead() at most. cut() goes back to an earlier size.
  std::size_t size() const { return writer_.size(); }
  void cut(std::size_t size) { writer_.cut(size); }
  Octets varbinds() const { return writer_.written(); }
  static std::size_t message_overhead(std::string_view community) { return community.size() + 48; }
  // Valid until the next start().
  Octets finish(Version version, std::string_view community, const PduHead& head);
  // The PDU alone, and then (or around one given by add_raw()) the scope that a v3 message has it in.
  Octets finish_pdu(const PduHead& head);
  Octets scope(Octets context_engine_id, std::string_view context_name);
  Octets finish_scoped(Octets context_engine_id, std::string_view context_name, const PduHead& head);
  Octets finish_trap(std::string_view community, const TrapV1& trap, OidView enterprise);
  // Where the last octet of error-index (GETBULK: max-repetitions) stands in what finish(), finish_pdu() or finish_scoped()
  // returned.
  std::size_t repetitions_at() const { return repetitions_at_; }

 private:
  Octets wrap(Version version, std::string_view community);
  std::size_t wrap_pdu(const PduHead& head);
  ber::Writer writer_;
  std::size_t repetitions_at_ = 0;
};
// Whose message it is, where the rest of it cannot be read: version, community, PDU type and request-id. False where these
// cannot be read either, or it is none of v1 or v2c.
bool read_head(Octets datagram, MessageView& into);
// Varbinds one behind the other, as Encoder::varbinds() has them, as views that borrow from `octets`.
ber::Fault read_varbinds(Octets octets, std::vector<VarbindView>& into);
// One varbind with its SEQUENCE header. Errors: as Encoder::add.
Result<std::vector<std::uint8_t>> varbind_octets(const Varbind& varbind);

// Decodes and encodes whole messages with owning values, for tests and what is not hot.
Result<Message> decode(Octets datagram);
Result<std::vector<std::uint8_t>> encode(const Message& message);

}  // namespace bongsu::snmp
