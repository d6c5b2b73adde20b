// SPDX-License-Identifier: Apache-2.0
#include "store/event_log.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "store/codec.h"
#include "store/event_codec.h"

namespace bongsu::store {

std::string tail_key(std::size_t stream, std::uint64_t id) {
  std::string key;
  put_u8(key, static_cast<std::uint8_t>(stream));
  put_be64(key, id);
  return key;
}

std::string words_key(std::size_t stream, std::size_t partition, std::uint64_t id) {
  std::string key;
  put_u8(key, static_cast<std::uint8_t>(stream));
  put_u8(key, static_cast<std::uint8_t>(partition));
  put_be64(key, id);
  return key;
}

EventLog::EventLog(std::uint64_t max_pending, std::function<void()> wake) : max_pending_(max_pending), wake_(std::move(wake)) {
  const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
  for (unsigned i = 0; i < threads; ++i) encoders_.emplace_back([this] { encode_blocks(); });
}

EventLog::~EventLog() {
  {
    std::lock_guard hold(mutex_);
    state_.stop = true;
  }
  work_.notify_all();
  for (std::thread& encoder : encoders_) encoder.join();
}

Status EventLog::mend(const Rocks& rocks, std::span<const SetAside> gone) {
  for (std::size_t stream = 0; stream < 2; ++stream) {
    const auto hurts = [&](const SetAside& each) { return !each.told && each.family == name_of(kIndexes[stream]); };
    if (std::none_of(gone.begin(), gone.end(), hurts)) continue;
    rocksdb::WriteBatch batch;
    BONGSU_TRY_OK(rocks.each(kBodies[stream], "", [&](std::string_view key, std::string_view value) -> Result<bool> {
      BONGSU_TRY(const auto summary, rocks.get(kIndexes[stream], key));
      if (summary) return true;
      const auto events = read_events(value);
      if (!events || events->empty()) return true;
      std::vector<const Event*> pointers;
      for (const Event& event : *events) pointers.push_back(&event);
      BONGSU_CHECK(batch.Put(rocks.family(kIndexes[stream]), Rocks::slice(key), encode(summarize(pointers))).ok());
      return true;
    }));
    const auto status = rocks.db().Write(rocksdb::WriteOptions(), &batch);
    if (!status.ok()) return to_error(status, "writing the summaries of events anew");
  }
  return {};
}

Status EventLog::load(const Rocks& rocks, std::uint64_t passed) {
  std::lock_guard hold(mutex_);
  std::array<std::uint64_t, 2> in_blocks{};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto at = rocks.iterate(kIndexes[i]);
    at->SeekToLast();
    if (!at->status().ok()) return to_error(at->status(), "reading the index of events");
    if (!at->Valid()) continue;
    BONGSU_TRY(const auto summary, decode_summary(Reader(Rocks::view(at->key())).be64(), Rocks::view(at->value())));
    in_blocks[i] = summary.last_id;
    state_.next_id = std::max(state_.next_id, summary.last_id + 1);
  }
  BONGSU_TRY(const auto next, rocks.get(Family::Meta, "next_event"));
  if (next) state_.next_id = std::max(state_.next_id, Reader(*next).varint());
  const Status read = rocks.each(Family::Tail, "", [&](std::string_view key, std::string_view value) -> Result<bool> {
    const std::size_t number = Reader(key).u8();
    if (number > 1) return Error{Code::Corrupt, "a record of the newest events stands under a key that is none"};
    BONGSU_TRY(std::vector<Event> events, read_events(value));
    if (events.empty()) return true;
    Stream& stream = state_.streams[number];
    state_.next_id = std::max(state_.next_id, events.back().id + 1);
    stream.records.push_back({std::string(key), events.back().id});
    std::erase_if(events, [&](const Event& event) { return event.id <= in_blocks[number]; });
    for (auto& [unused, piece] : cut(std::move(events))) {
      piece.in_hand = piece.saved = true;
      stream.octets += piece.octets;
      stream.events += piece.events->size();
      stream.open.push_back(std::move(piece));
    }
    return true;
  });
  state_.next_id += passed;
  return read;
}

// In pieces of one stream each, none larger than a block.
std::vector<std::pair<std::size_t, EventLog::Piece>> EventLog::cut(std::vector<Event> events) {
  std::vector<std::pair<std::size_t, Piece>> pieces;
  for (std::size_t from = 0; from < events.size();) {
    const std::size_t stream = stream_of(events[from].kind);
    Piece piece;
    std::size_t to = from;
    for (; to < events.size() && to - from < kBlockEvents && stream_of(events[to].kind) == stream; ++to) {
      const std::size_t more = octets(events[to]);
      if (to > from && piece.octets + more > kBlockOctets) break;
      piece.octets += more;
      piece.weight += sizeof(Event) + more;
    }
    if (from == 0 && to == events.size()) {
      piece.events = std::make_shared<std::vector<Event>>(std::move(events));
    } else {
      const auto at = [&](std::size_t i) { return std::make_move_iterator(events.begin() + static_cast<std::ptrdiff_t>(i)); };
      piece.events = std::make_shared<std::vector<Event>>(at(from), at(to));
    }
    pieces.emplace_back(stream, std::move(piece));
    from = to;
  }
  return pieces;
}

