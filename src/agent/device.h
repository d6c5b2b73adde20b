// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

#include "agent/objects.h"
#include "agent/recording.h"
#include "base/time.h"
#include "snmp/codec.h"

namespace bongsu::agent {

// What an agent shows. Thread: its reactor's.
class Device {
 public:
  virtual ~Device() = default;
  virtual const ObjectTable& objects() const = 0;
  // The moment of which read() tells; once for each request.
  virtual void set_moment(SteadyTime now) = 0;
  // The value of a moving object, of its type; valid until the next moment.
  virtual snmp::ValueView read(const ObjectTable::Object& object) const = 0;
  // The device starts anew: sysUpTime and counters from zero.
  virtual void restart(SteadyTime now) = 0;
  // As sysUpTime tells of the moment; nothing where it does not.
  virtual std::optional<Millis> uptime() const { return std::nullopt; }
};

// A recording as an agent: values stand still but for sysUpTime, which goes on from the recorded one.
class RecordedDevice final : public Device {
 public:
  // Devices of one recording share its table. `ticks` is the recorded sysUpTime.
  struct Shape {
    ObjectTable table;
    std::uint32_t ticks = 0;
    // Octets of an answer that carries its largest object alone: what an agent must be able to send for the recording to
    // be walked whole.
    std::size_t largest_answer = 0;
  };
  static std::shared_ptr<const Shape> shape(const Recording& recording);
  RecordedDevice(std::shared_ptr<const Shape> shape, SteadyTime born);

  const ObjectTable& objects() const override { return shape_->table; }
  void set_moment(SteadyTime now) override { now_ = now; }
  snmp::ValueView read(const ObjectTable::Object& object) const override;
  void restart(SteadyTime now) override;
  std::optional<Millis> uptime() const override;

 private:
  const std::shared_ptr<const Shape> shape_;
  SteadyTime born_;
  SteadyTime now_;
  std::uint32_t ticks_;
};

}  // namespace bongsu::agent
