// SPDX-License-Identifier: Apache-2.0
#include "app/share.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace bongsu::app {

Result<Share> find_share() {
  std::error_code ec;
  const std::filesystem::path binary = std::filesystem::read_symlink("/proc/self/exe", ec);
  const std::filesystem::path folder = binary.parent_path().parent_path() / "share" / "bongsu";
  if (ec || !std::filesystem::is_directory(folder / "mibs", ec)) {
    return Error{
        Code::NotFound,
        folder.string() + " is not there; it holds the MIB modules, items and profiles that come with bongsu: install it whole"};
  }
  return Share{folder / "mibs", folder / "rules", binary.parent_path() / "bongsu-mibc", binary.parent_path() / "bongsu-runner"};
}

std::filesystem::path cache_folder() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache == '/')
    return std::filesystem::path(cache) / "bongsu";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::filesystem::path(home) / ".cache" / "bongsu";
  return std::filesystem::temp_directory_path() / ("bongsu-" + std::to_string(getuid()));
}

}  // namespace bongsu::app
