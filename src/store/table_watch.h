// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/result.h"

namespace bongsu::store {

// Learns of each damaged octet of a table the moment it is read, below RocksDB: 7.8 passes over a whole file in silence when the
// first block of one does not read, in scans and in merges, which then drop the rest of it. Thread: any.
class TableWatch {
 public:
  // From the first damage on nothing is merged or flushed any more: what RocksDB makes of it must not replace what is there.
  void damaged(const std::string& path, const std::string& what);
  bool hurt() const { return hurt_.load(std::memory_order_acquire); }
  std::set<std::string> names() const;  // of the files, without a path
  void guard(rocksdb::DB* db);          // whose background work ends with the first damage; null before it closes

 private:
  std::atomic<bool> hurt_{false};
  mutable std::mutex mutex_;
  std::set<std::string> names_;
  rocksdb::DB* db_ = nullptr;
};

// The system's files; of tables the parts that no checksum covers are compared with what Bongsu writes, so that RocksDB never
// takes them for something else, and with a watch each block is checked as it is read. A Rocks must end before it.
std::unique_ptr<rocksdb::Env> make_env(std::shared_ptr<TableWatch> watch);
rocksdb::Env* checking_env();  // without a watch; for ever

// Reads what RocksDB must know of a table before it can use it; with `all` every block of it. Errors: Corrupt (it is damaged,
// cut or missing), Io.
Status check_table(const std::filesystem::path& file, bool all);

}  // namespace bongsu::store
