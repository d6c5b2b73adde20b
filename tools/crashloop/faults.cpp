// SPDX-License-Identifier: Apache-2.0
#include "faults.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace bongsu::crash {
namespace {

// Plain memory: a file may be written while nothing else of the program works any more.
std::array<char, 4096> folder{};
FaultPlan armed;
std::atomic<bool> active{false};
std::atomic<std::uint64_t> calls{0};
std::atomic<std::uint64_t> failures{0};
std::array<char, 32> kind{};
std::atomic<int> waiting{0};

// Around a call that may wait for the disk.
class Waiting {
 public:
  Waiting() : counts_(is_writer()) {
    if (counts_) ++waiting;
  }
  ~Waiting() {
    if (counts_) --waiting;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  static bool is_writer() {
    std::array<char, 16> name{};
    return ::prctl(PR_GET_NAME, name.data()) == 0 && std::strcmp(name.data(), "store") == 0;
  }
  const bool counts_;
};

bool due(const char* path) {
  if (std::strncmp(path, folder.data(), std::strlen(folder.data())) != 0) return false;
  const std::uint64_t number = calls.fetch_add(1) + 1;
  if (number != armed.at && !(armed.for_good && number > armed.at)) return false;
  if (failures.fetch_add(1) == 0) {
    const char* name = std::strrchr(path, '/');
    const char* dot = name == nullptr ? nullptr : std::strrchr(name, '.');
    std::snprintf(kind.data(), kind.size(), "%.8s", dot != nullptr ? dot + 1 : name == nullptr ? path : name + 1);
  }
  errno = armed.error;
  return true;
}

bool fails(FaultPlan::Call call, int file) {
  if (!active.load() || call != armed.call) return false;
  std::array<char, 64> link{};
  std::array<char, 4096> path{};
  std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", file);
  const ssize_t length = ::readlink(link.data(), path.data(), path.size() - 1);
  return length > 0 && due(path.data());
}

}  // namespace

void arm(const std::filesystem::path& where, const FaultPlan& plan) {
  std::snprintf(folder.data(), folder.size(), "%s", where.c_str());
  armed = plan;
  active = true;
}
void disarm() { active = false; }
bool writer_waits_for_disk() { return waiting.load() > 0; }
std::uint64_t injected() { return failures.load(); }
std::string_view injected_into() { return kind.data(); }

}  // namespace bongsu::crash

using namespace bongsu::crash;
using Call = FaultPlan::Call;

extern "C" {

ssize_t write(int file, const void* from, size_t octets) {
  const Waiting while_it_runs;
  if (!fails(Call::Write, file)) return syscall(SYS_write, file, from, octets);
  const int error = errno;
  if (armed.torn) static_cast<void>(syscall(SYS_write, file, from, octets / 2));
  errno = error;
  return -1;
}

ssize_t pwrite(int file, const void* from, size_t octets, off_t at) {
  const Waiting while_it_runs;
  if (!fails(Call::Write, file)) return syscall(SYS_pwrite64, file, from, octets, at);
  const int error = errno;
  if (armed.torn) static_cast<void>(syscall(SYS_pwrite64, file, from, octets / 2, at));
  errno = error;
  return -1;
}

int fdatasync(int file) {
  const Waiting while_it_runs;
  return fails(Call::Sync, file) ? -1 : static_cast<int>(syscall(SYS_fdatasync, file));
}
int fsync(int file) {
  const Waiting while_it_runs;
  return fails(Call::Sync, file) ? -1 : static_cast<int>(syscall(SYS_fsync, file));
}

int rename(const char* from, const char* to) {
  if (active.load() && armed.call == Call::Rename && due(from)) return -1;
  return static_cast<int>(syscall(SYS_rename, from, to));
}
}
