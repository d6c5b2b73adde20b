// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include <algorithm>

#include "store/catalogue.h"
#include "store/codec.h"
#include "store/core.h"
#include "store/format1.h"
#include "store/journal.h"

namespace bongsu::store {
namespace {
constexpr std::string_view kFormatKey = "format";
// Numbers that are left out where the highest that were given may be lost.
constexpr std::uint64_t kPassedIds = 1 << 20, kPassedRecords = 1 << 20;
}  // namespace

Status Store::Core::load() {
  const auto rocks = this->rocks();
  BONGSU_TRY(const auto format, check_format(*rocks, dir_));
  const std::uint64_t version = format.value_or(kFormat);
  // Before a form is written that the version which made the store could not read. Format 1 is raised with what is open.
  if (!read_only_ && (!format || (version > 1 && version < kFormat))) {
    rocksdb::WriteOptions options;
    options.sync = version < kFormat;
    const auto status = rocks->db().Put(options, rocks->family(Family::Meta), Rocks::slice(kFormatKey), varint(kFormat));
    if (!status.ok()) return to_error(status, "writing the format of the store in " + dir_.string());
  }
  if (mend_) BONGSU_TRY_OK(EventLog::mend(*rocks, *set_aside_.lock()));
  BONGSU_TRY_OK(load_series());
  if (mend_) pass_numbers();
  BONGSU_TRY_OK(number_groups());
  if (version == 1) BONGSU_TRY_OK(raise_format1());
  else BONGSU_TRY_OK(load_heads());
  const auto chunks = rocks->iterate(Family::Chunks);
  chunks->SeekToFirst();
  format1_ = chunks->Valid();
  if (!chunks->status().ok()) return to_error(chunks->status(), "reading the store in " + dir_.string());
  BONGSU_TRY_OK(replay());
  BONGSU_TRY_OK(begin_rollups());
  return events_.load(*rocks, mend_ ? kPassedIds : 0).context("the store in " + dir_.string());
}

// Where the largest numbers may be lost, those that follow keep clear of them.
void Store::Core::pass_numbers() {
  const auto last = rocks()->iterate(Family::Heads);
  last->SeekToLast();
  if (last->Valid()) index_.skip_to((Reader(Rocks::view(last->key())).be32() + 1) * Block::kSeries);
}

Status Store::Core::load_series() {
  BONGSU_TRY(const auto next, rocks()->get(Family::Meta, "next_series"));
  if (next) {
    Reader in(*next);
    index_.skip_to(static_cast<Id>(in.varint()));
  }
  const auto rocks = this->rocks();
  bool format1 = false;
  const Status read = rocks->each(Family::Series, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
    format1 = format1 || key.size() == sizeof(Id);
    BONGSU_TRY_OK(load_catalogue(index_, key, value, [&](Id id) { make_block(id / Block::kSeries).set_alive(id); }));
    return true;
  });
  if (read && format1 && !read_only_) {  // these stand below all others
    rocksdb::WriteBatch batch;
    rocks->drop_range(Family::Series, "", catalogue_key(0), batch);
    for (Id group = 0; group * SeriesIndex::kGroup < index_.next(); ++group) {
      const std::string value = encode_catalogue(index_, group);
      if (!value.empty()) BONGSU_CHECK(batch.Put(rocks->family(Family::Series), catalogue_key(group), value).ok());
    }
    const auto status = rocks->db().Write(rocksdb::WriteOptions(), &batch);
    if (!status.ok()) return to_error(status, "writing the catalogue of series in " + dir_.string());
  }
  count_.series.set(static_cast<double>(index_.size()));
  count_.series_numbers.set(static_cast<double>(index_.next()));
  return Status(read).context("the catalogue of series in " + dir_.string());
}

// Groups that replaying freezes anew may hold more or less than those that are on disk already; both stay.
Status Store::Core::number_groups() {
  const auto last = rocks()->iterate(Family::Journal);
  last->SeekToLast();
  if (!last->status().ok()) return to_error(last->status(), "reading the head log in " + dir_.string());
  const std::uint64_t records = last->Valid() ? Reader(Rocks::view(last->key())).be64() : 0;
  first_group_ = (records + 1 + (mend_ ? kPassedRecords : 0)) << 20;
  for (Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1))
    block->number_from(first_group_);
  return {};
}

// Where a start spends its time: by several threads, each with blocks of its own.
Status Store::Core::load_heads() {
  const auto rocks = this->rocks();
  std::vector<std::uint32_t> numbers;
  for (const Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1))
    numbers.push_back(block->number());
  if (numbers.empty()) return {};
  const std::size_t threads =
      std::clamp<std::size_t>(numbers.size() / 256, 1, std::clamp(std::thread::hardware_concurrency(), 1u, 4u));
  std::vector<Status> outcomes(threads);
  const auto load_part = [&](std::size_t part) {
    const std::uint32_t first = numbers[numbers.size() * part / threads];
    const std::uint32_t last = numbers[numbers.size() * (part + 1) / threads - 1];
    const auto load_one = [&](std::string_view key, std::string_view value) -> Result<bool> {
      const std::uint32_t number = Reader(key).be32();
      if (number > last) return false;
      Block* block = blocks_.find(number);
      if (block == nullptr) return true;  // all of its series are gone
      if (const Status loaded = block->load(value); !loaded) lose_record(0, loaded.error().text);
      return true;
    };
    outcomes[part] = rocks->each(Family::Heads, series_key(first), load_one);
  };
  std::vector<std::thread> helpers;
  for (std::size_t part = 1; part < threads; ++part) {
    helpers.emplace_back(load_part, part);
    pthread_setname_np(helpers.back().native_handle(), "store-open");
  }
  load_part(0);
  for (std::thread& helper : helpers) helper.join();
  for (const Status& outcome : outcomes) BONGSU_TRY_OK(outcome);
  return {};
}

