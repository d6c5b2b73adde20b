// SPDX-License-Identifier: Apache-2.0
#include "store/rocks.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

#include "base/log.h"
#include "store/codec.h"

namespace bongsu::store {
namespace {

constexpr std::array<const char*, kFamilies> kFamilyNames{"default", "series",    "chunks", "open",        "journal",
                                                          "logs",    "log_index", "events", "event_index", "state"};

rocksdb::DBOptions database_options(const StoreOptions& options, const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // A damaged log must not open in silence; a torn tail, which a power cut leaves, is taken.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  db.max_total_wal_size = std::clamp<std::uint64_t>(options.memory / 2, 16ull << 20, 512ull << 20);
  db.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(options.memory / 3, cache);
  db.max_background_jobs = 2;
  db.bytes_per_sync = 1 << 20;
  db.max_open_files = 256;
  db.keep_log_file_num = 3;
  db.max_log_file_size = 4 << 20;
  db.stats_dump_period_sec = 0;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  return db;
}

rocksdb::ColumnFamilyOptions family_options(Family which, const StoreOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  table.format_version = 5;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  rocksdb::ColumnFamilyOptions family;
  const bool bulk = which == Family::Chunks || which == Family::Logs || which == Family::Events || which == Family::Journal;
  if (bulk) table.block_size = 64 << 10;
  if (which == Family::State) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = which == Family::Open || which == Family::Journal ? rocksdb::kLZ4Compression : rocksdb::kZSTD;
  family.write_buffer_size = std::clamp<std::size_t>(options.memory / (bulk ? 12 : 32), 256 << 10, 64 << 20);
  family.level_compaction_dynamic_level_bytes = true;
  return family;
}

}  // namespace

Error to_error(const rocksdb::Status& status, std::string_view what) {
  const Code code = status.IsCorruption()                                         ? Code::Corrupt
                    : status.IsNoSpace() || status.IsBusy() || status.IsIOError() ? Code::Unavailable
                                                                                  : Code::Io;
  return Error{code, std::string(what) + ": " + status.ToString()};
}

Result<std::shared_ptr<Rocks>> Rocks::open(const std::filesystem::path& dir, const StoreOptions& options, bool& damaged) {
  damaged = false;
  const auto cache = rocksdb::NewLRUCache(options.memory * 2 / 3);
  rocksdb::DBOptions db_options = database_options(options, cache);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (std::size_t i = 0; i < kFamilies; ++i) families.emplace_back(kFamilyNames[i], family_options(Family{i}, options, cache));

  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(db_options, dir.string(), families, &handles, &raw);
  if (status.IsCorruption()) {
    const std::string found = status.ToString();
    db_options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    status = rocksdb::DB::Open(db_options, dir.string(), families, &handles, &raw);
    if (status.ok()) {
      damaged = true;
      log::error("the log of the store in {} is damaged ({}); what was written after the damage is gone", dir.string(), found);
    }
  }
  if (!status.ok()) {
    return to_error(status, "opening the database in " + dir.string() +
                                (status.IsCorruption()
                                     ? " (it is damaged: restore the directory from a backup, or move it away to begin anew)"
                                     : ""));
  }
  std::shared_ptr<Rocks> rocks(new Rocks());
  rocks->db_.reset(raw);
  BONGSU_CHECK(handles.size() == kFamilies);
  std::copy(handles.begin(), handles.end(), rocks->handles_.begin());
  return rocks;
}

Rocks::~Rocks() {
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle);
  }
  if (db_) {
    if (const rocksdb::Status status = db_->Close(); !status.ok()) log::warning("closing the store: {}", status.ToString());
  }
}

Result<std::optional<std::string>> Rocks::get(Family which, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family(which), slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return to_error(status, "reading the store");
  return std::optional(std::move(value));
}

std::unique_ptr<rocksdb::Iterator> Rocks::iterate(Family which, bool fill_cache) const {
  rocksdb::ReadOptions options;
  options.fill_cache = fill_cache;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, family(which)));
}

void Rocks::drop_range(Family which, std::string_view from, std::string_view to, rocksdb::WriteBatch& batch) const {
  BONGSU_CHECK(batch.DeleteRange(family(which), slice(from), slice(to)).ok());
}

void Rocks::drop_files(Family which, std::string_view from, std::string_view to) const {
  const rocksdb::Slice first = slice(from);
  const rocksdb::Slice last = slice(to);
  const rocksdb::RangePtr range(&first, &last);
  const rocksdb::Status status = rocksdb::DeleteFilesInRanges(db_.get(), family(which), &range, 1, false);
  if (!status.ok()) log::warning("dropping old files of the store: {}", status.ToString());
}

Status Rocks::flush_all() const {
  const auto status = db_->Flush(rocksdb::FlushOptions(), {handles_.begin(), handles_.end()});
  if (!status.ok()) return to_error(status, "closing the store");
  return {};
}

std::string series_key(std::uint32_t series) {
  std::string key;
  put_be32(key, series);
  return key;
}

std::string chunk_key(std::uint32_t day, std::uint32_t series, Time first, std::uint64_t order) {
  std::string key;
  key.reserve(24);
  put_be32(key, day);
  put_be32(key, series);
  put_be64(key, static_cast<std::uint64_t>(to_ms(first)));
  put_be64(key, order);
  return key;
}

Result<ChunkKey> parse_chunk_key(std::string_view key) {
  Reader in(key);
  ChunkKey parsed;
  parsed.day = in.be32();
  parsed.series = in.be32();
  parsed.first = time_from_ms(static_cast<std::int64_t>(in.be64()));
  parsed.order = in.be64();
  if (!in.done()) return Error{Code::Corrupt, "a chunk of samples stands under a key that is none"};
  return parsed;
}

std::uint32_t day_of(Time at) {
  constexpr std::int64_t kDay = 86'400'000;
  return to_ms(at) <= 0 ? 0 : static_cast<std::uint32_t>(std::min<std::int64_t>(to_ms(at) / kDay, UINT32_MAX));
}

std::string state_key(std::string_view table, std::string_view key) {
  std::string out(table);
  out += '\0';
  out += key;
  return out;
}

}  // namespace bongsu::store
