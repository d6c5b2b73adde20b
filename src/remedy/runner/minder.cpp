// SPDX-License-Identifier: Apache-2.0
#include "remedy/runner/minder.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "remedy/runner/remote.h"
#include "remedy/runner/tree.h"
#include "remedy/wire.h"

namespace bongsu::remedy {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Millis kToSayIt{10'000};  // for the order to arrive, and for the outcome to leave
constexpr Millis kToEndWell{500};   // between SIGTERM and SIGKILL
constexpr Millis kToBeGone{3'000};  // for what was killed
constexpr rlim_t kProcesses = 256;  // of the scripts' own user
constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string said(int fault) { return std::strerror(fault); }

int left_until(Clock::time_point at) {
  const auto left = std::chrono::ceil<Millis>(at - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

// Of an output without end: its beginning, and its end.
class Ends {
 public:
  void add(std::string_view text) {
    const std::size_t half = kOutputOctets / 2;
    const std::size_t first = std::min(text.size(), half - std::min(half, head_.size()));
    head_ += text.substr(0, first);
    text.remove_prefix(first);
    tail_ += text;
    if (tail_.size() <= 2 * half) return;
    left_out_ += tail_.size() - half;
    tail_.erase(0, tail_.size() - half);
  }
  void put_into(Outcome& outcome) {
    const std::size_t half = kOutputOctets / 2;
    if (tail_.size() > half) {
      left_out_ += tail_.size() - half;
      tail_.erase(0, tail_.size() - half);
    }
    outcome.output = head_;
    if (left_out_ > 0) outcome.output += "\n[... " + std::to_string(left_out_) + " octets left out ...]\n";
    outcome.output += tail_;
    if (outcome.output.size() > kOutputOctets) {  // the line between the two
      const std::size_t over = outcome.output.size() - kOutputOctets;
      outcome.output.erase(head_.size() - over, over);
      left_out_ += over;
    }
    outcome.left_out = left_out_;
  }

 private:
  std::string head_, tail_;
  std::uint64_t left_out_ = 0;
};

struct Pipe {
  net::Descriptor read, write;
  bool open() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read.reset(ends[0]);
    write.reset(ends[1]);
    return true;
  }
};

Result<Order> read_order(int connection) {
  const auto until = Clock::now() + kToSayIt;
  std::string text;
  for (;;) {
    pollfd wait{connection, POLLIN, 0};
    if (poll(&wait, 1, left_until(until)) == 0) return Error{Code::Timeout, "the order did not come whole within 10s"};
    std::array<char, 16'384> room;
    const ssize_t got = read(connection, room.data(), room.size());
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) return Error{Code::Io, "the order: " + said(errno)};
    if (got == 0) return decode_order(text);
    text.append(room.data(), static_cast<std::size_t>(got));
    if (text.size() > kOrderOctets) return Error{Code::Limit, "the order is too long"};
  }
}

void write_outcome(int connection, const Outcome& outcome) {
  const std::string text = encode(outcome);
  const auto until = Clock::now() + kToSayIt;
  for (std::size_t put = 0; put < text.size();) {
    const ssize_t sent = write(connection, text.data() + put, text.size() - put);
    if (sent > 0) {
      put += static_cast<std::size_t>(sent);
      continue;
    }
    if (sent < 0 && errno != EINTR && errno != EAGAIN) return;
    pollfd wait{connection, POLLOUT, 0};
    if (poll(&wait, 1, left_until(until)) == 0) return;
  }
}

// Between fork and exec; what goes wrong goes through `fault`.
[[noreturn]] void become(const char* script, char* const* argv, char* const* envp, const Identity& identity, int in, int out,
                         int fault) {
  const auto fail = [&] {
    const int number = errno;
    if (write(fault, &number, sizeof number) < 0) _exit(126);
    _exit(127);
  };
  setsid();
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) sigaction(number, &usual, nullptr);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  umask(077);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (chdir("/") != 0) fail();
  if (identity.change) {
    const rlimit processes{kProcesses, kProcesses};
    setrlimit(RLIMIT_NPROC, &processes);
    if (setgroups(identity.groups.size(), identity.groups.data()) != 0 || setgid(identity.group) != 0 ||
        setuid(identity.user) != 0)
      fail();
  }
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) fail();
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  execve(script, argv, envp);
  fail();
  _exit(127);
}

class Minder {
 public:
  Minder(const std::filesystem::path& folder, const Identity& identity) : folder_(folder), identity_(identity) {}

