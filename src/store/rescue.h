// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/rocks.h"

namespace bongsu::store {

// A damaged table must not keep the rest of a store from being used. It is moved into the folder `damaged` of the store, with a
// text beside it that says what it held; what can still be read of it is written anew before.

// Opens as Rocks::open does, for use or to be copied, but sets damaged tables aside first: `suspects`, and all that cannot be
// used. `damaged` and errors: as Rocks::open.
Result<std::shared_ptr<Rocks>> open_sound(const std::filesystem::path& dir, const StoreOptions& options, bool& damaged, OpenAs as,
                                          std::set<std::string> suspects);

// What was set aside so far and is still there, the oldest first.
struct SetAside {
  std::string file;
  std::string family;
  std::string text;   // which records were lost with it
  bool told = false;  // by mark_told
};
std::vector<SetAside> set_aside(const std::filesystem::path& dir);
// Once each is known to whom it matters.
void mark_told(const std::filesystem::path& dir);

// Which records of a family a range of keys holds, for a person.
std::string describe_records(std::string_view family, std::string_view from, std::string_view to);

}  // namespace bongsu::store
