// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace bongsu::store {

// The right to use a directory alone: an flock on `bongsu.pid` in it, which the kernel takes back when the process ends.
class DirectoryLock {
 public:
  // Makes the directory if need be. Errors: Unavailable (held; the text names the holder's pid), Io.
  static Result<DirectoryLock> take(const std::filesystem::path& dir);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

// Octets that may still be written there; the largest number when the system does not tell.
std::uint64_t free_octets(const std::filesystem::path& dir);

}  // namespace bongsu::store
