// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/setup.h"
#include "base/result.h"

namespace bongsu::app {

// Everything that runs between serve and its end: store, poller, listeners, rules, status page. Thread: the one that
// started it.
class Daemon {
 public:
  // Opens the store first, so that a second daemon on the same data directory is refused before it asks any device.
  // `because`: how the one before ended, where it is started again for that; told as an event. Errors: Corrupt, Io and
  // Unsupported when the store cannot be opened; Unavailable when another daemon has it, or a port is taken.
  static Result<std::unique_ptr<Daemon>> start(Setup setup, const std::string& because = {});
  // Stops taking, flushes what is held, and joins every thread.
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Takes devices, profiles, MIBs and items from `next` while running. Returns what needs a restart to change, in words.
  std::vector<std::string> reload(Setup next);

  // Does what workers asked for meanwhile, such as one more MIB module; when kErrandSignal came.
  void run_errands();

  // What a person wants to see when it has started, one line each.
  std::vector<std::string> banner() const;

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace bongsu::app
