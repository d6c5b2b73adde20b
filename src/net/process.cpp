// SPDX-License-Identifier: Apache-2.0
#include "net/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/descriptor.h"

namespace bongsu::net {
namespace {

struct Pipe {
  Descriptor read, write;
  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read.reset(ends[0]);
    write.reset(ends[1]);
    return true;
  }
};

// Reads what is there; false at the end of the stream.
bool drain(int fd, std::string& into, std::size_t limit) {
  std::array<char, 16'384> room;
  const ssize_t got = read(fd, room.data(), room.size());
  if (got < 0) return errno == EINTR || errno == EAGAIN;
  if (got == 0) return false;
  into.append(room.data(), std::min(static_cast<std::size_t>(got), limit - std::min(limit, into.size())));
  return true;
}

}  // namespace

Result<Outcome> LiveProcesses::run(const Command& command) {
  Pipe in, out, err;
  if (!in.open() || !out.open() || !err.open())
    return Error{Code::Io, "pipe for " + command.program.string() + ": " + std::strerror(errno)};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read.get(), 0);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, err.write.get(), 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) sigaddset(&usual, number);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = command.program.string();
  std::vector<std::string> words = command.arguments;
  std::vector<std::string> settings = command.environment;
  std::vector<char*> argv{name.data()};
  std::vector<char*> envp;
  for (std::string& word : words) argv.push_back(word.data());
  for (std::string& setting : settings) envp.push_back(setting.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_t pid = 0;
  const int fault = posix_spawn(&pid, name.c_str(), &actions, &attributes, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (fault != 0) return Error{fault == ENOENT ? Code::NotFound : Code::Io, "start " + name + ": " + std::strerror(fault)};
  in.read.reset();
  out.write.reset();
  err.write.reset();
  fcntl(in.write.get(), F_SETFL, O_NONBLOCK);

  Outcome outcome;
  const auto deadline = std::chrono::steady_clock::now() + command.timeout;
  std::size_t written = 0;
  if (command.input.empty()) in.write.reset();
  bool reaped = false;
  int status = 0;
  while (!reaped) {
    std::array<pollfd, 3> waits{{{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}, {in.write.get(), POLLOUT, 0}}};
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0 && !outcome.timed_out) {
      outcome.timed_out = true;
      kill(-pid, SIGKILL);
    }
    const bool streams_open = out.read.get() >= 0 || err.read.get() >= 0;
    // With both streams closed only its end is left to wait for; look for it every 10 ms.
    const int wait = outcome.timed_out ? 10 : static_cast<int>(std::min<std::int64_t>(left, streams_open ? 1'000 : 10));
    poll(waits.data(), waits.size(), wait);
    if (waits[0].revents != 0 && !drain(out.read.get(), outcome.output, command.output_limit)) out.read.reset();
    if (waits[1].revents != 0 && !drain(err.read.get(), outcome.error_output, command.output_limit)) err.read.reset();
    if (waits[2].revents != 0) {
      // SIGPIPE is ignored by the daemon; a child that does not read its input is its own affair.
      const ssize_t put = write(in.write.get(), command.input.data() + written, command.input.size() - written);
      if (put > 0) written += static_cast<std::size_t>(put);
      if (written == command.input.size() || (put < 0 && errno != EAGAIN && errno != EINTR)) in.write.reset();
    }
    if (outcome.timed_out || !(out.read.get() >= 0 || err.read.get() >= 0)) reaped = waitpid(pid, &status, WNOHANG) == pid;
  }
  kill(-pid, SIGKILL);  // what it left behind in its group
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
  return outcome;
}

}  // namespace bongsu::net
