// SPDX-License-Identifier: Apache-2.0
#include "remedy/runner/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "base/text.h"
#include "net/descriptor.h"

namespace bongsu::remedy {
namespace {

constexpr int kMostLooks = 200;  // at who is to be stopped; a bomb without any bound ends there
constexpr int kEmptyLooks = 3;   // one look can miss who was just being forked while its parent ended

struct Seen {
  pid_t parent = 0;
  bool dead = false;  // waits to be reaped
};

// proc_pid_stat(5): the name stands in parentheses and may hold any octet, so what follows begins behind the last one.
bool look_at(int proc, const char* name, Seen& seen) {
  const net::Descriptor file(openat(proc, (std::string(name) + "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> room;
  const ssize_t got = file.valid() ? read(file.get(), room.data(), room.size()) : -1;
  if (got <= 0) return false;
  const std::string_view text(room.data(), static_cast<std::size_t>(got));
  const std::size_t end = text.rfind(')');
  if (end == std::string_view::npos) return false;
  const auto words = split(text.substr(end + 1), ' ');
  if (words.size() < 19) return false;
  const auto parent = parse_unsigned(words[2]);
  if (!parent) return false;
  seen.parent = static_cast<pid_t>(*parent);
  // A leader that has ended while other threads of it go on is a zombie, too.
  seen.dead = words[1] == "X" || (words[1] == "Z" && parse_unsigned(words[18]).value_or(1) <= 1);
  return true;
}

}  // namespace

std::vector<pid_t> descendants(const std::set<pid_t>& keep) {
  std::multimap<pid_t, pid_t> children;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return {};
  while (const dirent* entry = readdir(folder)) {
    const auto pid = parse_unsigned(entry->d_name);
    Seen seen;
    if (pid && look_at(dirfd(folder), entry->d_name, seen) && !seen.dead) children.emplace(seen.parent, static_cast<pid_t>(*pid));
  }
  closedir(folder);
  std::vector<pid_t> out;
  std::vector<pid_t> open{getpid()};
  while (!open.empty()) {
    const auto [from, to] = children.equal_range(open.back());
    open.pop_back();
    for (auto at = from; at != to; ++at) {
      if (keep.contains(at->second)) continue;
      out.push_back(at->second);
      open.push_back(at->second);
    }
  }
  return out;
}

std::size_t end_descendants(const std::set<pid_t>& keep, Millis patience, void (*on_reaped)(pid_t, int, void*), void* context) {
  const auto until = std::chrono::steady_clock::now() + patience;
  // Whether no child is left. With this process the subreaper, no descendant is left then either, whatever a look did not see.
  const auto reap = [&] {
    int status = 0;
    pid_t pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) on_reaped(pid, status, context);
    return pid < 0;
  };
  for (int empty = 0;;) {
    std::set<pid_t> stopped;
    std::vector<pid_t> found;
    for (int looks = 0; looks < kMostLooks; ++looks) {
      found = descendants(keep);
      bool fresh = false;
      for (const pid_t pid : found) {
        if (!stopped.insert(pid).second) continue;
        kill(pid, SIGSTOP);
        fresh = true;
      }
      if (!fresh) break;
    }
    for (const pid_t pid : found) kill(pid, SIGKILL);
    const std::size_t left = descendants(keep).size();
    const bool childless = reap();  // after the look: who was not seen any more can be reaped
    empty = left == 0 ? empty + 1 : 0;
    if (childless || (!keep.empty() && empty >= kEmptyLooks)) return 0;
    if (std::chrono::steady_clock::now() >= until) return keep.empty() ? std::max<std::size_t>(left, 1) : left;
    poll(nullptr, 0, 2);
  }
}

}  // namespace bongsu::remedy
