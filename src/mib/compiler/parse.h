// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "mend.h"
#include "mib/image.h"
#include "sources.h"

namespace bongsu::mibc {

// A module of one run: what to read it from, and whether the run is for it or for those that import it.
struct Input {
  std::size_t number = 0;  // in Sources
  const Source* source = nullptr;
  const Mended* mended = nullptr;
  std::filesystem::path copy;
  bool target = false;
};

struct Outcome {
  struct Refused {
    std::size_t module;
    std::string name;
    std::string why;
  };
  std::vector<Refused> refused;  // definitions to leave out before another try; nothing was made then
  std::vector<mib::Problem> problems;
};

// Runs Net-SNMP's parser over the copies and puts what it understood of the targets into `image`, others' objects as
// numbers without names. Once in a process: the parser keeps global state.
Outcome parse(const std::vector<Input>& inputs, mib::ImageBuilder& image);

}  // namespace bongsu::mibc
