// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/source.h"

namespace bongsu::store {

// Told between steps of something long: what is done, and which share of all (0..1). False ends it with Code::Cancelled.
using Progress = std::function<bool(std::string_view step, double share)>;

// What stands in a store's directory.
struct Inspection {
  struct Family {
    std::string name;  // FORMAT.md
    std::uint64_t octets = 0;
    std::uint64_t records = 0;
  };
  struct Stream {
    std::uint64_t events = 0;
    std::optional<Time> oldest, newest;  // by time of receipt
  };
  struct Finding {
    std::string where;
    std::string what;
    std::string remedy;
  };
  std::uint64_t format = 0;
  std::uint64_t sequence = 0;  // number of the database's last change
  std::uint64_t octets = 0;    // of all files
  std::vector<Family> families{};
  std::uint64_t series = 0;
  std::uint64_t samples = 0;                      // one that stands twice, as a crash leaves some, counts twice
  std::optional<Time> oldest{}, newest{};         // of the samples
  std::uint64_t pending = 0;                      // samples that stand in the head log alone and are replayed on opening
  std::uint64_t lost_records = 0;                 // of the head log, missing or damaged
  Stream logs{}, events{};                        // syslog and traps; every other event
  std::map<std::string, std::uint64_t> tables{};  // of state: records
  Cardinality cardinality{};
  std::vector<Finding> findings{};       // the first hundred
  std::uint64_t found = 0;               // all of them; 0 for a sound store
  std::vector<std::string> set_aside{};  // of each table that was found damaged before: what was lost with it
};

struct InspectOptions {
  bool verify = true;    // also the checksums of all files, and every sample; else what is needed to count
  std::size_t top = 10;  // entries of each list of the cardinality
  Progress progress{};
};

// Reads the whole store, without changing a file. What is damaged becomes a finding, and the rest is read on.
// Errors: NotFound (no store there), Unavailable (a process uses it), Unsupported (a newer version's), Cancelled, Io; Corrupt
// when the database cannot be opened at all.
Result<Inspection> inspect(const std::filesystem::path& dir, const InspectOptions& options);

}  // namespace bongsu::store
