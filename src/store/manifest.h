// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rocksdb/listener.h>

#include <filesystem>
#include <memory>

#include "base/result.h"

namespace bongsu::store {

// The list of the database's files (MANIFEST) may be cut short by what copies or repairs a disk. RocksDB takes that for the
// torn end that a power cut leaves, opens with what the list said before, and deletes the files that it no longer names. So a
// mark beside it says how long it was when it was last known to be whole: behind what RocksDB has synced, never ahead of it.

// Error: Corrupt when the list is shorter than its mark, or is not there. Before the database is opened.
Status check_manifest(const std::filesystem::path& dir);
// Marks the list as it is.
void mark_manifest(const std::filesystem::path& dir);
// Marks it whenever tables were added or merged.
std::shared_ptr<rocksdb::EventListener> manifest_marker(const std::filesystem::path& dir);

}  // namespace bongsu::store
