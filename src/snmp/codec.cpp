// SPDX-License-Identifier: Apache-2.0
#include "snmp/codec.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/text.h"

namespace bongsu::snmp {
namespace {

using ber::Fault;

// Net-SNMP's encoding of numbers inside Opaque: 0x9f, a type, a length, IEEE 754 in network order or an INTEGER's content.
constexpr std::uint8_t kSpecial = 0x9f, kWideCounter = 0x76, kFloat = 0x78, kDouble = 0x79;

Octets as_octets(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
std::string as_string(Octets octets) { return {octets.begin(), octets.end()}; }

std::uint64_t big_endian(Octets octets) {
  std::uint64_t number = 0;
  for (const std::uint8_t octet : octets) number = number << 8 | octet;
  return number;
}

void read_value(ber::Reader& in, ValueView& value) {
  std::uint8_t tag = 0;
  const Octets content = in.element(tag);
  if (!in.ok()) return;
  value.type = static_cast<ValueType>(tag);
  value.octets = {};
  value.number = 0;
  switch (value.type) {
    case ValueType::Integer:
      value.number = static_cast<std::uint64_t>(std::int64_t{in.to_int32(content)});
      return;
    case ValueType::Counter32:
    case ValueType::Gauge32:
    case ValueType::TimeTicks:
      value.number = in.to_unsigned(content, 4);
      return;
    case ValueType::Counter64:
      value.number = in.to_unsigned(content, 8);
      return;
    case ValueType::OctetString:
      value.octets = content;
      return;
    case ValueType::ObjectId:
      in.check_oid(content);
      value.octets = content;
      return;
    case ValueType::IpAddress:
      if (content.size() != 4) in.refuse(Fault::Size);
      value.octets = content;
      return;
    case ValueType::Opaque:
      if (content.size() == 7 && content[0] == kSpecial && content[1] == kFloat && content[2] == 4) {
        value.type = ValueType::OpaqueFloat;
        value.number = big_endian(content.subspan(3));
      } else if (content.size() == 11 && content[0] == kSpecial && content[1] == kDouble && content[2] == 8) {
        value.type = ValueType::OpaqueDouble;
        value.number = big_endian(content.subspan(3));
      } else if (content.size() > 3 && content[0] == kSpecial && content[1] == kWideCounter && content[2] == content.size() - 3) {
        // How v1 agents have a Counter64; it is written as one.
        value.type = ValueType::Counter64;
        value.number = in.to_unsigned(content.subspan(3), 8);
      } else {
        value.octets = content;
      }
      return;
    case ValueType::Null:
    case ValueType::NoSuchObject:
    case ValueType::NoSuchInstance:
    case ValueType::EndOfMibView:
      if (!content.empty()) in.refuse(Fault::Size);
      return;
    case ValueType::OpaqueFloat:  // not tags of their own on the wire
    case ValueType::OpaqueDouble:
      break;
  }
  in.refuse(Fault::Type);
}

bool belongs(PduType type, Version version) {
  switch (type) {
    case PduType::GetRequest:
    case PduType::GetNext:
    case PduType::Response:
    case PduType::Set:
      return true;
    case PduType::TrapV1:
      return version == Version::V1;
    case PduType::GetBulk:
    case PduType::Inform:
    case PduType::TrapV2:
    case PduType::Report:
      return version != Version::V1;
  }
  return false;
}

void read_trap(ber::Reader& pdu, std::optional<TrapV1>& into) {
  TrapV1& trap = into.emplace();
  const Octets enterprise = pdu.expect(ber::kObjectId);
  if (!pdu.ok()) return;
  pdu.check_oid(enterprise);
  const Octets address = pdu.expect(static_cast<std::uint8_t>(ValueType::IpAddress));
  if (pdu.ok() && address.size() != 4) pdu.refuse(Fault::Size);
  trap.generic = pdu.integer();
  trap.specific = pdu.integer();
  trap.timestamp = static_cast<std::uint32_t>(pdu.to_unsigned(pdu.expect(static_cast<std::uint8_t>(ValueType::TimeTicks)), 4));
  if (!pdu.ok()) return;
  trap.enterprise = OidView(enterprise).to_oid();
  trap.agent_address = as_string(address);
}

// One PDU, whatever message is around it.
Fault read_pdu(ber::Reader& around, MessageView& into, std::vector<VarbindView>& varbinds) {
  std::uint8_t tag = 0;
  ber::Reader pdu(around.element(tag));
  if (!around.ok()) return around.fault();
  into.type = static_cast<PduType>(tag);
  if (!belongs(into.type, into.version)) return Fault::Pdu;
  into.trap.reset();
  if (into.type == PduType::TrapV1) {
    read_trap(pdu, into.trap);
  } else {
    into.request_id = pdu.integer();
    into.error_status = pdu.integer();
    into.error_index = pdu.integer();
  }
  ber::Reader list(pdu.expect(ber::kSequence));
  if (pdu.ok()) pdu.end();
  if (!pdu.ok()) return pdu.fault();
  if (const Fault fault = read_varbinds(list.rest(), varbinds); fault != Fault::None) return fault;
  into.varbinds = varbinds;
  return Fault::None;
}

// A Value as a view; `room` keeps what the view borrows.
struct Borrowed {
  ValueView view;
  std::vector<std::uint8_t> room;
};
Result<Borrowed> borrow(const Value& value) {
  Borrowed out;
  out.view.type = value.type;
  const auto fits = [&](std::uint64_t number, std::uint64_t most) -> Status {
    if (number > most) return Error{Code::Invalid, std::to_string(number) + " is beyond " + std::string(to_string(value.type))};
    out.view.number = number;
    return {};
  };
  switch (value.type) {
    case ValueType::Integer:
      if (value.integer < INT32_MIN || value.integer > INT32_MAX)
        return Error{Code::Invalid, std::to_string(value.integer) + " is beyond Integer32"};
      out.view.number = static_cast<std::uint64_t>(value.integer);
      break;
    case ValueType::Counter32:
    case ValueType::Gauge32:
    case ValueType::TimeTicks:
      BONGSU_TRY_OK(fits(value.number, UINT32_MAX));
      break;
    case ValueType::Counter64:
      out.view.number = value.number;
      break;
    case ValueType::IpAddress:
      if (value.octets.size() != 4)
        return Error{Code::Invalid, "an IpAddress has 4 octets, not " + std::to_string(value.octets.size())};
      [[fallthrough]];
    case ValueType::OctetString:
    case ValueType::Opaque:
      out.view.octets = as_octets(value.octets);
      break;
    case ValueType::ObjectId: {
      BONGSU_TRY(out.room, encode_oid(value.oid));
      out.view.octets = out.room;
      break;
    }
    case ValueType::OpaqueFloat:
      out.view.number = std::bit_cast<std::uint32_t>(static_cast<float>(value.real));
      break;
    case ValueType::OpaqueDouble:
      out.view.number = std::bit_cast<std::uint64_t>(value.real);
      break;
    case ValueType::Null:
    case ValueType::NoSuchObject:
    case ValueType::NoSuchInstance:
    case ValueType::EndOfMibView:
      break;
  }
  return out;
}

}  // namespace

std::string_view to_string(Version version) {
  switch (version) {
    case Version::V1:
      return "v1";
    case Version::V2c:
      return "v2c";
    case Version::V3:
      return "v3";
  }
  return "unknown version";
}

std::string_view to_string(PduType type) {
  switch (type) {
    case PduType::GetRequest:
      return "GET";
    case PduType::GetNext:
      return "GETNEXT";
    case PduType::Response:
      return "RESPONSE";
    case PduType::Set:
      return "SET";
    case PduType::TrapV1:
      return "TRAP (v1)";
    case PduType::GetBulk:
      return "GETBULK";
    case PduType::Inform:
      return "INFORM";
    case PduType::TrapV2:
      return "TRAP";
    case PduType::Report:
      return "REPORT";
  }
  return "unknown PDU";
}

std::string error_status_name(std::int32_t status) {
  static constexpr std::string_view kNames[] = {"noError",
                                                "tooBig",
                                                "noSuchName",
                                                "badValue",
                                                "readOnly",
                                                "genErr",
                                                "noAccess",
                                                "wrongType",
                                                "wrongLength",
                                                "wrongEncoding",
                                                "wrongValue",
                                                "noCreation",
                                                "inconsistentValue",
                                                "resourceUnavailable",
                                                "commitFailed",
                                                "undoFailed",
                                                "authorizationError",
                                                "notWritable",
                                                "inconsistentName"};
  if (status >= 0 && status < static_cast<std::int32_t>(std::size(kNames))) return std::string(kNames[status]);
  return "error-status " + std::to_string(status);
}

ber::Fault read_varbinds(Octets octets, std::vector<VarbindView>& varbinds) {
  ber::Reader list(octets);
  varbinds.clear();
  while (!list.empty()) {
    ber::Reader one(list.expect(ber::kSequence));
    if (!list.ok()) return list.fault();
    const Octets name = one.expect(ber::kObjectId);
    if (!one.ok()) return one.fault();
    one.check_oid(name);
    VarbindView& varbind = varbinds.emplace_back();
    varbind.name = OidView(name);
    read_value(one, varbind.value);
    if (one.ok()) one.end();
    if (!one.ok()) return one.fault();
  }
  return Fault::None;
}

bool read_head(Octets datagram, MessageView& into) {
  ber::Reader outside(datagram);
  ber::Reader message(outside.expect(ber::kSequence));
  if (!outside.ok()) return false;
  into.version = static_cast<Version>(message.integer());
  const Octets community = message.expect(ber::kOctetString);
  if (!message.ok() || (into.version != Version::V1 && into.version != Version::V2c)) return false;
  into.community = {reinterpret_cast<const char*>(community.data()), community.size()};
  std::uint8_t tag = 0;
  ber::Reader pdu(message.element(tag));
  if (!message.ok()) return false;
  into.type = static_cast<PduType>(tag);
  into.request_id = pdu.integer();
  return pdu.ok();
}

bool ValueView::other_to_double(double& out) const {
  switch (type) {
    case ValueType::OpaqueFloat:
      out = std::bit_cast<float>(static_cast<std::uint32_t>(number));
      return true;
    case ValueType::OpaqueDouble:
      out = std::bit_cast<double>(number);
      return true;
    case ValueType::OctetString: {
      const auto parsed = parse_number(trim(text()));
      out = parsed.value_or(0);
      return parsed.has_value();
    }
    default:
      return false;
  }
}

Value ValueView::to_value() const {
  Value out;
  out.type = type;
  switch (type) {
    case ValueType::Integer:
      out.integer = integer();
      break;
    case ValueType::OpaqueFloat:
    case ValueType::OpaqueDouble:
      out.real = *to_double();
      break;
    case ValueType::ObjectId:
      out.oid = OidView(octets).to_oid();
      break;
    default:
      out.number = number;
      out.octets = as_string(octets);
      break;
  }
  return out;
}

Message MessageView::to_message() const {
  Message out{.version = version, .community = std::string(community), .pdu = {}};
  static_cast<PduHead&>(out.pdu) = *this;
  out.pdu.trap = trap;
  out.pdu.varbinds.reserve(varbinds.size());
  for (const VarbindView& varbind : varbinds) out.pdu.varbinds.push_back(varbind.to_varbind());
  return out;
}

Fault Decoder::decode(Octets datagram, MessageView& into) {
  ber::Reader outside(datagram);
  ber::Reader message(outside.expect(ber::kSequence));
  if (!outside.ok()) return outside.fault();
  const std::int32_t version = message.integer();
  if (!message.ok()) return message.fault();
  if (version != static_cast<std::int32_t>(Version::V1) && version != static_cast<std::int32_t>(Version::V2c))
    return Fault::Version;
  into.version = static_cast<Version>(version);
  const Octets community = message.expect(ber::kOctetString);
  into.community = {reinterpret_cast<const char*>(community.data()), community.size()};
  if (!message.ok()) return message.fault();
  static_cast<PduHead&>(into) = {};
  if (const Fault fault = read_pdu(message, into, varbinds_); fault != Fault::None) return fault;
  message.end();
  return message.fault();
}

Fault Decoder::decode_scoped(Octets scoped, ScopedView& into) {
  ber::Reader outside(scoped);
  ber::Reader inside(outside.expect(ber::kSequence));
  if (!outside.ok()) return outside.fault();
  into.context_engine_id = inside.expect(ber::kOctetString);
  const Octets name = inside.expect(ber::kOctetString);
  if (!inside.ok()) return inside.fault();
  into.context_name = {reinterpret_cast<const char*>(name.data()), name.size()};
  into.version = Version::V3;
  into.community = {};
  static_cast<PduHead&>(into) = {};
  if (const Fault fault = read_pdu(inside, into, varbinds_); fault != Fault::None) return fault;
  inside.end();
  return inside.fault();
}

Result<MessageView> Decoder::decode(Octets datagram) {
  MessageView out;
  if (const Fault fault = decode(datagram, out); fault != Fault::None) return ber::to_error(fault).context("SNMP message");
  return out;
}

void Encoder::add(OidView name, const ValueView& value) {
  std::uint8_t number[9];
  std::uint8_t special[11];
  std::uint8_t tag = static_cast<std::uint8_t>(value.type);
  Octets content = value.octets;
  switch (value.type) {
    case ValueType::Integer:
      content = {number, ber::integer_octets(value.integer(), number)};
      break;
    case ValueType::Counter32:
    case ValueType::Gauge32:
    case ValueType::TimeTicks:
    case ValueType::Counter64:
      content = {number, ber::unsigned_octets(value.number, number)};
      break;
    case ValueType::OpaqueFloat:
    case ValueType::OpaqueDouble: {
      const std::size_t width = value.type == ValueType::OpaqueFloat ? 4 : 8;
      special[0] = kSpecial;
      special[1] = width == 4 ? kFloat : kDouble;
      special[2] = static_cast<std::uint8_t>(width);
      for (std::size_t i = 0; i < width; ++i) special[3 + i] = static_cast<std::uint8_t>(value.number >> (8 * (width - 1 - i)));
      content = {special, 3 + width};
      tag = static_cast<std::uint8_t>(ValueType::Opaque);
      break;
    }
    default:
      break;
  }
  const std::size_t names = name.octets().size();
  const std::size_t inside = ber::header_size(names) + names + ber::header_size(content.size()) + content.size();
  std::uint8_t* to = writer_.append(ber::header_size(inside) + inside);
  to = ber::put_header(to, ber::kSequence, inside);
  to = ber::put_header(to, ber::kObjectId, names);
  to = std::copy(name.octets().begin(), name.octets().end(), to);
  to = ber::put_header(to, tag, content.size());
  std::copy(content.begin(), content.end(), to);
}

void Encoder::add_raw(Octets varbind) { std::copy(varbind.begin(), varbind.end(), writer_.append(varbind.size())); }

Status Encoder::add(const Varbind& varbind) {
  BONGSU_TRY(const auto name, encode_oid(varbind.oid));
  BONGSU_TRY(const Borrowed value, borrow(varbind.value).context(varbind.oid.to_string()));
  add(OidView(name), value.view);
  return {};
}

Octets Encoder::wrap(Version version, std::string_view community) {
  writer_.prepend_element(ber::kOctetString, as_octets(community));
  writer_.prepend_integer(static_cast<std::int64_t>(version));
  writer_.wrap(ber::kSequence);
  return writer_.written();
}

// The PDU around the varbinds; returns how many octets stand behind the last of error-index.
std::size_t Encoder::wrap_pdu(const PduHead& head) {
  writer_.wrap(ber::kSequence);
  const std::size_t behind = writer_.size();
  writer_.prepend_integer(head.error_index);
  writer_.prepend_integer(head.error_status);
  writer_.prepend_integer(head.request_id);
  writer_.wrap(static_cast<std::uint8_t>(head.type));
  return behind;
}

Octets Encoder::finish(Version version, std::string_view community, const PduHead& head) {
  const std::size_t behind = wrap_pdu(head);
  const Octets out = wrap(version, community);
  repetitions_at_ = out.size() - behind - 1;
  return out;
}

Octets Encoder::finish_pdu(const PduHead& head) {
  const std::size_t behind = wrap_pdu(head);
  repetitions_at_ = writer_.size() - behind - 1;
  return writer_.written();
}

Octets Encoder::scope(Octets context_engine_id, std::string_view context_name) {
  writer_.prepend_element(ber::kOctetString, as_octets(context_name));
  writer_.prepend_element(ber::kOctetString, context_engine_id);
  writer_.wrap(ber::kSequence);
  return writer_.written();
}

Octets Encoder::finish_scoped(Octets context_engine_id, std::string_view context_name, const PduHead& head) {
  const std::size_t behind = wrap_pdu(head);
  const Octets out = scope(context_engine_id, context_name);
  repetitions_at_ = out.size() - behind - 1;
  return out;
}

Octets Encoder::finish_trap(std::string_view community, const TrapV1& trap, OidView enterprise) {
  writer_.wrap(ber::kSequence);
  writer_.prepend_unsigned(trap.timestamp, static_cast<std::uint8_t>(ValueType::TimeTicks));
  writer_.prepend_integer(trap.specific);
  writer_.prepend_integer(trap.generic);
  writer_.prepend_element(static_cast<std::uint8_t>(ValueType::IpAddress), as_octets(trap.agent_address));
  writer_.prepend_element(ber::kObjectId, enterprise.octets());
  writer_.wrap(static_cast<std::uint8_t>(PduType::TrapV1));
  return wrap(Version::V1, community);
}

Result<std::vector<std::uint8_t>> varbind_octets(const Varbind& varbind) {
  Encoder encoder;
  encoder.start();
  BONGSU_TRY_OK(encoder.add(varbind));
  const Octets out = encoder.varbinds();
  return std::vector<std::uint8_t>(out.begin(), out.end());
}

Result<Message> decode(Octets datagram) {
  Decoder decoder;
  BONGSU_TRY(const MessageView view, decoder.decode(datagram));
  return view.to_message();
}

Result<std::vector<std::uint8_t>> encode(const Message& message) {
  const Pdu& pdu = message.pdu;
  if (!belongs(pdu.type, message.version) || message.version == Version::V3)
    return Error{Code::Invalid, std::string(to_string(pdu.type)) + " is no PDU of " + std::string(to_string(message.version))};
  Encoder encoder;
  encoder.start();
  for (const Varbind& varbind : pdu.varbinds) BONGSU_TRY_OK(encoder.add(varbind));
  Octets out;
  if (pdu.type == PduType::TrapV1) {
    if (!pdu.trap) return Error{Code::Invalid, "a v1 trap needs its enterprise and address"};
    if (pdu.trap->agent_address.size() != 4) return Error{Code::Invalid, "the agent address of a v1 trap has 4 octets"};
    BONGSU_TRY(const auto enterprise, encode_oid(pdu.trap->enterprise));
    out = encoder.finish_trap(message.community, *pdu.trap, OidView(enterprise));
  } else {
    out = encoder.finish(message.version, message.community, pdu);
  }
  return std::vector<std::uint8_t>(out.begin(), out.end());
}

}  // namespace bongsu::snmp
