// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "store/codec.h"
#include "store/core.h"
#include "store/event_codec.h"
#include "store/event_log.h"

namespace bongsu::store {
namespace {

// The filters of one partition of words, asked for block after block, newest first.
class WordCursor {
 public:
  WordCursor(const Rocks& rocks, std::size_t stream, std::size_t partition)
      : stream_(stream), partition_(partition), at_(rocks.iterate(Family::Words)) {}
  void add(std::uint64_t hash) { hashes_.push_back(hash); }
  std::size_t partition() const { return partition_; }
  // True also where the block has no filter.
  Result<bool> may_hold(std::uint64_t block) {
    const std::string key = words_key(stream_, partition_, block);
    const auto compare = [&] { return at_->key().compare(Rocks::slice(key)); };
    constexpr int kSteps = 8;
    for (int i = 0; i < kSteps && at_->Valid() && compare() > 0; ++i) at_->Prev();
    if (!at_->Valid() || compare() > 0) at_->SeekForPrev(Rocks::slice(key));
    if (!at_->status().ok()) return to_error(at_->status(), "reading the words of events");
    if (!at_->Valid() || compare() != 0) return true;
    const std::string_view filter = Rocks::view(at_->value());
    return std::all_of(hashes_.begin(), hashes_.end(), [&](std::uint64_t hash) { return filter_may_hold(filter, hash); });
  }

 private:
  const std::size_t stream_, partition_;
  std::vector<std::uint64_t> hashes_;
  std::unique_ptr<rocksdb::Iterator> at_;
};

// The events of one stream on disk that satisfy a query, newest first, a block at a time.
class EventCursor {
 public:
  EventCursor(const Rocks& rocks, std::size_t stream, EventFilter& filter)
      : rocks_(rocks),
        stream_(stream),
        filter_(filter),
        most_(std::max(filter.query().limit, filter.query().limit + 1)),
        at_(rocks.iterate(kIndexes[stream])) {
    const std::uint64_t before = filter.query().before_id;
    if (before != 0) at_->SeekForPrev(Rocks::slice(be64(before - 1)));
    else at_->SeekToLast();
    for (const std::uint64_t hash : filter.hashes()) {
      const std::size_t partition = word_partition(hash);
      if (words_.empty() || words_.back().partition() != partition) words_.emplace_back(rocks, stream, partition);
      words_.back().add(hash);
    }
  }
  // The next one; null at the end.
  Result<const Event*> peek() {
    while (events_.empty()) {
      if (!at_->Valid()) {
        if (!at_->status().ok()) return to_error(at_->status(), "reading the index of events");
        return static_cast<const Event*>(nullptr);
      }
      BONGSU_TRY_OK(read_block());
      at_->Prev();
    }
    return static_cast<const Event*>(&events_.back());
  }
  Event take() {
    Event event = std::move(events_.back());
    events_.pop_back();
    return event;
  }

 private:
  Status read_block() {
    const std::uint64_t first = Reader(Rocks::view(at_->key())).be64();
    BONGSU_TRY(const auto summary, decode_summary(first, Rocks::view(at_->value())));
    if (!summary.may_hold(filter_.query())) return {};
    for (WordCursor& words : words_) {
      BONGSU_TRY(const bool may, words.may_hold(first));
      if (!may) return {};
    }
    BONGSU_TRY(const auto body, rocks_.get(kBodies[stream_], Rocks::view(at_->key())));
    if (!body) return {};  // its time to be kept ended meanwhile
    BONGSU_TRY(events_, read_events(*body, filter_, most_));
    return {};
  }
  const Rocks& rocks_;
  const std::size_t stream_;
  EventFilter& filter_;
  const std::size_t most_;         // that a page and the look at what follows it can use
  std::vector<WordCursor> words_;  // by partition, as the hashes are sorted
  std::unique_ptr<rocksdb::Iterator> at_;
  std::vector<Event> events_;  // oldest first
};

bool wants_stream(const EventQuery& query, std::size_t stream) {
  return query.kinds.empty() ||
         std::any_of(query.kinds.begin(), query.kinds.end(), [&](EventKind kind) { return stream_of(kind) == stream; });
}

}  // namespace

Result<EventPage> EventLog::search(const Rocks& rocks, const EventQuery& query) const {
  EventFilter filter(query);
  EventPage page;
  if (query.limit == 0) return page;
  // What is in memory first: between the two, an event may be seen twice, never missed.
  std::vector<std::shared_ptr<const std::vector<Event>>> pieces;
  {
    std::lock_guard hold(mutex_);
    for (std::size_t number = 0; number < 2; ++number) {
      if (!wants_stream(query, number)) continue;
      const Stream& stream = state_.streams[number];
      for (const auto& sealed : stream.sealed) {
        for (const Piece& piece : sealed->pieces) pieces.push_back(piece.events);
      }
      for (const Piece& piece : stream.open) pieces.push_back(piece.events);
    }
  }
  std::vector<const Event*> waiting;  // oldest first
  for (const auto& piece : pieces) {
    for (const Event& event : *piece) {
      if ((query.before_id == 0 || event.id < query.before_id) && filter(event)) waiting.push_back(&event);
    }
  }
  std::sort(waiting.begin(), waiting.end(), [](const Event* a, const Event* b) { return a->id < b->id; });
  std::vector<EventCursor> cursors;
  for (std::size_t number = 0; number < 2; ++number) {
    if (wants_stream(query, number)) cursors.emplace_back(rocks, number, filter);
  }

  std::uint64_t last = UINT64_MAX;
  for (;;) {
    const Event* newest = waiting.empty() ? nullptr : waiting.back();
    EventCursor* from = nullptr;
    for (EventCursor& cursor : cursors) {
      BONGSU_TRY(const Event* event, cursor.peek());
      if (event != nullptr && (newest == nullptr || event->id > newest->id)) {
        newest = event;
        from = &cursor;
      }
    }
    if (newest == nullptr) return page;
    const bool seen = newest->id >= last;
    if (!seen && page.events.size() >= query.limit) {
      page.next = page.events.back().id;
      return page;
    }
    last = newest->id;
    Event event = from != nullptr ? from->take() : *newest;
    if (from == nullptr) waiting.pop_back();
    if (!seen) page.events.push_back(std::move(event));
  }
}

Result<EventPage> Store::Core::search(const EventQuery& query) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  return events_.search(*rocks, query);
}

Result<std::optional<std::string>> Store::Core::get(std::string_view table, std::string_view key) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  return rocks->get(Family::State, state_key(table, key));
}

Status Store::Core::scan(std::string_view table, std::string_view prefix,
                         const std::function<bool(std::string_view, std::string_view)>& visit) const {
  BONGSU_TRY(const auto rocks, rocks_or_error());
  const std::string from = state_key(table, prefix);
  return rocks->each(Family::State, from, [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (!key.starts_with(from)) return false;
    return visit(key.substr(table.size() + 1), value);
  });
}

}  // namespace bongsu::store
