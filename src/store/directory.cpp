// SPDX-License-Identifier: Apache-2.0
#include "store/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/text.h"

namespace bongsu::store {
namespace {

std::string holder_of(int file) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(file, text.data(), text.size(), 0);
  const std::string holder(trim(std::string_view(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0)));
  return holder.empty() ? std::string("(unknown)") : holder;
}

}  // namespace

Result<DirectoryLock> DirectoryLock::take(const std::filesystem::path& dir) {
  std::error_code failed;
  std::filesystem::create_directories(dir, failed);
  if (failed) {
    return Error{Code::Io, "cannot make the data directory " + dir.string() + ": " + failed.message() +
                               "; the key `data:` (or --data) sets it"};
  }
  const std::filesystem::path path = dir / "bongsu.pid";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) {
    return Error{Code::Io, "cannot open " + path.string() + ": " + std::strerror(errno) +
                               "; the key `data:` (or --data) sets the directory"};
  }
  DirectoryLock lock(file);
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Error{Code::Io, "cannot lock " + path.string() + ": " + std::strerror(errno)};
    return Error{Code::Unavailable, "the data directory " + dir.string() + " is in use by process " + holder_of(file) +
                                        ": stop that one, or give this one another directory with the key `data:` (or --data)"};
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  // Only for people and for the message above: on a full disk it stays empty, and the lock holds all the same.
  if (::ftruncate(file, 0) == 0) static_cast<void>(::pwrite(file, pid.data(), pid.size(), 0) == 0);
  return lock;
}

Result<DirectoryLock> DirectoryLock::share(const std::filesystem::path& dir) {
  std::error_code failed;
  if (!std::filesystem::is_directory(dir, failed))
    return Error{Code::NotFound, "there is no store in " + dir.string() + ": name its folder with --data, or the key `data:`"};
  const std::filesystem::path path = dir / "bongsu.pid";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return DirectoryLock(-1);  // a copy that nobody has used yet
  if (file < 0) return Error{Code::Io, "cannot open " + path.string() + ": " + std::strerror(errno)};
  DirectoryLock lock(file);
  if (::flock(file, LOCK_SH | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return Error{Code::Io, "cannot lock " + path.string() + ": " + std::strerror(errno)};
  return Error{Code::Unavailable, "the data directory " + dir.string() + " is in use by process " + holder_of(file) +
                                      ": stop that one, or let `bongsu backup` make a copy of it and name that"};
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) ::close(file_);
}

Status room_to_open(const std::filesystem::path& dir) {
  std::uint64_t needed = kOpenSpace;
  std::error_code fault;
  for (std::filesystem::directory_iterator at(dir, fault), end; !fault && at != end; at.increment(fault)) {
    std::error_code gone;
    const auto size = at->path().extension() == ".log" ? at->file_size(gone) : 0;
    if (!gone) needed += size;
  }
  const std::uint64_t free = free_octets(dir);
  if (free >= needed) return {};
  return Error{Code::Io, "the disk of " + dir.string() + " has " + std::to_string(free >> 20) +
                             " MiB left, and to open the store takes " + std::to_string((needed >> 20) + 1) +
                             " MiB: make room, or move the data with the key `data:`"};
}

std::uint64_t free_octets(const std::filesystem::path& dir) {
  struct statvfs about {};
  if (::statvfs(dir.c_str(), &about) != 0) return UINT64_MAX;
  return static_cast<std::uint64_t>(about.f_bavail) * about.f_frsize;
}

}  // namespace bongsu::store
