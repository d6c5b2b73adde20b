// SPDX-License-Identifier: Apache-2.0
#include "store/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "store/directory.h"
#include "store/rocks.h"

namespace bongsu::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFile = "BACKUP";
constexpr std::string_view kFirstLine = "bongsu backup 1";
constexpr std::string_view kLastLine = "end";
constexpr std::size_t kMostOctets = 64 << 20;  // of the file

Error io(std::string_view what, const fs::path& path) {
  const Code code = errno == ENOSPC || errno == EDQUOT ? Code::Unavailable : errno == EEXIST ? Code::Exists : Code::Io;
  return {code, std::string(what) + " " + path.string() + ": " + std::strerror(errno)};
}

// A folder that goes, with all in it, unless it is kept.
class Partial {
 public:
  static Result<Partial> make(fs::path path) {
    if (::mkdir(path.c_str(), 0700) == 0) return Partial(std::move(path));
    if (errno != EEXIST) return io("cannot make the folder", path);
    return Error{Code::Exists, path.string() +
                                   " is there: another run is under way, or one was cut short and left it; in "
                                   "that case remove it"};
  }
  Partial(Partial&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Partial& operator=(Partial&&) = delete;
  ~Partial() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  fs::path store() const { return path_ / "store"; }

 private:
  explicit Partial(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

// Without a slash at the end, so that the name beside it can be made.
Result<fs::path> whole_path(const fs::path& dir) {
  std::error_code failed;
  fs::path path = fs::absolute(dir, failed).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  if (failed || dir.empty() || !path.has_filename()) return Error{Code::Invalid, "\"" + dir.string() + "\" names no folder"};
  return path;
}

Status sync(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return io("cannot open", path);
  const bool synced = ::fsync(file) == 0;
  const Status status = synced ? Status() : Status(io("cannot write", path));
  ::close(file);
  return status;
}

bool holds_anything(const fs::path& dir) {
  std::error_code ignored;
  const fs::directory_iterator at(dir, ignored);
  return !ignored && at != fs::directory_iterator();
}

std::optional<dev_t> device_of(const fs::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return std::nullopt;
  return about.st_dev;
}

// What `path` can be renamed to: nothing is there, or an empty folder on the same file system.
Status check_target(const fs::path& path) {
  std::error_code failed;
  const fs::path parent = path.parent_path();
  if (!fs::is_directory(parent, failed))
    return Error{Code::NotFound, "there is no folder " + parent.string() + ": make it first"};
  if (!fs::exists(fs::symlink_status(path, failed))) return {};
  if (!fs::is_directory(fs::symlink_status(path, failed)) || holds_anything(path))
    return Error{Code::Exists, path.string() + " is there and not empty: name a folder that is new, such as one with the date"};
  if (device_of(path) != device_of(parent)) {
    return Error{Code::Invalid, path.string() + " is a file system of its own: name a new folder in it, such as " +
                                    (path / "bongsu-backup").string()};
  }
  return {};
}

std::vector<std::pair<std::string, std::uint64_t>> files_in(const fs::path& dir) {
  std::vector<std::pair<std::string, std::uint64_t>> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(dir, ignored)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file(ignored) || name == kFile || name == "LOCK" || name == "LOG" || name == "bongsu.pid") continue;
    files.emplace_back(name, entry.file_size(ignored));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// The numbers by their names in the file.
constexpr std::array<std::pair<std::string_view, std::uint64_t Backup::*>, 6> kNumbers{{{"format", &Backup::format},
                                                                                        {"series", &Backup::series},
                                                                                        {"samples", &Backup::samples},
                                                                                        {"logs", &Backup::logs},
                                                                                        {"events", &Backup::events},
                                                                                        {"state", &Backup::records}}};

std::string to_text(const Backup& backup) {
  std::string out(kFirstLine);
  out += "\nmade " + format_time(backup.made) + "\n";
  for (const auto& [name, member] : kNumbers) out += std::string(name) + " " + std::to_string(backup.*member) + "\n";
  for (const auto& [name, octets] : backup.files) out += "file " + std::to_string(octets) + " " + name + "\n";
  return out + std::string(kLastLine) + "\n";
}

std::optional<Backup> from_text(std::string_view text) {
  Backup backup;
  std::vector<std::string_view> lines = split(text, '\n');
  if (lines.size() < 3 || lines.front() != kFirstLine || !lines.back().empty() || lines[lines.size() - 2] != kLastLine)
    return std::nullopt;
  lines.resize(lines.size() - 2);
  for (const std::string_view line : std::span(lines).subspan(1)) {
    const std::size_t space = std::min(line.find(' '), line.size() - 1);
    const std::string_view name = line.substr(0, space), rest = line.substr(space + 1);
    if (name == "made") {
      const auto made = parse_time(rest);
      if (!made) return std::nullopt;
      backup.made = *made;
    } else if (name == "file") {
      const std::size_t gap = rest.find(' ');
      const auto octets = parse_unsigned(rest.substr(0, gap));
      const std::string file(gap == std::string_view::npos ? "" : rest.substr(gap + 1));
      // Names of files alone: none leads out of the folder.
      if (!octets || file.empty() || file.find('/') != std::string::npos || file == "." || file == "..") return std::nullopt;
      backup.files.emplace_back(file, *octets);
      backup.octets += *octets;
    } else {
      const auto number = parse_unsigned(rest);
      const auto known = std::find_if(kNumbers.begin(), kNumbers.end(), [&](const auto& each) { return each.first == name; });
      if (!number || known == kNumbers.end()) return std::nullopt;
      backup.*known->second = *number;
    }
  }
  return backup;
}

Status write_file(const fs::path& path, std::string_view text) {
  {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) return io("cannot write", path);
  }
  return sync(path);
}

Error unsound(const fs::path& dir, const Inspection& found) {
  const Inspection::Finding& first = found.findings.front();
  return {Code::Corrupt, "what stands in " + dir.string() + " is damaged in " + std::to_string(found.found) +
                             " places, the first: " + first.where + ": " + first.what};
}

Progress from(const Progress& progress, double base, double share) {
  return
      [&progress, base, share](std::string_view step, double done) { return !progress || progress(step, base + share * done); };
}

// What a copy is, in the words of BACKUP. Error: Corrupt.
Result<Backup> describe(const fs::path& copy, const Inspection& found, Time made) {
  if (found.found > 0) return unsound(copy, found);
  Backup backup{.made = made,
                .format = found.format,
                .series = found.series,
                .samples = found.samples,
                .logs = found.logs.events,
                .events = found.events.events};
  for (const auto& [table, records] : found.tables) backup.records += records;
  backup.files = files_in(copy);
  for (const auto& [name, octets] : backup.files) backup.octets += octets;
  return backup;
}

Status copy_file(const fs::path& from, const fs::path& to, const std::function<bool(std::uint64_t)>& copied) {
  const int in = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
  if (in < 0) return io("cannot read", from);
  const int out = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  Status status = out < 0 ? Status(io("cannot make", to)) : Status();
  std::vector<char> buffer(1 << 20);
  while (status) {
    const ssize_t got = ::read(in, buffer.data(), buffer.size());
    if (got < 0) status = io("cannot read", from);
    if (got <= 0) break;
    for (ssize_t done = 0; done < got && status;) {
      const ssize_t put = ::write(out, buffer.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0) status = io("cannot write", to);
      else done += put;
    }
    if (status && !copied(static_cast<std::uint64_t>(got)))
      status = Error{Code::Cancelled, "the copy was ended before it was done; nothing has changed"};
  }
  if (status && ::fsync(out) != 0) status = io("cannot write", to);
  ::close(in);
  if (out >= 0) ::close(out);
  return status;
}

// All files of a copy, one after the other. `share`: of all that is done, what copying is.
Status copy_files(const fs::path& from, const fs::path& to, const std::vector<std::pair<std::string, std::uint64_t>>& files,
                  const Progress& progress, double share) {
  if (::mkdir(to.c_str(), 0755) != 0) return io("cannot make the folder", to);
  std::uint64_t all = 1, done = 0;
  for (const auto& [name, octets] : files) all += octets;
  for (const auto& [name, octets] : files) {
    BONGSU_TRY_OK(copy_file(from / name, to / name, [&](std::uint64_t more) {
      done += more;
      return !progress || progress("copying", share * static_cast<double>(done) / static_cast<double>(all));
    }));
  }
  return {};
}

constexpr double kCopyShare = 0.4;

// Copies the database in `data` by `checkpoint`. To another file system in two steps, so that the database is not held while
// octets move, and they can be stopped.
Result<std::uint64_t> copy_database(const fs::path& data, const fs::path& to, const Progress& progress,
                                    const std::function<Result<std::uint64_t>(const fs::path&)>& checkpoint) {
  if (device_of(data) == device_of(to.parent_path())) return checkpoint(to);
  // Who has the data has this folder: what is left of an earlier run is nobody's.
  const fs::path links = data / "backup.partial";
  std::error_code ignored;
  fs::remove_all(links, ignored);
  BONGSU_TRY(const Partial partial, Partial::make(links));
  BONGSU_TRY(const std::uint64_t sequence, checkpoint(partial.store()));
  BONGSU_TRY_OK(copy_files(partial.store(), to, files_in(partial.store()), progress, kCopyShare));
  return sequence;
}

// `copy` makes the copy and gives what must at least be in it.
struct Least {
  std::uint64_t sequence = 0;
  std::uint64_t series = 0;
};
Result<Backup> make(const fs::path& dir, Time now, const Progress& progress,
                    const std::function<Result<Least>(const fs::path&)>& copy) {
  BONGSU_TRY(const fs::path target, whole_path(dir));
  BONGSU_TRY_OK(check_target(target));
  BONGSU_TRY(const Partial partial, Partial::make(target.string() + ".partial"));
  if (progress && !progress("copying", 0)) return Error{Code::Cancelled, "the backup was ended before it was done"};
  BONGSU_TRY(const Least least, copy(partial.store()));
  BONGSU_TRY(const Inspection found,
             inspect(partial.store(), {.top = 0, .progress = from(progress, kCopyShare, 1 - kCopyShare)}));
  if (found.sequence < least.sequence || found.series < least.series) {
    return Error{Code::Corrupt, "the copy in " + partial.store().string() + " lacks what was kept before it was made (" +
                                    std::to_string(found.series) + " of " + std::to_string(least.series) + " series)"};
  }
  BONGSU_TRY(Backup backup, describe(partial.store(), found, now));
  BONGSU_TRY_OK(write_file(partial.store() / kFile, to_text(backup)));
  BONGSU_TRY_OK(sync(partial.store()));
  if (::chmod(partial.store().c_str(), 0700) != 0 || ::rename(partial.store().c_str(), target.c_str()) != 0)
    return io("cannot name the backup", target);
  BONGSU_TRY_OK(sync(target.parent_path()));
  return backup;
}

// Root restores for the daemon's user.
void give_to_owner_of(const fs::path& before, const fs::path& dir) {
  struct stat about {};
  if (::geteuid() != 0 || ::stat(before.c_str(), &about) != 0) return;
  std::error_code ignored;
  bool given = ::lchown(dir.c_str(), about.st_uid, about.st_gid) == 0;
  for (const auto& entry : fs::directory_iterator(dir, ignored))
    given = ::lchown(entry.path().c_str(), about.st_uid, about.st_gid) == 0 && given;
  if (!given) log::warning("not every file in {} could be given to the owner of {}", dir.string(), before.string());
  ::chmod(dir.c_str(), about.st_mode & 07777);
}

}  // namespace

Result<Backup> back_up(Store& store, const fs::path& dir, Time now, const Progress& progress) {
  return make(dir, now, progress, [&](const fs::path& to) -> Result<Least> {
    const std::uint64_t before = store.health().series;
    const auto checkpoint = [&](const fs::path& where) { return store.checkpoint(where); };
    BONGSU_TRY(const std::uint64_t sequence, copy_database(store.directory(), to, progress, checkpoint));
    return Least{sequence, std::min(before, store.health().series)};  // series may leave meanwhile
  });
}

Result<Backup> back_up(const fs::path& data, const fs::path& dir, Time now, const Progress& progress) {
  return make(dir, now, progress, [&](const fs::path& to) -> Result<Least> {
    std::error_code failed;
    if (!fs::is_directory(data, failed))
      return Error{Code::NotFound, "there is no store in " + data.string() + ": name its folder with --data, or the key `data:`"};
    BONGSU_TRY(const DirectoryLock lock, DirectoryLock::take(data));
    BONGSU_TRY_OK(room_to_open(data));
    bool damaged = false;
    BONGSU_TRY(const auto rocks, Rocks::open(data, StoreOptions{.memory = 32ull << 20}, damaged, OpenAs::Copy));
    BONGSU_TRY_OK(check_format(*rocks, data));
    const auto checkpoint = [&](const fs::path& where) -> Result<std::uint64_t> {
      BONGSU_TRY_OK(rocks->checkpoint(where));
      return rocks->db().GetLatestSequenceNumber();
    };
    BONGSU_TRY(const std::uint64_t sequence, copy_database(data, to, progress, checkpoint));
    return Least{sequence, 0};
  });
}

bool in_use(const fs::path& data) {
  const auto lock = DirectoryLock::share(data);
  return !lock && lock.error().code == Code::Unavailable;
}

Result<Backup> read_backup(const fs::path& dir) {
  std::error_code failed;
  const fs::path path = dir / kFile;
  const std::uintmax_t octets = fs::file_size(path, failed);
  if (failed) {
    const bool raw = fs::exists(dir / "CURRENT", failed);
    return Error{Code::NotFound, "there is no backup in " + dir.string() + ": it has no file " + std::string(kFile) +
                                     (raw ? "; it is a data directory, which --data serves as it is" : "")};
  }
  std::string text;
  if (octets <= kMostOctets) {
    std::ifstream file(path, std::ios::binary);
    text.assign(std::istreambuf_iterator<char>(file), {});
  }
  auto backup = from_text(text);
  if (!backup) return Error{Code::Corrupt, path.string() + " does not read as this version writes it: take another backup"};
  for (const auto& [name, size] : backup->files) {
    const std::uintmax_t found = fs::file_size(dir / name, failed);
    if (failed) return Error{Code::Corrupt, "the backup in " + dir.string() + " is not whole: " + name + " is missing"};
    if (found != size) {
      return Error{Code::Corrupt, "the backup in " + dir.string() + " is not whole: " + name + " has " + std::to_string(found) +
                                      " octets, not " + std::to_string(size)};
    }
  }
  return *std::move(backup);
}

Result<Restored> restore(const fs::path& dir, const fs::path& data, bool replace, Time now, const Progress& progress) {
  BONGSU_TRY(Backup backup, read_backup(dir));
  BONGSU_TRY(const fs::path target, whole_path(data));
  std::error_code failed;
  if (!fs::is_directory(target.parent_path(), failed))
    return Error{Code::NotFound, "there is no folder " + target.parent_path().string() + ": make it first"};
  if (fs::equivalent(dir, target, failed) && !failed)
    return Error{Code::Invalid, "the backup and the data are both " + target.string() + ": name another data directory"};
  const bool there = fs::is_directory(target, failed);
  std::optional<DirectoryLock> lock;
  if (there) {
    BONGSU_TRY(DirectoryLock taken, DirectoryLock::share(target));
    lock.emplace(std::move(taken));
    if (holds_anything(target) && !replace) {
      return Error{Code::Exists, "the data directory " + target.string() +
                                     " is not empty: say --replace, and what is there is kept under another name"};
    }
  }
  if (free_octets(target.parent_path()) < backup.octets + kOpenSpace) {
    return Error{Code::Unavailable, "the disk of " + target.parent_path().string() + " has " +
                                        std::to_string(free_octets(target.parent_path()) >> 20) +
                                        " MiB left, and the backup takes " + std::to_string((backup.octets >> 20) + 1) +
                                        " MiB: make room"};
  }
  BONGSU_TRY(const Partial partial, Partial::make(target.string() + ".partial"));
  BONGSU_TRY_OK(copy_files(dir, partial.store(), backup.files, progress, kCopyShare));
  BONGSU_TRY(const Inspection found,
             inspect(partial.store(), {.top = 0, .progress = from(progress, kCopyShare, 1 - kCopyShare)}));
  BONGSU_TRY(const Backup copy, describe(partial.store(), found, backup.made));
  for (const auto& [name, member] : kNumbers) {
    if (copy.*member != backup.*member) {
      return Error{Code::Corrupt, "the backup in " + dir.string() + " has " + std::to_string(copy.*member) + " " +
                                      std::string(name) + ", and was made with " + std::to_string(backup.*member) +
                                      ": take another one"};
    }
  }
  BONGSU_TRY_OK(sync(partial.store()));
  Restored restored{.backup = std::move(backup), .aside = {}};
  if (there) give_to_owner_of(target, partial.store());
  if (there && holds_anything(target)) {
    std::string stamp = format_time(now).substr(0, 19);
    std::erase_if(stamp, [](char c) { return c == ':' || c == '-'; });
    restored.aside = target.string() + ".before-" + stamp;
    if (fs::exists(restored.aside, failed) || ::rename(target.c_str(), restored.aside.c_str()) != 0)
      return io("cannot rename " + target.string() + " to", restored.aside);
  }
  if (::rename(partial.store().c_str(), target.c_str()) != 0) {
    const Error failure = io("cannot name the restored data", target);
    if (!restored.aside.empty()) ::rename(restored.aside.c_str(), target.c_str());
    return failure;
  }
  BONGSU_TRY_OK(sync(target.parent_path()));
  return restored;
}

}  // namespace bongsu::store