Status EventLog::check(std::span<const Event> events) {
  for (const Event& event : events) {
    if (octets(event) > kMostEventOctets) return Error{Code::Invalid, "an event may take 16 MiB at most"};
  }
  return {};
}

Status EventLog::append(std::vector<Event> events) {
  BONGSU_TRY_OK(check(events));
  auto pieces = cut(std::move(events));
  std::size_t weight = 0;
  for (const auto& [number, piece] : pieces) weight += piece.weight;
  std::lock_guard hold(mutex_);
  if (state_.pending_weight + weight > max_pending_)
    return Error{Code::Limit, "too many events wait for the disk; no more are taken until it catches up"};
  state_.pending_weight += weight;
  for (auto& [number, piece] : pieces) {
    for (Event& event : *piece.events) event.id = state_.next_id++;
    Stream& stream = state_.streams[number];
    state_.pending_events += piece.events->size();
    stream.octets += piece.octets;
    stream.events += piece.events->size();
    stream.open.push_back(std::move(piece));
    seal(stream);
  }
  return {};
}

void EventLog::seal(Stream& stream) {
  if (stream.octets < kBlockOctets && stream.events < kBlockEvents) return;
  if (stream.open.back().last() >= state_.commit_from) return;
  auto sealed = std::make_shared<Sealed>();
  sealed->pieces.assign(std::make_move_iterator(stream.open.begin()), std::make_move_iterator(stream.open.end()));
  stream.open.clear();
  stream.octets = stream.events = 0;
  stream.sealed.push_back(sealed);
  state_.to_encode.push_back(std::move(sealed));
  work_.notify_one();
}

std::vector<const Event*> EventLog::pointers(std::span<const Piece> pieces) {
  std::vector<const Event*> events;
  for (const Piece& piece : pieces) {
    for (const Event& event : *piece.events) events.push_back(&event);
  }
  return events;
}

void EventLog::encode_blocks() {
  pthread_setname_np(pthread_self(), "store-events");
  EventEncoder encoder;
  std::unique_lock hold(mutex_);
  for (;;) {
    work_.wait(hold, [this] { return state_.stop || !state_.to_encode.empty(); });
    if (state_.to_encode.empty()) return;
    const auto sealed = std::move(state_.to_encode.front());
    state_.to_encode.pop_front();
    hold.unlock();
    const std::vector<const Event*> events = pointers(sealed->pieces);
    auto block = encoder.encode(events);
    auto summary = encode(summarize(events));
    const std::size_t octets = block.body.size();
    hold.lock();
    sealed->block = std::move(block);
    sealed->summary = std::move(summary);
    sealed->encoded = true;
    const bool wake = encoded_octets_.fetch_add(octets) + octets >= kWakeAtOctets;
    done_.notify_all();
    if (!wake) continue;
    hold.unlock();
    wake_();
    hold.lock();
  }
}

void EventLog::put_block(const Rocks& rocks, rocksdb::WriteBatch& batch, std::size_t number, Sealed& sealed) {
  const std::uint64_t first = sealed.pieces.front().first();
  const std::string key = be64(first);
  BONGSU_CHECK(batch.Put(rocks.family(kBodies[number]), key, sealed.block.body).ok());
  BONGSU_CHECK(batch.Put(rocks.family(kIndexes[number]), key, sealed.summary).ok());
  for (std::size_t i = 0; i < kWordPartitions; ++i)
    BONGSU_CHECK(batch.Put(rocks.family(Family::Words), words_key(number, i, first), sealed.block.filters[i]).ok());
  encoded_octets_.fetch_sub(sealed.block.body.size());
  sealed.block = {};
  sealed.in_hand = true;
  auto& records = state_.streams[number].records;
  for (; !records.empty() && records.front().last <= sealed.pieces.back().last(); records.pop_front())
    BONGSU_CHECK(batch.Delete(rocks.family(Family::Tail), records.front().key).ok());
}

void EventLog::put_record(const Rocks& rocks, rocksdb::WriteBatch& batch, std::size_t number, std::span<const Piece> pieces) {
  const std::string value = tail_encoder_.encode_without_filters(pointers(pieces));
  BONGSU_CHECK(batch.Put(rocks.family(Family::Tail), tail_key(number, pieces.front().first()), value).ok());
}

