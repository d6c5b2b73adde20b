// SPDX-License-Identifier: Apache-2.0
#include "lab.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace bongsu::pollbench {

namespace {

// What this process may run on, before stay_on() narrows it.
const cpu_set_t& allowed() {
  static const cpu_set_t kSet = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
    return set;
  }();
  return kSet;
}

}  // namespace

int processors() { return CPU_COUNT(&allowed()); }

void stay_on(int processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0, nth = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &allowed()) && nth++ == processor) CPU_SET(cpu, &one);
  }
  sched_setaffinity(0, sizeof one, &one);
}

Child::Child(const std::string& program, const std::vector<std::string>& arguments, int channel, int processor) {
  std::error_code fault;
  const std::string path = (std::filesystem::read_symlink("/proc/self/exe", fault).parent_path() / program).string();
  std::array<int, 2> ends{};
  if (access(path.c_str(), X_OK) != 0 || pipe2(ends.data(), O_CLOEXEC) != 0)
    leave("start " + path + ": " + std::strerror(errno), 1);
  std::vector<char*> words;
  words.push_back(const_cast<char*>(path.c_str()));
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_ = fork();
  if (pid_ < 0) leave("start " + path + ": " + std::strerror(errno), 1);
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    stay_on(processor);
    dup2(ends[1], channel);
    if (const int null = open("/dev/null", O_WRONLY); channel == STDERR_FILENO && null >= 0) dup2(null, STDOUT_FILENO);
    execv(path.c_str(), words.data());
    _exit(127);
  }
  close(ends[1]);
  pipe_ = ends[0];
}

Child::~Child() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
  close(pipe_);
}

std::string Child::line() {
  for (;;) {
    if (const auto end = rest_.find('\n'); end != std::string::npos) {
      std::string out = rest_.substr(0, end);
      rest_.erase(0, end + 1);
      return out;
    }
    std::array<char, 4096> room;
    const ssize_t got = read(pipe_, room.data(), room.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::exchange(rest_, {});
    rest_.append(room.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace bongsu::pollbench
