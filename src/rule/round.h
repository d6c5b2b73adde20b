// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/device.h"
#include "rule/engine.h"
#include "rule/limits.h"

namespace bongsu::rule {

// One call of evaluate().
struct Engine::Round {
  struct Silence {
    std::shared_ptr<const ItemSpec> spec;
    Labels labels;
    std::string device;
  };
  Time now;
  Limits limits{};                     // of the item that is being judged
  std::vector<DeviceState> devices{};  // sorted by name
  bool has_devices = false;
  std::vector<Silence> silences{};

  void load(const DeviceSource& source) {
    devices = source.devices();
    has_devices = true;
  }
  const DeviceState* device(std::string_view name) const {
    const auto at = std::lower_bound(devices.begin(), devices.end(), name,
                                     [](const DeviceState& d, std::string_view key) { return d.name < key; });
    return at != devices.end() && at->name == name ? &*at : nullptr;
  }
};

}  // namespace bongsu::rule
