// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "store/catalogue.h"

// The first octet says which form: 1 a record of one series, else of 256. What reads is written and read the same again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu::store;
  if (size == 0) return 0;
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  const std::string key = data[0] == 1 ? std::string(4, '\0') : catalogue_key(0);
  SeriesIndex index;
  std::size_t series = 0;
  const auto count = [&](SeriesIndex::Id) { ++series; };
  if (!load_catalogue(index, key, value, count)) return 0;
  if (index.size() != series) std::abort();
  SeriesIndex again;
  const std::string record = encode_catalogue(index, 0);
  if (!record.empty() && !load_catalogue(again, catalogue_key(0), record, [](SeriesIndex::Id) {})) std::abort();
  if (again.size() != series || encode_catalogue(again, 0) != record) std::abort();
  for (SeriesIndex::Id id = 0; id < SeriesIndex::kGroup; ++id) {
    if (const auto labels = index.labels(id); labels != nullptr && index.find(*labels) != id) std::abort();
  }
  return 0;
}
