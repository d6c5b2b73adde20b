// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "model/source.h"
#include "store/words.h"

namespace bongsu::store {

// The members of an Event that are also fields by name, in the order of FORMAT.md.
inline constexpr std::array<std::string_view, 6> kMemberFields{"device", "sender", "host", "app", "process", "message_id"};
inline constexpr std::array<std::string Event::*, 6> kMembers{&Event::device, &Event::sender,  &Event::host,
                                                              &Event::app,    &Event::process, &Event::message_id};

// An EventQuery, made ready once and asked for each event. `before_id` and `limit` are the caller's. The query must outlive
// it. Thread: one.
class EventFilter {
 public:
  explicit EventFilter(const EventQuery& query);
  bool operator()(const Event& event);

  // The same in parts, for events that are not yet made.
  bool numbers(EventKind kind, Severity severity, int syslog_severity, Time received) const;
  bool members(const std::array<std::string_view, 6>& values) const;  // as far as they decide alone
  bool needs_rest() const { return !patterns_.empty() || !query_.fields.empty(); }
  using Pair = std::pair<std::string_view, std::string_view>;
  bool rest(const std::array<std::string_view, 6>& members, std::string_view text, std::span<const Pair> fields);

  // What the filters of a block must hold of each event that passes.
  const std::vector<std::uint64_t>& hashes() const { return hashes_; }
  const EventQuery& query() const { return query_; }

 private:
  bool has_field(const EventQuery::Field& field, const std::array<std::string_view, 6>& members,
                 std::span<const Pair> fields) const;
  const EventQuery& query_;
  std::vector<WordPattern> patterns_;
  std::vector<std::uint64_t> hashes_;
  std::uint8_t kinds_ = 0xff;  // bit n for kind n
  Folded folded_, other_;
  std::vector<Pair> pairs_;
};

}  // namespace bongsu::store
