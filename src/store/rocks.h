// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "base/result.h"
#include "store/store.h"
#include "store/table_watch.h"

namespace bongsu::store {

class ManifestMarker;

// The column families, one for each kind of record (FORMAT.md).
// Chunks and Open are those of format 1.
enum class Family : std::size_t {
  Meta,
  Series,
  Chunks,
  Open,
  Journal,
  Logs,
  LogIndex,
  Events,
  EventIndex,
  State,
  Groups,
  Heads,
  Tail,
  Words,
  FiveMinutes,
  Hours
};
inline constexpr std::size_t kFamilies = 16;
std::string_view name_of(Family which);

// The text of a RocksDB failure, as ours. `what` says what was asked.
Error to_error(const rocksdb::Status& status, std::string_view what);

// How a database is opened: to be used, with what is missing made; to be copied, with nothing made; or to be read alone, so
// that no file changes. And for those who mend it (rescue.h): to look at the list of its tables, though some may be broken or
// missing, with no file changed; to write, while nothing is merged. Neither of the last two watches its tables.
enum class OpenAs { Use, Copy, Read, Look, Mend };

// An open database. Closes when the last owner lets go.
class Rocks {
 public:
  // `damaged`: the log was damaged in the middle, and what came after is gone. Errors: Corrupt, Unavailable, Unsupported (a newer
  // version made families of its own), NotFound (nothing there to copy or to read), Io.
  static Result<std::shared_ptr<Rocks>> open(const std::filesystem::path& dir, const StoreOptions& options, bool& damaged,
                                             OpenAs as = OpenAs::Use);
  ~Rocks();
  Rocks(const Rocks&) = delete;
  Rocks& operator=(const Rocks&) = delete;

  // Once damage was read in any of its tables, it gives no answers any more (Busy), since none of them can be relied on.
  bool hurt() const { return watch_ && watch_->hurt(); }
  std::set<std::string> hurt_tables() const { return watch_ ? watch_->names() : std::set<std::string>(); }
  rocksdb::Status standing() const;  // Busy once it is hurt

  // Null for one that is not there: an older version made the database, and it was not opened to be used.
  rocksdb::ColumnFamilyHandle* family(Family which) const { return handles_[static_cast<std::size_t>(which)]; }
  rocksdb::DB& db() const { return *db_; }
  std::size_t cache_octets() const { return cache_->GetUsage(); }  // write buffers are charged to it too
  // Nothing when there is no such key.
  Result<std::optional<std::string>> get(Family which, std::string_view key) const;
  std::unique_ptr<rocksdb::Iterator> iterate(Family which, bool fill_cache = true, bool dropped_too = false) const;
  // Every record from `from` on, in key order, until `visit` gives false or an Error.
  template <class Visit>
  Status each(Family which, std::string_view from, Visit visit) const {
    const auto at = iterate(which);
    for (at->Seek(slice(from)); at->Valid(); at->Next()) {
      BONGSU_TRY(const bool more, Result<bool>(visit(view(at->key()), view(at->value()))));
      if (!more) return {};
    }
    if (!at->status().ok()) return to_error(at->status(), "reading the store");
    return {};
  }
  // Erases [from, to) with `batch`, by one tombstone; once that is written, drop_files takes whole files away at once.
  void drop_range(Family which, std::string_view from, std::string_view to, rocksdb::WriteBatch& batch) const;
  void drop_files(Family which, std::string_view from, std::string_view to) const;

  // Makes a copy of all that is written so far, in a folder that must not be there: links to the tables on the same file system,
  // else copies.
  Status checkpoint(const std::filesystem::path& to) const;

  // Frees what was dropped of files that hold other things too. Takes a while.
  void squeeze(Family which, std::string_view from, std::string_view to) const;

  // Moves all that stands in the log alone into tables, and what was dropped out of them.
  Status settle() const;

  static rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
  static std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

 private:
  Rocks() = default;
  std::filesystem::path dir_;               // empty while nothing in it may change
  std::shared_ptr<ManifestMarker> marker_;  // null when it is read only
  std::shared_ptr<TableWatch> watch_;
  std::unique_ptr<rocksdb::Env> env_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilies> handles_{};
};

// The format of the database. Error: Unsupported (a newer one), Corrupt.
inline constexpr std::uint64_t kFormat = 3;
Result<std::optional<std::uint64_t>> check_format(const Rocks& rocks, const std::filesystem::path& dir);

// Keys that sort as their parts do.
std::string series_key(std::uint32_t series);
std::string group_key(std::uint32_t day, std::uint32_t block, Time first, std::uint64_t number, bool late);
struct GroupKey {
  std::uint32_t day = 0;
  std::uint32_t block = 0;
  Time first{};
  std::uint64_t number = 0;  // rises with arrival
  bool late = false;         // its samples came after later ones
};
Result<GroupKey> parse_group_key(std::string_view key);
// Of the windows of a block's day; a period is 4 days of five minutes or 32 of hours.
std::string rollup_key(Family which, std::uint32_t day, std::uint32_t block);
constexpr std::uint32_t period_days(Family which) { return which == Family::Hours ? 32 : 4; }
std::uint32_t day_of(Time at);  // days since 1970 in UTC; 0 before
std::string state_key(std::string_view table, std::string_view key);

}  // namespace bongsu::store
