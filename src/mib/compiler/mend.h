// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "homes.h"
#include "mib/scan.h"
#include "mib/tree.h"

namespace bongsu::mibc {

// What a definition says that Net-SNMP's parser cuts short, reads otherwise or forgets.
struct Facts {
  mib::Kind kind = mib::Kind::Node;
  mib::Place place;
  std::string description;
  std::string units;
  std::string default_value;
  std::string type;                                           // the convention that its SYNTAX names
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;  // of its own SYNTAX
  std::vector<std::pair<std::string, bool>> refs;             // INDEX, with IMPLIED; or the objects of a notification
  std::string augments;
  mib::DefStatus status = mib::DefStatus::None;
  mib::Access access = mib::Access::None;
};

struct Mended {
  std::string text;  // what the parser reads: each definition on the lines that it has in the user's file
  std::map<std::string, Facts, std::less<>> facts;
  std::vector<std::pair<std::uint32_t, std::string>> lines;  // where each definition starts, in order
  std::set<std::string> needs;                               // modules that it imports from
  std::map<std::string, std::string, std::less<>> parents;   // imported names that definitions hang under, and their modules
  std::vector<mib::Problem> problems;
  std::set<std::string, std::less<>> labels;  // names given inside an OID
  std::uint32_t declared = 0;                 // names that get an OID
};

// Reads one module as leniently as is certain, and writes it again in a form that the parser takes. A fault costs the
// definition that it stands in, or the clause where the rest can be known without; each is a problem that names the place,
// the cause and what was done.
struct Without {
  std::set<std::string> definitions;  // to leave out: the parser refused them before
  std::set<std::string> parents;      // imported names that turned out to hang nowhere
};
Mended mend(std::string_view text, const mib::ScannedModule& module, const std::string& file, const Homes& homes,
            const Without& without);

// A label that is a word of the language is written with this in front; the reader takes it off again.
constexpr std::string_view kReservedMark = "zz9Reserved-";

}  // namespace bongsu::mibc