// What is open becomes heads at once, in one batch; chunks stay as they are, to be read until their time is over.
Status Store::Core::raise_format1() {
  const auto rocks = this->rocks();
  const Status read = rocks->each(Family::Open, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
    Reader at(key);
    const std::uint64_t first = std::uint64_t{at.be32()} * format1::kBlockSeries;
    const auto saved = format1::read_open_block(value);
    if (!saved) lose_record(0, saved.error().text);
    if (!saved) return true;
    for (std::uint64_t series = first; series < first + format1::kBlockSeries; series += Block::kSeries) {
      if (Block* block = block_of(series); block != nullptr) block->saved_seq = saved->saved_seq;
    }
    for (const format1::OpenSeries& each : saved->series) {
      Block* block = block_of(first + each.slot);
      const auto id = static_cast<Id>(first + each.slot);
      if (block == nullptr || !block->alive(id)) continue;
      for (const Sample& sample : each.open) block->put(id, sample);
      for (const Sample& sample : each.late) block->put(id, sample);
    }
    return true;
  });
  if (!read || read_only_) return read;
  rocksdb::WriteBatch batch;
  for (Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
    const std::uint32_t number = block->number();
    for (const auto& frozen : block->frozen()) {
      std::array<std::uint8_t, kGroupSeries> learned{};
      for (const SealedGroup& group : seal(*frozen, learned)) {
        const std::string key = group_key(day_of(group.first), number, group.first, frozen->number, group.late);
        BONGSU_CHECK(batch.Put(rocks->family(Family::Groups), key, group.value).ok());
      }
    }
    block->taken = block->frozen().size();
    block->drop_taken();
    BONGSU_CHECK(batch.Put(rocks->family(Family::Heads), series_key(number), block->save()).ok());
  }
  rocks->drop_range(Family::Open, "", std::string(8, '\xff'), batch);
  BONGSU_CHECK(batch.Put(rocks->family(Family::Meta), Rocks::slice(kFormatKey), varint(kFormat)).ok());
  rocksdb::WriteOptions options;
  options.sync = true;
  if (const auto status = rocks->db().Write(options, &batch); !status.ok()) {
    return to_error(status, "raising the store in " + dir_.string() + " to format " + std::to_string(kFormat));
  }
  return {};
}

Status Store::Core::replay() {
  BONGSU_TRY_OK(replay_records());
  // Behind a lost end of the head log: a number at which a block was saved must not be given again.
  for (const Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
    if (block->saved_seq < next_seq_) continue;
    lose_record(next_seq_, "it is missing at the end");
    next_seq_ = block->saved_seq + 1;
  }
  if (mend_) next_seq_ += kPassedRecords;  // all blocks are saved before any follows
  return {};
}

Status Store::Core::replay_records() {
  const auto rocks = this->rocks();
  BONGSU_TRY(const auto floor, rocks->get(Family::Meta, "journal_floor"));
  if (floor) {
    Reader in(*floor);
    journal_floor_ = in.varint();
  }
  next_seq_ = journal_floor_ + 1;
  // The numbers are dense: one that is missing was written and is gone.
  const Status read =
      rocks->each(Family::Journal, be64(next_seq_), [&](std::string_view key, std::string_view value) -> Result<bool> {
        Reader at(key);
        const std::uint64_t seq = at.be64();
        if (!at.done() || seq < next_seq_) return true;
        if (seq > next_seq_) lose_record(next_seq_, std::to_string(seq - next_seq_) + " records are missing");
        replay_record(seq, value);
        next_seq_ = seq + 1;
        return true;
      });
  if (read) return {};
  if (read.error().code != Code::Corrupt) return read;
  // A damaged table: what can still be read is read one by one, up to the last that is there.
  const auto at = rocks->iterate(Family::Journal);
  at->SeekToLast();
  std::uint64_t last = at->Valid() ? Reader(Rocks::view(at->key())).be64() : next_seq_ + 4096;
  for (; next_seq_ <= last; ++next_seq_) {
    const auto value = rocks->get(Family::Journal, be64(next_seq_));
    if (value && *value) replay_record(next_seq_, **value);
    else lose_record(next_seq_, value ? "it is missing" : value.error().text);
  }
  return {};
}

void Store::Core::replay_record(std::uint64_t seq, std::string_view value) {
  const auto points = decode_record(seq, value);
  if (!points) return lose_record(seq, points.error().text);
  for (const Point& point : *points) {
    Block* block = block_of(static_cast<std::uint64_t>(point.series));
    const auto id = static_cast<Id>(point.series);
    if (block == nullptr || !block->alive(id) || block->saved_seq >= seq) continue;
    block->put(id, point.sample);
    if (!block->frozen().empty() && !block->listed) {
      block->listed = true;
      inbox_.blocks.push_back(id / Block::kSeries);
    }
  }
}

void Store::Core::lose_record(std::uint64_t seq, std::string_view why) {
  if (lost_.fetch_add(1) < 10) log::error("the store in {} lost points: record {} of the head log: {}", dir_.string(), seq, why);
  count_.lost.add();
  auto problem = problem_.lock();
  if (problem->empty()) *problem = "points were lost when the store was opened: " + std::string(why);
}

}  // namespace bongsu::store
