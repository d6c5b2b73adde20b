// SPDX-License-Identifier: Apache-2.0
// BER as SNMP uses it (RFC 3417 section 8 on X.690): definite lengths only, primitive types only; a length that is not
// minimal is taken, and so is an integer with leading zeros, as many small agents write it. Nothing is clamped.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/oid.h"

namespace bongsu::snmp {

using Octets = std::span<const std::uint8_t>;

// Of one message that is taken: over TCP, which bounds it by nothing else (RFC 3430 section 2.1).
inline constexpr std::size_t kMostMessage = 1U << 20;

// The content octets of an OBJECT IDENTIFIER that have been checked: at least one sub-identifier, each minimal and below
// 2^32, 128 arcs at most. So equal octets are equal OIDs, and a prefix of octets that ends with an arc is a prefix.
// Borrows.
class OidView {
 public:
  OidView() = default;
  // From octets that came from a decoder or from encode_oid().
  explicit OidView(Octets checked) : octets_(checked) {}
  Octets octets() const { return octets_; }
  bool starts_with(OidView prefix) const;
  Oid to_oid() const;
  // Appends the arcs of `octets`, the end of a checked OID from an arc's start on (not from its first two).
  static void append_arcs(Octets octets, std::vector<std::uint32_t>& arcs);

  friend bool operator==(OidView a, OidView b);
  friend std::strong_ordering operator<=>(OidView a, OidView b);  // by arcs, as agents order their objects

 private:
  Octets octets_;
};

// Content octets of an OID. Error: Invalid for what BER cannot say (fewer than two arcs, 3.x, 0.40, more than 128 arcs).
Result<std::vector<std::uint8_t>> encode_oid(const Oid& oid);

namespace ber {

inline constexpr std::uint8_t kInteger = 0x02, kOctetString = 0x04, kNull = 0x05, kObjectId = 0x06, kSequence = 0x30;

// Why octets were refused. The first one stays.
enum class Fault : std::uint8_t {
  None,
  Ends,      // the octets end before the value does
  Past,      // content runs past what holds it
  Length,    // indefinite, or more than four length octets
  Tag,       // another type than the place asks for
  Type,      // no type of SNMP
  Size,      // a size that the type cannot have
  Range,     // a number outside its type
  Oid,       // empty, an arc not minimal or above 2^32-1, more than 128 arcs
  Trailing,  // octets left over inside a structure
  Version,   // a message version that is not taken
  Pdu,       // no PDU of this version
  Flags,     // v3: flags that mean nothing together, or another form of data than they say
  Model,     // v3: a security model other than USM
};
Error to_error(Fault fault);

// A cursor that shrinks. A fault is kept and every later read yields nothing, so that a caller checks once at the end.
class Reader {
 public:
  explicit Reader(Octets in) : in_(in) {}
  bool empty() const { return in_.empty(); }
  bool ok() const { return fault_ == Fault::None; }
  Fault fault() const { return fault_; }
  Octets rest() const { return in_; }
  void refuse(Fault fault) {
    if (fault_ == Fault::None) fault_ = fault;
    in_ = {};
  }

  // Tag and length; returns the content and moves behind it.
  Octets element(std::uint8_t& tag) {
    if (in_.size() < 2) return refuse(Fault::Ends), Octets{};
    tag = in_[0];
    std::size_t length = in_[1];
    in_ = in_.subspan(2);
    if (length >= 0x80) length = long_length(length & 0x7f);
    if (length > in_.size()) return refuse(Fault::Past), Octets{};
    const Octets content = in_.first(length);
    in_ = in_.subspan(length);
    return content;
  }
  Octets expect(std::uint8_t tag) {
    std::uint8_t found = 0;
    const Octets content = element(found);
    if (ok() && found != tag) return refuse(Fault::Tag), Octets{};
    return content;
  }
  std::int32_t integer() { return to_int32(expect(kInteger)); }
  // Octets that are left are a fault.
  void end() {
    if (!in_.empty()) refuse(Fault::Trailing);
  }

  // Content octets to values; a fault is kept as above.
  std::int32_t to_int32(Octets content) {
    if (content.empty() || content.size() > 4) return refuse(Fault::Size), 0;
    std::uint32_t bits = (content[0] & 0x80) != 0 ? UINT32_MAX : 0;
    for (const std::uint8_t octet : content) bits = bits << 8 | octet;
    return static_cast<std::int32_t>(bits);
  }
  // Unsigned in `width` octets (4 or 8), or one more that is zero. Agents that drop that zero are understood where the
  // value fills all octets; a shorter negative number has no meaning here.
  std::uint64_t to_unsigned(Octets content, std::size_t width) {
    if (content.empty() || content.size() > width + 1) return refuse(Fault::Size), 0;
    if (content.size() > width && content[0] != 0) return refuse(Fault::Range), 0;
    if (content.size() < width && (content[0] & 0x80) != 0) return refuse(Fault::Range), 0;
    std::uint64_t number = 0;
    for (const std::uint8_t octet : content) number = number << 8 | octet;
    return number;
  }
  void check_oid(Octets content);

 private:
  std::size_t long_length(std::size_t octets);
  Octets in_;
  Fault fault_ = Fault::None;
};

// Minimal content octets of an INTEGER: their number, and the octets into `room`.
std::size_t integer_octets(std::int64_t value, std::uint8_t (&room)[9]);
std::size_t unsigned_octets(std::uint64_t value, std::uint8_t (&room)[9]);
constexpr std::size_t header_size(std::size_t length) {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : length < 0x10000 ? 4 : 6;
}

// A buffer that grows at both ends: content is appended, headers are put in front of it once its size is known, so that
// every length is minimal. Keeps its room from one message to the next.
class Writer {
 public:
  void clear() { first_ = last_ = kHeadroom; }
  std::size_t size() const { return last_ - first_; }
  Octets written() const { return Octets(buffer_).subspan(first_, size()); }
  std::uint8_t* data() { return buffer_.data() + first_; }  // of what is written
  // Forgets what was appended beyond `size`.
  void cut(std::size_t size) { last_ = first_ + size; }

  // `count` octets more at the end, for the caller to fill.
  std::uint8_t* append(std::size_t count) {
    if (count > buffer_.size() - last_) buffer_.resize((buffer_.size() + count) * 2);
    last_ += count;
    return buffer_.data() + last_ - count;
  }
  void prepend(Octets octets);
  // The header of everything written so far.
  void wrap(std::uint8_t tag) { prepend_header(tag, size()); }
  void prepend_header(std::uint8_t tag, std::size_t length);
  void prepend_integer(std::int64_t value, std::uint8_t tag = kInteger);
  void prepend_unsigned(std::uint64_t value, std::uint8_t tag);
  void prepend_element(std::uint8_t tag, Octets content) {
    prepend(content);
    prepend_header(tag, content.size());
  }

 private:
  static constexpr std::size_t kHeadroom = 160;
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(2048);
  std::size_t first_ = kHeadroom;
  std::size_t last_ = kHeadroom;
};

// Tag and length into `to`; returns what follows.
std::uint8_t* put_header(std::uint8_t* to, std::uint8_t tag, std::size_t length);

}  // namespace ber
}  // namespace bongsu::snmp
