// SPDX-License-Identifier: Apache-2.0
// Which objects a synthetic device has: RFC 3418, RFC 2863, RFC 2790, RFC 6933, RFC 3433 and UCD-SNMP-MIB.
#include "agent/synthetic_shape.h"

#include <algorithm>

namespace bongsu::agent {
namespace {

using Builder = ObjectTable::Builder;

const Oid kSystem{1, 3, 6, 1, 2, 1, 1};
const Oid kIfNumber{1, 3, 6, 1, 2, 1, 2, 1, 0};
const Oid kIfEntry{1, 3, 6, 1, 2, 1, 2, 2, 1};
const Oid kIfXEntry{1, 3, 6, 1, 2, 1, 31, 1, 1, 1};
const Oid kHost{1, 3, 6, 1, 2, 1, 25};
const Oid kEntPhysicalEntry{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1};
const Oid kEntSensorEntry{1, 3, 6, 1, 2, 1, 99, 1, 1, 1};
const Oid kUcd{1, 3, 6, 1, 4, 1, 2021};
const Oid kNetSnmpLinux{1, 3, 6, 1, 4, 1, 8072, 3, 2, 10};
const Oid kExample{1, 3, 6, 1, 4, 1, 32473};  // the enterprise number for examples, RFC 5612

Oid cell(const Oid& entry, std::uint32_t column, std::size_t index) { return entry + column + static_cast<std::uint32_t>(index); }
Value whole(std::uint64_t number) {
  return Value::of_integer(static_cast<std::int32_t>(std::min<std::uint64_t>(number, 0x7fffffff)));
}
Value gauge(std::uint64_t number) { return Value::of_number(ValueType::Gauge32, std::min<std::uint64_t>(number, 0xffffffff)); }
Value text(std::string_view octets) { return Value::of_octets(std::string(octets)); }

class ShapeMaker {
 public:
  explicit ShapeMaker(Synthetic::Shape& shape) : shape_(shape), make_(shape.make) {}

  void make() {
    system();
    interfaces();
    processors();
    if (make_.kind == Kind::Switch) {
      entity();
    } else {
      host();
      ucd();
    }
    shape_.table = std::move(out_).build();
  }

 private:
  void moving(Oid name, ValueType type, Source source, std::size_t row = 0, double weight = 0) {
    out_.moving(std::move(name), type, static_cast<std::uint8_t>(source), row, weight);
  }

  void system() {
    const bool is_switch = make_.kind == Kind::Switch;
    std::string descr = make_.model;
    if (descr.empty()) {
      descr = is_switch ? "Example Networks access switch ES-" + std::to_string(make_.ports) + ", version 4.2.1"
              : make_.kind == Kind::Firewall ? "Linux fw 6.1.0-18-amd64 #1 SMP x86_64 Example Firewall 7.1"
                                             : "Linux server 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 x86_64";
    }
    out_.fixed(kSystem + 1 + 0, text(descr));
    out_.fixed(kSystem + 2 + 0, Value::of_oid(is_switch ? kExample + 1 + make_.ports : kNetSnmpLinux));
    moving(kSystem + 3 + 0, ValueType::TimeTicks, Source::UpTime);
    moving(kSystem + 4 + 0, ValueType::OctetString, Source::Contact);
    moving(kSystem + 5 + 0, ValueType::OctetString, Source::Name);
    moving(kSystem + 6 + 0, ValueType::OctetString, Source::Location);
    out_.fixed(kSystem + 7 + 0, whole(is_switch ? 2 : 72));
  }

  void interfaces() {
    out_.fixed(kIfNumber, whole(make_.ports));
    for (std::size_t port = 0; port < make_.ports; ++port) interface(port);
  }

