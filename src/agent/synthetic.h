// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/device.h"

namespace bongsu::agent {

enum class Kind : std::uint8_t {
  Switch,    // system group, IF-MIB, ENTITY-MIB with a temperature, one processor
  Server,    // system group, IF-MIB, HOST-RESOURCES-MIB, UCD-SNMP-MIB
  Firewall,  // as a server, with more ports and another name
};

// What synthetic devices of one make have in common. ports: 1..4,096, cpus and disks: 1..64 (kept within).
struct Make {
  Kind kind = Kind::Server;
  unsigned ports = 2;
  unsigned cpus = 2;
  unsigned disks = 2;
  std::uint64_t memory_kib = 16U << 20;
  std::uint64_t disk_kib = 100U << 20;  // of the first; each further one is twice as large
  std::uint32_t port_mbit = 1'000;
  std::string model;  // empty: one that suits the kind
};

// One of them. `seed` makes its traffic and its serial number; two devices with one make and identity are the same.
struct Identity {
  std::uint64_t seed = 1;
  std::string name = "sim";
  std::string location = "lab";
  std::string contact = "noc@example.net";
  Millis uptime{std::chrono::hours(100)};  // when it begins to answer
};

// A switch or server that nobody has to own. Every value follows from make, identity, the moment asked and the changes made
// so far; counters only grow, and the 32-bit and 64-bit forms of one counter agree. Traffic swings with the day and in
// minutes, within the line speed.
class Synthetic final : public Device {
 public:
  struct Shape;
  static std::shared_ptr<const Shape> shape(Make make);
  Synthetic(std::shared_ptr<const Shape> shape, Identity identity, SteadyTime born);
  ~Synthetic() override;

  const ObjectTable& objects() const override;
  void set_moment(SteadyTime now) override;
  snmp::ValueView read(const ObjectTable::Object& object) const override;
  void restart(SteadyTime now) override;
  std::optional<Millis> uptime() const override;

  const Make& make() const;
  const std::string& name() const { return identity_.name; }

  // Changes take effect at `now`, which must not go back from call to call. Ports, disks: from 0; a server's port 0 is its
  // loopback. A row that is not there is a bug of the caller.
  void set_cpu(double percent, SteadyTime now);
  void set_memory(double percent, SteadyTime now);  // used, without buffers and cache; what does not fit is cut
  void set_storage(unsigned disk, double percent, double percent_per_minute, SteadyTime now);
  void set_port(unsigned port, bool oper_up, SteadyTime now);
  void set_admin(unsigned port, bool admin_up, SteadyTime now);    // down: oper goes down as well
  void set_traffic(unsigned port, double factor, SteadyTime now);  // of what it would be; 1 at first
  void set_errors(unsigned port, double per_second, SteadyTime now);
  void set_temperature(double celsius) { celsius_ = celsius; }

 private:
  static constexpr std::size_t kWaves = 4;
  // Seconds at full or idle work up to a moment, for what changes its pace.
  struct Pace {
    double total = 0;
    double from = 0;
    double factor = 1;
    double at(double position) const { return total + factor * (position - from); }
    void change(double position, double to) {
      total = at(position);
      from = position;
      factor = to;
    }
  };
  struct Port {
    bool oper_up = true;
    bool admin_up = true;
    double traffic = 1;
    double changed = 0;  // seconds of uptime
    Pace octets;         // over the wave of the port
    Pace errors;         // over time; its factor is errors per second
  };
  struct Disk {
    double percent = 0;
    double per_second = 0;
    double since = 0;
  };

  double seconds(SteadyTime now) const;
  double wave(std::size_t which, double t) const;
  double wave_now(std::size_t which) const;
  double moved(std::size_t port) const;
  double disk_percent(std::size_t disk) const;
  double cpu_percent(std::size_t cpu) const;
  double load(std::size_t term) const;
  std::uint64_t memory_free_kib() const;
  Port& port_for_change(unsigned port);
  void settle_port(unsigned port, SteadyTime now);

  const std::shared_ptr<const Shape> shape_;
  const Identity identity_;
  const double factor_;  // this device's traffic against its make's
  SteadyTime born_;
  double booted_ = 0;  // seconds on the device's own axis, where 0 is `uptime` before it began to answer
  double now_ = 0;
  mutable std::array<double, kWaves> waves_{};
  mutable unsigned waves_known_ = 0;
  std::array<double, kWaves> booted_waves_{};
  std::vector<Port> ports_;  // empty until the first change of one
  std::vector<Disk> disks_;
  double cpu_ = 12;
  Pace busy_;                     // CPU seconds of one processor
  std::array<double, 3> load_{};  // when the processor's level last changed
  double load_since_ = 0;
  double memory_ = 40;
  double celsius_ = 41;
  mutable std::array<std::array<char, 16>, 3> load_text_{};
};

}  // namespace bongsu::agent
