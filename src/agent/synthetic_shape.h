// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/synthetic.h"

namespace bongsu::agent {

// What a moving object of a synthetic device tells; ObjectTable::Object::source.
enum class Source : std::uint8_t {
  UpTime,
  Name,
  Location,
  Contact,
  OperStatus,
  AdminStatus,
  LastChange,
  Traffic,  // weight: units per second of average traffic
  Errors,   // weight: share of the port's errors
  Temperature,
  Processes,
  ProcessorLoad,
  BusyShare,  // weight: share of the CPU's percent
  IdleShare,
  BusyTicks,  // weight: share of the busy time
  IdleTicks,
  SystemWork,  // weight: per second
  DiskWork,    // weight: per second
  LoadText,
  LoadHundredths,
  LoadFloat,
  MemoryFree,
  MemoryFreeAll,
  MemoryUsed,
  VirtualUsed,
  DiskUsed,
  DiskUsedKib,
  DiskFreeKib,
  DiskPercent,
};

struct Synthetic::Shape {
  Make make;
  ObjectTable table;

  std::uint64_t swap_kib() const { return 2U << 20; }
  std::uint64_t buffers_kib() const { return make.memory_kib / 50; }
  std::uint64_t cached_kib() const { return make.memory_kib / 8; }
  // Allocation units keep the sizes of HOST-RESOURCES-MIB below 2^31.
  std::uint64_t memory_unit_kib() const { return unit_for(make.memory_kib + swap_kib(), 1); }
  std::uint64_t disk_kib(std::size_t disk) const { return make.disk_kib << (disk < 20 ? disk : 20); }
  std::uint64_t disk_unit_kib(std::size_t disk) const { return unit_for(disk_kib(disk), 4); }
  std::uint64_t disk_units(std::size_t disk) const { return disk_kib(disk) / disk_unit_kib(disk); }

 private:
  static std::uint64_t unit_for(std::uint64_t kib, std::uint64_t unit) {
    while (kib / unit > 0x7fffffff) unit *= 2;
    return unit;
  }
};

std::shared_ptr<const Synthetic::Shape> make_shape(Make make);

}  // namespace bongsu::agent
