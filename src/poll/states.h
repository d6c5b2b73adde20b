// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/severity.h"

// What vendors' words for states mean, and which classes of sensors there are.
namespace bongsu::poll {

struct State {
  double value = 0;
  std::string word;  // the vendor's: "lowBattery"
  Severity severity = Severity::Normal;
};

// By the words that a name is made of: "nonRecoverable" is fatal, "psFailed" urgent, "minorAlarm" caution, "notPresent" harmless,
// "noFault" normal. A name that tells nothing is harmless.
Severity severity_of_word(std::string_view word);

// The unit that values of a class are told in; nothing for a class that there is not. "state" has none.
std::optional<std::string_view> unit_of_class(std::string_view sensor_class);
std::vector<std::string_view> sensor_classes();

}  // namespace bongsu::poll
