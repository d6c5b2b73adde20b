// SPDX-License-Identifier: Apache-2.0
#include "store/manifest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/text.h"
#include "store/codec.h"
#include "store/crc32c.h"

namespace bongsu::store {
namespace {

constexpr const char* kMark = "bongsu.manifest";
constexpr const char* kCopy = "bongsu.manifest.copy";  // the name of the list, a line feed, its entries

// The list is a row of blocks. An entry stands in one piece or in several, none of which crosses a block: checksum of kind and
// octets, count of octets (16 bits), kind, octets; where no head of a piece fits any more, a block ends with zeros.
constexpr std::size_t kBlock = 32 << 10, kPieceHead = 7;
enum Piece : char { kWhole = 1, kFirst, kMiddle, kLast };
// Of an entry: what it says.
constexpr std::uint64_t kTagDeleted = 6, kTagFamily = 200;

std::uint32_t le(std::string_view octets) {
  std::uint32_t value = 0;
  for (std::size_t i = octets.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(octets[i]);
  return value;
}

// How many octets stand before what a torn write left at the end. `list` is what stands from octet `from` on, where an entry
// begins. Error: Corrupt.
Result<std::size_t> end_of_entries(std::string_view list, std::size_t from = 0) {
  std::size_t end = 0;
  for (std::size_t at = 0; list.size() - at >= kPieceHead;) {
    const std::size_t left = kBlock - (from + at) % kBlock;
    if (left < kPieceHead) {
      at += left;
      if (at > list.size()) break;
      continue;
    }
    const std::size_t octets = le(list.substr(at + 4, 2));
    const char kind = list[at + 6];
    if (octets + kPieceHead > std::min(left, list.size() - at)) break;
    if (octets == 0 && kind == 0) break;  // room that was never written
    if (kind < kWhole || kind > kLast || le(list.substr(at, 4)) != masked(crc32c(list.substr(at + 6, octets + 1))))
      return Error{Code::Corrupt, "the list of the database's files is damaged"};
    at += kPieceHead + octets;
    if (kind == kWhole || kind == kLast) end = at;
  }
  return end;
}

void put_le(std::string& out, std::uint32_t value, int octets) {
  for (int i = 0; i < octets; ++i) put_u8(out, static_cast<std::uint8_t>(value >> 8 * i));
}

void add_entry(std::string& list, std::string_view entry) {
  for (bool first = true; first || !entry.empty(); first = false) {
    std::size_t left = kBlock - list.size() % kBlock;
    if (left < kPieceHead) {
      list.append(left, '\0');
      left = kBlock;
    }
    const std::size_t octets = std::min(entry.size(), left - kPieceHead);
    const bool last = octets == entry.size();
    std::string piece(1, first && last ? kWhole : first ? kFirst : last ? kLast : kMiddle);
    piece += entry.substr(0, octets);
    put_le(list, masked(crc32c(piece)), 4);
    put_le(list, static_cast<std::uint32_t>(octets), 2);
    list += piece;
    entry.remove_prefix(octets);
  }
}

std::string read_whole(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Status write_whole(const std::filesystem::path& file, std::string_view octets) {
  const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool done = out >= 0;
  while (done && !octets.empty()) {
    const ssize_t written = ::write(out, octets.data(), octets.size());
    done = written > 0;
    if (done) octets.remove_prefix(static_cast<std::size_t>(written));
  }
  done = done && ::fsync(out) == 0;
  if (out >= 0) ::close(out);
  if (done) return {};
  return Error{Code::Io, "cannot write " + file.string()};
}

// The name of the list that is in use, from CURRENT.
std::string current_manifest(const std::filesystem::path& dir) {
  std::string name;
  std::ifstream file(dir / "CURRENT", std::ios::binary);
  std::getline(file, name);
  return name.starts_with("MANIFEST-") && name.find('/') == std::string::npos ? name : std::string();
}

std::string sum_of(const std::string& name, const std::string& octets) { return std::to_string(crc32c(name + " " + octets)); }

std::optional<std::uint64_t> size_of(const std::filesystem::path& file) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  return fault ? std::nullopt : std::optional<std::uint64_t>(size);
}

// Whole or not at all, and on the disk on return.
Status replace(const std::filesystem::path& dir, const std::filesystem::path& file, std::string_view octets) {
  const std::filesystem::path next = dir / "bongsu.manifest.new";
  BONGSU_TRY_OK(write_whole(next, octets));
  std::error_code fault;
  std::filesystem::rename(next, file, fault);
  if (fault) return Error{Code::Io, "cannot replace " + file.string() + ": " + fault.message()};
  const int folder = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  if (folder >= 0) ::close(folder);
  if (synced) return {};
  return Error{Code::Io, "cannot write the folder " + dir.string() + " to the disk"};
}

struct Copy {
  std::string name;  // of the list; empty when there is no copy that reads
  std::string entries;
};

Copy read_copy(const std::filesystem::path& dir) {
  std::string text = read_whole(dir / kCopy);
  const std::size_t head = text.find('\n');
  if (head == std::string::npos || !text.starts_with("MANIFEST-") || text.substr(0, head).find('/') != std::string::npos)
    return {};
  Copy copy{.name = text.substr(0, head), .entries = text.substr(head + 1)};
  const auto end = end_of_entries(copy.entries);
  if (!end) return {};
  copy.entries.resize(*end);
  return copy;
}

// How long the list is at least, by its mark; 0 when that says nothing.
std::uint64_t marked(const std::filesystem::path& dir, const std::string& list) {
  std::string name, octets, sum;
  std::ifstream mark(dir / kMark, std::ios::binary);
  mark >> name >> octets >> sum;
  const auto found = parse_unsigned(octets);
  // Without a sum it is an older Bongsu's.
  return found && name == list && (sum.empty() || sum == sum_of(name, octets)) ? *found : 0;
}

// What is wrong with the list; empty when nothing is.
std::string fault_of(std::string_view list, const std::string& name, const Copy& copy, std::uint64_t marked) {
  if (list.size() < marked) return "has " + std::to_string(list.size()) + " octets left of " + std::to_string(marked);
  const auto end = end_of_entries(list);
  if (!end) return "has an entry with a wrong checksum";
  if (copy.name == name && *end < copy.entries.size())
    return "reads up to octet " + std::to_string(*end) + " of " + std::to_string(copy.entries.size());
  return {};
}

Error damaged_list(const std::filesystem::path& list, const std::string& fault, const std::string& remedy) {
  return Error{Code::Corrupt, "the list of the database's files, " + list.string() + ", is damaged: it " + fault + "; " + remedy};
}

constexpr const char* kFromBackup = "restore the directory from a backup, or move it away to begin anew";

// Adds to the copy what is new. Gives how long the list is up to its last whole entry; nothing when the disk refuses, which is
// said elsewhere.
std::optional<std::size_t> update_copy(const std::filesystem::path& dir, const std::string& name, int list, std::size_t size) {
  const std::string head = name + "\n";
  const int copy = ::open((dir / kCopy).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (copy < 0) return std::nullopt;
  std::string had(head.size(), '\0');
  struct stat about {};
  std::size_t whole = 0;
  bool done = ::fstat(copy, &about) == 0;
  if (::pread(copy, had.data(), had.size(), 0) == std::ssize(had) && had == head) {
    whole = static_cast<std::size_t>(about.st_size) - head.size();
  } else {
    done = done && ::ftruncate(copy, 0) == 0 && ::pwrite(copy, head.data(), head.size(), 0) == std::ssize(head);
  }
  std::string more(size > whole ? size - whole : 0, '\0');
  done = done && ::pread(list, more.data(), more.size(), static_cast<off_t>(whole)) == std::ssize(more);
  const auto end = end_of_entries(more, whole);
  done = done && end;
  if (done && *end > 0) {
    const auto at = static_cast<off_t>(head.size() + whole);
    done = ::pwrite(copy, more.data(), *end, at) == static_cast<ssize_t>(*end) && ::fdatasync(copy) == 0;
    if (!done) static_cast<void>(::ftruncate(copy, at) == 0);
  }
  ::close(copy);
  return done ? std::optional(whole + *end) : std::nullopt;
}

// CURRENT names a list, if there is any. Errors: Corrupt, Io.
Status mend_current(const std::filesystem::path& dir, const Copy& copy) {
  if (const std::string name = current_manifest(dir);
      !name.empty() && (size_of(dir / name) || name == copy.name) && read_whole(dir / "CURRENT") == name + "\n")
    return {};
  std::string newest = copy.name;
  bool tables = false;
  std::error_code fault;
  for (std::filesystem::directory_iterator at(dir, fault), end; !fault && at != end; at.increment(fault)) {
    const std::string name = at->path().filename().string();
    tables = tables || at->path().extension() == ".sst";
    if (!name.starts_with("MANIFEST-") || name <= newest) continue;
    const auto entries = end_of_entries(read_whole(at->path()));
    if (entries && *entries > 0) newest = name;
  }
  if (newest.empty() && !tables) return {};  // nothing there yet
  if (newest.empty()) {
    return Error{Code::Corrupt,
                 "the list of the database's files in " + dir.string() + " (MANIFEST-*) is missing or damaged: " + kFromBackup};
  }
  log::warning("{} does not name the list of the database's files; it is {}", (dir / "CURRENT").string(), newest);
  return replace(dir, dir / "CURRENT", newest + "\n");
}

}  // namespace

Status check_manifest(const std::filesystem::path& dir) {
  const std::string name = current_manifest(dir);
  if (name.empty()) return {};  // opening says what is wrong
  const Copy copy = read_copy(dir);
  const std::string fault = fault_of(read_whole(dir / name), name, copy, marked(dir, name));
  if (fault.empty()) return {};
  return damaged_list(dir / name, fault,
                      copy.name == name ? "the daemon writes it again from its copy when it starts" : std::string(kFromBackup));
}

Status mend_manifest(const std::filesystem::path& dir) {
  const Copy copy = read_copy(dir);
  BONGSU_TRY_OK(mend_current(dir, copy));
  const std::string name = current_manifest(dir);
  if (name.empty()) return {};  // nothing there yet
  std::string list = read_whole(dir / name);
  const std::uint64_t least = marked(dir, name);
  const std::string fault = fault_of(list, name, copy, least);
  std::error_code ignored;
  if (fault.empty()) {
    // A copy that is not the list's beginning is made anew.
    if (copy.name != name || !list.starts_with(copy.entries) || read_whole(dir / kCopy) != name + "\n" + copy.entries)
      std::filesystem::remove(dir / kCopy, ignored);
    return {};
  }
  if (copy.name != name || copy.entries.empty()) return damaged_list(dir / name, fault, kFromBackup);
  // What was added behind the copy may be sound.
  list.replace(0, std::min(list.size(), copy.entries.size()), copy.entries);
  const auto end = end_of_entries(list);
  if (!end || *end < std::max<std::uint64_t>(least, copy.entries.size()))
    return damaged_list(dir / name, fault + ", and so is what its copy has", kFromBackup);
  list.resize(*end);
  log::error(
      "the list of the database's files, {}, was damaged: it {}; it is written again from its copy, and nothing is lost. See to "
      "the disk",
      (dir / name).string(), fault);
  return replace(dir, dir / name, list);
}

void ManifestMarker::mark() {
  std::lock_guard hold(mutex_);
  const std::string name = current_manifest(dir_);
  const int list = name.empty() ? -1 : ::open((dir_ / name).c_str(), O_RDONLY | O_CLOEXEC);
  if (list < 0) return;
  // Another thread of RocksDB may just add to it: what is marked is on the disk.
  struct stat about {};
  const bool whole = ::fstat(list, &about) == 0 && ::fdatasync(list) == 0;
  const auto end = whole ? update_copy(dir_, name, list, static_cast<std::size_t>(about.st_size)) : std::nullopt;
  ::close(list);
  if (!end) return;  // a full or failing disk is said elsewhere
  const std::string octets = std::to_string(*end);
  std::string text = name + " " + octets + " " + sum_of(name, octets) + "\n";
  text.resize(64, ' ');
  const int file = ::open((dir_ / kMark).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  static_cast<void>(::pwrite(file, text.data(), text.size(), 0) == 0);
  ::close(file);
}

Status strike_tables(const std::filesystem::path& dir, std::span<const ListedTable> tables) {
  const std::filesystem::path file = dir / current_manifest(dir);
  std::string list = read_whole(file);
  BONGSU_TRY(const std::size_t end, end_of_entries(list).context(file.string()));
  list.resize(end);
  for (const ListedTable& table : tables) {
    std::string entry;
    put_varint(entry, kTagDeleted);
    put_varint(entry, static_cast<std::uint64_t>(table.level));
    put_varint(entry, table.number);
    if (table.family != 0) {
      put_varint(entry, kTagFamily);
      put_varint(entry, table.family);
    }
    add_entry(list, entry);
  }
  return replace(dir, file, list);
}

}  // namespace bongsu::store
