// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "model/event.h"

namespace bongsu::bench {

// Log lines as 200 ordinary servers write them (web requests, firewall, sshd, systemd, cron, kernel), the same for the same
// seed. Clients, paths and ports are as skewed as they are in life; nothing repeats but the habits.
class LogLines {
 public:
  explicit LogLines(std::uint64_t seed);
  Event next();
  // Octets of the lines so far as they came over the wire: priority, time, host, tag, text.
  std::uint64_t raw_octets() const { return raw_octets_; }

 private:
  std::string web();
  std::string firewall();
  std::string login();
  std::string service();
  std::string job();
  std::string kernel();
  std::size_t skewed(std::size_t size);  // an index, small ones far more often
  const std::string& client() { return clients_[skewed(clients_.size())]; }

  Random random_;
  std::int64_t now_ms_ = 1'790'000'000'000;
  std::uint64_t raw_octets_ = 0;
  std::vector<std::string> hosts_, clients_, paths_, agents_, users_;
  std::vector<std::uint32_t> process_;  // the last process number of each host
  std::vector<double> uptime_;
};

}  // namespace bongsu::bench
