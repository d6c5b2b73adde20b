// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"
#include "net/descriptor.h"

// Unix sockets by path, however long it is: bind and connect take 107 octets, so a longer one goes by its folder's descriptor.
namespace bongsu::remedy {

// Listens at `path` with mode 0600 (its group too with `group`), in place of a socket that nobody listens at. Does not block.
// Errors: Exists (somebody listens there), Io.
Result<net::Descriptor> listen_at(const std::filesystem::path& path, bool group);
// Does not block. Error: Unavailable.
Result<net::Descriptor> connect_to(const std::filesystem::path& path);

}  // namespace bongsu::remedy
