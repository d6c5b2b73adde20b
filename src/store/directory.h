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
  // The right to read a directory that nobody uses alone, for as long as it lives; no file is made. Errors: NotFound (no such
  // folder), Unavailable (held), Io.
  static Result<DirectoryLock> share(const std::filesystem::path& dir);
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  explicit DirectoryLock(int file) : file_(file) {}
  int file_;
};

// Opening moves what stands in the logs into tables. Error: Io when the disk has no room for that; RocksDB, asked
// all the same, ends the process.
Status room_to_open(const std::filesystem::path& dir);
inline constexpr std::uint64_t kOpenSpace = 8 << 20;  // beside the logs' own size

// Octets that may still be written there; the largest number when the system does not tell.
std::uint64_t free_octets(const std::filesystem::path& dir);

}  // namespace bongsu::store
