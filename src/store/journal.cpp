// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

#include "store/codec.h"

namespace bongsu::store {
namespace {
constexpr std::uint8_t kRecordVersion = 1;
}

std::string encode_record(std::uint64_t seq, std::span<const Point> points) {
  std::string out;
  out.reserve(16 + points.size() * 12);
  put_u8(out, kRecordVersion);
  put_be64(out, seq);
  put_varint(out, points.size());
  std::uint64_t series = 0;
  std::uint64_t at = 0;
  for (const Point& point : points) {
    const auto id = static_cast<std::uint64_t>(point.series);
    const auto ms = static_cast<std::uint64_t>(to_ms(point.sample.at));
    put_signed(out, static_cast<std::int64_t>(id - series));
    put_signed(out, static_cast<std::int64_t>(ms - at));
    put_double(out, point.sample.value);
    series = id;
    at = ms;
  }
  put_checksum(out);
  return out;
}

Result<std::vector<Point>> decode_record(std::uint64_t seq, std::string_view value) {
  const auto damaged = [seq] {
    return Error{Code::Corrupt, "record " + std::to_string(seq) + " of the head log does not pass its check"};
  };
  if (!take_checksum(value)) return damaged();
  Reader in(value);
  if (in.u8() != kRecordVersion || in.be64() != seq) return damaged();
  std::uint64_t left = in.varint();
  if (left > value.size()) return damaged();
  std::vector<Point> points;
  points.reserve(static_cast<std::size_t>(left));
  std::uint64_t series = 0;
  std::uint64_t at = 0;
  for (; in.ok() && left > 0; --left) {
    series += static_cast<std::uint64_t>(in.signed_varint());
    at += static_cast<std::uint64_t>(in.signed_varint());
    points.push_back({SeriesId{series}, {time_from_ms(static_cast<std::int64_t>(at)), in.number()}});
  }
  if (!in.done()) return damaged();
  return points;
}

}  // namespace bongsu::store
