// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>

#include "base/time.h"
#include "remedy/hands.h"

namespace bongsu::remedy {

// The runner, by its Unix socket: a connection for each script. Nothing blocks; ended() moves what is under way.
class RunnerLink final : public Hands {
 public:
  // A runner that is just being started may take `patience` until it listens.
  explicit RunnerLink(std::filesystem::path socket, Millis patience = std::chrono::seconds(10));
  ~RunnerLink() override;  // scripts under way go on to their end, and nobody hears of it
  // Waits of connections are bounded by the order's time and a grace.
  Status begin(std::uint64_t run, const Order& order) override;
  std::vector<std::pair<std::uint64_t, Result<Outcome>>> ended() override;
  bool busy() const { return !talks_.empty(); }  // something is under way

 private:
  struct Talk;
  const std::filesystem::path socket_;
  const Millis patience_;
  std::map<std::uint64_t, std::unique_ptr<Talk>> talks_;
};

}  // namespace bongsu::remedy