void EventLog::prepare(const Rocks& rocks, rocksdb::WriteBatch& batch, bool all) {
  std::array<std::vector<Piece>, 2> tails;
  std::vector<std::shared_ptr<const Sealed>> due;  // what is sealed from now on need not be waited for
  if (all) {
    std::lock_guard hold(mutex_);
    for (std::size_t number = 0; number < 2; ++number) {
      Stream& stream = state_.streams[number];
      due.insert(due.end(), stream.sealed.begin(), stream.sealed.end());
      for (Piece& piece : stream.open) {
        if (std::exchange(piece.in_hand, true)) continue;
        tails[number].push_back(piece);
      }
      if (!tails[number].empty())
        stream.records.push_back({tail_key(number, tails[number].front().first()), tails[number].back().last()});
    }
  }
  for (std::size_t number = 0; number < 2; ++number) {
    if (!tails[number].empty()) put_record(rocks, batch, number, tails[number]);
  }
  std::unique_lock hold(mutex_);
  done_.wait(hold, [&] { return std::all_of(due.begin(), due.end(), [](const auto& sealed) { return sealed->encoded; }); });
  for (std::size_t number = 0; number < 2; ++number) {
    // In their order: what a block leaves behind of the tail is older than the block.
    for (const auto& sealed : state_.streams[number].sealed) {
      if (!sealed->encoded) break;
      if (!sealed->in_hand) put_block(rocks, batch, number, *sealed);
    }
  }
}

void EventLog::forget_pending(Piece& piece) {
  if (piece.saved) return;
  piece.saved = true;
  state_.pending_weight -= piece.weight;
  state_.pending_events -= piece.events->size();
}

void EventLog::written() {
  std::vector<std::shared_ptr<Sealed>> gone;  // ends without the lock
  std::lock_guard hold(mutex_);
  for (Stream& stream : state_.streams) {
    for (auto& sealed : stream.sealed) {
      for (Piece& piece : sealed->pieces) {
        if (sealed->in_hand || piece.in_hand) forget_pending(piece);
      }
    }
    for (; !stream.sealed.empty() && stream.sealed.front()->in_hand; stream.sealed.pop_front())
      gone.push_back(std::move(stream.sealed.front()));
    for (Piece& piece : stream.open) {
      if (piece.in_hand) forget_pending(piece);
    }
  }
}

void EventLog::prepare_commit(const Rocks& rocks, rocksdb::WriteBatch& batch, std::vector<Event> events) {
  if (events.empty()) return;
  {
    std::lock_guard hold(mutex_);
    state_.commit_from = state_.next_id;
    for (Event& event : events) event.id = state_.next_id++;
  }
  committing_ = cut(std::move(events));
  for (auto& [number, piece] : committing_) {
    piece.in_hand = piece.saved = true;
    put_record(rocks, batch, number, {&piece, 1});
  }
}

void EventLog::committed(bool ok) {
  std::lock_guard hold(mutex_);
  state_.commit_from = UINT64_MAX;
  for (auto& [number, piece] : committing_) {
    if (!ok) break;
    Stream& stream = state_.streams[number];
    stream.records.push_back({tail_key(number, piece.first()), piece.last()});
    stream.octets += piece.octets;
    stream.events += piece.events->size();
    const auto place = std::upper_bound(stream.open.begin(), stream.open.end(), piece.first(),
                                        [](std::uint64_t id, const Piece& other) { return id < other.first(); });
    stream.open.insert(place, std::move(piece));
  }
  committing_.clear();
  for (Stream& stream : state_.streams) {
    if (!stream.open.empty()) seal(stream);
  }
}

Result<std::vector<EventLog::Range>> EventLog::drop_old(const Rocks& rocks, rocksdb::WriteBatch& batch, std::size_t number,
                                                        Time before, Millis slack) {
  std::vector<Range> ranges;
  std::uint64_t end = 0;
  bool due = false;
  BONGSU_TRY_OK(rocks.each(kIndexes[number], "", [&](std::string_view key, std::string_view value) -> Result<bool> {
    BONGSU_TRY(const auto summary, decode_summary(Reader(key).be64(), value));
    due = due || summary.newest < before - slack;
    if (!due || summary.newest >= before) return false;
    end = summary.last_id + 1;
    return true;
  }));
  if (end != 0) {
    for (const Family family : {kBodies[number], kIndexes[number]}) ranges.push_back({family, be64(0), be64(end)});
    for (std::size_t i = 0; i < kWordPartitions; ++i)
      ranges.push_back({Family::Words, words_key(number, i, 0), words_key(number, i, end)});
    for (const Range& range : ranges) rocks.drop_range(range.family, range.from, range.to, batch);
  }
  std::lock_guard hold(mutex_);
  Stream& stream = state_.streams[number];
  const std::uint64_t kept = stream.sealed.empty() ? UINT64_MAX : 0;  // the tail is behind these
  std::uint64_t last = 0;
  while (kept != 0 && !stream.open.empty() && stream.open.front().saved) {
    const Piece& piece = stream.open.front();
    if (std::any_of(piece.events->begin(), piece.events->end(), [&](const Event& event) { return event.received >= before; }))
      break;
    last = piece.last();
    stream.octets -= piece.octets;
    stream.events -= piece.events->size();
    stream.open.pop_front();
  }
  for (; !stream.records.empty() && stream.records.front().last <= last; stream.records.pop_front())
    BONGSU_CHECK(batch.Delete(rocks.family(Family::Tail), stream.records.front().key).ok());
  if (end != 0 || last != 0) BONGSU_CHECK(batch.Put(rocks.family(Family::Meta), "next_event", varint(state_.next_id)).ok());
  return ranges;
}

std::size_t EventLog::pending() const {
  std::lock_guard hold(mutex_);
  return state_.pending_events;
}

}  // namespace bongsu::store
