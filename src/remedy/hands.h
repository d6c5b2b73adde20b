// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "remedy/spec.h"

namespace bongsu::remedy {

// A script that is to be run: a file of the runner's folder, without arguments. Or a SET, its labels filled in, or a call.
struct Order {
  std::string script;  // its plain name; else as in Remedy
  Millis timeout{30'000};
  std::vector<std::pair<std::string, std::string>> environment;  // names begin with BONGSU_; nothing else is set from outside
  std::string input;                                             // on its standard input; the body of a call
  std::string device{};                                          // of the alarm; of a SET
  std::shared_ptr<const SetCall> set{};
  std::shared_ptr<const HttpCall> http{};
  friend bool operator==(const Order&, const Order&) = default;
};

// How it went.
struct Outcome {
  bool ran = false;     // false: it was not begun, for the reason in `problem`
  std::string problem;  // for a person; also what went wrong beside the script
  int exit_code = -1;   // -1: a signal ended it
  int signal = 0;
  bool timed_out = false;
  Millis took{0};
  std::string output;          // standard output and error, as they came; of much the beginning and the end
  std::uint64_t left_out = 0;  // octets between the two
  bool good() const { return ran && exit_code == 0 && !timed_out; }
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Who runs scripts. Thread: one.
class Hands {
 public:
  virtual ~Hands() = default;
  // Hands the order over; its end is told by ended() under the number `run`. Errors: Unavailable, Invalid; then it was not begun.
  virtual Status begin(std::uint64_t run, const Order& order) = 0;
  // Those that ended since the last call. An error: it was begun, and nobody knows how it went.
  virtual std::vector<std::pair<std::uint64_t, Result<Outcome>>> ended() = 0;
};

}  // namespace bongsu::remedy
