// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/point.h"

namespace bongsu::http {

// Prometheus' remote write 1.0: a snappy block of a protobuf message WriteRequest.
struct WriteBounds {
  std::size_t octets = 32 * 1024 * 1024;  // unpacked
  std::size_t series = 200'000;
  std::size_t samples = 1'000'000;  // in all
  std::size_t labels = 128;         // of a series
  std::size_t label_octets = 16 * 1024;
};

// One TimeSeries. Its pairs stand as they came: in any order, of any text.
struct RemoteSeries {
  std::vector<std::pair<std::string_view, std::string_view>> labels;
  std::vector<Sample> samples;
  std::size_t histograms = 0;    // native ones, which are not taken
  std::size_t exemplars = 0;     // nor are these
  bool too_many_labels = false;  // some stand not in `labels`
};

// Errors: Invalid (no snappy block), Limit.
Result<std::string> unpack_snappy(std::string_view packed, std::size_t most);
// Calls `visit` for each series, which borrows from `message`; its Error ends the reading. Errors: Truncated, Invalid, Limit.
Status read_write_request(std::string_view message, const WriteBounds& bounds,
                          const std::function<Status(const RemoteSeries&)>& visit);
// The pairs as labels. Error: Invalid (no metric name, a name twice or empty, not UTF-8, too long).
Result<Labels> labels_of(const RemoteSeries& series, const WriteBounds& bounds);

}  // namespace bongsu::http
