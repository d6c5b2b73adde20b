// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rocksdb/listener.h>

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <span>

#include "base/result.h"

namespace bongsu::store {

// The list of the database's files (MANIFEST) may be cut short or changed by what copies or repairs a disk. RocksDB takes a cut
// for the torn end that a power cut leaves, opens with what the list said before, and deletes the files that it no longer names;
// a changed one it refuses. So beside it stand a copy and a mark that says how long it was when it was last known to be whole:
// behind what RocksDB has synced, never ahead of it.

// Before the database is opened to write. Without the file CURRENT, which names the list, RocksDB would begin anew and delete
// all tables: where it names none, the newest list that reads is named. A damaged list is written again from its copy.
// Errors: Corrupt (there are tables and no list; the copy is damaged too, or what was added behind it), Io.
Status mend_manifest(const std::filesystem::path& dir);
// Error: Corrupt when the list is damaged. Before the database is opened.
Status check_manifest(const std::filesystem::path& dir);

// Marks and copies the list as it is, whenever tables were added or merged. Thread: any.
class ManifestMarker final : public rocksdb::EventListener {
 public:
  explicit ManifestMarker(std::filesystem::path dir) : dir_(std::move(dir)) {}
  void mark();
  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { mark(); }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { mark(); }

 private:
  std::mutex mutex_;
  const std::filesystem::path dir_;
};

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
