// SPDX-License-Identifier: Apache-2.0
// A store as a whole: what there is from when to when, every event, a copy.
#include <algorithm>

#include "store/codec.h"
#include "store/core.h"
#include "store/event_codec.h"

namespace bongsu::store {
namespace {

// The events of one stream on disk, oldest first: of its blocks, then of its tail.
class EventWalk {
 public:
  EventWalk(const Rocks& rocks, std::size_t stream)
      : stream_(stream), blocks_(rocks.iterate(kBodies[stream], false)), tail_(rocks.iterate(Family::Tail, false)) {
    blocks_->SeekToFirst();
    tail_->Seek(Rocks::slice(tail_key(stream, 0)));
  }
  // The next one; null at the end.
  Result<Event*> peek() {
    while (next_ == events_.size()) {
      rocksdb::Iterator& at = blocks_->Valid() ? *blocks_ : *tail_;
      if (!at.status().ok()) return to_error(at.status(), "reading events");
      if (!blocks_->status().ok()) return to_error(blocks_->status(), "reading events");
      if (!at.Valid() || (&at == tail_.get() && Reader(Rocks::view(at.key())).u8() != stream_))
        return static_cast<Event*>(nullptr);
      BONGSU_TRY(events_, read_events(Rocks::view(at.value())));
      // A block may hold what a record of the tail still holds too.
      std::erase_if(events_, [&](const Event& event) { return event.id <= last_; });
      next_ = 0;
      if (!events_.empty()) last_ = events_.back().id;
      at.Next();
    }
    return &events_[next_];
  }
  Event take() { return std::move(events_[next_++]); }

 private:
  const std::size_t stream_;
  const std::unique_ptr<rocksdb::Iterator> blocks_, tail_;
  std::vector<Event> events_;
  std::size_t next_ = 0;
  std::uint64_t last_ = 0;
};

}  // namespace

Result<Store::Extent> Store::Core::extent() const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  Time oldest = Time::max(), newest = Time::min();
  for (const Family family : {Family::Groups, Family::Chunks}) {
    const auto at = rocks->iterate(family);
    at->SeekToFirst();
    if (!at->status().ok()) return to_error(at->status(), "looking for the oldest samples");
    // Keys begin with the day.
    if (at->Valid()) oldest = std::min(oldest, Time(std::chrono::days(Reader(Rocks::view(at->key())).be32())));
  }
  Block::Parts parts;
  for (Block* block = blocks_.from(0); block != nullptr; block = blocks_.from(block->number() + 1)) {
    const std::uint32_t number = block->number();
    std::lock_guard hold(block->mutex);
    for (Id id = number * Block::kSeries; id < (number + 1) * Block::kSeries; ++id) {
      if (!block->alive(id) || block->newest(id) == Time::min()) continue;
      newest = std::max(newest, block->newest(id));
      parts = {};
      block->copy(id, Time::min(), Time::max(), parts);
      if (!parts.in_order.empty()) oldest = std::min(oldest, parts.in_order.front().at);
      for (const Sample& sample : parts.late) oldest = std::min(oldest, sample.at);
    }
  }
  if (newest == Time::min()) return Extent{};
  return Extent{std::min(oldest, newest), newest};
}

Status Store::Core::each_event(const std::function<Result<bool>(Event)>& visit) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  EventWalk logs(*rocks, 0), others(*rocks, 1);
  for (;;) {
    BONGSU_TRY(const Event* a, logs.peek());
    BONGSU_TRY(const Event* b, others.peek());
    if (a == nullptr && b == nullptr) return {};
    EventWalk& first = b == nullptr || (a != nullptr && a->id < b->id) ? logs : others;
    BONGSU_TRY(const bool more, visit(first.take()));
    if (!more) return {};
  }
}

Result<std::uint64_t> Store::Core::checkpoint(const std::filesystem::path& to) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  const std::uint64_t sequence = rocks->db().GetLatestSequenceNumber();
  BONGSU_TRY_OK(rocks->checkpoint(to));
  return sequence;
}

}  // namespace bongsu::store
