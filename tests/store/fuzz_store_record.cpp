// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstdlib>

#include "store/codec.h"
#include "store/format1.h"
#include "store/journal.h"

// A record of the head log, its sum made right so that the fuzzer gets past it: refused, or written again it reads the same.
// The forms of format 1 do no harm.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  using namespace bongsu::store;
  const std::string octets(reinterpret_cast<const char*>(data), size);
  std::vector<Sample> samples;
  static_cast<void>(format1::read_chunk(octets, samples).ok());
  std::string old = octets;
  put_checksum(old);
  static_cast<void>(format1::read_open_block(old).ok());
  static_cast<void>(format1::decode_record(0, old).ok());
  std::string value = octets;
  put_sum(value);
  Reader head(octets);
  head.u8();
  const std::uint64_t seq = head.be64();
  const auto points = decode_record(seq, value);
  if (!points) return 0;
  const auto again = decode_record(seq, encode_record(seq, *points));
  if (!again || again->size() != points->size()) std::abort();
  for (std::size_t i = 0; i < points->size(); ++i) {
    const Point &a = (*points)[i], &b = (*again)[i];
    if (a.series != b.series || a.sample.at != b.sample.at) std::abort();
    if (std::bit_cast<std::uint64_t>(a.sample.value) != std::bit_cast<std::uint64_t>(b.sample.value)) std::abort();
  }
  return 0;
}
