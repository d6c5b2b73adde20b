// SPDX-License-Identifier: Apache-2.0
#include "agent/synthetic.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "agent/synthetic_shape.h"
#include "base/check.h"

namespace bongsu::agent {
namespace {

constexpr double kDay = 86'400;
constexpr double kSwell = 540;  // seconds of the short wave
constexpr double kDayShare = 0.35, kSwellShare = 0.25;
constexpr std::array<double, 3> kLoadMinutes{1, 5, 15};
constexpr double kHundredths = 100;  // ticks of CPU time in a second

std::uint64_t stir(std::uint64_t x) {
  x = (x ^ (x >> 33)) * 0xff51afd7ed558ccd;
  x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53;
  return x ^ (x >> 33);
}
double unit_of(std::uint64_t seed, std::uint64_t what) {
  return static_cast<double>(stir(seed * 0x9e3779b97f4a7c15 + what) >> 11) * 0x1p-53;
}
std::uint64_t count(double value) { return value <= 0 ? 0 : static_cast<std::uint64_t>(value); }
std::uint64_t percent_of(std::uint64_t whole, double percent) { return count(static_cast<double>(whole) * percent / 100); }

snmp::ValueView number_of(const ObjectTable::Object& object, std::uint64_t value) {
  if (object.type != ValueType::Counter64 && object.type != ValueType::Integer) value &= 0xffffffff;
  return {.type = object.type, .number = value};
}
snmp::ValueView text_of(std::string_view text) {
  return {.type = ValueType::OctetString, .octets = {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}};
}

}  // namespace

std::shared_ptr<const Synthetic::Shape> Synthetic::shape(Make make) { return make_shape(std::move(make)); }

Synthetic::Synthetic(std::shared_ptr<const Shape> shape, Identity identity, SteadyTime born)
    : shape_(std::move(shape)),
      identity_(std::move(identity)),
      factor_(0.25 + unit_of(identity_.seed, 1)),
      born_(born),
      booted_waves_{},
      disks_(shape_->make.disks) {
  const double start = std::chrono::duration<double>(identity_.uptime).count();
  set_moment(born);
  for (std::size_t i = 0; i < kWaves; ++i) booted_waves_[i] = wave(i, 0);
  for (std::size_t i = 0; i < disks_.size(); ++i) disks_[i] = {20 + 40 * unit_of(identity_.seed, 100 + i), 0, start};
  busy_.factor = cpu_ / 100;
  load_.fill(cpu_ / 100 * shape_->make.cpus);
}
Synthetic::~Synthetic() = default;

const ObjectTable& Synthetic::objects() const { return shape_->table; }
const Make& Synthetic::make() const { return shape_->make; }

// The device's own axis: seconds since `uptime` before it began to answer.
double Synthetic::seconds(SteadyTime now) const { return std::chrono::duration<double>(now - born_ + identity_.uptime).count(); }

void Synthetic::set_moment(SteadyTime now) {
  now_ = seconds(now);
  waves_known_ = 0;
}

// Work done up to `t` at a pace of 1 on average: the integral of 1 + day * sin + swell * sin, which never falls.
double Synthetic::wave(std::size_t which, double t) const {
  static constexpr double kTurn = 2 * std::numbers::pi;
  const double phase = kTurn * unit_of(identity_.seed, 10 + which);
  return t - kDayShare * kDay / kTurn * (std::cos(kTurn * t / kDay + phase) - std::cos(phase)) -
         kSwellShare * kSwell / kTurn * (std::cos(kTurn * t / kSwell + 2 * phase) - std::cos(2 * phase));
}

double Synthetic::wave_now(std::size_t which) const {
  if ((waves_known_ >> which & 1) == 0) {
    waves_[which] = wave(which, now_);
    waves_known_ |= 1U << which;
  }
  return waves_[which];
}

// Seconds of average traffic on a port since the device started.
double Synthetic::moved(std::size_t port) const {
  const std::size_t which = port % kWaves;
  if (ports_.empty()) return factor_ * (wave_now(which) - booted_waves_[which]);
  return factor_ * ports_[port].octets.at(wave_now(which));
}

double Synthetic::disk_percent(std::size_t disk) const {
  const Disk& d = disks_[disk];
  return std::clamp(d.percent + d.per_second * (now_ - d.since), 0.0, 100.0);
}

// A little unrest around the level, the same for the same moment.
double Synthetic::cpu_percent(std::size_t cpu) const {
  const double unrest = std::sin(now_ / 37 + 6 * unit_of(identity_.seed, 40 + cpu)) * std::min({1.5, cpu_, 100 - cpu_});
  return std::clamp(cpu_ + unrest, 0.0, 100.0);
}

double Synthetic::load(std::size_t term) const {
  const double target = cpu_ / 100 * shape_->make.cpus;
  return target + (load_[term] - target) * std::exp(-(now_ - load_since_) / (60 * kLoadMinutes[term]));
}

std::uint64_t Synthetic::memory_free_kib() const {
  const std::uint64_t total = shape_->make.memory_kib;
  const std::uint64_t kept = percent_of(total, memory_) + shape_->buffers_kib() + shape_->cached_kib();
  return kept >= total ? 0 : total - kept;
}

snmp::ValueView Synthetic::read(const ObjectTable::Object& object) const {
  const std::size_t row = object.row;
  const auto port_or = [&](auto member, bool otherwise) { return ports_.empty() ? otherwise : ports_[row].*member; };
  switch (static_cast<Source>(object.source)) {
    case Source::UpTime:
      return number_of(object, count((now_ - booted_) * 100));
    case Source::Name:
      return text_of(identity_.name);
    case Source::Location:
      return text_of(identity_.location);
    case Source::Contact:
      return text_of(identity_.contact);
    case Source::OperStatus:
      return number_of(object, port_or(&Port::oper_up, true) && port_or(&Port::admin_up, true) ? 1 : 2);
    case Source::AdminStatus:
      return number_of(object, port_or(&Port::admin_up, true) ? 1 : 2);
    case Source::LastChange:
      return number_of(object, ports_.empty() ? 0 : count(ports_[row].changed * 100));
    case Source::Traffic:
      return number_of(object, count(moved(row) * object.weight));
    case Source::Errors:
      return number_of(object, ports_.empty() ? 0 : count(ports_[row].errors.at(now_) * object.weight));
    case Source::Temperature:
      return number_of(object, static_cast<std::uint64_t>(std::lround(celsius_)));
    case Source::Processes:
      return number_of(object, 140 + count(cpu_ / 2));
    case Source::ProcessorLoad:
      return number_of(object, static_cast<std::uint64_t>(std::lround(cpu_percent(row))));
    case Source::BusyShare:
      return number_of(object, count(cpu_percent(0) * object.weight));
    case Source::IdleShare:
      return number_of(object, 100 - std::min<std::uint64_t>(100, static_cast<std::uint64_t>(std::lround(cpu_percent(0)))));
    case Source::BusyTicks:
      return number_of(object, count(busy_.at(now_) * shape_->make.cpus * kHundredths * object.weight));
    case Source::IdleTicks:
      return number_of(object, count((now_ - booted_ - busy_.at(now_)) * shape_->make.cpus * kHundredths));
    case Source::SystemWork:
    case Source::DiskWork: {
      const std::size_t which = row % kWaves;
      return number_of(object, count(factor_ * (wave_now(which) - booted_waves_[which]) * object.weight));
    }
    case Source::LoadText: {
      auto& text = load_text_[row];
      const int size = std::snprintf(text.data(), text.size(), "%.2f", load(row));
      return text_of({text.data(), std::min(static_cast<std::size_t>(std::max(size, 0)), text.size() - 1)});
    }
    case Source::LoadHundredths:
      return number_of(object, count(load(row) * 100));
    case Source::LoadFloat:
      return {.type = object.type, .number = std::bit_cast<std::uint32_t>(static_cast<float>(load(row)))};
    case Source::MemoryFree:
      return number_of(object, memory_free_kib());
    case Source::MemoryFreeAll:
      return number_of(object, memory_free_kib() + shape_->swap_kib() * 9 / 10);
    case Source::MemoryUsed:
      return number_of(object, (shape_->make.memory_kib - memory_free_kib()) / shape_->memory_unit_kib());
    case Source::VirtualUsed:
      return number_of(object,
                       (shape_->make.memory_kib - memory_free_kib() + shape_->swap_kib() / 10) / shape_->memory_unit_kib());
    case Source::DiskUsed:
      return number_of(object, percent_of(shape_->disk_units(row), disk_percent(row)));
    case Source::DiskUsedKib:
      return number_of(object, percent_of(shape_->disk_kib(row), disk_percent(row)));
    case Source::DiskFreeKib:
      return number_of(object, shape_->disk_kib(row) - percent_of(shape_->disk_kib(row), disk_percent(row)));
    case Source::DiskPercent:
      return number_of(object, static_cast<std::uint64_t>(std::lround(disk_percent(row))));
  }
  return {.type = ValueType::Null};
}

std::optional<Millis> Synthetic::uptime() const { return Millis(static_cast<std::int64_t>((now_ - booted_) * 1'000)); }

void Synthetic::restart(SteadyTime now) {
  set_moment(now);
  booted_ = now_;
  for (std::size_t i = 0; i < kWaves; ++i) booted_waves_[i] = wave_now(i);
  for (std::size_t i = 0; i < ports_.size(); ++i) {
    ports_[i].octets.total = 0;
    ports_[i].octets.from = wave_now(i % kWaves);
    ports_[i].errors.total = 0;
    ports_[i].errors.from = now_;
    ports_[i].changed = 0;
  }
  busy_.total = 0;
  busy_.from = now_;
}

void Synthetic::set_cpu(double percent, SteadyTime now) {
  set_moment(now);
  for (std::size_t i = 0; i < load_.size(); ++i) load_[i] = load(i);
  load_since_ = now_;
  cpu_ = std::clamp(percent, 0.0, 100.0);
  busy_.change(now_, cpu_ / 100);
}

void Synthetic::set_memory(double percent, SteadyTime now) {
  set_moment(now);
  memory_ = std::clamp(percent, 0.0, 100.0);
}

void Synthetic::set_storage(unsigned disk, double percent, double percent_per_minute, SteadyTime now) {
  BONGSU_CHECK(disk < disks_.size());
  set_moment(now);
  disks_[disk] = {std::clamp(percent, 0.0, 100.0), percent_per_minute / 60, now_};
}

Synthetic::Port& Synthetic::port_for_change(unsigned port) {
  BONGSU_CHECK(port < shape_->make.ports);
  if (ports_.empty()) {
    ports_.resize(shape_->make.ports);
    for (std::size_t i = 0; i < ports_.size(); ++i) {
      ports_[i].octets.from = booted_waves_[i % kWaves];
      ports_[i].errors = {0, now_, 0};
    }
  }
  return ports_[port];
}

void Synthetic::settle_port(unsigned port, SteadyTime now) {
  Port& p = ports_[port];
  const bool passes = p.oper_up && p.admin_up;
  p.octets.change(wave_now(port % kWaves), passes ? p.traffic : 0);
  p.changed = seconds(now) - booted_;
}

void Synthetic::set_port(unsigned port, bool oper_up, SteadyTime now) {
  set_moment(now);
  Port& p = port_for_change(port);
  if (p.oper_up == oper_up) return;
  p.oper_up = oper_up;
  settle_port(port, now);
}

void Synthetic::set_admin(unsigned port, bool admin_up, SteadyTime now) {
  set_moment(now);
  Port& p = port_for_change(port);
  if (p.admin_up == admin_up) return;
  p.admin_up = admin_up;
  settle_port(port, now);
}

void Synthetic::set_traffic(unsigned port, double factor, SteadyTime now) {
  set_moment(now);
  Port& p = port_for_change(port);
  p.traffic = std::max(factor, 0.0);
  if (p.oper_up && p.admin_up) p.octets.change(wave_now(port % kWaves), p.traffic);
}

void Synthetic::set_errors(unsigned port, double per_second, SteadyTime now) {
  set_moment(now);
  port_for_change(port).errors.change(now_, std::max(per_second, 0.0));
}

}  // namespace bongsu::agent