  Outcome run(const Order& order) {
    Outcome outcome;
    if (const Status good = check_script(folder_, order.script); !good) return outcome.problem = good.error().text, outcome;
    const auto began = Clock::now();
    if (const Status begun = begin(order); !begun) return outcome.problem = begun.error().text, outcome;
    outcome.ran = true;
    attend(order, began + order.timeout, outcome);
    const std::size_t left = end_descendants({}, kToBeGone, reaped, this);
    drain();
    ends_.put_into(outcome);
    outcome.took = std::chrono::duration_cast<Millis>(Clock::now() - began);
    if (left > 0)
      outcome.problem =
          std::to_string(left) + " processes of the script could not be ended; look for what it started as another user";
    if (status_ && WIFEXITED(*status_)) outcome.exit_code = WEXITSTATUS(*status_);
    if (status_ && WIFSIGNALED(*status_)) outcome.signal = WTERMSIG(*status_);
    return outcome;
  }

 private:
  static void reaped(pid_t pid, int status, void* self) {
    auto* minder = static_cast<Minder*>(self);
    if (pid == minder->script_) minder->status_ = status;
  }

  Status begin(const Order& order) {
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGCHLD);
    sigaddset(&heard, SIGTERM);
    signals_.reset(signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK));
    Pipe in, out, fault;
    if (!signals_.valid() || !in.open() || !out.open() || !fault.open())
      return Error{Code::Io, "pipes for a script: " + said(errno)};
    const std::string path = (folder_ / order.script).string();
    std::vector<std::string> settings{std::string("PATH=") + kPath, "LANG=C.UTF-8", "HOME=" + identity_.home};
    if (!identity_.name.empty()) settings.insert(settings.end(), {"USER=" + identity_.name, "LOGNAME=" + identity_.name});
    for (const auto& [name, value] : order.environment) settings.push_back(name + "=" + value);
    std::vector<char*> envp;
    for (std::string& setting : settings) envp.push_back(setting.data());
    envp.push_back(nullptr);
    std::vector<std::string> words{path};
    if (is_remote(order.script)) {
      BONGSU_TRY(words, remote_words(path, order));
    }
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    script_ = fork();
    if (script_ == 0)
      become(words[0].c_str(), argv.data(), envp.data(), identity_, in.read.get(), out.write.get(), fault.write.get());
    if (script_ < 0) return Error{Code::Io, "start " + words[0] + ": " + said(errno)};
    fault.write.reset();
    int number = 0;
    ssize_t got = 0;
    while ((got = read(fault.read.get(), &number, sizeof number)) < 0 && errno == EINTR) {}
    if (got == sizeof number) {
      waitpid(script_, nullptr, 0);
      return Error{Code::Io, "start " + words[0] + ": " + said(number) +
                                 (number == ENOENT    ? "; is the program of its first line there?"
                                  : number == ENOEXEC ? "; a script's first line names its program, such as #!/bin/sh"
                                                      : "")};
    }
    input_ = order.input;
    in_ = std::move(in.write);
    out_ = std::move(out.read);
    fcntl(in_.get(), F_SETFL, O_NONBLOCK);
    fcntl(out_.get(), F_SETFL, O_NONBLOCK);
    if (input_.empty()) in_.reset();
    return {};
  }

  // Until the script has ended, by itself or by force.
  void attend(const Order& order, Clock::time_point deadline, Outcome& outcome) {
    bool told = false;
    while (!status_) {
      std::array<pollfd, 3> waits{{{signals_.get(), POLLIN, 0}, {out_.get(), POLLIN, 0}, {in_.get(), POLLOUT, 0}}};
      poll(waits.data(), waits.size(), left_until(deadline));
      if (waits[1].revents != 0) drain();
      if (waits[2].revents != 0) feed();
      signalfd_siginfo signal{};
      while (read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
        if (signal.ssi_signo != SIGTERM) continue;
        outcome.problem = "the runner was stopped";
        deadline = Clock::now();
      }
      int status = 0;
      for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) reaped(pid, status, this);
      if (status_ || Clock::now() < deadline) continue;
      if (told) return;  // the rest is end_descendants()'
      told = true;
      if (outcome.problem.empty()) {
        outcome.timed_out = true;
        outcome.problem = "ended because it ran longer than " + format_duration(order.timeout);
      }
      for (const pid_t pid : descendants()) kill(pid, SIGTERM);
      deadline = Clock::now() + kToEndWell;
    }
  }

  void drain() {
    std::array<char, 65'536> room;
    // A flood must not keep us from the clock.
    for (int turns = 0; turns < 16 && out_.valid(); ++turns) {
      const ssize_t got = read(out_.get(), room.data(), room.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) return out_.reset();
      ends_.add({room.data(), static_cast<std::size_t>(got)});
    }
  }

  void feed() {
    const ssize_t put = write(in_.get(), input_.data() + fed_, input_.size() - fed_);
    if (put > 0) fed_ += static_cast<std::size_t>(put);
    if (fed_ == input_.size() || (put < 0 && errno != EAGAIN && errno != EINTR)) in_.reset();
  }

  const std::filesystem::path& folder_;
  const Identity& identity_;
  net::Descriptor signals_, in_, out_;
  std::string input_;
  std::size_t fed_ = 0;
  Ends ends_;
  pid_t script_ = 0;
  std::optional<int> status_;
};

