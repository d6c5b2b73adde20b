// SPDX-License-Identifier: Apache-2.0
// From what was seen to what it means. Pure: the same examination gives the same diagnosis.
#pragma once

#include <string>
#include <vector>

#include "app/examine.h"
#include "model/severity.h"

namespace bongsu::app {

struct Finding {
  // A name of snmp::Trait, or of doctor's own: no_address, unreachable, no_answer, port_closed, wrong_credentials,
  // some_credentials, clock_drift, no_tables, missing_tables, hidden_tables, not_examined.
  std::string trait;
  Severity severity = Severity::Normal;
  std::string text;         // what is wrong, of the device
  std::string consequence;  // what follows for what is collected
  std::string evidence;     // what was asked, what came
  std::string remedy;       // what to do, with the key of the configuration that helps
  std::uint64_t count = 1;  // times seen
};

struct Diagnosis {
  std::string verdict;            // one line
  std::vector<Finding> findings;  // worst first
};
Diagnosis diagnose(const Examination& seen);

}  // namespace bongsu::app
