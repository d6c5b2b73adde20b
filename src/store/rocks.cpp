// SPDX-License-Identifier: Apache-2.0
#include "store/rocks.h"

#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "base/log.h"
#include "store/codec.h"
#include "store/manifest.h"

namespace bongsu::store {
namespace {

constexpr std::array<const char*, kFamilies> kFamilyNames{
    "default",     "series", "chunks", "open",  "journal",    "logs",        "log_index", "events",
    "event_index", "state",  "groups", "heads", "event_tail", "event_words", "rollup_5m", "rollup_1h"};

// RocksDB's warnings among ours, instead of a LOG file of its own.
class Warnings final : public rocksdb::Logger {
 public:
  Warnings() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}
  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, 512> text{};
    std::vsnprintf(text.data(), text.size(), format, arguments);
    // Said of every checkpoint, and nothing is wrong.
    if (std::string_view(text.data()).find("File Deletions Disabled") != std::string_view::npos) return;
    std::uint64_t suppressed = 0;
    if (gate_.open(std::chrono::steady_clock::now(), suppressed)) log::warning("the database: {}", text.data());
  }

 private:
  log::Gate gate_;
};

// Each opening leaves a file of 70 kB behind that nobody reads, more than the samples of many a small store.
void remove_options(const std::filesystem::path& dir) {
  std::error_code ignored;
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(dir, ignored)) {
    if (entry.path().filename().string().starts_with("OPTIONS-")) found.push_back(entry.path());
  }
  for (const auto& each : found) std::filesystem::remove(each, ignored);
}

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
  db.stats_dump_period_sec = 0;
  db.max_manifest_file_size = 4 << 20;  // there is a copy of it
  db.info_log = std::make_shared<Warnings>();
  return db;
}

rocksdb::ColumnFamilyOptions family_options(Family which, const StoreOptions& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  table.format_version = 5;
  table.checksum = rocksdb::kCRC32c;  // table_watch.h checks each block too
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  rocksdb::ColumnFamilyOptions family;
  const bool bulk = which == Family::Groups || which == Family::Heads || which == Family::Chunks || which == Family::Logs ||
                    which == Family::Events || which == Family::Journal || which == Family::FiveMinutes || which == Family::Hours;
  if (bulk) table.block_size = 64 << 10;
  if (which == Family::State) table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // The head log does not stay, and is packed as it is; so are events.
  const bool packed = which == Family::Journal || which == Family::Logs || which == Family::Events || which == Family::Tail ||
                      which == Family::Words;
  const bool rollup = which == Family::FiveMinutes || which == Family::Hours;
  family.compression = packed || rollup         ? rocksdb::kNoCompression
                       : which == Family::Heads ? rocksdb::kLZ4Compression
                                                : rocksdb::kZSTD;
  family.write_buffer_size = std::clamp<std::size_t>(options.memory / (bulk ? 12 : 32), 256 << 10, 64 << 20);
  family.level_compaction_dynamic_level_bytes = true;
  // What was dropped of the head log goes with the next compaction, which writes hardly anything.
  if (which == Family::Journal) family.level0_file_num_compaction_trigger = 2;
  return family;
}

// Tells the watch whose work is to end with the first damage, before anything is merged.
class Guard final : public rocksdb::EventListener {
 public:
  explicit Guard(std::shared_ptr<TableWatch> watch) : watch_(std::move(watch)) {}
  void OnCompactionBegin(rocksdb::DB* db, const rocksdb::CompactionJobInfo&) override { watch_->guard(db); }

 private:
  const std::shared_ptr<TableWatch> watch_;
};

// What it stands on may be wrong once a table was found damaged, even if RocksDB did not notice.
class WatchedIterator final : public rocksdb::Iterator {
 public:
  WatchedIterator(rocksdb::Iterator* target, const Rocks& rocks) : target_(target), rocks_(rocks) {}
  bool Valid() const override { return target_->Valid() && !rocks_.hurt(); }
  void SeekToFirst() override { target_->SeekToFirst(); }
  void SeekToLast() override { target_->SeekToLast(); }
  void Seek(const rocksdb::Slice& target) override { target_->Seek(target); }
  void SeekForPrev(const rocksdb::Slice& target) override { target_->SeekForPrev(target); }
  void Next() override { target_->Next(); }
  void Prev() override { target_->Prev(); }
  rocksdb::Slice key() const override { return target_->key(); }
  rocksdb::Slice value() const override { return target_->value(); }
  rocksdb::Status status() const override { return rocks_.hurt() ? rocks_.standing() : target_->status(); }

 private:
  const std::unique_ptr<rocksdb::Iterator> target_;
  const Rocks& rocks_;
};