Status owned_well(const struct stat& known, const std::string& name) {
  if (known.st_uid != 0 && known.st_uid != geteuid())
    return Error{Code::Denied, name + " belongs to another user; give it to root: chown root " + name};
  if ((known.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{Code::Denied, name + " can be written by others; chmod go-w " + name};
  return {};
}

}  // namespace

Result<Identity> identity_of(const std::string& user) {
  Identity out;
  std::vector<char> room(16'384);
  passwd entry{};
  passwd* found = nullptr;
  if (user.empty()) {
    out.user = geteuid();
    if (getpwuid_r(out.user, &entry, room.data(), room.size(), &found) == 0 && found != nullptr) {
      out.name = found->pw_name;
      out.home = found->pw_dir;
    }
    if (out.home.empty()) out.home = "/";
    return out;
  }
  if (getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found) != 0 || found == nullptr)
    return Error{Code::NotFound, "no user is called " + user + "; make it, or take user: out"};
  out.user = found->pw_uid;
  out.group = found->pw_gid;
  out.name = found->pw_name;
  out.home = found->pw_dir;
  if (geteuid() == out.user) return out;
  if (geteuid() != 0)
    return Error{Code::Denied, "only root can run scripts as " + user + "; start the runner as root, or as " + user};
  out.change = true;
  int count = 64;
  out.groups.resize(64);
  if (getgrouplist(user.c_str(), out.group, out.groups.data(), &count) < 0) count = 64;
  out.groups.resize(static_cast<std::size_t>(count));
  return out;
}

Status check_folder(const std::filesystem::path& folder) {
  struct stat known {};
  if (stat(folder.c_str(), &known) != 0 || !S_ISDIR(known.st_mode))
    return Error{Code::NotFound, folder.string() + " is no folder; make it for the scripts"};
  return owned_well(known, folder.string());
}

Status check_script(const std::filesystem::path& folder, const std::string& name) {
  if (!is_script_name(name)) return Error{Code::Invalid, "\"" + name + "\" is no plain file name"};
  BONGSU_TRY_OK(check_folder(folder));
  const std::string path = (folder / name).string();
  struct stat known {};
  if (lstat(path.c_str(), &known) != 0) return Error{Code::NotFound, path + ": " + said(errno)};
  if (!S_ISREG(known.st_mode)) return Error{Code::Denied, path + " is not a regular file; put the script itself there, no link"};
  if ((known.st_mode & S_IXUSR) == 0 && !is_remote(name))
    return Error{Code::Denied, path + " cannot be executed; chmod +x " + path};
  return owned_well(known, path);
}

void mind(net::Descriptor connection, const std::filesystem::path& folder, const Identity& identity) {
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  setsid();
  Outcome outcome;
  const auto order = read_order(connection.get());
  if (order) outcome = Minder(folder, identity).run(*order);
  else outcome.problem = order.error().text;
  write_outcome(connection.get(), outcome);
  _exit(0);
}

}  // namespace bongsu::remedy
