// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "mib/tree.h"

namespace bongsu::mib {

// One definition: module, name, oid, kind, syntax, tc, enums, range, index, augments, access, status, units, display_hint,
// defval, objects; null where there is none. With its description where `whole` asks for it.
void append_object(JsonWriter& json, const Object& object, bool whole);
std::string range_text(const Object& object);                    // "0..255", "1..2 | 4", "SIZE" left to the reader
void append_module(JsonWriter& json, const ModuleInfo& module);  // name, file, last_updated, declared, objects
void append_problem(JsonWriter& json, const Problem& problem);   // file, line, column, severity, text
std::string index_text(const Object& object);                    // "ifIndex, IMPLIED name"

}  // namespace bongsu::mib
