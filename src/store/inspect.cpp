// SPDX-License-Identifier: Apache-2.0
#include "store/inspect.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "base/text.h"
#include "store/catalogue.h"
#include "store/codec.h"
#include "store/directory.h"
#include "store/event_block.h"
#include "store/event_codec.h"
#include "store/event_log.h"
#include "store/format1.h"
#include "store/head.h"
#include "store/index.h"
#include "store/journal.h"
#include "store/rescue.h"
#include "store/rocks.h"
#include "store/rollup_codec.h"

namespace bongsu::store {
namespace {

constexpr std::size_t kFindingsKept = 100;
constexpr std::uint64_t kProgressEvery = 256;  // records
constexpr std::uint64_t kInspectMemory = 24ull << 20;

constexpr std::string_view kRestore = "restore the last good backup (bongsu restore), or go on without what is lost";

void widen(std::optional<Time>& oldest, std::optional<Time>& newest, Time from, Time to) {
  oldest = std::min(oldest.value_or(from), from);
  newest = std::max(newest.value_or(to), to);
}

// Walks through every family of a database once.
class Inspector {
 public:
  Inspector(std::filesystem::path dir, std::shared_ptr<Rocks> rocks, const InspectOptions& options)
      : dir_(std::move(dir)), rocks_(std::move(rocks)), options_(options) {}

  Result<Inspection> run() {
    out_.sequence = rocks_->db().GetLatestSequenceNumber();
    for (const SetAside& each : set_aside(dir_)) out_.set_aside.push_back(each.text);
    measure();
    BONGSU_TRY_OK(files());
    BONGSU_TRY_OK(meta());
    BONGSU_TRY_OK(series());
    BONGSU_TRY_OK(each(Family::Groups, [&](std::string_view key, std::string_view value) { return group(key, value); }));
    for (const Family tier : {Family::FiveMinutes, Family::Hours})
      BONGSU_TRY_OK(each(tier, [&](std::string_view key, std::string_view value) { return rollup(tier, key, value); }));
    BONGSU_TRY_OK(each(Family::Chunks, [&](std::string_view key, std::string_view value) { return chunk(key, value); }));
    BONGSU_TRY_OK(each(Family::Heads, [&](std::string_view key, std::string_view value) { return head(key, value); }));
    BONGSU_TRY_OK(each(Family::Open, [&](std::string_view key, std::string_view value) { return open_block(key, value); }));
    BONGSU_TRY_OK(journal());
    for (std::size_t stream = 0; stream < 2; ++stream) BONGSU_TRY_OK(event_blocks(stream));
    BONGSU_TRY_OK(each(Family::Words, [&](std::string_view key, std::string_view) { return words(key); }));
    BONGSU_TRY_OK(each(Family::Tail, [&](std::string_view key, std::string_view value) { return tail(key, value); }));
    BONGSU_TRY_OK(each(Family::State, [&](std::string_view key, std::string_view) { return state(key); }));
    if (options_.progress) options_.progress("done", 1);
    return std::move(out_);
  }

  void find(std::string where, std::string what, std::string_view remedy = kRestore) {
    ++out_.found;
    if (out_.findings.size() < kFindingsKept) out_.findings.push_back({std::move(where), std::move(what), std::string(remedy)});
  }

 private:
  struct Damaged {
    std::string smallest, largest;
  };

  void measure() {
    for (const auto& file : std::filesystem::directory_iterator(dir_, ignored_)) {
      const std::uintmax_t size = file.is_regular_file(ignored_) ? file.file_size(ignored_) : 0;
      if (!ignored_) out_.octets += size;
    }
    for (std::size_t i = 0; i < kFamilies; ++i) {
      if (rocks_->family(Family{i}) == nullptr) continue;
      std::uint64_t octets = 0;
      rocks_->db().GetIntProperty(rocks_->family(Family{i}), "rocksdb.live-sst-files-size", &octets);
      family_at_[i] = out_.families.size();
      out_.families.push_back({.name = std::string(name_of(Family{i})), .octets = octets});
      rocks_->db().GetIntProperty(rocks_->family(Family{i}), "rocksdb.estimate-num-keys", &expected_[i]);
      all_weight_ += octets + expected_[i];
    }
    if (options_.verify) all_weight_ *= 2;
  }

  Status tell(std::string_view step, double within) {
    const double share = all_weight_ == 0 ? 1 : (done_weight_ + within) / static_cast<double>(all_weight_);
    if (!options_.progress || options_.progress(step, std::min(share, 1.0))) return {};
    return Error{Code::Cancelled, "reading the store in " + dir_.string() + " was ended before it was done"};
  }

