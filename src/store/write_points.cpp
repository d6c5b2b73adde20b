// SPDX-License-Identifier: Apache-2.0
// The writer's part for points: the head log, sealed chunks, and the open chunks that it saves so that the log stays short.
#include <algorithm>

#include "store/codec.h"
#include "store/core.h"
#include "store/journal.h"

namespace bongsu::store {
namespace {
constexpr std::size_t kRecordPoints = 4096;
// Each open chunk is saved this often, so that the head log needs to hold no more.
constexpr double kSaveRoundMs = 600'000;
}  // namespace

void Store::Core::prepare_points(std::span<const Point> points) {
  bulk_points_ += points.size();
  for (std::size_t from = 0; from < points.size(); from += kRecordPoints) {
    const auto some = points.subspan(from, std::min(kRecordPoints, points.size() - from));
    put(Family::Journal, be64(next_seq_), encode_record(next_seq_, some));
    ++next_seq_;
  }
}

void Store::Core::prepare_chunks(Block& block) {
  const auto& sealed = block.sealed();
  if (block.taken == sealed.size()) return;
  for (; block.taken < sealed.size(); ++block.taken) {
    const SealedChunk& chunk = sealed[block.taken];
    std::uint64_t order = 0;
    if (chunk.late) order = next_order_ = std::max(next_order_ + 1, next_seq_ << 20);
    put(Family::Chunks, chunk_key(day_of(chunk.first), chunk.series, chunk.first, order), *chunk.value);
    count_.chunks.add();
  }
  if (std::find(bulk_blocks_.begin(), bulk_blocks_.end(), &block) == bulk_blocks_.end()) bulk_blocks_.push_back(&block);
}

void Store::Core::save_some_blocks() {
  const auto now = clock_.steady();
  const std::uint32_t blocks = block_count_.load();
  save_credit_ += std::chrono::duration<double, std::milli>(now - last_save_).count() / kSaveRoundMs * blocks;
  save_credit_ = std::min(save_credit_, static_cast<double>(blocks));
  last_save_ = now;
  for (; save_credit_ >= 1; save_credit_ -= 1) {
    if (next_save_ >= blocks) {
      next_save_ = 0;
      trim_journal();
      if (blocks == 0) return;
    }
    if (Block* block = (*blocks_)[next_save_++].load(); block != nullptr) save_block(*block);
  }
}

// Everything of the block that stands in records so far is then in its saved form or in sealed chunks, written together.
void Store::Core::save_block(Block& block) {
  std::string value;
  {
    std::lock_guard hold(block.mutex);
    block.saved_seq = next_seq_ - 1;
    if (!block.dirty) return;
    prepare_chunks(block);
    value = block.save();
    block.dirty = false;
  }
  put(Family::Open, series_key(block.number()), value);
}

void Store::Core::trim_journal() {
  std::uint64_t floor = next_seq_ - 1;
  for (std::uint32_t number = 0; number < block_count_.load(); ++number) {
    Block* block = (*blocks_)[number].load();
    if (block == nullptr) continue;
    std::lock_guard hold(block->mutex);
    floor = std::min(floor, block->saved_seq);
  }
  if (floor <= journal_floor_) return;
  const std::string from = be64(journal_floor_ + 1);
  const std::string to = be64(floor + 1);
  rocks()->drop_range(Family::Journal, from, to, bulk_);
  put(Family::Meta, "journal_floor", varint(floor));
  bulk_drops_.push_back({Family::Journal, from, to});
  journal_floor_ = floor;
}

}  // namespace bongsu::store
