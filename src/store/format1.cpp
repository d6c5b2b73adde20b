// SPDX-License-Identifier: Apache-2.0
#include "store/format1.h"

#include <algorithm>
#include <bit>

#include "store/codec.h"

namespace bongsu::store::format1 {
namespace {

std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

std::string chunk_key(std::uint32_t day, std::uint32_t series, Time first) {
  std::string key;
  put_be32(key, day);
  put_be32(key, series);
  put_be64(key, static_cast<std::uint64_t>(to_ms(first)));
  put_be64(key, 0);
  return key;
}

// What stands before the samples of a chunk.
struct Head {
  std::uint64_t count = 0;
  Millis span{0};
};
Result<Head> take_head(Reader& in) {
  const auto version = static_cast<char>(in.u8());
  Head head;
  head.count = in.varint();
  head.span = Millis(static_cast<std::int64_t>(in.varint()));
  if (version != kVersion || !in.ok() || head.count > in.left()) {
    return Error{Code::Corrupt, "a chunk of samples has no head that this version can read"};
  }
  return head;
}

}  // namespace

Result<std::vector<Point>> decode_record(std::uint64_t seq, std::string_view value) {
  const auto damaged = [seq] {
    return Error{Code::Corrupt, "record " + std::to_string(seq) + " of the head log does not pass its check"};
  };
  if (!take_checksum(value)) return damaged();
  Reader in(value);
  if (static_cast<char>(in.u8()) != kVersion || in.be64() != seq) return damaged();
  std::uint64_t left = in.varint();
  if (left > in.left()) return damaged();
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

Result<ChunkKey> parse_chunk_key(std::string_view key) {
  Reader in(key);
  ChunkKey parsed;
  parsed.day = in.be32();
  parsed.series = in.be32();
  parsed.first = time_from_ms(static_cast<std::int64_t>(in.be64()));
  parsed.order = in.be64();
  if (!in.done()) return Error{Code::Corrupt, "a chunk of samples stands under a key that is none"};
  return parsed;
}

Status read_chunk(std::string_view chunk, std::vector<Sample>& out) {
  Reader in(chunk);
  BONGSU_TRY(const Head head, take_head(in));
  std::int64_t at = 0, step = 0, whole = 0;
  std::uint64_t bits = 0;
  for (std::uint64_t i = 0; i < head.count; ++i) {
    if (i == 0) {
      at = in.signed_varint();
    } else {
      step = plus(step, in.signed_varint());
      at = plus(at, step);
    }
    if (in.at_pattern()) {
      bits ^= in.pattern();
    } else {
      whole = plus(whole, unzigzag(in.varint() >> 1));
      bits = std::bit_cast<std::uint64_t>(static_cast<double>(whole));
    }
    out.push_back({time_from_ms(at), std::bit_cast<double>(bits)});
  }
  if (!in.done()) return Error{Code::Corrupt, "a chunk of samples does not read as it was written"};
  return {};
}

Status read_chunks(rocksdb::Iterator& at, std::uint32_t series, Time from, Time to, std::vector<Sample>& in_order,
                   std::vector<Sample>& late) {
  const Time earliest = from - Time{} > kMaxSpan ? from - kMaxSpan : Time{};
  std::uint32_t day = day_of(earliest);
  const std::uint32_t last_day = day_of(to);
  std::vector<std::pair<std::uint64_t, std::string>> late_chunks;  // by order
  const auto seek = [&] { at.Seek(Rocks::slice(chunk_key(day, series, earliest))); };
  for (seek(); at.Valid();) {
    BONGSU_TRY(const ChunkKey key, parse_chunk_key(Rocks::view(at.key())));
    if (key.day > last_day) break;
    if (key.day == day && key.series == series && key.first <= to) {
      Reader in(Rocks::view(at.value()));
      BONGSU_TRY(const Head head, take_head(in));
      if (key.first + head.span >= from) {
        if (key.order == 0) BONGSU_TRY_OK(read_chunk(Rocks::view(at.value()), in_order));
        else late_chunks.emplace_back(key.order, at.value().ToString());
      }
      at.Next();
      continue;
    }
    // Past this day's chunks of the series: on to the next day that may have some.
    day = key.day > day && key.series <= series ? key.day : std::max(day, key.day) + 1;
    if (day > last_day) break;
    seek();
  }
  if (!at.status().ok()) return to_error(at.status(), "reading samples");
  std::sort(late_chunks.begin(), late_chunks.end());
  for (const auto& [order, chunk] : late_chunks) BONGSU_TRY_OK(read_chunk(chunk, late));
  return {};
}

Result<OpenBlock> read_open_block(std::string_view value) {
  const Error damaged{Code::Corrupt, "saved open chunks do not pass their check"};
  if (!take_checksum(value)) return damaged;
  Reader in(value);
  if (static_cast<char>(in.u8()) != kVersion) return damaged;
  OpenBlock block;
  block.saved_seq = in.varint();
  while (in.ok() && !in.done()) {
    OpenSeries series;
    series.slot = in.u8();
    series.newest = time_from_ms(in.signed_varint());
    in.signed_varint();  // the newest late time
    if (const std::string_view open = in.text(); !open.empty()) BONGSU_TRY_OK(read_chunk(open, series.open));
    for (std::uint64_t left = in.varint(); in.ok() && left > 0; --left) {
      const Time at = time_from_ms(in.signed_varint());
      series.late.push_back({at, in.number()});
    }
    block.series.push_back(std::move(series));
  }
  if (!in.ok()) return damaged;
  return block;
}

}  // namespace bongsu::store::format1