// The families that a database has; none when there is none. Error: Unsupported.
Result<std::vector<Family>> families_in(const std::filesystem::path& dir) {
  std::vector<Family> found;
  std::error_code ignored;
  if (!std::filesystem::exists(dir / "CURRENT", ignored)) return found;
  std::vector<std::string> names;
  const auto status = rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), dir.string(), &names);
  if (!status.ok())
    return to_error(status, "opening the database in " + dir.string() + " (it is damaged: restore the directory from a backup)");
  for (const std::string& name : names) {
    const auto known = std::find(kFamilyNames.begin(), kFamilyNames.end(), name);
    if (known == kFamilyNames.end()) {
      return Error{Code::Unsupported, "the store in " + dir.string() +
                                          " holds records of a kind that this version does not know (" + name +
                                          "): use the newer bongsu that wrote it"};
    }
    found.push_back(Family{static_cast<std::size_t>(known - kFamilyNames.begin())});
  }
  return found;
}

}  // namespace

std::string_view name_of(Family which) { return kFamilyNames[static_cast<std::size_t>(which)]; }

Error to_error(const rocksdb::Status& status, std::string_view what) {
  const Code code = status.IsCorruption()                                         ? Code::Corrupt
                    : status.IsNoSpace() || status.IsBusy() || status.IsIOError() ? Code::Unavailable
                                                                                  : Code::Io;
  return Error{code, std::string(what) + ": " + status.ToString()};
}

Result<std::shared_ptr<Rocks>> Rocks::open(const std::filesystem::path& dir, const StoreOptions& options, bool& damaged,
                                           OpenAs as) {
  damaged = false;
  const bool writes = as == OpenAs::Use || as == OpenAs::Copy || as == OpenAs::Mend;
  if (writes) BONGSU_TRY_OK(mend_manifest(dir));
  BONGSU_TRY_OK(check_manifest(dir));
  auto found_families = families_in(dir);
  std::vector<Family> wanted = found_families.value_or({});
  // What else is wrong opening tells best.
  if (!found_families && (as != OpenAs::Use || found_families.error().code == Code::Unsupported))
    return std::move(found_families).error();
  if (as != OpenAs::Use && wanted.empty()) {
    return Error{Code::NotFound, "there is no store in " + dir.string() + ": name its folder with --data, or the key `data:`"};
  }
  if (as == OpenAs::Use) {
    wanted.clear();
    for (std::size_t i = 0; i < kFamilies; ++i) wanted.push_back(Family{i});
  }
  std::shared_ptr<Rocks> rocks(new Rocks());
  const auto cache = rocks->cache_ = rocksdb::NewLRUCache(options.memory * 2 / 3);
  rocksdb::DBOptions db_options = database_options(options, cache);
  if (as == OpenAs::Look || as == OpenAs::Mend) {
    db_options.env = checking_env();
    db_options.paranoid_checks = as != OpenAs::Look;
  } else {
    rocks->watch_ = std::make_shared<TableWatch>();
    rocks->env_ = make_env(rocks->watch_);
    db_options.env = rocks->env_.get();
    db_options.listeners.push_back(std::make_shared<Guard>(rocks->watch_));
  }
  if (writes) {
    rocks->marker_ = std::make_shared<ManifestMarker>(dir);
    db_options.listeners.push_back(rocks->marker_);
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const Family each : wanted) {
    families.emplace_back(std::string(name_of(each)), family_options(each, options, cache));
    families.back().options.disable_auto_compactions = as == OpenAs::Mend;
  }
  db_options.create_if_missing = db_options.create_missing_column_families = as == OpenAs::Use;

  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto open = [&] {
    if (writes) return rocksdb::DB::Open(db_options, dir.string(), families, &handles, &raw);
    return rocksdb::DB::OpenForReadOnly(db_options, dir.string(), families, &handles, &raw);
  };
  rocksdb::Status status = open();
  const std::string found = status.ToString();
  using Recovery = rocksdb::WALRecoveryMode;
  // The last is for a log that breaks off between families: what comes after the damage is then taken too.
  for (const Recovery mode : {Recovery::kPointInTimeRecovery, Recovery::kSkipAnyCorruptedRecords}) {
    if (!status.IsCorruption() || rocks->hurt()) break;
    db_options.wal_recovery_mode = mode;
    status = open();
    if (status.ok()) {
      damaged = true;
      log::error("the log of the store in {} is damaged ({}); what was written after the damage is gone", dir.string(), found);
    }
  }
  if (!status.ok()) {
    Error failed =
        to_error(status, "opening the database in " + dir.string() +
                             (status.IsCorruption()
                                  ? " (it is damaged: restore the directory from a backup, or move it away to begin anew)"
                                  : ""));
    if (failed.code == Code::Unavailable) failed.code = Code::Io;  // the lock is ours: the disk it is
    return failed;
  }
  rocks->db_.reset(raw);
  if (rocks->watch_) rocks->watch_->guard(raw);
  BONGSU_CHECK(handles.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) rocks->handles_[static_cast<std::size_t>(wanted[i])] = handles[i];
  if (!writes) return rocks;
  rocks->dir_ = dir;
  remove_options(dir);
  rocks->marker_->mark();
  return rocks;
}

