// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "remedy/hands.h"

namespace bongsu::remedy {

// A file NAME.ssh of the folder of scripts says what is run on the device itself, one key a line: `user`, `key` (file of the
// private key), `known_hosts` (file with the device's key), `command`; `port`, `program` (/usr/bin/ssh). It is owned and kept as
// scripts are: what is in it, and nothing else, may be run there.
bool is_remote(std::string_view script);  // by its name

// The words of the ssh client for the alarm's device, BONGSU_ADDRESS of the order. Nothing is asked, forwarded or learned: the
// device's key must be known. Errors: Invalid (a key of the file, or no address), NotFound.
Result<std::vector<std::string>> remote_words(const std::filesystem::path& file, const Order& order);

}  // namespace bongsu::remedy
