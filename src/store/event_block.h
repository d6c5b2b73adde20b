// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "store/filter.h"

namespace bongsu::store {

inline constexpr std::size_t kAppMember = 3;  // of kMembers

// Where a word's hash belongs among the filters of a block.
inline constexpr std::size_t kWordPartitions = 16;
constexpr std::size_t word_partition(std::uint64_t hash) { return hash >> 60; }
// False when the filter surely does not hold the hash. Any octets are a filter; the empty one holds nothing.
bool filter_may_hold(std::string_view filter, std::uint64_t hash);

// The order in which a block holds its texts: by app, since lines of one program are alike, and by row within an app.
// `groups` gives each row's.
std::vector<std::uint32_t> group_rows(std::span<const std::uint32_t> groups, std::size_t count);

// Makes blocks of events: columns, compressed in two frames, and filters of the words in them (FORMAT.md). Keeps its
// buffers from block to block. Thread: one.
class EventEncoder {
 public:
  EventEncoder();
  ~EventEncoder();
  EventEncoder(const EventEncoder&) = delete;
  EventEncoder& operator=(const EventEncoder&) = delete;

  struct Block {
    std::string body;
    std::array<std::string, kWordPartitions> filters;
  };
  // `events` are not empty and their ids rise.
  Block encode(std::span<const Event* const> events);
  std::string encode_without_filters(std::span<const Event* const> events);

 private:
  class HashSet;
  class Chunks;
  class Column;
  class Dictionary;
  struct Buffers;
  std::unique_ptr<Buffers> own_;
};

// The newest `most` events of a block of any format that pass the filter and are older than its query's before_id, in order
// of their ids. Error: Corrupt.
Result<std::vector<Event>> read_events(std::string_view block, EventFilter& filter, std::size_t most);
Result<std::vector<Event>> read_events(std::string_view block);

}  // namespace bongsu::store
