// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "snmp/client.h"

namespace bongsu::pollbench {

struct Options {
  std::string hosts, columns, store, community = "public";
  std::size_t count = 0;  // made-up hosts, from 127.1.0.1 on
  std::uint16_t port = 161;
  int cycles = 1, rounds = 1, repetitions = 25, retries = 3;
  std::size_t window = 0;  // 0: all hosts; of ours alone
  Millis timeout{1000};
  bool coroutines = false, json = false, small = false, memory = false;
  double dead = 0;  // percent
  std::string rival;
  bool simulate = false;
  int latency = -1, jitter = 0;  // of the simulator; none
  // v3
  std::string user, level, auth = "SHA-256", auth_pass, priv = "AES-128", priv_pass;

  bool v3() const { return !user.empty(); }
};

// Ends the process with a text on stderr.
[[noreturn]] void leave(const std::string& text, int code);

// Ends the process where the command line says so.
Options read_options(int argc, char** argv);
std::vector<std::string> hosts_of(const Options& options);
std::vector<std::string> columns_of(const Options& options);
// Error: Invalid.
Result<std::shared_ptr<const snmp::Credentials>> credentials_of(const Options& options, bool v3);

}  // namespace bongsu::pollbench
