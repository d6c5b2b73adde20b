// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/descriptor.h"
#include "remedy/hands.h"

namespace bongsu::remedy {

// Whom scripts run as.
struct Identity {
  bool change = false;  // false: as the runner itself
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> groups;
  std::string name;
  std::string home;
};
// Errors: NotFound, Denied (only root can become another).
Result<Identity> identity_of(const std::string& user);

// Whether the folder may hold scripts: nobody but root and the runner's user may write into it. Error: Denied, NotFound.
Status check_folder(const std::filesystem::path& folder);
// The same of a script in it, which must be a regular file that can be executed. Errors: Invalid (no plain name), NotFound,
// Denied.
Status check_script(const std::filesystem::path& folder, const std::string& name);

// The life of one script: reads the order from the connection, runs it, ends all that it started, and says how it went. A process
// of its own, forked by the runner, so that orphans of one script are not taken for another's. SIGTERM ends the script.
[[noreturn]] void mind(net::Descriptor connection, const std::filesystem::path& folder, const Identity& identity);

}  // namespace bongsu::remedy
