// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "poll/kept_rows.h"

// What is taken can be said again and means the same; the layout is the one that the record itself names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  const std::string_view record(reinterpret_cast<const char*>(data), size);
  poll::GroupLayout layout{.print = 0, .leaves = 40, .metrics = 20};
  for (std::size_t i = 0; i < 8 && i + 1 < size; ++i) layout.print |= std::uint64_t{data[i + 1]} << 8 * i;
  const poll::ClockPair now{time_from_ms(1'700'000'000'000), SteadyTime(std::chrono::hours(1))};
  const auto state = poll::decode_rows(record, layout, now);
  if (!state) return 0;
  const std::string said = poll::encode_rows(layout, *state, now);
  const auto again = poll::decode_rows(said, layout, now);
  if (!again || poll::encode_rows(layout, *again, now) != said) std::abort();
  return 0;
}
