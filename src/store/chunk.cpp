// SPDX-License-Identifier: Apache-2.0
#include "store/chunk.h"

#include <bit>

#include "store/codec.h"

namespace bongsu::store {
namespace {

constexpr std::uint8_t kChunkVersion = 1;

// Differences of times wrap modulo 2^64 on purpose: what comes back is what went in.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

Status read_body(std::string_view body, std::uint32_t count, std::vector<Sample>& out) {
  Reader in(body);
  std::int64_t at = 0, step = 0, whole = 0;
  std::uint64_t bits = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
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

}  // namespace

void Chunk::append(const Sample& sample) {
  const std::int64_t at = to_ms(sample.at);
  if (count_ == 0) {
    put_signed(body_, at);
    first_ = sample.at;
  } else {
    const std::int64_t step = minus(at, to_ms(last_));
    put_signed(body_, minus(step, step_));
    step_ = step;
  }
  const auto bits = std::bit_cast<std::uint64_t>(sample.value);
  if (std::int64_t whole = 0; as_whole(sample.value, whole)) {
    put_varint(body_, zigzag(whole - whole_) << 1);  // at most 55 bits, then 56
    whole_ = whole;
  } else {
    put_pattern(body_, bits ^ bits_);
  }
  bits_ = bits;
  last_ = sample.at;
  ++count_;
}

double Chunk::last_value() const { return std::bit_cast<double>(bits_); }

void Chunk::read(std::vector<Sample>& out) const {
  const Status done = read_body(body_, count_, out);
  BONGSU_CHECK(done.ok());
}

std::vector<Sample> Chunk::samples() const {
  std::vector<Sample> out;
  out.reserve(count_);
  read(out);
  return out;
}

std::string Chunk::sealed() const {
  std::string out;
  out.reserve(body_.size() + 12);
  put_u8(out, kChunkVersion);
  put_varint(out, count_);
  put_varint(out, static_cast<std::uint64_t>(to_ms(last_)) - static_cast<std::uint64_t>(to_ms(first_)));
  out += body_;
  return out;
}

namespace {

Result<ChunkHeader> take_header(std::string_view sealed, std::string_view& body) {
  Reader in(sealed);
  const std::uint8_t version = in.u8();
  const std::uint64_t count = in.varint();
  const std::uint64_t span = in.varint();
  if (version != kChunkVersion || !in.ok() || count > sealed.size()) {
    return Error{Code::Corrupt, "a chunk of samples has no header that this version can read"};
  }
  body = sealed.substr(sealed.size() - in.left());
  return ChunkHeader{static_cast<std::uint32_t>(count), Millis(static_cast<std::int64_t>(span))};
}

}  // namespace

Result<ChunkHeader> read_chunk_header(std::string_view sealed) {
  std::string_view body;
  return take_header(sealed, body);
}

Status read_chunk(std::string_view sealed, std::vector<Sample>& out) {
  std::string_view body;
  BONGSU_TRY(const ChunkHeader header, take_header(sealed, body));
  return read_body(body, header.count, out);
}

Result<Chunk> reopen_chunk(std::string_view sealed) {
  std::vector<Sample> samples;
  BONGSU_TRY_OK(read_chunk(sealed, samples));
  Chunk chunk;
  for (const Sample& sample : samples) chunk.append(sample);
  return chunk;
}

}  // namespace bongsu::store
