// SPDX-License-Identifier: Apache-2.0
#include "poll/slots.h"

#include "base/hash.h"

namespace bongsu::poll {

Time slot_before(Time now, Millis interval, Millis offset) {
  const std::int64_t at = to_ms(now) - offset.count();
  std::int64_t slot = at / interval.count();
  if (at < 0 && at % interval.count() != 0) --slot;
  return time_from_ms(slot * interval.count() + offset.count());
}

Millis slot_offset(std::string_view device, Millis interval) {
  const std::uint64_t hash = hash_bytes(device);
  return Millis((hash ^ hash >> 32) % static_cast<std::uint64_t>(interval.count()));
}

}  // namespace bongsu::poll
