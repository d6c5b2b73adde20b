// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/point.h"

namespace bongsu::store {

// A record of the head log: points in order of arrival, with its own number and checksum, since a log of RocksDB that is
// damaged in the middle opens without a word.
std::string encode_record(std::uint64_t seq, std::span<const Point> points);
// Error: Corrupt, also when the record carries another number than `seq`.
Result<std::vector<Point>> decode_record(std::uint64_t seq, std::string_view value);

}  // namespace bongsu::store
