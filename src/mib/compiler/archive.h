// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace bongsu::mibc {

struct ArchiveLimits {
  std::size_t files = 100'000;
  std::size_t file_octets = std::size_t{64} << 20;  // of one, unpacked
  std::size_t octets = std::size_t{512} << 20;      // of all, unpacked
};
struct ArchiveTakers {
  std::function<bool(std::string_view name)> wants;  // false: passed over unread
  std::function<void(std::string_view name, std::string text)> take;
  std::function<void(std::string_view name, const std::string& why)> refuse;  // one file is left out
};

// Reads a ZIP archive (APPNOTE 6.3.10) in the order of its directory. A file in it that is damaged, encrypted, too large or
// packed in another way than "deflate" and "stored" costs itself alone. Names come with '/' and without "..", which is
// refused. Errors: Corrupt (no archive, cut short), Unsupported (ZIP64, parts of several), Limit.
Status read_zip(std::string_view archive, const ArchiveLimits& limits, const ArchiveTakers& takers);

}  // namespace bongsu::mibc