  void interface(std::size_t port) {
    const std::size_t index = port + 1;
    const bool loopback = make_.kind != Kind::Switch && port == 0;
    const std::string name = make_.kind == Kind::Switch ? "1/" + std::to_string(index)
                             : loopback                 ? "lo"
                                                        : "eth" + std::to_string(port - 1);
    const std::string descr = make_.kind == Kind::Switch ? "Port 1/" + std::to_string(index) : name;
    const bool uplink = make_.kind == Kind::Switch && (port == 0 || port + 1 == make_.ports);
    const std::uint64_t mbit = loopback ? 10 : make_.port_mbit;
    // Octets per second of average traffic: at its peak, with the liveliest device, below a fifth of the line.
    const double line = static_cast<double>(mbit) * 125'000;
    const double in = line * (uplink ? 0.09 : 0.004 + 0.005 * static_cast<double>(port % 7));
    const double sent = in * (0.3 + 0.1 * static_cast<double>(port % 5));
    std::string mac("\x02\x00\x5e\x00", 4);
    mac += static_cast<char>(index >> 8);
    mac += static_cast<char>(index);

    const auto fixed = [&](std::uint32_t column, Value value) { out_.fixed(cell(kIfEntry, column, index), std::move(value)); };
    const auto traffic32 = [&](std::uint32_t column, double weight) {
      moving(cell(kIfEntry, column, index), ValueType::Counter32, Source::Traffic, port, weight);
    };
    fixed(1, whole(index));
    fixed(2, text(descr));
    fixed(3, whole(loopback ? 24 : 6));
    fixed(4, whole(loopback ? 65'536 : 1'500));
    fixed(5, gauge(mbit * 1'000'000));
    fixed(6, text(loopback ? "" : mac));
    moving(cell(kIfEntry, 7, index), ValueType::Integer, Source::AdminStatus, port);
    moving(cell(kIfEntry, 8, index), ValueType::Integer, Source::OperStatus, port);
    moving(cell(kIfEntry, 9, index), ValueType::TimeTicks, Source::LastChange, port);
    traffic32(10, in);
    traffic32(11, in / 700);
    traffic32(12, 3);
    fixed(13, Value::of_number(ValueType::Counter32, 0));
    moving(cell(kIfEntry, 14, index), ValueType::Counter32, Source::Errors, port, 1);
    fixed(15, Value::of_number(ValueType::Counter32, 0));
    traffic32(16, sent);
    traffic32(17, sent / 600);
    traffic32(18, 2.5);
    fixed(19, Value::of_number(ValueType::Counter32, 0));
    moving(cell(kIfEntry, 20, index), ValueType::Counter32, Source::Errors, port, 0.1);
    fixed(21, gauge(0));
    fixed(22, Value::of_oid({0, 0}));

    const auto x = [&](std::uint32_t column) { return cell(kIfXEntry, column, index); };
    out_.fixed(x(1), text(name));
    const std::array<double, 4> casts{2, 1, 1.5, 1};  // in multicast, in broadcast, out multicast, out broadcast
    for (std::uint32_t i = 0; i < 4; ++i) {
      moving(x(2 + i), ValueType::Counter32, Source::Traffic, port, casts[i]);
      moving(x(8 + i + (i >= 2 ? 2 : 0)), ValueType::Counter64, Source::Traffic, port, casts[i]);
    }
    moving(x(6), ValueType::Counter64, Source::Traffic, port, in);
    moving(x(7), ValueType::Counter64, Source::Traffic, port, in / 700);
    moving(x(10), ValueType::Counter64, Source::Traffic, port, sent);
    moving(x(11), ValueType::Counter64, Source::Traffic, port, sent / 600);
    out_.fixed(x(14), whole(uplink ? 1 : 2));
    out_.fixed(x(15), gauge(mbit));
    out_.fixed(x(16), whole(2));
    out_.fixed(x(17), whole(loopback ? 2 : 1));
    out_.fixed(x(18), text(uplink ? "uplink" : ""));
    out_.fixed(x(19), Value::of_number(ValueType::TimeTicks, 0));
  }

