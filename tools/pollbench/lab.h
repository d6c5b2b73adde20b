// SPDX-License-Identifier: Apache-2.0
// The programs that a measurement starts: the simulator, and the rival.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "options.h"

namespace bongsu::pollbench {

// A program of the folder that this one is in, on one processor, with its output in a pipe. Ends it.
class Child {
 public:
  // `channel` 1 or 2: which of its outputs is read. Ends the process when it cannot be started.
  Child(const std::string& program, const std::vector<std::string>& arguments, int channel, int processor);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  std::string line();  // the next of its output; empty at the end

 private:
  pid_t pid_ = -1;
  std::string rest_;
  int pipe_ = -1;
};

int processors();
void stay_on(int processor);

}  // namespace bongsu::pollbench
