// SPDX-License-Identifier: Apache-2.0
#include <zstd.h>

#include <cstdlib>

#include "store/codec.h"
#include "store/event_block.h"
#include "store/event_codec.h"

// The first octet says what the rest is: 0 a block as it stands, 1 its two frames unpacked (be32 octets of the head, head,
// body), 2 a summary. What reads can be written and read again, and a filter finds it again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  using namespace bongsu::store;
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  if (data[0] == 2) {
    const auto summary = decode_summary(7, rest);
    if (summary) {
      const auto again = decode_summary(7, encode(*summary));
      if (!again || encode(*again) != encode(*summary)) std::abort();
    }
    return 0;
  }
  std::string block(rest);
  if (data[0] == 1) {
    Reader in(rest);
    const std::string_view head = in.take(in.be32());
    if (!in.ok()) return 0;
    block.assign(1, '\2');
    for (const std::string_view frame : {head, in.take(in.left())}) {
      std::string packed(ZSTD_compressBound(frame.size()), '\0');
      packed.resize(ZSTD_compress(packed.data(), packed.size(), frame.data(), frame.size(), 1));
      put_varint(block, frame.size());
      put_text(block, packed);
    }
  }
  const auto events = read_events(block);
  if (!events || events->empty()) return 0;
  const EventQuery query{.device = events->back().device, .words = {events->back().host, "a*"}, .before_id = 9};
  EventFilter filter(query);
  const auto some = read_events(block, filter, 3);
  if (!some) std::abort();
  for (const Event& event : *some) {
    if (!filter(event)) std::abort();
  }
  std::vector<const Event*> pointers;
  for (const Event& event : *events) pointers.push_back(&event);
  EventEncoder encoder;
  const auto again = read_events(encoder.encode(pointers).body);
  if (!again || *again != *events) std::abort();
  return 0;
}