  void processors() {
    const Oid device = kHost + std::vector<std::uint32_t>{3, 2, 1};
    const Oid processor = kHost + std::vector<std::uint32_t>{3, 3, 1};
    for (std::size_t cpu = 0; cpu < make_.cpus; ++cpu) {
      const std::size_t index = 196'608 + cpu;  // where Net-SNMP's agent puts processors
      out_.fixed(cell(device, 1, index), whole(index));
      out_.fixed(cell(device, 2, index), Value::of_oid({1, 3, 6, 1, 2, 1, 25, 3, 1, 3}));
      out_.fixed(cell(device, 3, index), text("Example processor"));
      out_.fixed(cell(device, 4, index), Value::of_oid({0, 0}));
      out_.fixed(cell(device, 5, index), whole(2));
      out_.fixed(cell(processor, 1, index), Value::of_oid({0, 0}));
      moving(cell(processor, 2, index), ValueType::Integer, Source::ProcessorLoad, cpu);
    }
  }

  void entity() {
    const auto chassis = [&](std::uint32_t column, Value value) {
      out_.fixed(cell(kEntPhysicalEntry, column, 1), std::move(value));
    };
    const auto sensor = [&](std::uint32_t column, Value value) {
      out_.fixed(cell(kEntPhysicalEntry, column, 2), std::move(value));
    };
    chassis(2, text("Access switch"));
    chassis(3, Value::of_oid(kExample + 1 + make_.ports));
    chassis(4, whole(0));
    chassis(5, whole(3));  // chassis
    chassis(6, Value::of_integer(-1));
    chassis(7, text("Chassis 1"));
    chassis(8, text("B"));
    chassis(9, text("1.8"));
    chassis(10, text("4.2.1"));
    chassis(11, text("ES24-000117"));
    chassis(12, text("Example Networks"));
    chassis(13, text("ES-" + std::to_string(make_.ports)));
    chassis(16, whole(1));
    sensor(2, text("Inlet temperature"));
    sensor(3, Value::of_oid({0, 0}));
    sensor(4, whole(1));
    sensor(5, whole(8));  // sensor
    sensor(6, whole(1));
    sensor(7, text("Inlet temperature"));
    sensor(16, whole(2));
    out_.fixed(cell(kEntSensorEntry, 1, 2), whole(8));  // celsius
    out_.fixed(cell(kEntSensorEntry, 2, 2), whole(9));  // units
    out_.fixed(cell(kEntSensorEntry, 3, 2), whole(0));
    moving(cell(kEntSensorEntry, 4, 2), ValueType::Integer, Source::Temperature);
    out_.fixed(cell(kEntSensorEntry, 5, 2), whole(1));  // ok
    out_.fixed(cell(kEntSensorEntry, 6, 2), text("celsius"));
  }

