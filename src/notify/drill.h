// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "notify/message.h"
#include "notify/route.h"

namespace bongsu::notify {

// What came of telling somebody of a drill.
struct DrillStep {
  enum class State : std::uint8_t {
    Waiting,  // for its turn, or for the service's answer
    Held,     // for the hours of its person
    Sent,     // the service has taken it
    Failed
  };
  Recipient to;
  std::string route;
  Reason reason = Reason::Raised;  // or Recovered
  State state = State::Waiting;
  std::string problem{};    // of Failed
  bool end_follows = true;  // its end is told to whoever was told the beginning
  Time at;                  // since when; of Held: until when
  friend bool operator==(const DrillStep&, const DrillStep&) = default;
};

}  // namespace bongsu::notify
