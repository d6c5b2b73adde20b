// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/descriptor.h"

namespace bongsu::remedy {

// How the runner is started where no service manager does it.
struct ChildSpec {
  std::filesystem::path program;  // bongsu-runner
  std::filesystem::path socket;
  std::filesystem::path scripts;
  std::string user;  // that scripts run as; empty: ours
  friend bool operator==(const ChildSpec&, const ChildSpec&) = default;
};

// A runner of our own, which ends with us: it sees its standard input close. Thread: one at a time.
class RunnerChild {
 public:
  explicit RunnerChild(ChildSpec spec) : spec_(std::move(spec)) {}
  ~RunnerChild();  // ends it with what it runs, and waits for it
  RunnerChild(const RunnerChild&) = delete;
  RunnerChild& operator=(const RunnerChild&) = delete;
  const ChildSpec& spec() const { return spec_; }
  // Starts it when it does not run: at once the first time, then after a wait that grows to a minute while it keeps ending.
  // Error: why it does not run.
  Status keep(SteadyTime now);

 private:
  Status start();
  void stop();
  const ChildSpec spec_;
  pid_t pid_ = 0;
  net::Descriptor life_;  // its standard input
  SteadyTime again_{};
  Millis wait_{500};
  std::string problem_;
};

}  // namespace bongsu::remedy
