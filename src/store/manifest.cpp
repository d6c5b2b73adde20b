// SPDX-License-Identifier: Apache-2.0
#include "store/manifest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <mutex>
#include <optional>
#include <string>

#include "base/text.h"

namespace bongsu::store {
namespace {

constexpr const char* kMark = "bongsu.manifest";

// The name of the list that is in use, from CURRENT.
std::string current_manifest(const std::filesystem::path& dir) {
  std::string name;
  std::ifstream file(dir / "CURRENT", std::ios::binary);
  std::getline(file, name);
  return name.starts_with("MANIFEST-") && name.find('/') == std::string::npos ? name : std::string();
}

std::optional<std::uint64_t> size_of(const std::filesystem::path& file) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  return fault ? std::nullopt : std::optional<std::uint64_t>(size);
}

class Marker final : public rocksdb::EventListener {
 public:
  explicit Marker(std::filesystem::path dir) : dir_(std::move(dir)) {}
  void OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo&) override { mark(); }
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo&) override { mark(); }

 private:
  void mark() {
    std::lock_guard hold(mutex_);
    mark_manifest(dir_);
  }
  std::mutex mutex_;
  const std::filesystem::path dir_;
};

}  // namespace

Status check_manifest(const std::filesystem::path& dir) {
  std::string name, octets;
  std::ifstream mark(dir / kMark, std::ios::binary);
  mark >> name >> octets;
  const auto marked = parse_unsigned(octets);
  if (!marked || name != current_manifest(dir)) return {};
  const auto size = size_of(dir / name);
  if (size && *size >= *marked) return {};
  return Error{Code::Corrupt, "the list of the database's files, " + (dir / name).string() + ", has " +
                                  std::to_string(size.value_or(0)) + " octets left of " + std::to_string(*marked) +
                                  ": it was cut off; restore the directory from a backup, or move it away to begin anew"};
}

void mark_manifest(const std::filesystem::path& dir) {
  const std::string name = current_manifest(dir);
  const int list = name.empty() ? -1 : ::open((dir / name).c_str(), O_RDONLY | O_CLOEXEC);
  if (list < 0) return;
  // Another thread of RocksDB may just add to it: what is marked is on the disk.
  struct stat about {};
  const bool whole = ::fstat(list, &about) == 0 && ::fdatasync(list) == 0;
  ::close(list);
  if (!whole) return;  // a full or failing disk is said elsewhere
  std::string text = name + " " + std::to_string(about.st_size) + "\n";
  text.resize(64, ' ');
  const int file = ::open((dir / kMark).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  static_cast<void>(::pwrite(file, text.data(), text.size(), 0) == 0);
  ::close(file);
}

std::shared_ptr<rocksdb::EventListener> manifest_marker(const std::filesystem::path& dir) {
  return std::make_shared<Marker>(dir);
}

}  // namespace bongsu::store
