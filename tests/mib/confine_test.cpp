// SPDX-License-Identifier: Apache-2.0
#include "confine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <functional>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // calls and memory are not bounded then
#else
constexpr bool kSanitized = false;
#endif

namespace bongsu::mibc {
namespace {

// What `does` returns in a confined process of its own, or 1000 + the signal that ended it.
int confined(const std::function<int()>& does, Status (*confine)(const Limits&) = confine_worker, const Limits& limits = {}) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (!confine(limits)) ::_exit(99);
    ::_exit(does());
  }
  int status = 0;
  EXPECT_EQ(pid, ::waitpid(pid, &status, 0));
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}
int error_of(long result) { return result < 0 ? errno : 0; }

TEST(Confine, NoNetworkNoProgramsNoProcesses) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs what the confinement takes";
  for (Status (*confine)(const Limits&) : {mibc::confine, confine_worker}) {
    for (const int family : {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET})
      EXPECT_EQ(EPERM, confined([family] { return error_of(::socket(family, SOCK_DGRAM, 0)); }, confine)) << family;
    EXPECT_EQ(EPERM, confined([] { return error_of(::execl("/bin/true", "true", nullptr)); }, confine));
    EXPECT_EQ(EPERM, confined([] { return error_of(::kill(::getppid(), 0)); }, confine));
  }
  EXPECT_EQ(EPERM, confined([] { return error_of(::fork()); }));
  EXPECT_EQ(0, confined([] { return ::fork() >= 0 ? 0 : errno; }, confine)) << "it starts workers";
}

TEST(Confine, WhatWasOpenIsClosed) {
  const int open = ::open("/dev/null", O_RDONLY);
  ASSERT_GT(open, 2);
  EXPECT_EQ(EBADF, confined([open] { return error_of(::fcntl(open, F_GETFD)); }, confine));
  ::close(open);
}

TEST(Confine, MemoryTimeAndFilesAreBounded) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer needs what the confinement takes";
  const Limits limits{.memory_mib = 64, .cpu_seconds = 1};
  const auto map = [] {
    return ::mmap(nullptr, 80U << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
  };
  EXPECT_EQ(ENOMEM, confined(map, confine_worker, limits));
  const auto spin = [] {
    while (std::clock() >= 0) {}
    return 0;
  };
  const int ended = confined(spin, confine_worker, limits);
  EXPECT_TRUE(ended == 1000 + SIGKILL || ended == 1000 + SIGXCPU) << ended;
  const auto open_all = [] {
    int files = 0;
    while (::open("/dev/null", O_RDONLY) >= 0) ++files;
    return files <= 64 ? errno : 0;
  };
  EXPECT_EQ(EMFILE, confined(open_all, confine_worker, limits));
}

}  // namespace
}  // namespace bongsu::mibc
