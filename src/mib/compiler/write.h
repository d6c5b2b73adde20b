// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "base/result.h"

namespace bongsu::mibc {

// Makes `file` hold the octets, all or none: written aside, synced, renamed. Errors: Io.
Status write_whole(const std::filesystem::path& file, const std::vector<std::uint8_t>& bytes, bool sync = false);

}  // namespace bongsu::mibc