  // Which records a file holds, in words.
  static std::string span_of(std::string_view family, std::string_view smallest, std::string_view largest) {
    const auto day = [](std::string_view key) { return format_time(Time(std::chrono::days(Reader(key).be32()))).substr(0, 10); };
    if (family == name_of(Family::Groups) || family == name_of(Family::Chunks))
      return ", samples of " + day(smallest) + " to " + day(largest);
    if (family == name_of(Family::Logs) || family == name_of(Family::Events))
      return ", ids " + std::to_string(Reader(smallest).be64()) + " and up";
    return "";
  }

  // Every block of every file against its checksum, so that a finding can name the file. Without `verify` what RocksDB must know
  // to use it.
  Status files() {
    std::vector<rocksdb::LiveFileMetaData> files;
    rocks_->db().GetLiveFilesMetaData(&files);
    for (const auto& file : files) {
      BONGSU_TRY_OK(tell("checksums of files", 0));
      const Status sound = check_table(file.db_path + file.name, options_.verify);
      done_weight_ += options_.verify ? static_cast<double>(file.size) : 0;
      if (sound) continue;
      find("file " + std::filesystem::path(file.name).filename().string() + " (" + file.column_family_name +
               span_of(file.column_family_name, file.smallestkey, file.largestkey) + ")",
           sound.error().text);
      damaged_[file.column_family_name].push_back({file.smallestkey, file.largestkey});
    }
    return {};
  }

  // Every record of a family. Past a damaged file it goes on; `visit` gives an Error for a record that does not read.
  template <class Visit>
  Status each(Family which, const Visit& visit) {
    const auto i = static_cast<std::size_t>(which);
    if (rocks_->family(which) == nullptr) return {};
    const std::string name(name_of(which));
    Inspection::Family& family = out_.families[family_at_[i]];
    const double weight = static_cast<double>(family.octets + expected_[i]);
    // RocksDB 7.8 ends the process where a table with dropped ranges does not read; what was dropped is then counted too.
    const auto at = rocks_->iterate(which, false, !damaged_[name].empty());
    std::string last;
    at->SeekToFirst();
    for (;;) {
      for (; at->Valid(); at->Next()) {
        if (family.records++ % kProgressEvery == 0) {
          const double share = static_cast<double>(family.records) / static_cast<double>(std::max(expected_[i], family.records));
          BONGSU_TRY_OK(tell(name, weight * share));
        }
        last = at->key().ToString();
        if (const Status read = visit(last, Rocks::view(at->value())); !read)
          find("record " + to_hex(std::span(reinterpret_cast<const std::uint8_t*>(last.data()), last.size())) + " of " + name,
               read.error().text);
      }
      if (at->status().ok()) break;
      const Damaged* next = nullptr;
      for (const Damaged& file : damaged_[name]) {
        if (file.largest > last && (next == nullptr || file.largest < next->largest)) next = &file;
      }
      if (next == nullptr) {
        if (damaged_[name].empty()) find("family " + name, at->status().ToString());
        break;
      }
      last = next->largest;
      at->Seek(last + '\0');
    }
    done_weight_ += weight;
    return {};
  }

  Status meta() {
    return each(Family::Meta, [&](std::string_view key, std::string_view value) -> Status {
      Reader in(value);
      const std::uint64_t number = in.varint();
      if (!in.done()) return Error{Code::Corrupt, "\"" + std::string(key) + "\" is no number"};
      if (key == "format") out_.format = number;
      if (key == "journal_floor") floor_ = number;
      return {};
    });
  }

  Status series() {
    const Status read = each(Family::Series, [&](std::string_view key, std::string_view value) {
      return load_catalogue(index_, key, value, [](SeriesIndex::Id) {});
    });
    out_.series = index_.size();
    out_.cardinality = index_.cardinality(options_.top);
    return read;
  }

  // Samples as they stand in a value: in order, each once, not before `first`.
  Status count(const std::vector<Sample>& samples, Time first) {
    for (std::size_t i = 0; i < samples.size(); ++i) {
      if (samples[i].at < first || (i > 0 && samples[i].at <= samples[i - 1].at))
        return Error{Code::Corrupt, "its samples are not in order of time"};
    }
    if (samples.empty()) return {};
    out_.samples += samples.size();
    widen(out_.oldest, out_.newest, samples.front().at, samples.back().at);
    return {};
  }

  Status group(std::string_view key, std::string_view value) {
    BONGSU_TRY(const GroupKey about, parse_group_key(key));
    BONGSU_TRY(GroupReader group, GroupReader::open(value));
    if (about.day != day_of(about.first)) return Error{Code::Corrupt, "its key has another day than its first sample"};
    if (!options_.verify) {
      out_.samples += group.samples();
      widen(out_.oldest, out_.newest, about.first, about.first + group.span());
      return {};
    }
    Time last = about.first;
    for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
      if (!group.has(slot)) continue;
      samples_.clear();
      BONGSU_TRY_OK(group.read(slot, about.first, samples_));
      BONGSU_TRY_OK(count(samples_, about.first));
      if (!samples_.empty()) last = std::max(last, samples_.back().at);
    }
    if (last - about.first != group.span()) return Error{Code::Corrupt, "its samples do not end where it says"};
    return {};
  }

