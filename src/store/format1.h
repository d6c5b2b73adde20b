// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/point.h"
#include "store/rocks.h"

// Reads the points of a store of format 1 (FORMAT.md), where each series had chunks of its own.
namespace bongsu::store::format1 {

inline constexpr char kVersion = 1;
inline constexpr std::uint32_t kBlockSeries = 256;
inline constexpr Millis kMaxSpan = std::chrono::hours(4);  // of a chunk

// Error: Corrupt, also when the record carries another number than `seq`.
Result<std::vector<Point>> decode_record(std::uint64_t seq, std::string_view value);

struct ChunkKey {
  std::uint32_t day = 0;
  std::uint32_t series = 0;
  Time first{};
  std::uint64_t order = 0;  // 0 for a chunk in time order, else rising with arrival
};
Result<ChunkKey> parse_chunk_key(std::string_view key);
// Appends the samples of a chunk. Error: Corrupt.
Status read_chunk(std::string_view chunk, std::vector<Sample>& out);

// Appends the samples of the chunks of a series that may hold some of [from, to]: those in time order, and those that came
// late in order of arrival.
Status read_chunks(rocksdb::Iterator& at, std::uint32_t series, Time from, Time to, std::vector<Sample>& in_order,
                   std::vector<Sample>& late);

// The open chunks of 256 series.
struct OpenSeries {
  std::uint32_t slot = 0;
  std::vector<Sample> open;
  std::vector<Sample> late;
  Time newest{};
};
struct OpenBlock {
  std::uint64_t saved_seq = 0;
  std::vector<OpenSeries> series;
};
Result<OpenBlock> read_open_block(std::string_view value);

}  // namespace bongsu::store::format1
