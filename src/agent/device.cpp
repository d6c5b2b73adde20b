// SPDX-License-Identifier: Apache-2.0
#include "agent/device.h"

#include <algorithm>

namespace bongsu::agent {

std::shared_ptr<const RecordedDevice::Shape> RecordedDevice::shape(const Recording& recording) {
  static const Oid kSysUpTime{1, 3, 6, 1, 2, 1, 1, 3, 0};
  auto out = std::make_shared<Shape>();
  ObjectTable::Builder builder;
  for (const Varbind& object : recording.objects) {
    if (object.oid == kSysUpTime && object.value.type == ValueType::TimeTicks) {
      out->ticks = static_cast<std::uint32_t>(object.value.number);
      builder.moving(object.oid, ValueType::TimeTicks, 0);
    } else {
      builder.fixed(object.oid, object.value);
    }
  }
  out->table = std::move(builder).build();
  for (std::size_t i = 0; i < out->table.size(); ++i) {
    out->largest_answer = std::max<std::size_t>(out->largest_answer, out->table[i].octets_size);
  }
  static constexpr std::string_view kLongCommunity = "a community of thirty-two octets";
  out->largest_answer += snmp::Encoder::message_overhead(kLongCommunity);
  return out;
}

RecordedDevice::RecordedDevice(std::shared_ptr<const Shape> shape, SteadyTime born)
    : shape_(std::move(shape)), born_(born), now_(born), ticks_(shape_->ticks) {}

snmp::ValueView RecordedDevice::read(const ObjectTable::Object& object) const {
  const auto passed = std::chrono::duration_cast<Millis>(now_ - born_).count() / 10;
  return {.type = object.type, .number = static_cast<std::uint32_t>(ticks_ + static_cast<std::uint64_t>(passed))};
}

std::optional<Millis> RecordedDevice::uptime() const {
  return Millis(std::int64_t{10} * ticks_) + std::chrono::duration_cast<Millis>(now_ - born_);
}

void RecordedDevice::restart(SteadyTime now) {
  born_ = now_ = now;
  ticks_ = 0;
}

}  // namespace bongsu::agent
