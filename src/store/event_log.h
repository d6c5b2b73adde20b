// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "model/source.h"
#include "store/event_block.h"
#include "store/rescue.h"
#include "store/rocks.h"

namespace bongsu::store {

// Logs (syslog, traps) and the other events are kept apart, since they are kept for different times.
constexpr std::size_t stream_of(EventKind kind) { return kind == EventKind::Syslog || kind == EventKind::Trap ? 0 : 1; }

// The events of a store. What is appended waits in memory as pieces. Full blocks are encoded by threads of its own and then
// written; what does not fill a block yet is saved as a record of the tail, stays in memory, and is encoded with what
// follows. Search sees all of it at once.
//
// Thread: append, search and pending any; load before all else; the rest the store's writer alone. `wake` is called when
// there is something to be written soon, without a lock held.
class EventLog {
 public:
  static constexpr std::size_t kMostEventOctets = 16 << 20;  // of one event; a block must stay small enough to be read

  EventLog(std::uint64_t max_pending, std::function<void()> wake);
  ~EventLog();

  // `passed`: so many ids are left out behind the highest that is found.
  Status load(const Rocks& rocks, std::uint64_t passed = 0);
  // Makes the summaries anew that a table held which is among `gone`.
  static Status mend(const Rocks& rocks, std::span<const SetAside> gone);
  // Gives the events their ids. Errors: Limit (too much waits for the disk already), Invalid (an event is too large).
  Status append(std::vector<Event> events);
  static Status check(std::span<const Event> events);  // Error: Invalid, as append()'s
  Result<EventPage> search(const Rocks& rocks, const EventQuery& query) const;
  std::size_t pending() const;  // events that are not yet on disk
  bool ready() const { return encoded_octets_.load() >= kWakeAtOctets; }

  // Adds to `batch` the blocks that are encoded; with `all`, everything that was appended so far.
  void prepare(const Rocks& rocks, rocksdb::WriteBatch& batch, bool all);
  // All that prepare() gave so far is on disk.
  void written();
  // Adds the events of a commit, with ids of their own; they exist from committed(true) on.
  void prepare_commit(const Rocks& rocks, rocksdb::WriteBatch& batch, std::vector<Event> events);
  void committed(bool ok);
  // Drops the blocks of stream 0 or 1 whose events were all received before `before`, once that is worth it; the files of
  // the given ranges may go when `batch` is written.
  struct Range {
    Family family;
    std::string from, to;
  };
  Result<std::vector<Range>> drop_old(const Rocks& rocks, rocksdb::WriteBatch& batch, std::size_t stream, Time before,
                                      Millis slack);

 private:
  static constexpr std::size_t kBlockOctets = 512 << 10;
  static constexpr std::size_t kBlockEvents = 4096;
  static constexpr std::size_t kWakeAtOctets = 1 << 20;

  // Events with rising ids, at most a block's worth.
  struct Piece {
    std::shared_ptr<std::vector<Event>> events;  // not changed once they have ids
    std::size_t octets = 0;
    std::size_t weight = 0;
    bool in_hand = false;  // in a record of the tail that the writer has
    bool saved = false;    // in one on disk
    std::uint64_t first() const { return events->front().id; }
    std::uint64_t last() const { return events->back().id; }
  };
  struct Sealed {
    std::vector<Piece> pieces;
    EventEncoder::Block block{};
    std::string summary{};
    bool encoded = false;
    bool in_hand = false;
  };
  struct Record {
    std::string key;
    std::uint64_t last = 0;
  };
  struct Stream {
    std::deque<std::shared_ptr<Sealed>> sealed;
    std::deque<Piece> open;  // newer than all of `sealed`
    std::size_t octets = 0;  // in `open`
    std::size_t events = 0;
    std::deque<Record> records;  // of the tail
  };
  struct State {
    std::array<Stream, 2> streams;
    std::deque<std::shared_ptr<Sealed>> to_encode;
    std::uint64_t next_id = 1;
    std::uint64_t commit_from = UINT64_MAX;  // ids from here on are not sealed: a commit may still come in among them
    std::size_t pending_weight = 0;
    std::size_t pending_events = 0;
    bool stop = false;
  };

  static std::vector<std::pair<std::size_t, Piece>> cut(std::vector<Event> events);
  static std::vector<const Event*> pointers(std::span<const Piece> pieces);
  void encode_blocks();
  void seal(Stream& stream);
  void put_block(const Rocks& rocks, rocksdb::WriteBatch& batch, std::size_t stream, Sealed& sealed);
  void put_record(const Rocks& rocks, rocksdb::WriteBatch& batch, std::size_t stream, std::span<const Piece> pieces);
  void forget_pending(Piece& piece);

  const std::uint64_t max_pending_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable work_;  // for the encoders
  std::condition_variable done_;  // for the writer
  State state_;                   // under mutex_
  std::atomic<std::size_t> encoded_octets_{0};
  EventEncoder tail_encoder_;                              // the writer's
  std::vector<std::pair<std::size_t, Piece>> committing_;  // the writer's
  std::vector<std::thread> encoders_;
};

// Keys of the tail and of the filters of words.
std::string tail_key(std::size_t stream, std::uint64_t id);
std::string words_key(std::size_t stream, std::size_t partition, std::uint64_t id);
inline constexpr std::array<Family, 2> kBodies{Family::Logs, Family::Events};
inline constexpr std::array<Family, 2> kIndexes{Family::LogIndex, Family::EventIndex};

}  // namespace bongsu::store
