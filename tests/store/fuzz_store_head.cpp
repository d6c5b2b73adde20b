// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "store/codec.h"
#include "store/head.h"

// What is saved of a block, its sum made right so that the fuzzer gets past it: refused, or saved again it is the same block,
// which takes samples and can be sealed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  using namespace bongsu::store;
  std::string value(reinterpret_cast<const char*>(data), size);
  put_sum(value);
  Block block(0);
  for (std::uint32_t slot = 0; slot < Block::kSeries; ++slot) block.set_alive(slot);
  if (!block.load(value)) return 0;
  const std::string saved = block.save();
  Block again(0);
  for (std::uint32_t slot = 0; slot < Block::kSeries; ++slot) again.set_alive(slot);
  if (!again.load(saved) || again.save() != saved) std::abort();
  for (std::uint32_t slot = 0; slot < Block::kSeries; slot += 7) {
    const Time newest = block.newest(slot);
    const Time next = newest == Time::min() ? time_from_ms(5) : newest + Millis(1000);
    block.put(slot, {next, 1.5});
    Block::Parts parts;
    block.copy(slot, Time::min(), Time::max(), parts);
    if (parts.in_order.empty() && parts.late.empty()) std::abort();
  }
  for (const auto& frozen : block.frozen()) {
    std::array<std::uint8_t, kGroupSeries> learned{};
    static_cast<void>(seal(*frozen, learned));
  }
  return 0;
}
