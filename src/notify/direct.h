// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "notify/request.h"
#include "notify/route.h"
#include "notify/spec.h"

// Messages that leave at once, outside of the outbox: what a person tries out, and what is said when there is no store.
namespace bongsu::notify {

// Sends one notice and waits for the answer. Errors: NotFound (channel, person), Invalid (no address, a setting), Refused,
// Timeout; the text is what the service said.
Status send_now(const Spec& spec, Courier& courier, const Recipient& to, Notice notice, std::string key, Time now);

// What Bongsu says of itself without its store.
struct LastWord {
  std::string title;  // what happened: "Bongsu does not start"
  std::string why;    // what came of it, and what to do
  Time since;
  bool over = false;  // it works again
};
struct LastTold {
  std::size_t reached = 0;
  std::vector<std::string> missed;  // a line for each who was not reached
};
// Tells all whom any route tells at once (not those of its later steps), whatever its level, device, item or hour, and all of
// them at a time; up to 3 attempts each. Returns within `patience`, or as soon as `enough` is asked for: who has not answered
// by then was not reached.
LastTold tell_last(const Spec& spec, Courier& courier, const LastWord& word, Time now, Millis patience,
                   std::stop_token enough = {});

}  // namespace bongsu::notify
