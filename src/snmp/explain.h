// SPDX-License-Identifier: Apache-2.0
// What a trait means, in the words of a person; and a dialect as JSON. One wording for doctor, API and pages.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "model/severity.h"
#include "snmp/dialect.h"

namespace bongsu::snmp {

struct Explanation {
  Severity severity;        // how much it costs: Harmless where the engine makes good for it
  std::string_view what;    // of the agent: "answers from another address than it was asked at"
  std::string_view so;      // what follows for what is collected
  std::string_view remedy;  // what to do, with the key of the configuration that helps
};
const Explanation& explain(Trait trait);

// How long the next request of this device is waited for before it is sent again, as far as its round trips tell (RFC 6298
// section 2); nothing before the first one.
std::optional<std::chrono::microseconds> round_trip_timeout(const Dialect& dialect);

// "25 rows of 50 objects at once, round trip 1.5 ms, loss 3 %": what is used, for a page.
std::string summary(const Dialect& dialect);

// One object: what is used, what was seen, where the agent's order breaks, slow tables.
void write(JsonWriter& json, const Dialect& dialect);

}  // namespace bongsu::snmp
