// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/inspect.h"
#include "store/store.h"

namespace bongsu::store {

// What a backup says of itself, in the file BACKUP of its folder: written last, after everything was read back (FORMAT.md).
struct Backup {
  Time made{};
  std::uint64_t format = 0;
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  std::uint64_t logs = 0;
  std::uint64_t events = 0;
  std::uint64_t records = 0;  // of state
  std::uint64_t octets = 0;
  std::vector<std::pair<std::string, std::uint64_t>> files{};  // name, octets
};

// Makes a backup of a store that goes on working, in the folder `dir`, which must not be there or be empty. It is made and read
// back under another name, `dir`.partial, so that `dir` is a whole backup from the moment it has anything in it. On the same file
// system it shares its tables with the store: it costs no room at first, and dies with the same disk.
// Blocks for as long as the whole store takes to be read. Errors: Invalid (dir), Exists, Unavailable (the store cannot write, or
// there is no room), Corrupt (what was read back is damaged, as the store itself then is), Cancelled, Io.
Result<Backup> back_up(Store& store, const std::filesystem::path& dir, Time now, const Progress& progress);
// The same of a store that no process uses. Errors also: NotFound, Unavailable (a process uses it).
Result<Backup> back_up(const std::filesystem::path& data, const std::filesystem::path& dir, Time now, const Progress& progress);

// Whether a process uses the data. A daemon does, as a rule, and then makes the backup itself.
bool in_use(const std::filesystem::path& data);

// Error: NotFound (no whole backup there), Corrupt, Unsupported.
Result<Backup> read_backup(const std::filesystem::path& dir);

struct Restored {
  Backup backup;
  std::filesystem::path aside;  // where the data went that was there before; empty when there was none
};
// Puts a copy of a backup where the data of `data` is. The copy is read whole, and compared with what BACKUP says, before
// anything that is there is touched. `replace`: what is there is renamed, not deleted; without, it must be nothing.
// Errors: NotFound, Corrupt, Exists, Unavailable (a process uses the data; no room), Cancelled, Io.
Result<Restored> restore(const std::filesystem::path& dir, const std::filesystem::path& data, bool replace, Time now,
                         const Progress& progress);

}  // namespace bongsu::store
