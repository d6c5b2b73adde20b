// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "mib/scan.h"
#include "sources.h"

namespace bongsu::mibc {

// Turns the parser's complaints, which name our copies or nothing at all, into problems with the place in the user's file.
class Places {
 public:
  explicit Places(const Sources& sources);
  mib::Problem locate(std::string_view line);

 private:
  const Source* by_copy(std::string_view path) const;
  const Source* by_module(std::string_view module) const;
  const mib::ScannedModule* scanned(const Source& source);
  // The first place of `word` at or after the line, as a whole word; line alone when it is not there.
  mib::Place find_word(const Source& source, std::string_view word, std::uint32_t line);

  std::map<std::string, const Source*, std::less<>> copies_;
  std::map<std::string, const Source*, std::less<>> modules_;
  struct Held {
    std::string text;
    mib::ScannedFile scan;
  };
  const Held& held(const Source& source);
  std::map<std::filesystem::path, Held> held_;  // complaints about one file come apart; emptied when it grows large
  std::size_t held_octets_ = 0;
};

}  // namespace bongsu::mibc
