// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/main.h"

namespace bongsu::app {

// How a daemon under a supervisor says how far it is, and learns what it should tell of its earlier life. Thread: any.
class Supervised {
 public:
  Supervised() = default;  // under nobody
  // `fd` is the pipe that the supervisor made. Error: Unavailable, when it has ended meanwhile. From here on the process ends
  // with its supervisor.
  static Result<Supervised> under(int fd, std::string because);
  void is_up() const;
  void store_is_lost(const std::string& why) const;
  void does_not_start(const std::string& why) const;  // for another reason
  // Why the daemon was started again, "was ended by signal 6 (Aborted)"; empty at the first start.
  const std::string& because() const { return because_; }

 private:
  void say(char what, const std::string& text) const;
  int fd_ = -1;
  std::string because_;
};

// Runs `words` (a daemon of this program) as a child until it ends by itself or on SIGINT or SIGTERM, and starts it again when a
// signal ended it, or when it cannot start any more: after 1 s, then twice as long each time, at most a minute. Hands SIGHUP
// on. When the store cannot be opened, or the daemon ends again and again, a Herald tells so, and tells its end. Returns the
// exit code. Call it before any thread is made.
int supervise(std::vector<std::string> words, const std::function<std::optional<config::MainConfig>()>& config);

}  // namespace bongsu::app
