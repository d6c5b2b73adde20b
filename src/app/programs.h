// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/lock.h"
#include "notify/request.h"
#include "remedy/link.h"

namespace bongsu::app {

// Notices that a program of the runner's folder takes: the message as JSON on its standard input. Exit code 0 says that it was
// told; else it is tried again. What is under way when it ends goes on, and nobody hears of it.
class ProgramCourier final : public notify::Courier {
 public:
  explicit ProgramCourier(std::filesystem::path socket) : link_(std::move(socket)) {}
  void send(notify::Request request, std::function<void(notify::Reply)> done) override;  // thread: any
  // Hands over what waits and tells what ended; gives when to look again. Thread: one.
  Millis step();

 private:
  using Done = std::function<void(notify::Reply)>;
  Guarded<std::vector<std::pair<notify::Request, Done>>> waiting_;
  remedy::RunnerLink link_;
  std::map<std::uint64_t, Done> under_way_;
  std::uint64_t next_ = 1;
};

}  // namespace bongsu::app
