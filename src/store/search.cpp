// SPDX-License-Identifier: Apache-2.0
#include "store/codec.h"
#include "store/core.h"
#include "store/event_codec.h"
#include "store/filter.h"

namespace bongsu::store {
namespace {

// The events of one kind on disk that satisfy a query, newest first, a block at a time.
class EventCursor {
 public:
  EventCursor(const Rocks& rocks, Family bodies, Family index, const EventQuery& query, const EventFilter& filter)
      : rocks_(rocks), bodies_(bodies), query_(query), filter_(filter), at_(rocks.iterate(index)) {
    if (query.before_id != 0) at_->SeekForPrev(Rocks::slice(be64(query.before_id - 1)));
    else at_->SeekToLast();
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
    Reader key(Rocks::view(at_->key()));
    BONGSU_TRY(const auto summary, decode_summary(key.be64(), Rocks::view(at_->value())));
    if (!summary.may_hold(query_)) return {};
    BONGSU_TRY(const auto body, rocks_.get(bodies_, Rocks::view(at_->key())));
    if (!body) return {};  // its time to be kept ended meanwhile
    BONGSU_TRY(events_, decode_events(*body));
    std::erase_if(events_,
                  [&](const Event& event) { return (query_.before_id != 0 && event.id >= query_.before_id) || !filter_(event); });
    return {};
  }
  const Rocks& rocks_;
  const Family bodies_;
  const EventQuery& query_;
  const EventFilter& filter_;
  std::unique_ptr<rocksdb::Iterator> at_;
  std::vector<Event> events_;  // oldest first
};

}  // namespace

Result<EventPage> Store::Core::search(const EventQuery& query) const {
  const EventFilter filter(query);
  EventPage page;
  if (query.limit == 0) return page;
  // What still waits for the disk first: between the two, an event may be seen twice, never missed.
  std::vector<EventBatch> batches;
  {
    std::lock_guard hold(inbox_mutex_);
    batches.assign(inbox_.events.begin(), inbox_.events.end());
  }
  std::vector<const Event*> waiting;  // oldest first
  for (const EventBatch& batch : batches) {
    for (const Event& event : *batch) {
      if ((query.before_id == 0 || event.id < query.before_id) && filter(event)) waiting.push_back(&event);
    }
  }
  BONGSU_TRY(const auto rocks, rocks_or_error());
  std::vector<EventCursor> cursors;
  if (!query.kind || is_log(*query.kind)) cursors.emplace_back(*rocks, Family::Logs, Family::LogIndex, query, filter);
  if (!query.kind || !is_log(*query.kind)) cursors.emplace_back(*rocks, Family::Events, Family::EventIndex, query, filter);

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