  void host() {
    const Oid system = kHost + 1;
    moving(system + 1 + 0, ValueType::TimeTicks, Source::UpTime);
    out_.fixed(system + 3 + 0, whole(393'216));
    out_.fixed(system + 4 + 0, text("root=/dev/sda1 ro quiet"));
    out_.fixed(system + 5 + 0, gauge(2));
    moving(system + 6 + 0, ValueType::Gauge32, Source::Processes);
    out_.fixed(system + 7 + 0, whole(0));
    out_.fixed(kHost + 2 + 2 + 0, whole(make_.memory_kib));

    static constexpr std::uint32_t kOther = 1, kRam = 2, kVirtual = 3, kFixedDisk = 4;
    const std::uint64_t unit = shape_.memory_unit_kib();
    const auto used = [this](std::size_t index, Source source, std::size_t row) {
      moving(cell(kStorageEntry, 6, index), ValueType::Integer, source, row);
    };
    storage(1, kRam, "Physical memory", unit, make_.memory_kib / unit);
    used(1, Source::MemoryUsed, 0);
    storage(3, kVirtual, "Virtual memory", unit, (make_.memory_kib + shape_.swap_kib()) / unit);
    used(3, Source::VirtualUsed, 0);
    storage(6, kOther, "Memory buffers", unit, make_.memory_kib / unit);
    out_.fixed(cell(kStorageEntry, 6, 6), whole(shape_.buffers_kib() / unit));
    storage(7, kOther, "Cached memory", unit, shape_.cached_kib() / unit);
    out_.fixed(cell(kStorageEntry, 6, 7), whole(shape_.cached_kib() / unit));
    storage(10, kVirtual, "Swap space", unit, shape_.swap_kib() / unit);
    out_.fixed(cell(kStorageEntry, 6, 10), whole(shape_.swap_kib() / 10 / unit));
    for (std::size_t disk = 0; disk < make_.disks; ++disk) {
      storage(31 + disk, kFixedDisk, mount(disk), shape_.disk_unit_kib(disk), shape_.disk_units(disk));
      used(31 + disk, Source::DiskUsed, disk);
    }
  }

  void storage(std::size_t index, std::uint32_t type, std::string_view descr, std::uint64_t unit_kib, std::uint64_t size) {
    out_.fixed(cell(kStorageEntry, 1, index), whole(index));
    out_.fixed(cell(kStorageEntry, 2, index), Value::of_oid(Oid{1, 3, 6, 1, 2, 1, 25, 2, 1} + type));
    out_.fixed(cell(kStorageEntry, 3, index), text(descr));
    out_.fixed(cell(kStorageEntry, 4, index), whole(unit_kib * 1024));
    out_.fixed(cell(kStorageEntry, 5, index), whole(size));
  }

  static std::string mount(std::size_t disk) {
    static constexpr std::array<std::string_view, 4> kNames{"/", "/var", "/home", "/srv"};
    return disk < kNames.size() ? std::string(kNames[disk]) : "/data" + std::to_string(disk);
  }
  static std::string disk_name(std::size_t disk) {
    std::string name = "sd";
    if (disk >= 26) name += static_cast<char>('a' + disk / 26 - 1);
    return name + static_cast<char>('a' + disk % 26);
  }

  void ucd() {
    ucd_memory();
    for (std::size_t disk = 0; disk < make_.disks; ++disk) ucd_disk(disk, disk + 1);
    const Oid load = kUcd + 10 + 1;
    static constexpr std::array<std::string_view, 3> kLoads{"Load-1", "Load-5", "Load-15"};
    for (std::size_t i = 0; i < kLoads.size(); ++i) {
      out_.fixed(cell(load, 1, i + 1), whole(i + 1));
      out_.fixed(cell(load, 2, i + 1), text(kLoads[i]));
      moving(cell(load, 3, i + 1), ValueType::OctetString, Source::LoadText, i);
      out_.fixed(cell(load, 4, i + 1), text("12.00"));
      moving(cell(load, 5, i + 1), ValueType::Integer, Source::LoadHundredths, i);
      moving(cell(load, 6, i + 1), ValueType::OpaqueFloat, Source::LoadFloat, i);
      out_.fixed(cell(load, 100, i + 1), whole(0));
      out_.fixed(cell(load, 101, i + 1), text(""));
    }
    const auto system = [&](std::uint32_t column) { return kUcd + 11 + column + 0; };
    out_.fixed(system(1), whole(0));
    out_.fixed(system(2), text("systemStats"));
    moving(system(9), ValueType::Integer, Source::BusyShare, 0, 0.75);
    moving(system(10), ValueType::Integer, Source::BusyShare, 0, 0.25);
    moving(system(11), ValueType::Integer, Source::IdleShare);
    moving(system(50), ValueType::Counter32, Source::BusyTicks, 0, 0.7);
    moving(system(51), ValueType::Counter32, Source::BusyTicks, 0, 0.02);
    moving(system(52), ValueType::Counter32, Source::BusyTicks, 0, 0.2);
    moving(system(53), ValueType::Counter32, Source::IdleTicks);
    moving(system(54), ValueType::Counter32, Source::BusyTicks, 0, 0.04);
    out_.fixed(system(55), Value::of_number(ValueType::Counter32, 0));
    moving(system(56), ValueType::Counter32, Source::BusyTicks, 0, 0.01);
    moving(system(59), ValueType::Counter32, Source::SystemWork, 0, 900);
    moving(system(60), ValueType::Counter32, Source::SystemWork, 1, 2'300);
    moving(system(61), ValueType::Counter32, Source::BusyTicks, 0, 0.03);
    out_.fixed(system(64), Value::of_number(ValueType::Counter32, 0));
  }

  void ucd_memory() {
    const auto memory = [&](std::uint32_t column) { return kUcd + 4 + column + 0; };
    out_.fixed(memory(1), whole(0));
    out_.fixed(memory(2), text("swap"));
    out_.fixed(memory(3), whole(shape_.swap_kib()));
    out_.fixed(memory(4), whole(shape_.swap_kib() * 9 / 10));
    out_.fixed(memory(5), whole(make_.memory_kib));
    moving(memory(6), ValueType::Integer, Source::MemoryFree);
    moving(memory(11), ValueType::Integer, Source::MemoryFreeAll);
    out_.fixed(memory(12), whole(16'000));
    out_.fixed(memory(13), whole(0));
    out_.fixed(memory(14), whole(shape_.buffers_kib()));
    out_.fixed(memory(15), whole(shape_.cached_kib()));
    out_.fixed(memory(100), whole(0));
    out_.fixed(memory(101), text(""));
  }

  void ucd_disk(std::size_t disk, std::size_t index) {
    const Oid dsk = kUcd + 9 + 1;
    out_.fixed(cell(dsk, 1, index), whole(index));
    out_.fixed(cell(dsk, 2, index), text(mount(disk)));
    out_.fixed(cell(dsk, 3, index), text("/dev/" + disk_name(disk) + "1"));
    out_.fixed(cell(dsk, 4, index), whole(100'000));
    out_.fixed(cell(dsk, 5, index), whole(0));
    out_.fixed(cell(dsk, 6, index), whole(shape_.disk_kib(disk)));
    moving(cell(dsk, 7, index), ValueType::Integer, Source::DiskFreeKib, disk);
    moving(cell(dsk, 8, index), ValueType::Integer, Source::DiskUsedKib, disk);
    moving(cell(dsk, 9, index), ValueType::Integer, Source::DiskPercent, disk);
    out_.fixed(cell(dsk, 10, index), whole(3));

    const Oid io = kUcd + std::vector<std::uint32_t>{13, 15, 1, 1};
    out_.fixed(cell(io, 1, index), whole(index));
    out_.fixed(cell(io, 2, index), text(disk_name(disk)));
    const double share = 1.0 / static_cast<double>(index);
    const std::array<double, 4> rates{900'000 * share, 1'400'000 * share, 30 * share, 55 * share};
    for (std::uint32_t i = 0; i < 4; ++i) moving(cell(io, 3 + i, index), ValueType::Counter32, Source::DiskWork, disk, rates[i]);
    moving(cell(io, 12, index), ValueType::Counter64, Source::DiskWork, disk, rates[0]);
    moving(cell(io, 13, index), ValueType::Counter64, Source::DiskWork, disk, rates[1]);
  }

  inline static const Oid kStorageEntry{1, 3, 6, 1, 2, 1, 25, 2, 3, 1};
  Synthetic::Shape& shape_;
  const Make& make_;
  Builder out_;
};

}  // namespace

std::shared_ptr<const Synthetic::Shape> make_shape(Make make) {
  make.ports = std::clamp(make.ports, 1U, 4'096U);
  make.cpus = std::clamp(make.cpus, 1U, 64U);
  make.disks = std::clamp(make.disks, 1U, 64U);
  make.memory_kib = std::clamp<std::uint64_t>(make.memory_kib, 1U << 16, 0x70000000);
  make.disk_kib = std::clamp<std::uint64_t>(make.disk_kib, 1U << 16, 1ULL << 40);
  make.port_mbit = std::max(make.port_mbit, 1U);
  auto shape = std::make_shared<Synthetic::Shape>();
  shape->make = std::move(make);
  ShapeMaker(*shape).make();
  return shape;
}

}  // namespace bongsu::agent
