// SPDX-License-Identifier: Apache-2.0
// The writer's part for points: the head log, sealed groups, and the open samples that it saves so that the log stays short.
#include <algorithm>

#include "store/codec.h"
#include "store/core.h"
#include "store/journal.h"

namespace bongsu::store {
namespace {
// All open samples are saved once in this time and in this many points, so that the head log needs to hold no more.
constexpr double kSaveRoundMs = 600'000;
constexpr double kSaveRoundPoints = 4e6;
}  // namespace

std::uint64_t Store::Core::records_of(std::size_t points) { return (points + kRecordPoints - 1) / kRecordPoints; }

void Store::Core::prepare_points(std::span<const Point> points) {
  note_late(points);
  bulk_points_ += points.size();
  unsaved_points_ += points.size();
  for (std::size_t from = 0; from < points.size(); from += kRecordPoints) {
    const auto some = points.subspan(from, std::min(kRecordPoints, points.size() - from));
    put(Family::Journal, be64(next_seq_), encode_record(next_seq_, some));
    ++next_seq_;
  }
}

// What was taken of the block's frozen groups, under its lock; packing it takes a while, and nobody waits for that.
void Store::Core::prepare_groups(Block& block, std::vector<std::shared_ptr<const Frozen>> frozen) {
  if (frozen.empty()) return;
  std::array<std::uint8_t, kGroupSeries> learned{};
  for (const auto& each : frozen) {
    for (const SealedGroup& group : seal(*each, learned)) {
      put(Family::Groups, group_key(day_of(group.first), block.number(), group.first, each->number, group.late), group.value);
      count_.groups.add();
    }
  }
  if (std::find(bulk_blocks_.begin(), bulk_blocks_.end(), &block) == bulk_blocks_.end()) bulk_blocks_.push_back(&block);
  std::lock_guard hold(block.mutex);
  for (std::uint32_t slot = 0; slot < kGroupSeries; ++slot) {
    if (frozen.back()->open.has(slot)) block.learn(slot, learned[slot]);
  }
}

void Store::Core::save_some_blocks(Taken& taken, std::uint64_t last_seq) {
  const auto now = clock_.steady();
  const std::uint32_t blocks = blocks_.size();
  const double rounds = std::chrono::duration<double, std::milli>(now - last_save_).count() / kSaveRoundMs +
                        static_cast<double>(unsaved_points_) / kSaveRoundPoints;
  save_credit_ = std::min(save_credit_ + rounds * blocks, static_cast<double>(blocks));
  last_save_ = now;
  unsaved_points_ = 0;
  for (; save_credit_ >= 1; save_credit_ -= 1) {
    Block* block = blocks_.from(next_save_);
    if (block == nullptr) block = blocks_.from(0);
    next_save_ = block->number() + 1;
    save_block(*block, taken, last_seq);
    ++saved_blocks_;
  }
}

// Everything of the block that stands in records so far is then in its saved form or in sealed groups, written together.
void Store::Core::save_block(Block& block, Taken& taken, std::uint64_t last_seq) {
  std::lock_guard hold(block.mutex);
  block.saved_seq = last_seq;
  if (!block.dirty) return;
  taken.frozen.emplace_back(&block, block.take_frozen());
  taken.heads.emplace_back(block.number(), block.save());
  block.dirty = false;
}

void Store::Core::trim_journal() {
  std::uint64_t floor = next_seq_ - 1;
  for (Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
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
