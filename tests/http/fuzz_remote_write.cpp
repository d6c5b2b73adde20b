// SPDX-License-Identifier: Apache-2.0
// What strangers may post as remote write: an octet that says whether the rest is packed, and the body.
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "http/remote_write.h"

using namespace bongsu;
using namespace bongsu::http;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr std::size_t kMost = 1 << 20;
  std::string unpacked(body);
  if (data[0] % 2 == 0) {
    const auto out = unpack_snappy(body, kMost);
    if (!out) return 0;
    if (out->size() > kMost) std::abort();
    unpacked = *out;
  }
  const WriteBounds bounds{.octets = kMost, .series = 100, .samples = 1'000, .labels = 16, .label_octets = 256};
  std::size_t series = 0;
  std::size_t samples = 0;
  const auto read = read_write_request(unpacked, bounds, [&](const RemoteSeries& one) -> Status {
    ++series;
    samples += one.samples.size();
    if (one.labels.size() > bounds.labels) std::abort();
    if (const auto labels = labels_of(one, bounds)) {
      if (labels->metric().empty() || labels->size() > one.labels.size()) std::abort();
    } else if (!is_valid_utf8(labels.error().text)) {
      std::abort();
    }
    return {};
  });
  if (series > bounds.series || samples > bounds.samples) std::abort();
  if (!read && read.error().text.empty()) std::abort();
  return 0;
}
