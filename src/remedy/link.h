// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>

#include "remedy/hands.h"

namespace bongsu::remedy {

// The runner, by its Unix socket: a connection for each script. Nothing blocks; ended() moves what is under way.
class RunnerLink final : public Hands {
 public:
  explicit RunnerLink(std::filesystem::path socket);
  ~RunnerLink() override;  // scripts under way go on to their end, and nobody hears of it
  // Waits of connections are bounded by the order's time and a grace.
  Status begin(std::uint64_t run, const Order& order) override;
  std::vector<std::pair<std::uint64_t, Result<Outcome>>> ended() override;
  bool busy() const { return !talks_.empty(); }  // something is under way

 private:
  struct Talk;
  const std::filesystem::path socket_;
  std::map<std::uint64_t, std::unique_ptr<Talk>> talks_;
};

}  // namespace bongsu::remedy
