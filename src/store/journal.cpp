// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include <bit>

#include "store/bits.h"
#include "store/codec.h"
#include "store/format1.h"

namespace bongsu::store {
namespace {

constexpr std::uint8_t kRecordVersion = 2;
// The octet before each point.
constexpr unsigned kNextSeries = 1;   // the number after the one before; else its distance follows
constexpr unsigned kSameTime = 2;     // else its distance follows
constexpr unsigned kPattern = 4;      // the value's bits, highest octets first to be kept; else a whole number
constexpr unsigned kOctetsShift = 4;  // how many octets of the value stand
constexpr std::size_t kMostOctets = 1 + 10 + 10 + 8;

unsigned char* put_point(unsigned char* to, const Point& point, std::uint64_t& series, std::uint64_t& at) {
  const auto id = static_cast<std::uint64_t>(point.series);
  const auto ms = static_cast<std::uint64_t>(to_ms(point.sample.at));
  unsigned char& control = *to++;
  control = 0;
  if (id == series + 1) control |= kNextSeries;
  else to = put_varint_at(to, zigzag(static_cast<std::int64_t>(id - series)));
  if (ms == at) control |= kSameTime;
  else to = put_varint_at(to, zigzag(static_cast<std::int64_t>(ms - at)));
  series = id;
  at = ms;
  std::uint64_t value = std::bit_cast<std::uint64_t>(point.sample.value);
  unsigned octets = 0;
  if (std::int64_t whole = 0; as_whole(point.sample.value, whole)) {
    value = zigzag(whole);
    octets = static_cast<unsigned>(std::bit_width(value) + 7) / 8;
  } else {
    control |= kPattern;
    const unsigned dropped = static_cast<unsigned>(std::countr_zero(value)) / 8;
    octets = value == 0 ? 0 : 8 - dropped;
    value = value == 0 ? 0 : value >> 8 * dropped;
  }
  control = static_cast<unsigned char>(control | octets << kOctetsShift);
  Bits::store(to, value);
  return to + octets;
}

Point take_point(Reader& in, std::uint64_t& series, std::uint64_t& at) {
  const unsigned control = in.u8();
  series += (control & kNextSeries) != 0 ? 1 : static_cast<std::uint64_t>(in.signed_varint());
  at += (control & kSameTime) != 0 ? 0 : static_cast<std::uint64_t>(in.signed_varint());
  const unsigned octets = control >> kOctetsShift;
  if (octets > 8) in.fail();
  std::uint64_t value = 0;
  unsigned shift = 0;
  for (const char octet : in.take(octets)) {
    value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(octet)) << shift;
    shift += 8;
  }
  if ((control & kPattern) == 0) value = std::bit_cast<std::uint64_t>(static_cast<double>(unzigzag(value)));
  else if (shift > 0) value <<= 64 - shift;
  return {SeriesId{series}, {time_from_ms(static_cast<std::int64_t>(at)), std::bit_cast<double>(value)}};
}

}  // namespace

std::string encode_record(std::uint64_t seq, std::span<const Point> points) {
  std::string out;
  put_u8(out, kRecordVersion);
  put_be64(out, seq);
  put_varint(out, points.size());
  const std::size_t head = out.size();
  out.resize(head + points.size() * kMostOctets);
  auto* const begin = reinterpret_cast<unsigned char*>(out.data());
  unsigned char* to = begin + head;
  std::uint64_t series = 0, at = 0;
  for (const Point& point : points) to = put_point(to, point, series, at);
  out.resize(static_cast<std::size_t>(to - begin));
  put_sum(out);
  return out;
}

Result<std::vector<Point>> decode_record(std::uint64_t seq, std::string_view value) {
  if (!value.empty() && value[0] == format1::kVersion) return format1::decode_record(seq, value);
  const auto damaged = [seq] {
    return Error{Code::Corrupt, "record " + std::to_string(seq) + " of the head log does not pass its check"};
  };
  if (!take_sum(value)) return damaged();
  Reader in(value);
  if (in.u8() != kRecordVersion || in.be64() != seq) return damaged();
  std::uint64_t left = in.varint();
  if (left > in.left()) return damaged();
  std::vector<Point> points;
  points.reserve(static_cast<std::size_t>(left));
  std::uint64_t series = 0, at = 0;
  for (; in.ok() && left > 0; --left) points.push_back(take_point(in, series, at));
  if (!in.done()) return damaged();
  return points;
}

}  // namespace bongsu::store
