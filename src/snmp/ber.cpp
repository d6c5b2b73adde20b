// SPDX-License-Identifier: Apache-2.0
#include "snmp/ber.h"

#include <algorithm>
#include <cstring>

namespace bongsu::snmp {
namespace {

std::size_t arc_size(std::uint64_t arc) {
  std::size_t size = 1;
  while (arc >>= 7) ++size;
  return size;
}

std::uint64_t word_at(const std::uint8_t* octets) {
  std::uint64_t word = 0;
  std::memcpy(&word, octets, sizeof word);
  return word;
}

void put_arc(std::vector<std::uint8_t>& out, std::uint64_t arc) {
  for (std::size_t left = arc_size(arc); left-- > 0;)
    out.push_back(static_cast<std::uint8_t>((arc >> (7 * left) & 0x7f) | (left > 0 ? 0x80 : 0)));
}

}  // namespace

bool OidView::starts_with(OidView prefix) const {
  const std::size_t size = prefix.octets_.size();
  if (octets_.size() < size) return false;
  const std::uint8_t *const ours = octets_.data(), *const theirs = prefix.octets_.data();
  if (size < 8 || size > 16) return std::equal(theirs, theirs + size, ours);
  // A column's prefix, mostly: two words that may overlap.
  return word_at(ours) == word_at(theirs) && word_at(ours + size - 8) == word_at(theirs + size - 8);
}

void OidView::append_arcs(Octets octets, std::vector<std::uint32_t>& arcs) {
  std::uint32_t arc = 0;
  for (const std::uint8_t octet : octets) {
    arc = arc << 7 | (octet & 0x7f);
    if ((octet & 0x80) != 0) continue;
    arcs.push_back(arc);
    arc = 0;
  }
}

Oid OidView::to_oid() const {
  std::vector<std::uint32_t> arcs;
  if (octets_.empty()) return {};
  arcs.reserve(octets_.size() + 1);
  std::uint64_t first = 0;
  std::size_t i = 0;
  do first = first << 7 | (octets_[i] & 0x7f);
  while ((octets_[i++] & 0x80) != 0);
  const std::uint64_t top = std::min<std::uint64_t>(first / 40, 2);
  arcs.push_back(static_cast<std::uint32_t>(top));
  arcs.push_back(static_cast<std::uint32_t>(first - top * 40));
  append_arcs(octets_.subspan(i), arcs);
  return Oid(std::move(arcs));
}

bool operator==(OidView a, OidView b) {
  return std::equal(a.octets_.begin(), a.octets_.end(), b.octets_.begin(), b.octets_.end());
}

std::strong_ordering operator<=>(OidView a, OidView b) {
  const std::size_t both = std::min(a.octets_.size(), b.octets_.size());
  std::size_t i = 0;
  while (both - i >= 8 && std::memcmp(a.octets_.data() + i, b.octets_.data() + i, 8) == 0) i += 8;
  while (i < both && a.octets_[i] == b.octets_[i]) ++i;
  if (i == both) return a.octets_.size() <=> b.octets_.size();
  // The arcs around the first difference: the longer one is larger, as both are minimal.
  std::size_t start = i;
  while (start > 0 && (a.octets_[start - 1] & 0x80) != 0) --start;
  const auto length = [start](Octets octets) {
    std::size_t end = start;
    while (end < octets.size() && (octets[end] & 0x80) != 0) ++end;
    return end;
  };
  const std::size_t in_a = length(a.octets_), in_b = length(b.octets_);
  if (in_a != in_b) return in_a <=> in_b;
  return a.octets_[i] <=> b.octets_[i];
}

Result<std::vector<std::uint8_t>> encode_oid(const Oid& oid) {
  if (oid.size() < 2 || oid.size() > Oid::kMaxArcs || oid[0] > 2 || (oid[0] < 2 && oid[1] >= 40))
    return Error{Code::Invalid,
                 "OID \"" + oid.to_string() +
                     "\" cannot be sent: it needs 2 to 128 numbers, the first 0 to 2, and below 0 and 1 a second of at most 39"};
  std::vector<std::uint8_t> out;
  out.reserve(oid.size() + 8);
  put_arc(out, std::uint64_t{oid[0]} * 40 + oid[1]);
  for (const std::uint32_t arc : oid.suffix(2)) put_arc(out, arc);
  return out;
}

namespace ber {

Error to_error(Fault fault) {
  switch (fault) {
    case Fault::None:
      break;
    case Fault::Ends:
      return {Code::Truncated, "the octets end before the value does"};
    case Fault::Past:
      return {Code::Truncated, "content runs past what holds it"};
    case Fault::Length:
      return {Code::Invalid, "length form not taken"};
    case Fault::Tag:
      return {Code::Invalid, "another type than the place asks for"};
    case Fault::Type:
      return {Code::Invalid, "no type of SNMP"};
    case Fault::Size:
      return {Code::Invalid, "a size that the type cannot have"};
    case Fault::Range:
      return {Code::Invalid, "a number outside its type"};
    case Fault::Oid:
      return {Code::Invalid, "an OID that is empty, not minimal, or beyond 128 arcs of 32 bits"};
    case Fault::Trailing:
      return {Code::Invalid, "octets left over inside a structure"};
    case Fault::Version:
      return {Code::Unsupported, "a message version that is not taken"};
    case Fault::Pdu:
      return {Code::Invalid, "no PDU of its version"};
    case Fault::Flags:
      return {Code::Invalid, "SNMPv3 flags that do not fit one another or the message"};
    case Fault::Model:
      return {Code::Unsupported, "a security model other than USM"};
  }
  return {Code::Invalid, "not BER"};
}

std::size_t Reader::long_length(std::size_t octets) {
  if (octets == 0 || octets > 4) return refuse(Fault::Length), 0;
  if (octets > in_.size()) return refuse(Fault::Ends), 0;
  std::size_t length = 0;
  for (const std::uint8_t octet : in_.first(octets)) length = length << 8 | octet;
  in_ = in_.subspan(octets);
  return length;
}

void Reader::check_oid(Octets content) {
  if (content.empty() || (content.back() & 0x80) != 0) return refuse(Fault::Oid);
  // Most names have arcs of one octet alone.
  if (content.size() >= 8 && content.size() < Oid::kMaxArcs) {
    constexpr std::uint64_t kHighBits = 0x8080808080808080;
    std::uint64_t seen = 0;
    for (std::size_t i = 0;; i += 8) {
      std::uint64_t word = 0;
      i = std::min(i, content.size() - 8);
      std::memcpy(&word, content.data() + i, 8);
      seen |= word;
      if (i == content.size() - 8) break;
    }
    if ((seen & kHighBits) == 0) return;
  }
  std::size_t arcs = 1;  // the first sub-identifier holds two
  for (const std::uint8_t *at = content.data(), *const end = at + content.size(); at != end; ++at, ++arcs) {
    if (*at < 0x80) continue;
    // An arc of several octets; the last octet of all ends one, so this stops in time.
    if (*at == 0x80) return refuse(Fault::Oid);
    const std::uint8_t* const start = at;
    std::uint64_t arc = *at & 0x7f;
    do {
      ++at;
      arc = arc << 7 | (*at & 0x7f);
    } while ((*at & 0x80) != 0 && at - start < 5);
    // 2.x is carried as 80 + x.
    const std::uint64_t most = start == content.data() ? std::uint64_t{UINT32_MAX} + 80 : std::uint64_t{UINT32_MAX};
    if ((*at & 0x80) != 0 || arc > most) return refuse(Fault::Oid);
  }
  if (arcs > Oid::kMaxArcs) return refuse(Fault::Oid);
}

std::size_t integer_octets(std::int64_t value, std::uint8_t (&room)[9]) {
  std::size_t size = 1;
  while (size < 8 && (value >> (8 * size - 1)) != 0 && (value >> (8 * size - 1)) != -1) ++size;
  for (std::size_t i = 0; i < size; ++i) room[i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
  return size;
}

std::size_t unsigned_octets(std::uint64_t value, std::uint8_t (&room)[9]) {
  if (value <= INT64_MAX) return integer_octets(static_cast<std::int64_t>(value), room);
  room[0] = 0;
  for (std::size_t i = 0; i < 8; ++i) room[i + 1] = static_cast<std::uint8_t>(value >> (8 * (7 - i)));
  return 9;
}

std::uint8_t* put_header(std::uint8_t* to, std::uint8_t tag, std::size_t length) {
  *to++ = tag;
  if (length < 0x80) {
    *to++ = static_cast<std::uint8_t>(length);
    return to;
  }
  const std::size_t octets = header_size(length) - 2;
  *to++ = static_cast<std::uint8_t>(0x80 | octets);
  for (std::size_t i = octets; i-- > 0;) *to++ = static_cast<std::uint8_t>(length >> (8 * i));
  return to;
}

void Writer::prepend(Octets octets) {
  if (octets.size() > first_) {
    const std::size_t more = octets.size() + kHeadroom;
    buffer_.insert(buffer_.begin(), more, 0);
    first_ += more;
    last_ += more;
  }
  first_ -= octets.size();
  std::copy(octets.begin(), octets.end(), buffer_.begin() + static_cast<std::ptrdiff_t>(first_));
}

void Writer::prepend_header(std::uint8_t tag, std::size_t length) {
  std::uint8_t room[6];
  prepend({room, static_cast<std::size_t>(put_header(room, tag, length) - room)});
}

void Writer::prepend_integer(std::int64_t value, std::uint8_t tag) {
  std::uint8_t room[9];
  prepend_element(tag, {room, integer_octets(value, room)});
}

void Writer::prepend_unsigned(std::uint64_t value, std::uint8_t tag) {
  std::uint8_t room[9];
  prepend_element(tag, {room, unsigned_octets(value, room)});
}

}  // namespace ber
}  // namespace bongsu::snmp
