// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "mib/tree.h"
#include "model/oid.h"
#include "model/varbind.h"

namespace bongsu::discover {

struct ProposalLimits {
  std::size_t rows = 500;      // of a table; longer ones (addresses, routes, users) are left out
  std::size_t series = 2'000;  // of all
};

// What one device answered, and what is read of it already.
struct Subject {
  std::string device;  // its name, for the title
  Oid sys_object_id;
  std::vector<Varbind> walked;    // below enterprises
  std::set<Oid> covered;          // columns and scalars that matching profiles read
  std::set<Oid> accepted{};       // the same of an earlier proposal, which is made anew
  std::set<std::string> given{};  // canonical metrics that they gave: not proposed a second time
};

// What answers below one object, or below one number that no loaded module names, and is read by no profile.
struct Unused {
  Oid oid;
  std::string name;  // empty: no loaded module names it
  std::size_t values = 0;
  bool proposed = false;  // the proposal reads some of them
  friend bool operator==(const Unused&, const Unused&) = default;
};

struct Proposal {
  std::string profile;  // its name; a later proposal for the same vendor has the same
  std::string yaml;     // as a file of rules/profiles/; empty when there is nothing to propose
  std::size_t groups = 0;
  std::size_t series = 0;          // that the device would have now
  std::vector<std::string> notes;  // what was left out, and why
  std::size_t values = 0;          // that were looked at
  std::vector<Unused> unused{};    // the largest first, kMostUnused at most
  Oid sys_object_id{};
};
constexpr std::size_t kMostUnused = 50;

// A profile of what the loaded MIB modules say about what a device answers: counters become rates, gauges with UNITS (or a
// name that tells as much) sensors and graphs, enumerations that tell of health states, INDEX and name columns labels.
// Loads of processors, and what is used and free of memory and storage, become the canonical metrics.
// What may be set is a setting and left out. The profile is for the same vendor's devices that answer the same objects.
Proposal propose(const mib::Tree& tree, const Subject& subject, const ProposalLimits& limits = {});

}  // namespace bongsu::discover
