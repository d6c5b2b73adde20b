// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rocksdb/listener.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/result.h"

namespace bongsu::store {

// The list of the database's files (MANIFEST) may be cut short by what copies or repairs a disk. RocksDB takes that for the
// torn end that a power cut leaves, opens with what the list said before, and deletes the files that it no longer names. So a
// mark beside it says how long it was when it was last known to be whole: behind what RocksDB has synced, never ahead of it.

// Without the file CURRENT, which names the list, RocksDB would begin anew and delete all tables. Where it names none, the newest
// list that reads is named. Before the database is opened to write. Errors: Corrupt (there are tables and no list), Io.
Status mend_current(const std::filesystem::path& dir);
// Error: Corrupt when the list is shorter than its mark, or is not there. Before the database is opened.
Status check_manifest(const std::filesystem::path& dir);
// Marks the list as it is.
void mark_manifest(const std::filesystem::path& dir);
// Marks it whenever tables were added or merged.
std::shared_ptr<rocksdb::EventListener> manifest_marker(const std::filesystem::path& dir);

// A table as the list names it.
struct ListedTable {
  std::uint32_t family = 0;  // the number of its column family
  int level = 0;
  std::uint64_t number = 0;
};
// Adds to the list that these are gone, all of them or none; the database must be closed. RocksDB deletes the files when it opens
// next. Errors: Corrupt (the list itself is damaged), Io.
Status strike_tables(const std::filesystem::path& dir, std::span<const ListedTable> tables);

}  // namespace bongsu::store
