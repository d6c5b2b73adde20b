// SPDX-License-Identifier: Apache-2.0
#include "app/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>

#include "app/herald.h"
#include "base/clock.h"
#include "base/log.h"

namespace bongsu::app {
namespace {

constexpr Millis kFirstPause{1'000};
constexpr Millis kLongestPause{60'000};
constexpr Millis kSound{600'000};       // up for so long, it counts as well again
constexpr std::size_t kManyDeaths = 3;  // within kSound

struct Pipe {
  int ends[2] = {-1, -1};
  ~Pipe() {
    for (const int end : ends)
      if (end >= 0) close(end);
  }
};

// What the daemon said since it was started.
struct Said {
  bool up = false;
  std::string lost;    // why its store cannot be opened
  std::string failed;  // why else it does not start
};
Said read_said(int fd) {
  Said said;
  std::string all;
  char some[4096];
  for (ssize_t got = 0; (got = read(fd, some, sizeof some)) > 0;) all.append(some, static_cast<std::size_t>(got));
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size());
    if (all[at] == 'u') said.up = true;
    if (all[at] == 's') said.lost = all.substr(at + 1, end - at - 1);
    if (all[at] == 'f') said.failed = all.substr(at + 1, end - at - 1);
    at = end + 1;
  }
  return said;
}

std::string death_of(int status) {
  const int number = WTERMSIG(status);
  const char* name = sigdescr_np(number);
  return "was ended by signal " + std::to_string(number) + (name == nullptr ? "" : " (" + std::string(name) + ")");
}

class Supervisor {
 public:
  Supervisor(std::vector<std::string> words, const std::function<std::optional<config::MainConfig>()>& config)
      : words_(std::move(words)) {
    signal(SIGCHLD, SIG_DFL);  // whoever started us may have had it ignored, and then nobody can be waited for
    sigemptyset(&signals_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, number);
    childs_ = signals_;
    sigaddset(&signals_, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    herald_.emplace(config);
  }

  int run() {
    Millis pause = kFirstPause;
    for (;;) {
      Pipe pipe;
      started_ = clock_.now();
      if (pipe2(pipe.ends, O_CLOEXEC | O_NONBLOCK) != 0 || !start(pipe)) {
        because_ = std::string("could not be started: ") + std::strerror(errno);
        if (!was_up_) {
          std::fprintf(stderr, "bongsu: the daemon %s\n", because_.c_str());
          return 1;
        }
      } else {
        const int status = wait_for_end(pipe.ends[0]);
        const Said said = read_said(pipe.ends[0]);
        was_up_ = was_up_ || up_ || said.up;
        if (WIFEXITED(status) && (stopping_ || WEXITSTATUS(status) == 0)) return WEXITSTATUS(status);
        if (stopping_) return 128 + WTERMSIG(status);
        because_ = WIFSIGNALED(status)   ? death_of(status)
                   : said.failed.empty() ? "ended with exit code " + std::to_string(WEXITSTATUS(status))
                                         : "does not start: " + said.failed;
        if (!said.lost.empty()) herald_->trouble("Bongsu cannot open its store", said.lost, Millis(0));
        // What was wrong from the start is for whoever started it; what went wrong meanwhile may pass.
        if (WIFEXITED(status) && !was_up_) return WEXITSTATUS(status);
      }
      deaths_.push_back(clock_.now());
      while (!deaths_.empty() && clock_.now() - deaths_.front() > kSound) deaths_.pop_front();
      if (deaths_.size() >= kManyDeaths && !herald_->troubled())
        herald_->trouble("Bongsu dies again and again",
                         "The daemon " + because_ + ", " + std::to_string(deaths_.size()) +
                             " times within ten minutes; nothing is watched in between. Its log says more.",
                         kSound);
      if (clock_.now() - started_ > kSound) pause = kFirstPause;
      log::error("the daemon {}; it is started again in {}", because_, format_duration(pause));
      if (!sleep(pause)) return 1;
      pause = std::min(pause * 2, kLongestPause);
    }
  }

 private:
  bool start(Pipe& pipe) {
    std::vector<std::string> words = words_;
    // The write end has a number of its own in the child, which alone has it.
    const int theirs = fcntl(pipe.ends[1], F_DUPFD, 10);
    if (theirs < 0) return false;
    words.push_back("--supervised");
    words.push_back(std::to_string(theirs));
    words.push_back("--because");
    words.push_back(because_);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &childs_);  // it waits for them as soon as it can
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    errno = posix_spawn(&child_, "/proc/self/exe", nullptr, &attributes, argv.data(), environ);
    const int fault = errno;
    posix_spawnattr_destroy(&attributes);
    close(theirs);
    close(std::exchange(pipe.ends[1], -1));
    up_ = false;
    errno = fault;
    return fault == 0;
  }

  // Hands signals on until the child has ended.
  int wait_for_end(int pipe) {
    for (;;) {
      int status = 0;
      if (waitpid(child_, &status, WNOHANG) == child_) return status;
      timespec second{.tv_sec = 1, .tv_nsec = 0};
      const int number = sigtimedwait(&signals_, nullptr, &second);
      if (number == SIGINT || number == SIGTERM) {
        stopping_ = true;
        herald_->hurry();
      }
      if (number == SIGINT || number == SIGTERM || number == SIGHUP) kill(child_, number);
      if (!herald_->troubled()) continue;
      if (!up_) up_ = read_said(pipe).up;
      // One that died again and again has to stay up before it is believed.
      if (up_ && !stopping_ && clock_.now() - started_ > herald_->until()) herald_->well();
    }
  }

  // False when it is to end meanwhile.
  bool sleep(Millis pause) {
    const SteadyTime end = clock_.steady() + pause;
    while (clock_.steady() < end) {
      timespec some{.tv_sec = 0, .tv_nsec = 100'000'000};
      const int number = sigtimedwait(&signals_, nullptr, &some);
      if (number == SIGINT || number == SIGTERM) {
        herald_->hurry();
        return false;
      }
    }
    return true;
  }

  const std::vector<std::string> words_;
  SystemClock clock_;
  sigset_t signals_;
  sigset_t childs_;  // blocked in the daemon
  pid_t child_ = -1;
  bool stopping_ = false;
  bool up_ = false;      // this child
  bool was_up_ = false;  // any child
  std::string because_;
  std::deque<Time> deaths_;
  Time started_;
  std::optional<Herald> herald_;  // its thread is made once the signals are blocked
};

}  // namespace

Result<Supervised> Supervised::under(int fd, std::string because) {
  Supervised out;
  out.fd_ = fd;
  out.because_ = std::move(because);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // It may have ended before that was said: then nobody reads the pipe.
  pollfd end{.fd = fd, .events = POLLOUT, .revents = 0};
  if (::poll(&end, 1, 0) < 0 || (end.revents & (POLLERR | POLLNVAL)) != 0)
    return Error{Code::Unavailable, "--supervised " + std::to_string(fd) + ": nobody is there; start serve without it"};
  return out;
}

void Supervised::say(char what, const std::string& text) const {
  if (fd_ < 0) return;
  std::string line = what + text;
  std::replace(line.begin(), line.end(), '\n', ' ');
  line += '\n';
  if (write(fd_, line.data(), std::min<std::size_t>(line.size(), 4096)) < 0) log::warning("the supervisor does not listen");
}
void Supervised::is_up() const { say('u', ""); }
void Supervised::store_is_lost(const std::string& why) const { say('s', why); }
void Supervised::does_not_start(const std::string& why) const { say('f', why); }

int supervise(std::vector<std::string> words, const std::function<std::optional<config::MainConfig>()>& config) {
  return Supervisor(std::move(words), config).run();
}

}  // namespace bongsu::app
