// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "app/commands.h"

namespace bongsu::app {

// Where the data are, and where a daemon that uses them would listen.
struct DataPlace {
  std::filesystem::path data;
  std::string url;
};
// Prints what is wrong with the configuration and gives nothing. With --data alone the configuration need not be good.
std::optional<DataPlace> find_data(const DataOptions& options);

}  // namespace bongsu::app
