// SPDX-License-Identifier: Apache-2.0
#include "store/table_watch.h"

#include <rocksdb/convenience.h>
#include <rocksdb/file_system.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <array>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "store/codec.h"
#include "store/crc32c.h"

namespace bongsu::store {
namespace {

using rocksdb::IOStatus;

// The end of a table: a kind of checksum, two handles (varint offset, varint size) in 40 octets, the version, a fixed number.
constexpr std::size_t kFooter = 53, kHandles = 40;
constexpr std::size_t kTrailer = 5;  // of a block: how it is compressed, its checksum
constexpr std::array<unsigned char, 12> kFooterEnd{5, 0, 0, 0, 0xf7, 0xcf, 0xf4, 0x85, 0xb7, 0x41, 0xe2, 0x88};
enum class Sum : unsigned char { Crc32c = 1, Xxh3 = 4 };

std::uint32_t le32(const char* at) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= std::uint32_t{static_cast<unsigned char>(at[i])} << 8 * i;
  return value;
}

bool is_whole_block(std::string_view octets) {
  return octets.size() > kTrailer && masked(crc32c(octets.substr(0, octets.size() - 4))) == le32(octets.end() - 4);
}

// Empty when the footer is as we write it.
std::string judge_footer(std::string_view footer, std::uint64_t size) {
  const auto sum = static_cast<Sum>(footer[0]);
  if (sum != Sum::Crc32c && sum != Sum::Xxh3) return "its last octets name a checksum that is none";
  for (std::size_t i = 0; i < kFooterEnd.size(); ++i) {
    if (static_cast<unsigned char>(footer[1 + kHandles + i]) != kFooterEnd[i]) return "its last octets are not those of a table";
  }
  Reader in(footer.substr(1, kHandles));
  for (int handle = 0; handle < 2; ++handle) {
    const std::uint64_t at = in.varint(), octets = in.varint();
    if (!in.ok() || at > size || octets > size || at + octets + kTrailer > size - kFooter)
      return "its last octets point behind its end";
  }
  return {};
}

bool is_table(const std::string& path) { return path.ends_with(".sst"); }

class WatchedTable final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  WatchedTable(std::unique_ptr<rocksdb::FSRandomAccessFile>&& file, std::string path, std::uint64_t size, Sum sum,
               std::shared_ptr<TableWatch> watch)
      : FSRandomAccessFileOwnerWrapper(std::move(file)),
        path_(std::move(path)),
        size_(size),
        sum_(sum),
        watch_(std::move(watch)) {}

  IOStatus Read(std::uint64_t at, std::size_t octets, const rocksdb::IOOptions& options, rocksdb::Slice* result, char* scratch,
                rocksdb::IODebugContext* debug) const override {
    const IOStatus status = FSRandomAccessFileOwnerWrapper::Read(at, octets, options, result, scratch, debug);
    return judge(status, at, octets, *result);
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, std::size_t count, const rocksdb::IOOptions& options,
                     rocksdb::IODebugContext* debug) override {
    IOStatus status = FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug);
    for (std::size_t i = 0; status.ok() && i < count; ++i)
      requests[i].status = judge(requests[i].status, requests[i].offset, requests[i].len, requests[i].result);
    return status;
  }

 private:
  IOStatus judge(const IOStatus& status, std::uint64_t at, std::size_t octets, const rocksdb::Slice& result) const {
    const bool footer = at + octets > size_ - kFooter;
    if (status.ok() && result.size() == octets && (footer || sum_ != Sum::Crc32c || is_whole_block({result.data(), octets})))
      return status;
    // RocksDB might as well read other pieces than blocks: then the file is whole all the same.
    if (status.ok() && result.size() == octets && check_table(path_, true).ok()) return status;
    const std::string what =
        !status.ok() ? status.ToString()
                     : "octet " + std::to_string(at) + " and " + std::to_string(octets) + " more are not what was written";
    watch_->damaged(path_, what);
    return status.ok() ? IOStatus::Corruption(path_, what) : status;
  }
  const std::string path_;
  const std::uint64_t size_;
  const Sum sum_;
  const std::shared_ptr<TableWatch> watch_;
};

class CheckingFiles final : public rocksdb::FileSystemWrapper {
 public:
  explicit CheckingFiles(std::shared_ptr<TableWatch> watch)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), watch_(std::move(watch)) {}
  const char* Name() const override { return "BongsuTables"; }

  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result, rocksdb::IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, result, debug);
    if (!is_table(path)) return status;
    std::uint64_t size = 0;
    if (status.ok()) status = GetFileSize(path, options.io_options, &size, debug);
    if (!status.ok()) {
      if (watch_ && (status.IsPathNotFound() || status.IsNotFound())) watch_->damaged(path, "it is missing");
      return status;
    }
    std::string wrong = "it is shorter than any table";
    std::array<char, kFooter> room{};
    rocksdb::Slice footer;
    if (size > kFooter) {
      status = (*result)->Read(size - kFooter, kFooter, options.io_options, &footer, room.data(), debug);
      if (status.ok() && footer.size() == kFooter) wrong = judge_footer({footer.data(), kFooter}, size);
      else wrong = status.ok() ? "its end does not read" : status.ToString();
    }
    const bool by_crc = wrong.empty() && static_cast<Sum>(footer[0]) == Sum::Crc32c;
    // One of an older Bongsu: its blocks cannot be judged one by one.
    if (wrong.empty() && !by_crc && watch_) {
      if (const Status whole = check_table(path, true); !whole) wrong = whole.error().text;
    }
    if (!wrong.empty()) {
      result->reset();
      if (watch_) watch_->damaged(path, wrong);
      return IOStatus::Corruption(path, wrong);
    }
    if (watch_) {
      *result = std::make_unique<WatchedTable>(std::move(*result), path, size, by_crc ? Sum::Crc32c : Sum::Xxh3, watch_);
    }
    return status;
  }

 private:
  const std::shared_ptr<TableWatch> watch_;
};

}  // namespace

void TableWatch::damaged(const std::string& path, const std::string& what) {
  std::lock_guard hold(mutex_);
  hurt_.store(true, std::memory_order_release);
  if (!names_.insert(std::filesystem::path(path).filename().string()).second) return;
  log::error("table {} of the store is damaged: {}", path, what);
  if (db_ != nullptr) rocksdb::CancelAllBackgroundWork(db_, false);
}

std::set<std::string> TableWatch::names() const {
  std::lock_guard hold(mutex_);
  return names_;
}

void TableWatch::guard(rocksdb::DB* db) {
  std::lock_guard hold(mutex_);
  db_ = db;
  if (db_ != nullptr && hurt()) rocksdb::CancelAllBackgroundWork(db_, false);
}

std::unique_ptr<rocksdb::Env> make_env(std::shared_ptr<TableWatch> watch) {
  return rocksdb::NewCompositeEnv(std::make_shared<CheckingFiles>(std::move(watch)));
}

rocksdb::Env* checking_env() {
  static const std::unique_ptr<rocksdb::Env> env = make_env(nullptr);
  return env.get();
}

Status check_table(const std::filesystem::path& file, bool all) {
  rocksdb::Options options;
  options.env = checking_env();
  rocksdb::SstFileReader reader(options);
  rocksdb::Status status = reader.Open(file.string());
  if (status.ok() && all) status = reader.VerifyChecksum();
  if (status.ok()) return {};
  return Error{status.IsCorruption() || status.IsNotFound() || status.IsPathNotFound() ? Code::Corrupt : Code::Io,
               status.ToString()};
}

}  // namespace bongsu::store
