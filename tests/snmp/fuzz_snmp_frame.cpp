// SPDX-License-Identifier: Apache-2.0
// However a stream is cut, the same messages come out of it; the first octet says where the cuts are.
#include <cstdlib>
#include <vector>

#include "snmp/frame.h"

namespace {

using namespace bongsu::snmp;

std::vector<std::vector<std::uint8_t>> frames(Octets stream, std::size_t step, ber::Fault& fault) {
  FrameReader reader;
  std::vector<std::vector<std::uint8_t>> out;
  while (!stream.empty()) {
    const std::size_t size = std::min(step, stream.size());
    const std::vector<std::uint8_t> piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    reader.push(piece, [&](Octets one) { out.emplace_back(one.begin(), one.end()); });
    stream = stream.subspan(size);
    if (reader.kept() > kMostMessage) std::abort();
  }
  fault = reader.fault();
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Octets stream(data + 1, size - 1);
  ber::Fault whole{}, cut{};
  const auto once = frames(stream, stream.size(), whole), again = frames(stream, 1 + data[0], cut);
  if (once != again || whole != cut) std::abort();
  return 0;
}
