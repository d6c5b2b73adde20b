// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/labels.h"

namespace bongsu::bench {

// What a poller brings home, made up: the same options give the same samples on every machine. One sample of each series a
// minute; 24 rows (interfaces, sensors) a host.
struct DatasetSpec {
  std::string set = "interfaces";
  std::uint32_t series = 10'000;
  std::uint32_t steps = 1440;   // minutes
  std::uint32_t jitter_ms = 0;  // with it, each host has its own second of the minute, and each poll strays by less than this
};

// The devices that have a thousand series of one metric, as a regular expression.
inline constexpr std::string_view kThousand = "sw-000([0-3].|4[01]).*";

// The kinds of series, and the sets that mix them.
std::string known_sets();

// The values stand in a file made by a process of its own, so that neither their making nor their memory is measured.
class Dataset {
 public:
  // Error: Invalid (no such set), Io.
  static Result<Dataset> make(const DatasetSpec& spec, const std::filesystem::path& file);
  Dataset(Dataset&& other) noexcept;
  Dataset& operator=(Dataset&&) = delete;
  ~Dataset();

  const DatasetSpec& spec() const { return spec_; }
  Labels labels(std::uint32_t series) const;
  // The metric whose series are asked for together, and one of its series.
  std::string metric() const;
  // Series of one host stand in a row.
  std::uint32_t host(std::uint32_t series) const;
  std::int64_t time(std::uint32_t series, std::uint32_t step) const;  // ms since 1970
  double value(std::uint32_t series, std::uint32_t step) const {
    return values_[static_cast<std::size_t>(step) * spec_.series + series];
  }
  std::int64_t start() const;  // of the first step
  std::uint64_t samples() const { return static_cast<std::uint64_t>(spec_.series) * spec_.steps; }
  // Gives the memory of the values back to the system until they are asked for again.
  void forget() const;

 private:
  Dataset(DatasetSpec spec, std::span<const double> values) : spec_(std::move(spec)), values_(values) {}
  DatasetSpec spec_;
  std::span<const double> values_;
};

}  // namespace bongsu::bench
