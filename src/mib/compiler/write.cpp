// SPDX-License-Identifier: Apache-2.0
#include "write.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace bongsu::mibc {

Status write_whole(const std::filesystem::path& file, const std::vector<std::uint8_t>& bytes, bool sync) {
  const std::string fresh = file.string() + ".new-" + std::to_string(::getpid());
  const auto failed = [&](const char* what) { return Error{Code::Io, fresh + ": " + what + ": " + std::strerror(errno)}; };
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed("open");
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t written = ::write(fd, bytes.data() + at, bytes.size() - at);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return ::close(fd), failed("write");
    at += static_cast<std::size_t>(written);
  }
  if (sync && ::fsync(fd) != 0) return ::close(fd), failed("fsync");
  ::close(fd);
  if (::rename(fresh.c_str(), file.c_str()) != 0) return failed("rename");
  return {};
}

}  // namespace bongsu::mibc
