// SPDX-License-Identifier: Apache-2.0
#include "confine.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace bongsu::mibc {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArch = AUDIT_ARCH_AARCH64;
#else
#error "name this processor's AUDIT_ARCH_ constant"
#endif

Error failed(const char* what) {
  return Error{Code::Io, std::string("confining the MIB compiler: ") + what + ": " + std::strerror(errno)};
}

Status limit(decltype(RLIMIT_AS) which, std::uint64_t value, const char* what) {
  const rlimit bound{value, value};
  if (::setrlimit(which, &bound) != 0) return failed(what);
  return {};
}

Status filter_calls(bool may_fork) {
  // A short list of what a parser never does; each answers EPERM. Another processor's call numbers end the process.
  static constexpr unsigned kForbidden[] = {
      SYS_socket,         SYS_socketpair, SYS_connect,  SYS_bind,    SYS_listen, SYS_accept4,
      SYS_sendto,         SYS_execve,     SYS_execveat, SYS_ptrace,  SYS_mount,  SYS_umount2,
      SYS_chroot,         SYS_kill,       SYS_setns,    SYS_unshare, SYS_bpf,    SYS_process_vm_writev,
      SYS_keyctl,
#ifdef SYS_fork
      SYS_vfork,
#endif
#ifdef SYS_clone3
      SYS_clone3,
#endif
      SYS_io_uring_setup,
  };
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArch, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
  };
  const auto forbid = [&program](unsigned call) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  };
  for (const unsigned call : kForbidden) forbid(call);
  if (may_fork) {
    // A process like this one, but no new name spaces: the flags stand in the first argument.
    constexpr std::uint32_t kNameSpaces = 0x7e020000;
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 4));
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)));
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, kNameSpaces, 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  } else {
    forbid(SYS_clone);
#ifdef SYS_fork
    forbid(SYS_fork);
#endif
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0 && errno != EINVAL && errno != ENOSYS)
    return failed("system calls");
  return {};
}

}  // namespace

namespace {

Status bound(const Limits& limits, bool may_fork) {
  BONGSU_TRY_OK(limit(RLIMIT_CORE, 0, "core file"));
  BONGSU_TRY_OK(limit(RLIMIT_CPU, limits.cpu_seconds, "processor time"));
  BONGSU_TRY_OK(limit(RLIMIT_NOFILE, 64, "open files"));
  BONGSU_TRY_OK(limit(RLIMIT_FSIZE, limits.memory_mib << 20, "file size"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  BONGSU_TRY_OK(limit(RLIMIT_AS, limits.memory_mib << 20, "memory"));
  return filter_calls(may_fork);
#else
  (void)filter_calls;  // a sanitizer reserves terabytes and may start a symbolizer
  (void)may_fork;
  return {};
#endif
}

}  // namespace

Status confine(const Limits& limits) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("rights");
#ifdef SYS_close_range
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
#endif
  return bound(limits, true);
}

Status confine_worker(const Limits& limits) {
  Limits less = limits;
  less.cpu_seconds = std::min<std::uint64_t>(limits.cpu_seconds, 60);
  return bound(less, false);
}

}  // namespace bongsu::mibc