Rocks::~Rocks() {
  if (watch_) watch_->guard(nullptr);
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    if (handle != nullptr) db_->DestroyColumnFamilyHandle(handle);
  }
  if (db_) {
    if (const rocksdb::Status status = db_->Close(); !status.ok()) log::warning("closing the store: {}", status.ToString());
  }
  if (dir_.empty()) return;
  marker_->mark();
  remove_options(dir_);
}

rocksdb::Status Rocks::standing() const {
  return hurt() ? rocksdb::Status::Busy("a table is damaged and is being set aside; ask again in a moment")
                : rocksdb::Status::OK();
}

Result<std::optional<std::string>> Rocks::get(Family which, std::string_view key) const {
  std::string value;
  if (family(which) == nullptr) return std::optional<std::string>();
  rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), family(which), slice(key), &value);
  if (hurt()) status = standing();
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return to_error(status, "reading the store");
  return std::optional(std::move(value));
}

std::unique_ptr<rocksdb::Iterator> Rocks::iterate(Family which, bool fill_cache, bool dropped_too) const {
  if (family(which) == nullptr) return std::unique_ptr<rocksdb::Iterator>(rocksdb::NewEmptyIterator());
  rocksdb::ReadOptions options;
  options.fill_cache = fill_cache;
  options.ignore_range_deletions = dropped_too;
  return std::make_unique<WatchedIterator>(db_->NewIterator(options, family(which)), *this);
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
  marker_->mark();
}

Status Rocks::checkpoint(const std::filesystem::path& to) const {
  rocksdb::Checkpoint* raw = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &raw);
  const std::unique_ptr<rocksdb::Checkpoint> maker(raw);
  // A copy takes the file of the options along, which is written anew when one changes: this one of statistics that nobody makes.
  if (status.ok()) {
    const std::size_t unused = db_->GetDBOptions().stats_history_buffer_size;
    status = db_->SetDBOptions({{"stats_history_buffer_size", std::to_string(unused ^ 1)}});
  }
  if (status.ok()) status = maker->CreateCheckpoint(to.string());
  if (!status.ok()) return to_error(status, "copying the store to " + to.string());
  return {};
}

void Rocks::squeeze(Family which, std::string_view from, std::string_view to) const {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  const rocksdb::Slice first = slice(from), last = slice(to);
  const rocksdb::Status status = db_->CompactRange(options, family(which), &first, &last);
  if (!status.ok()) log::warning("freeing the space of what was dropped from the store: {}", status.ToString());
}

Status Rocks::settle() const {
  auto status = db_->Flush(rocksdb::FlushOptions(), {handles_.begin(), handles_.end()});
  // Next to nothing of the head log is left by now.
  if (status.ok()) status = db_->CompactRange(rocksdb::CompactRangeOptions(), family(Family::Journal), nullptr, nullptr);
  if (!status.ok()) return to_error(status, "closing the store");
  return {};
}

Result<std::optional<std::uint64_t>> check_format(const Rocks& rocks, const std::filesystem::path& dir) {
  BONGSU_TRY(const auto value, rocks.get(Family::Meta, "format"));
  if (!value) return std::optional<std::uint64_t>();
  Reader in(*value);
  const std::uint64_t format = in.varint();
  if (in.done() && format >= 1 && format <= kFormat) return std::optional(format);
  return Error{Code::Unsupported, "the store in " + dir.string() + " has format " + std::to_string(format) +
                                      "; this version reads up to " + std::to_string(kFormat) +
                                      ": use the newer bongsu that wrote it"};
}

std::string series_key(std::uint32_t series) {
  std::string key;
  put_be32(key, series);
  return key;
}

std::string group_key(std::uint32_t day, std::uint32_t block, Time first, std::uint64_t number, bool late) {
  std::string key;
  key.reserve(24);
  put_be32(key, day);
  put_be32(key, block);
  put_be64(key, static_cast<std::uint64_t>(to_ms(first)));
  put_be64(key, number << 1 | (late ? 1 : 0));
  return key;
}

std::string rollup_key(Family which, std::uint32_t day, std::uint32_t block) {
  std::string key;
  put_be32(key, day / period_days(which));
  put_be32(key, block);
  put_be32(key, day);
  return key;
}

Result<GroupKey> parse_group_key(std::string_view key) {
  Reader in(key);
  GroupKey parsed;
  parsed.day = in.be32();
  parsed.block = in.be32();
  parsed.first = time_from_ms(static_cast<std::int64_t>(in.be64()));
  const std::uint64_t number = in.be64();
  parsed.number = number >> 1;
  parsed.late = (number & 1) != 0;
  if (!in.done()) return Error{Code::Corrupt, "a group of samples stands under a key that is none"};
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
