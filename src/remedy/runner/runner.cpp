// SPDX-License-Identifier: Apache-2.0
#include "remedy/runner/runner.h"

#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>

#include "base/log.h"
#include "remedy/runner/minder.h"
#include "remedy/runner/tree.h"
#include "remedy/socket.h"
#include "remedy/wire.h"

namespace bongsu::remedy {
namespace {

constexpr Millis kToStop{3'000};

class Runner {
 public:
  Runner(const RunnerSpec& spec, Identity identity, std::optional<uid_t> caller)
      : spec_(spec), identity_(std::move(identity)), caller_(caller) {}

  Status open() {
    BONGSU_TRY_OK(check_folder(spec_.scripts));
    prctl(PR_SET_CHILD_SUBREAPER, 1);  // of scripts whose minder was killed
    sigset_t heard;
    sigemptyset(&heard);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP}) sigaddset(&heard, number);
    sigprocmask(SIG_BLOCK, &heard, nullptr);
    signal(SIGPIPE, SIG_IGN);
    signals_.reset(signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_.valid()) return Error{Code::Io, std::string("signalfd: ") + std::strerror(errno)};
    BONGSU_TRY(socket_, listen_at(spec_.socket, caller_.has_value()));
    return {};
  }

  void run() {
    while (!stopping_) {
      std::array<pollfd, 3> waits{
          {{signals_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}, {spec_.until_input_ends ? 0 : -1, POLLIN, 0}}};
      poll(waits.data(), waits.size(), -1);
      hear();
      if (waits[2].revents != 0) {
        char octet = 0;
        if (read(0, &octet, 1) <= 0) stopping_ = true;
      }
      if (waits[1].revents != 0 && !stopping_) take();
    }
    stop();
  }

 private:
  void hear() {
    signalfd_siginfo signal{};
    while (read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
      if (signal.ssi_signo == SIGTERM || signal.ssi_signo == SIGINT) stopping_ = true;
    }
    int status = 0;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) gone(pid, status);
    // What a minder left that was killed itself has come to us.
    if (std::exchange(orphans_, false)) end_descendants(minders_, kToStop, heard_of, this);
  }

  static void heard_of(pid_t pid, int status, void* self) { static_cast<Runner*>(self)->gone(pid, status); }
  void gone(pid_t pid, int status) {
    if (minders_.erase(pid) == 0 || !WIFSIGNALED(status)) return;
    orphans_ = true;
    log::warning("the minder of a script ended by signal {}; what it ran is ended", WTERMSIG(status));
  }

  bool may_ask(int connection) const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    return peer.uid == 0 || peer.uid == geteuid() || (caller_ && peer.uid == *caller_);
  }

  void refuse(int connection, const std::string& why) {
    const std::string text = encode(Outcome{.problem = why});
    if (send(connection, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return;
  }

  void take() {
    net::Descriptor connection(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection.valid()) return;
    if (!may_ask(connection.get())) return refuse(connection.get(), "the runner takes no orders from this user");
    if (minders_.size() >= static_cast<std::size_t>(spec_.parallel))
      return refuse(connection.get(), "the runner is busy with " + std::to_string(minders_.size()) + " scripts");
    const pid_t self = getpid();
    const pid_t pid = fork();
    if (pid < 0) return refuse(connection.get(), std::string("the runner cannot fork: ") + std::strerror(errno));
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() != self) _exit(1);
      socket_.reset();
      signals_.reset();
      mind(std::move(connection), spec_.scripts, identity_);
    }
    minders_.insert(pid);
  }

  void stop() {
    for (const pid_t pid : minders_) kill(pid, SIGTERM);
    const auto until = std::chrono::steady_clock::now() + kToStop;
    while (!minders_.empty() && std::chrono::steady_clock::now() < until) {
      pollfd wait{signals_.get(), POLLIN, 0};
      poll(&wait, 1, 100);
      hear();
    }
    end_descendants({}, kToStop, heard_of, this);
    unlink(spec_.socket.c_str());
  }

  const RunnerSpec& spec_;
  const Identity identity_;
  const std::optional<uid_t> caller_;
  net::Descriptor signals_, socket_;
  std::set<pid_t> minders_;
  bool orphans_ = false;
  bool stopping_ = false;
};

}  // namespace

Status serve_scripts(const RunnerSpec& spec) {
  BONGSU_TRY(Identity identity, identity_of(spec.user));
  std::optional<uid_t> caller;
  if (!spec.caller.empty()) {
    const passwd* known = getpwnam(spec.caller.c_str());
    if (known == nullptr) return Error{Code::NotFound, "no user is called " + spec.caller};
    caller = known->pw_uid;
  }
  Runner runner(spec, std::move(identity), caller);
  BONGSU_TRY_OK(runner.open());
  runner.run();
  return {};
}

}  // namespace bongsu::remedy
