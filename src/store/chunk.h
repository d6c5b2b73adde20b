// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/point.h"

namespace bongsu::store {

// Samples of one series, rising in time, packed as they come: times as differences of differences, whole numbers as
// differences, other values as the pattern that differs from the one before (FORMAT.md). Every bit of a value is kept.
class Chunk {
 public:
  static constexpr std::uint32_t kMaxSamples = 120;
  static constexpr Millis kMaxSpan = std::chrono::hours(4);

  // `sample` must be later than last().
  void append(const Sample& sample);
  bool full() const { return count_ >= kMaxSamples; }
  std::uint32_t count() const { return count_; }
  bool empty() const { return count_ == 0; }
  Time first() const { return first_; }  // of a chunk with samples
  Time last() const { return last_; }
  double last_value() const;
  std::vector<Sample> samples() const;
  void read(std::vector<Sample>& out) const;  // appends the samples
  // Version, count, span and samples: a value of the store.
  std::string sealed() const;
  std::size_t octets() const { return body_.capacity(); }

 private:
  std::string body_;
  Time first_{};
  Time last_{};
  std::int64_t step_ = 0;   // between the last two
  std::int64_t whole_ = 0;  // the last whole number
  std::uint64_t bits_ = 0;  // of the last value
  std::uint32_t count_ = 0;
};

// A sealed chunk without reading its samples.
struct ChunkHeader {
  std::uint32_t count = 0;
  Millis span{0};
};
Result<ChunkHeader> read_chunk_header(std::string_view sealed);
// Appends the samples to `out`. Error: Corrupt.
Status read_chunk(std::string_view sealed, std::vector<Sample>& out);
// As the open chunk it was.
Result<Chunk> reopen_chunk(std::string_view sealed);

}  // namespace bongsu::store
