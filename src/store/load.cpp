// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/codec.h"
#include "store/core.h"
#include "store/event_codec.h"
#include "store/journal.h"

namespace bongsu::store {
namespace {
constexpr std::string_view kFormatKey = "format";
constexpr std::uint64_t kFormat = 1;
}  // namespace

Status Store::Core::load() {
  const auto rocks = this->rocks();
  BONGSU_TRY(const auto format, rocks->get(Family::Meta, kFormatKey));
  if (format) {
    Reader in(*format);
    if (const std::uint64_t version = in.varint(); !in.done() || version > kFormat) {
      return Error{Code::Unsupported, "the store in " + dir_.string() + " has format " + std::to_string(version) +
                                          "; this version reads up to " + std::to_string(kFormat) +
                                          ": use the newer bongsu that wrote it"};
    }
  } else {
    std::string value;
    put_varint(value, kFormat);
    const auto status = rocks->db().Put(rocksdb::WriteOptions(), rocks->family(Family::Meta), Rocks::slice(kFormatKey), value);
    if (!status.ok()) return to_error(status, "writing the first record of the store in " + dir_.string());
  }
  BONGSU_TRY_OK(load_series());
  BONGSU_TRY_OK(load_open_chunks());
  BONGSU_TRY_OK(replay());
  next_order_ = (next_seq_ + 1) << 20;
  return load_event_number();
}

Status Store::Core::load_series() {
  BONGSU_TRY(const auto next, rocks()->get(Family::Meta, "next_series"));
  if (next) {
    Reader in(*next);
    index_.skip_to(static_cast<Id>(in.varint()));
  }
  const auto rocks = this->rocks();
  const Status read = rocks->each(Family::Series, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
    Reader at(key);
    const Id id = at.be32();
    Reader in(value);
    const std::uint8_t version = in.u8();
    std::vector<Labels::Pair> pairs;
    for (std::uint64_t left = in.varint(); in.ok() && left > 0; --left) {
      const std::string_view name = in.text();
      pairs.emplace_back(name, in.text());
    }
    if (version != 1 || !at.done() || !in.done() || id / Block::kSeries >= kBlocks) {
      return Error{Code::Corrupt, "the catalogue of series in " + dir_.string() + " holds a record that does not read"};
    }
    index_.restore(id, std::make_shared<const Labels>(std::move(pairs)));
    make_block(id / Block::kSeries).head(id).alive = true;
    return true;
  });
  count_.series.set(static_cast<double>(index_.size()));
  return Status(read).context("the catalogue of series in " + dir_.string());
}

Status Store::Core::load_open_chunks() {
  const auto rocks = this->rocks();
  return rocks->each(Family::Open, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
    Reader at(key);
    const std::uint32_t number = at.be32();
    Block* block = number < kBlocks ? (*blocks_)[number].load() : nullptr;
    if (block == nullptr) return true;  // all of its series are gone
    if (const Status loaded = block->load(value); !loaded) lose_record(0, loaded.error().text);
    return true;
  });
}

Status Store::Core::replay() {
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
    if (block == nullptr || !block->head(id).alive || block->saved_seq >= seq) continue;
    if (block->put(id, point.sample) && !block->listed) {
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

Status Store::Core::load_event_number() {
  const auto rocks = this->rocks();
  for (const Family family : {Family::LogIndex, Family::EventIndex}) {
    const auto at = rocks->iterate(family);
    at->SeekToLast();
    if (!at->status().ok()) return to_error(at->status(), "reading the index of events in " + dir_.string());
    if (!at->Valid()) continue;
    BONGSU_TRY(const auto summary, decode_summary(Reader(Rocks::view(at->key())).be64(), Rocks::view(at->value())));
    inbox_.next_event = std::max(inbox_.next_event, summary.last_id + 1);
  }
  BONGSU_TRY(const auto next, rocks->get(Family::Meta, "next_event"));
  if (next) {
    Reader in(*next);
    inbox_.next_event = std::max(inbox_.next_event, in.varint());
  }
  return {};
}

}  // namespace bongsu::store
