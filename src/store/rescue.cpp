// SPDX-License-Identifier: Apache-2.0
#include "store/rescue.h"

#include <fcntl.h>
#include <rocksdb/sst_file_reader.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "store/codec.h"
#include "store/manifest.h"
#include "store/table_watch.h"

namespace bongsu::store {
namespace {

constexpr const char* kFolder = "damaged";
constexpr const char* kNew = ".new";   // a text that was not told yet
constexpr const char* kTold = ".txt";  // one that was
// What the folder may hold; the oldest go first.
constexpr std::uint64_t kMostOctets = 256 << 20;  // of tables
constexpr std::size_t kMostTexts = 100;
constexpr int kRounds = 8;
constexpr std::size_t kBatchOctets = 1 << 20;

std::string name_of(const rocksdb::LiveFileMetaData& table) { return std::filesystem::path(table.name).filename().string(); }

// What could be read of a damaged table.
struct Salvage {
  std::uint64_t kept = 0;
  std::uint64_t held = 0;                                   // records by the table's own count; 0 when not even that is known
  std::vector<std::pair<std::string, std::string>> lost{};  // between these keys
};

std::string halfway(const std::string& low, const std::string& high) {
  const std::size_t octets = std::max(low.size(), high.size()) + 1;
  const auto at = [](const std::string& key, std::size_t i) { return i < key.size() ? static_cast<unsigned char>(key[i]) : 0u; };
  std::string sum(octets, '\0');
  unsigned carry = 0;
  for (std::size_t i = octets; i-- > 0;) {
    const unsigned both = at(low, i) + at(high, i) + carry;
    sum[i] = static_cast<char>(both & 0xff);
    carry = both >> 8;
  }
  std::string half(octets, '\0');
  for (std::size_t i = 0; i < octets; ++i) {
    const unsigned whole = carry << 8 | static_cast<unsigned char>(sum[i]);
    half[i] = static_cast<char>(whole >> 1);
    carry = whole & 1;
  }
  return half;
}

// Leaves `at` at the first record that reads behind `low`, where reading failed; false when there is none up to `high`.
bool pass_damage(rocksdb::Iterator& at, std::string low, std::string high) {
  const auto reads = [&](const std::string& key) {
    at.Seek(Rocks::slice(key));
    return at.Valid();
  };
  if (low >= high || !reads(high)) return false;
  for (std::size_t steps = (std::max(low.size(), high.size()) + 1) * 8; steps > 0; --steps) {
    std::string middle = halfway(low, high);
    if (middle <= low || middle >= high) break;
    (reads(middle) ? high : low) = std::move(middle);
  }
  return reads(high);
}

// Writes anew what the store holds under each key that still reads in the table. That may be newer than the table's own.
Result<Salvage> salvage(const Rocks& rocks, const std::filesystem::path& dir, const rocksdb::LiveFileMetaData& table,
                        rocksdb::ColumnFamilyHandle* family) {
  Salvage found;
  rocksdb::Options options;
  options.env = checking_env();
  rocksdb::SstFileReader reader(options);
  if (!reader.Open((dir / name_of(table)).string()).ok()) {
    found.lost.emplace_back(table.smallestkey, table.largestkey);
    return found;
  }
  const auto properties = reader.GetTableProperties();
  found.held =
      properties->num_entries - std::min(properties->num_entries, properties->num_deletions + properties->num_range_deletions);
  rocksdb::WriteBatch batch;
  const auto write = [&](bool sync) -> Status {
    rocksdb::WriteOptions how;
    how.sync = sync;
    const auto status = rocks.db().Write(how, &batch);
    batch.Clear();
    return status.ok() ? Status() : Status(to_error(status, "writing anew what is left of a damaged table"));
  };
  rocksdb::ReadOptions uncached;
  uncached.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> at(reader.NewIterator(uncached));
  std::string last = table.smallestkey, value;
  at->SeekToFirst();
  for (;;) {
    for (; at->Valid(); at->Next()) {
      last = at->key().ToString();
      const auto status = rocks.db().Get(uncached, family, at->key(), &value);
      if (status.ok()) BONGSU_CHECK(batch.Put(family, at->key(), value).ok());
      ++found.kept;
      if (batch.GetDataSize() >= kBatchOctets) BONGSU_TRY_OK(write(false));
    }
    if (at->status().ok() && found.kept >= found.held) break;
    std::string from = last;
    const bool more = !at->status().ok() && pass_damage(*at, last + '\0', table.largestkey);
    found.lost.emplace_back(std::move(from), more ? at->key().ToString() : table.largestkey);
    if (!more) break;
  }
  BONGSU_TRY_OK(write(true));
  return found;
}

Status sync_folder(const std::filesystem::path& dir) {
  const int folder = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool done = folder >= 0 && ::fsync(folder) == 0;
  if (folder >= 0) ::close(folder);
  if (done) return {};
  return Error{Code::Io, "cannot write the folder " + dir.string() + " to the disk"};
}

void bound_folder(const std::filesystem::path& folder) {
  struct Kept {
    std::filesystem::path file;
    std::filesystem::file_time_type at;
    std::uint64_t octets;
  };
  std::vector<Kept> tables, texts;
  std::error_code fault;
  for (std::filesystem::directory_iterator at(folder, fault), end; !fault && at != end; at.increment(fault)) {
    std::error_code gone;
    const bool text = at->path().extension() == kTold;
    if (!text && at->path().extension() != ".sst") continue;
    // A table carries the time of its writing, its text that of its damage.
    const std::filesystem::path said = text ? at->path().string() : at->path().string() + kTold;
    const auto when = std::filesystem::last_write_time(said, gone);
    const Kept kept{at->path(), gone ? std::filesystem::file_time_type::max() : when, at->file_size(gone)};
    (text ? texts : tables).push_back(kept);
  }
  const auto bound = [](std::vector<Kept>& some, std::uint64_t most, const auto& weight) {
    std::sort(some.begin(), some.end(),
              [](const Kept& a, const Kept& b) { return std::tie(b.at, b.file) < std::tie(a.at, a.file); });
    std::uint64_t sum = 0;
    std::error_code ignored;
    for (std::size_t i = 0; i < some.size(); ++i) {
      sum += weight(some[i]);
      if (i > 0 && sum > most) std::filesystem::remove(some[i].file, ignored);
    }
  };
  bound(tables, kMostOctets, [](const Kept& each) { return each.octets; });
  bound(texts, kMostTexts, [](const Kept&) { return 1; });
}

// A copy of the table into the folder, if there is any of it, and the text.
Status put_aside(const std::filesystem::path& dir, const std::string& name, const std::string& family, const std::string& text) {
  const std::filesystem::path folder = dir / kFolder;
  std::error_code fault;
  std::filesystem::create_directories(folder, fault);
  if (fault) return Error{Code::Io, "cannot make the folder " + folder.string() + ": " + fault.message()};
  std::error_code ignored;
  std::filesystem::remove(folder / name, ignored);
  std::filesystem::create_hard_link(dir / name, folder / name, ignored);
  if (ignored) std::filesystem::copy_file(dir / name, folder / name, ignored);
  const std::filesystem::path said = folder / (name + kNew);
  std::ofstream out(said, std::ios::binary | std::ios::trunc);
  out << family << "\n" << text << "\n";
  out.close();
  if (!out) return Error{Code::Io, "cannot write " + said.string()};
  bound_folder(folder);
  BONGSU_TRY_OK(sync_folder(folder));
  return sync_folder(dir);
}

std::string text_of(const rocksdb::LiveFileMetaData& table, const Salvage& found, const std::string& why) {
  const std::string& family = table.column_family_name;
  std::string text = "table " + name_of(table) + " (" + family + ") was damaged: ";
  if (found.kept == 0 && found.held == 0) {
    text += "all of its records are lost, " + describe_records(family, table.smallestkey, table.largestkey);
  } else if (found.lost.empty()) {
    text += "none of its records is lost";
  } else {
    text += std::to_string(found.held - std::min(found.held, found.kept)) + " of its " + std::to_string(found.held) +
            " records are lost";
    std::size_t told = 0;
    for (const auto& [from, to] : found.lost) {
      if (++told > 4) break;
      text += (told == 1 ? ", among " : "; ") + describe_records(family, from, to);
    }
  }
  return text + " (" + why + ")";
}

// Gives how many were set aside.
Result<std::size_t> rescue(const std::filesystem::path& dir, const StoreOptions& options, const std::set<std::string>& suspects) {
  bool damaged = false;
  std::vector<rocksdb::LiveFileMetaData> tables;
  std::map<std::string, std::uint32_t> numbers;  // of families
  const auto list = [&](const Rocks& rocks) {
    for (std::size_t i = 0; i < kFamilies; ++i) {
      if (rocksdb::ColumnFamilyHandle* family = rocks.family(Family{i}); family != nullptr)
        numbers[family->GetName()] = family->GetID();
    }
    rocks.db().GetLiveFilesMetaData(&tables);
  };
  {
    BONGSU_TRY(const auto look, Rocks::open(dir, options, damaged, OpenAs::Look));
    list(*look);
  }
  std::vector<std::pair<rocksdb::LiveFileMetaData, std::string>> broken, hurt;
  for (const auto& table : tables) {
    const std::filesystem::path file = dir / name_of(table);
    std::error_code fault;
    const auto size = std::filesystem::file_size(file, fault);
    Status sound = check_table(file, false);
    if (sound && size != table.size) sound = Error{Code::Corrupt, "its size is not the one it was written with"};
    if (!sound) {
      if (sound.error().code == Code::Corrupt) broken.emplace_back(table, sound.error().text);
    } else if (suspects.contains(name_of(table))) {
      if (const Status all = check_table(file, true); !all) hurt.emplace_back(table, all.error().text);
    }
  }
  const auto drop = [&](const std::vector<std::pair<rocksdb::LiveFileMetaData, std::string>>& some) -> Status {
    std::vector<ListedTable> gone;
    for (const auto& [table, why] : some) gone.push_back({numbers[table.column_family_name], table.level, table.file_number});
    return gone.empty() ? Status() : strike_tables(dir, gone);
  };
  for (const auto& [table, why] : broken) {
    const std::string text = text_of(table, {}, why);
    log::error("the store in {}: {}", dir.string(), text);
    BONGSU_TRY_OK(put_aside(dir, name_of(table), table.column_family_name, text));
  }
  BONGSU_TRY_OK(drop(broken));
  if (hurt.empty()) return broken.size();
  {
    BONGSU_TRY(const auto mend, Rocks::open(dir, options, damaged, OpenAs::Mend));
    for (const auto& [table, why] : hurt) {
      rocksdb::ColumnFamilyHandle* family = nullptr;
      for (std::size_t i = 0; i < kFamilies; ++i) {
        if (mend->family(Family{i}) != nullptr && mend->family(Family{i})->GetName() == table.column_family_name)
          family = mend->family(Family{i});
      }
      if (family == nullptr) continue;
      BONGSU_TRY(const Salvage found, salvage(*mend, dir, table, family));
      const std::string text = text_of(table, found, why);
      log::error("the store in {}: {}", dir.string(), text);
      BONGSU_TRY_OK(put_aside(dir, name_of(table), table.column_family_name, text));
    }
  }
  BONGSU_TRY_OK(drop(hurt));
  return broken.size() + hurt.size();
}

// Tables that RocksDB could not use, though it opened without them.
std::set<std::string> unusable(const Rocks& rocks, const std::filesystem::path& dir) {
  std::vector<rocksdb::LiveFileMetaData> tables;
  rocks.db().GetLiveFilesMetaData(&tables);
  std::set<std::string> names;
  for (const auto& table : tables) {
    if (const Status sound = check_table(dir / name_of(table), false); !sound && sound.error().code == Code::Corrupt)
      names.insert(name_of(table));
  }
  return names;
}

}  // namespace

Result<std::shared_ptr<Rocks>> open_sound(const std::filesystem::path& dir, const StoreOptions& options, bool& damaged, OpenAs as,
                                          std::set<std::string> suspects) {
  damaged = false;
  bool must_look = !suspects.empty();
  std::optional<Error> refusal;
  for (int round = 0;; ++round) {
    bool log_damaged = false;
    if (must_look) {
      const auto found = rescue(dir, options, suspects);
      // What kept it from opening tells best.
      if (!found) return refusal ? *refusal : found.error();
      must_look = *found > 0;
    }
    auto opened = Rocks::open(dir, options, log_damaged, as);
    damaged = damaged || log_damaged;
    if (!opened) {
      // With nothing found that could be set aside, it will not open.
      if (opened.error().code != Code::Corrupt || round >= kRounds || (round > 0 && !must_look)) return opened;
      suspects.clear();
      refusal = opened.error();
    } else {
      suspects = (*opened)->hurt_tables();
      if (suspects.empty()) suspects = unusable(**opened, dir);
      if (suspects.empty()) return opened;
      if (round >= kRounds)
        return Error{Code::Corrupt,
                     "the tables of the store in " + dir.string() +
                         " are damaged, one after another: see to the disk, and restore the directory from a backup"};
    }
    must_look = true;
  }
}

std::vector<SetAside> set_aside(const std::filesystem::path& dir) {
  std::vector<SetAside> found;
  std::error_code fault;
  for (std::filesystem::directory_iterator at(dir / kFolder, fault), end; !fault && at != end; at.increment(fault)) {
    const bool told = at->path().extension() == kTold;
    if (!told && at->path().extension() != kNew) continue;
    SetAside each{.file = at->path().stem().string(), .told = told};
    std::ifstream in(at->path(), std::ios::binary);
    std::getline(in, each.family);
    std::getline(in, each.text);
    found.push_back(std::move(each));
  }
  std::sort(found.begin(), found.end(), [](const SetAside& a, const SetAside& b) { return a.file < b.file; });
  return found;
}

void mark_told(const std::filesystem::path& dir) {
  for (const SetAside& each : set_aside(dir)) {
    std::error_code fault;
    if (!each.told) std::filesystem::rename(dir / kFolder / (each.file + kNew), dir / kFolder / (each.file + kTold), fault);
    if (fault) log::warning("cannot mark the text of {} as told: {}", each.file, fault.message());
  }
}

std::string describe_records(std::string_view family, std::string_view from, std::string_view to) {
  const auto is = [&](Family which) { return family == name_of(which); };
  const auto both = [](const std::string& a, const std::string& b) { return a == b ? a : a + " to " + b; };
  Reader first(from), last(to);
  const auto day = [](std::uint32_t number) { return format_time(Time(std::chrono::days(number))).substr(0, 10); };
  const auto blocks = [](std::uint32_t a, std::uint32_t b) {
    return "series " + std::to_string(a * std::uint64_t{kGroupSeries}) + " to " +
           std::to_string(b * std::uint64_t{kGroupSeries} + kGroupSeries - 1);
  };
  if (is(Family::Groups) || is(Family::Chunks)) {
    const std::uint32_t a = first.be32(), b = last.be32();
    const std::string days = "samples of " + both(day(a), day(b));
    return is(Family::Groups) && a == b ? days + ", " + blocks(first.be32(), last.be32()) : days;
  }
  if (is(Family::FiveMinutes) || is(Family::Hours)) {
    const std::uint32_t days = period_days(is(Family::Hours) ? Family::Hours : Family::FiveMinutes);
    return "windows of " + both(day(first.be32() * days), day(last.be32() * days + days - 1));
  }
  if (is(Family::Heads) || is(Family::Open)) return "newest samples of " + blocks(first.be32(), last.be32());
  if (is(Family::Journal))
    return "records " + both(std::to_string(first.be64()), std::to_string(last.be64())) +
           " of the head log, with the newest samples";
  if (is(Family::Logs) || is(Family::Events))
    return std::string(is(Family::Logs) ? "log lines" : "events") + " of the blocks with ids " +
           both(std::to_string(first.be64()), std::to_string(last.be64()));
  if (is(Family::LogIndex) || is(Family::EventIndex)) return "summaries of blocks of events, which are made anew";
  if (is(Family::Words)) return "filters of words, without which searches read more";
  if (is(Family::Tail)) return "the newest events";
  if (is(Family::Series)) return "names of series";
  if (is(Family::State)) {
    const auto table = [](std::string_view key) { return std::string(key.substr(0, key.find('\0'))); };
    return "state of " + both(table(from), table(to));
  }
  return "numbers of the store's own, which are found out anew";
}

}  // namespace bongsu::store
