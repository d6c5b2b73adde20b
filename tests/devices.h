// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "model/device.h"

namespace bongsu {

// Devices as a test lists them.
class ListedDevices final : public DeviceSource {
 public:
  explicit ListedDevices(std::vector<DeviceState> some = {}) : list(std::move(some)) {}
  std::vector<DeviceState> devices() const override { return list; }
  std::optional<DeviceState> device(std::string_view name) const override {
    for (const DeviceState& one : list) {
      if (one.name == name) return one;
    }
    return std::nullopt;
  }
  std::vector<DeviceState> list;
};

}  // namespace bongsu
