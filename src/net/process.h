// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace bongsu::net {

// A child process: never a shell, arguments as they are.
struct Command {
  std::filesystem::path program;
  std::vector<std::string> arguments;    // without the program's own name
  std::vector<std::string> environment;  // "NAME=value"; nothing is inherited
  std::string input;                     // on its standard input
  Millis timeout{60'000};                // then its whole process group is killed
  std::size_t output_limit = 1U << 20;   // of each stream; what is beyond is dropped
};

struct Outcome {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;
  bool timed_out = false;
  std::string output;
  std::string error_output;
};

// Where child processes are started; passed in, so that a test can play them. run() blocks: not on a reactor's thread.
class Processes {
 public:
  virtual ~Processes() = default;
  // Errors: NotFound (no such program), Io.
  virtual Result<Outcome> run(const Command& command) = 0;
};

class LiveProcesses final : public Processes {
 public:
  Result<Outcome> run(const Command& command) override;
};

}  // namespace bongsu::net