  Status rollup(Family tier, std::string_view key, std::string_view value) {
    Reader in(key);
    in.be32();
    const std::uint32_t block = in.be32(), day = in.be32();
    if (!in.done() || key != rollup_key(tier, day, block)) return Error{Code::Corrupt, "its key is none of a rollup"};
    BONGSU_TRY(const RollupReader rollup, RollupReader::open(value));
    if (!options_.verify) return {};
    const Resolution resolution = tier == Family::Hours ? Resolution::Hour : Resolution::FiveMinutes;
    std::vector<Bucket> buckets;
    for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) BONGSU_TRY_OK(rollup.read(slot, Time{}, resolution, buckets));
    return {};
  }

  Status chunk(std::string_view key, std::string_view value) {
    BONGSU_TRY(const auto about, format1::parse_chunk_key(key));
    samples_.clear();
    BONGSU_TRY_OK(format1::read_chunk(value, samples_));
    return count(samples_, about.first);
  }

  Status head(std::string_view key, std::string_view value) {
    Reader in(key);
    const std::uint32_t number = in.be32();
    if (!in.done()) return Error{Code::Corrupt, "its key is none"};
    Block block(number);
    for (std::uint32_t slot = 0; slot < Block::kSeries; ++slot) block.set_alive(slot);
    BONGSU_TRY_OK(block.load(value));
    saved_[number] = block.saved_seq;
    for (std::uint32_t slot = 0; slot < Block::kSeries; ++slot) {
      Block::Parts parts;
      block.copy(slot, Time::min(), Time::max(), parts);
      BONGSU_TRY_OK(count(parts.in_order, Time{}));
      keep_last_of_equal(parts.late);
      BONGSU_TRY_OK(count(parts.late, Time{}));
    }
    return {};
  }

  Status open_block(std::string_view key, std::string_view value) {
    Reader in(key);
    const std::uint64_t first = std::uint64_t{in.be32()} * format1::kBlockSeries;
    if (!in.done()) return Error{Code::Corrupt, "its key is none"};
    BONGSU_TRY(auto block, format1::read_open_block(value));
    for (std::uint64_t at = first; at < first + format1::kBlockSeries; at += Block::kSeries)
      saved_[static_cast<std::uint32_t>(at / Block::kSeries)] = block.saved_seq;
    for (auto& each : block.series) {
      BONGSU_TRY_OK(count(each.open, Time{}));
      keep_last_of_equal(each.late);
      BONGSU_TRY_OK(count(each.late, Time{}));
    }
    return {};
  }

  // The numbers are dense: one that is missing was written and is gone.
  Status journal() {
    std::uint64_t next = floor_ + 1;
    return each(Family::Journal, [&](std::string_view key, std::string_view value) -> Status {
      Reader in(key);
      const std::uint64_t number = in.be64();
      if (!in.done()) return Error{Code::Corrupt, "its key is none"};
      if (number < next) return {};
      if (number > next) {
        out_.lost_records += number - next;
        find("head log", std::to_string(number - next) + " records from number " + std::to_string(next) + " on are missing");
      }
      next = number + 1;
      const auto points = decode_record(number, value);
      if (!points) {
        ++out_.lost_records;
        return points.error();
      }
      for (const Point& point : *points) {
        const auto saved = saved_.find(static_cast<std::uint32_t>(static_cast<std::uint64_t>(point.series) / Block::kSeries));
        if (saved != saved_.end() && saved->second >= number) continue;
        ++out_.pending;
        ++out_.samples;
        widen(out_.oldest, out_.newest, point.sample.at, point.sample.at);
      }
      return {};
    });
  }

  Inspection::Stream& stream(std::size_t number) { return number == 0 ? out_.logs : out_.events; }

  Result<EventBlockSummary> count(std::size_t number, std::uint64_t first, const std::vector<Event>& events,
                                  std::uint64_t above) {
    if (events.empty() || events.front().id != first) return Error{Code::Corrupt, "its first event is not that of its key"};
    std::vector<const Event*> pointers;
    for (const Event& event : events) {
      if (!pointers.empty() && event.id <= pointers.back()->id) return Error{Code::Corrupt, "the ids of its events do not rise"};
      pointers.push_back(&event);
      if (stream_of(event.kind) != number) return Error{Code::Corrupt, "it holds an event of the other stream"};
      if (event.id <= above) continue;
      ++stream(number).events;
      widen(stream(number).oldest, stream(number).newest, event.received, event.received);
    }
    return summarize(pointers);
  }

