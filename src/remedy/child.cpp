// SPDX-License-Identifier: Apache-2.0
#include "remedy/child.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace bongsu::remedy {
namespace {

constexpr Millis kLongestWait{60'000};

}  // namespace

RunnerChild::~RunnerChild() { stop(); }

void RunnerChild::stop() {
  life_.reset();
  if (pid_ <= 0) return;
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {}
  pid_ = 0;
}

Status RunnerChild::keep(SteadyTime now) {
  int status = 0;
  if (pid_ > 0) {
    if (waitpid(pid_, &status, WNOHANG) != pid_) return {};
    problem_ =
        "the runner of scripts ended " +
        (WIFSIGNALED(status) ? "by signal " + std::to_string(WTERMSIG(status)) : "with " + std::to_string(WEXITSTATUS(status))) +
        "; its own lines in the log say why";
    pid_ = 0;
    life_.reset();
    again_ = now + wait_;
    wait_ = std::min(wait_ * 2, kLongestWait);
  }
  if (now < again_) return Error{Code::Unavailable, problem_};
  Status started = start();
  if (started) return {};
  problem_ = started.error().text;
  again_ = now + wait_;
  wait_ = std::min(wait_ * 2, kLongestWait);
  return started;
}

Status RunnerChild::start() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return Error{Code::Io, std::string("pipe for the runner: ") + std::strerror(errno)};
  const net::Descriptor read(ends[0]);
  net::Descriptor write(ends[1]);
  std::vector<std::string> words{spec_.program.string(), "--socket",          spec_.socket.string(), "--scripts",
                                 spec_.scripts.string(), "--until-input-ends"};
  if (!spec_.user.empty()) words.insert(words.end(), {"--user", spec_.user});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::array<char*, 1> envp{nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, read.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, 2, 1);  // its lines go where our log goes
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  sigemptyset(&none);
  sigfillset(&usual);
  for (const int number : {SIGKILL, SIGSTOP}) sigdelset(&usual, number);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  const int fault = posix_spawn(&pid_, spec_.program.c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (fault != 0) {
    pid_ = 0;
    return Error{fault == ENOENT ? Code::NotFound : Code::Io, "start " + spec_.program.string() + ": " + std::strerror(fault)};
  }
  life_ = std::move(write);
  return {};
}

}  // namespace bongsu::remedy
