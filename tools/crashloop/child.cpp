// SPDX-License-Identifier: Apache-2.0
#include "child.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>

namespace bongsu::crash {
namespace {

std::array<int, 2> open_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    std::perror("bongsu-crashloop: a pipe");
    std::exit(1);
  }
  return ends;
}

// Forks; the child runs `body` and nothing after it.
template <class Body>
pid_t apart(const Body& body) {
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::_exit(body());
}

int wait_for(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) != pid) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::int64_t steady_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

Pulse::Pulse() {
  void* page = ::mmap(nullptr, sizeof *count_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    std::perror("bongsu-crashloop: shared memory");
    std::exit(1);
  }
  count_ = new (page) std::atomic<std::int64_t>(0);
}

Pulse::~Pulse() { ::munmap(count_, sizeof *count_); }

Writer::Writer(const WriterPlan& plan) {
  const auto ends = open_pipe();
  pid_ = apart([&] {
    ::close(ends[0]);
    return write_on(plan, ends[1], pulse_);
  });
  ::close(ends[1]);
  acks_ = ends[0];
  ::fcntl(acks_, F_SETFL, O_NONBLOCK);
}

Writer::~Writer() {
  if (pid_ > 0) {
    send(SIGKILL);
    wait_for(pid_);
  }
  ::close(acks_);
}

void Writer::send(int signal) const { ::kill(pid_, signal); }

bool Writer::take(Acknowledged& known) {
  for (;;) {
    std::array<Ack, 256> some{};
    const ssize_t got = ::read(acks_, some.data(), sizeof some);
    if (got <= 0) return got != 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(got) / sizeof(Ack); ++i) {
      const Ack& ack = some[i];
      any_ = true;
      using Kind = Ack::Kind;
      switch (ack.kind) {
        case Kind::Appended:
          known.appended = ack.number, appended_.push_back(ack);
          break;
        case Kind::Flushed:
          known.flushed = ack.number;
          break;
        case Kind::Logs:
          known.logs = ack.number;
          break;
        case Kind::States:
          known.states = ack.number;
          break;
        case Kind::Commit:
          known.commits = ack.number;
          break;
        case Kind::Failed:
          known.failed.insert(ack.number);
          break;
        case Kind::Refused:
          refused_ = ack.number;
          break;
        case Kind::Resumed:
          resumed_ = ack.number;
          break;
        case Kind::Injected:
          injected_ = ack.number;
          break;
        case Kind::Wrong:
          wrong_ = true;
          break;
        case Kind::Done:
          break;
      }
    }
  }
}

bool Writer::listen(Millis time, Acknowledged& known) {
  const std::int64_t until = steady_ns() + std::chrono::nanoseconds(time).count();
  for (;;) {
    const std::int64_t left = (until - steady_ns()) / 1'000'000;
    pollfd wait{acks_, POLLIN, 0};
    if (left > 0) ::poll(&wait, 1, static_cast<int>(left));
    if (!take(known)) return false;
    if (left <= 0) return true;
  }
}

int Writer::end(Acknowledged& known) {
  while (listen(Millis(1000), known)) {}
  const int code = wait_for(pid_);
  pid_ = -1;
  return code;
}

Millis Writer::lost(std::int64_t kept_batch, std::int64_t killed) const {
  for (const Ack& ack : appended_) {
    if (ack.number > kept_batch && ack.begun < killed) return Millis(killed - ack.begun);
  }
  return Millis(0);
}

Found look_apart(const std::filesystem::path& dir, std::int64_t clock_batch, bool whole, const std::set<std::int64_t>& failed) {
  struct Answer {
    std::int64_t batch, logs, states, commit;
    bool said, opened;
    std::array<char, 700> refusal, problem;
  };
  static_assert(sizeof(Answer) < 4096, "a pipe takes it whole");
  const auto ends = open_pipe();
  const pid_t pid = apart([&] {
    const Found found = look(dir, clock_batch, whole, failed);
    Answer told{found.batch, found.logs, found.states, found.commit, found.said, found.opened, {}, {}};
    std::strncpy(told.refusal.data(), found.refusal.c_str(), told.refusal.size() - 1);
    std::strncpy(told.problem.data(), found.problem.c_str(), told.problem.size() - 1);
    return ::write(ends[1], &told, sizeof told) == static_cast<ssize_t>(sizeof told) ? 0 : 1;
  });
  ::close(ends[1]);
  Answer told{};
  const bool whole_answer = ::read(ends[0], &told, sizeof told) == static_cast<ssize_t>(sizeof told);
  ::close(ends[0]);
  const int code = wait_for(pid);
  if (!whole_answer || code != 0) return {.problem = fmt::format("the process that opened the store ended with {}", code)};
  return {told.batch, told.logs, told.states, told.commit, told.said, told.opened, told.refusal.data(), told.problem.data()};
}

}  // namespace bongsu::crash