  Status event_blocks(std::size_t number) {
    std::map<std::uint64_t, std::string> summaries;
    BONGSU_TRY_OK(each(kIndexes[number], [&](std::string_view key, std::string_view value) -> Status {
      Reader in(key);
      const std::uint64_t first = in.be64();
      if (!in.done()) return Error{Code::Corrupt, "its key is none"};
      BONGSU_TRY(const auto summary, decode_summary(first, value));
      summaries.emplace(first, value);
      last_in_blocks_[number] = std::max(last_in_blocks_[number], summary.last_id);
      return {};
    }));
    BONGSU_TRY_OK(each(kBodies[number], [&](std::string_view key, std::string_view value) -> Status {
      Reader in(key);
      const std::uint64_t first = in.be64();
      if (!in.done()) return Error{Code::Corrupt, "its key is none"};
      blocks_[number].insert(first);
      const auto summary = summaries.extract(first);
      BONGSU_TRY(const auto events, read_events(value));
      BONGSU_TRY(const auto told, count(number, first, events, 0));
      if (summary.empty()) return Error{Code::Corrupt, "it has no summary, and so is not found by any search"};
      if (encode(told) != summary.mapped()) return Error{Code::Corrupt, "its summary tells other things of it"};
      return {};
    }));
    const bool whole = damaged_[std::string(name_of(kBodies[number]))].empty();
    for (const auto& [first, unused] : summaries) {
      if (whole)
        find(std::string(name_of(kBodies[number])), "the block of events from id " + std::to_string(first) + " on is missing");
    }
    return {};
  }

  Status words(std::string_view key) {
    Reader in(key);
    const std::size_t number = in.u8();
    const std::size_t partition = in.u8();
    const std::uint64_t first = in.be64();
    if (!in.done() || number > 1 || partition >= kWordPartitions) return Error{Code::Corrupt, "its key is none"};
    const bool whole = damaged_[std::string(name_of(kBodies[number]))].empty();
    if (whole && !blocks_[number].contains(first)) return Error{Code::Corrupt, "it tells of a block of events that is not there"};
    return {};
  }

  Status tail(std::string_view key, std::string_view value) {
    Reader in(key);
    const std::size_t number = in.u8();
    const std::uint64_t first = in.be64();
    if (!in.done() || number > 1) return Error{Code::Corrupt, "its key is none"};
    BONGSU_TRY(const auto events, read_events(value));
    // What a block holds by now counts there.
    BONGSU_TRY_OK(count(number, first, events, last_in_blocks_[number]));
    return {};
  }

  Status state(std::string_view key) {
    const std::size_t end = key.find('\0');
    if (end == std::string_view::npos) return Error{Code::Corrupt, "its key names no table"};
    ++out_.tables[std::string(key.substr(0, end))];
    return {};
  }

  const std::filesystem::path dir_;
  const std::shared_ptr<Rocks> rocks_;
  const InspectOptions& options_;
  Inspection out_;
  std::error_code ignored_;
  std::array<std::uint64_t, kFamilies> expected_{};
  std::array<std::size_t, kFamilies> family_at_{};
  std::uint64_t all_weight_ = 0;
  double done_weight_ = 0;
  std::map<std::string, std::vector<Damaged>> damaged_;  // by family
  SeriesIndex index_;
  std::uint64_t floor_ = 0;
  std::map<std::uint32_t, std::uint64_t> saved_;  // block -> the last record of the head log that is in what was saved
  std::array<std::uint64_t, 2> last_in_blocks_{};
  std::array<std::set<std::uint64_t>, 2> blocks_;
  std::vector<Sample> samples_;
};

}  // namespace

Result<Inspection> inspect(const std::filesystem::path& dir, const InspectOptions& options) {
  BONGSU_TRY(const DirectoryLock lock, DirectoryLock::share(dir));
  StoreOptions small;
  small.memory = kInspectMemory;
  bool damaged = false;
  // Opened strictly it tells of a damaged log; to be read past damaged tables it is opened without.
  if (const auto strict = Rocks::open(dir, small, damaged, OpenAs::Read); !strict && strict.error().code != Code::Corrupt)
    return strict.error();
  bool unsaid = false;
  BONGSU_TRY(auto rocks, Rocks::open(dir, small, unsaid, OpenAs::Look));
  BONGSU_TRY_OK(check_format(*rocks, dir));
  Inspector inspector(dir, std::move(rocks), options);
  if (damaged) inspector.find("the database's log (*.log)", "it is damaged; what was written after the damage is gone");
  return inspector.run();
}

}  // namespace bongsu::store
