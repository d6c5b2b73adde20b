// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "store/group.h"

// A group of samples: refused, or each of its series gives rising times inside its span, whatever the octets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  using namespace bongsu::store;
  auto group = GroupReader::open({reinterpret_cast<const char*>(data), size});
  if (!group) return 0;
  const Time first = time_from_ms(1'700'000'000'000);
  std::vector<SeriesSamples> all;
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
    std::vector<Sample> samples;
    if (!group->read(slot, first, samples)) return 0;
    if (group->has(slot) == samples.empty()) std::abort();
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (samples[i].at < (i == 0 ? first : samples[i - 1].at + Millis(1)) || samples[i].at > first + group->span()) std::abort();
    }
    if (!samples.empty()) all.push_back({.slot = slot, .samples = std::move(samples)});
  }
  if (all.empty()) return 0;
  Time begin = Time::max();
  for (const SeriesSamples& each : all) begin = std::min(begin, each.samples.front().at);
  const std::string again = seal_group(all);
  auto reread = GroupReader::open(again);
  if (!reread) std::abort();
  for (const SeriesSamples& each : all) {
    std::vector<Sample> samples;
    if (!reread->read(each.slot, begin, samples) || samples.size() != each.samples.size()) std::abort();
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (samples[i].at != each.samples[i].at) std::abort();
      if (std::bit_cast<std::uint64_t>(samples[i].value) != std::bit_cast<std::uint64_t>(each.samples[i].value)) std::abort();
    }
  }
  return 0;
}
