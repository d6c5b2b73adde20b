// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "model/keeper.h"
#include "poll/kept_rows.h"

namespace bongsu::poll {

// What the tables of all devices remember over a restart of Bongsu, one record for each device and group. Without a keeper
// it remembers nothing. Thread: the poller's reactor; it encodes there, and the keeper writes.
class RowMemory {
 public:
  static constexpr std::string_view kTable = "poll.rows";
  static constexpr std::size_t kMostOctets = 8 << 20;  // of one record; a larger one is not kept, and counted
  // A table is kept again after a change that its next reading could not find out by itself, though not sooner than
  // kAtMost after the last time; and each kRefresh, which bounds what a crash makes ambiguous.
  static constexpr Millis kAtMost{10'000};
  static constexpr Millis kRefresh{300'000};

  RowMemory(StateKeeper* keeper, const Clock& clock, Metrics& metrics);

  // Reads every record, before the reactor runs: it waits for the disk. They stay encoded until they are asked for.
  Status load(const StateStore& store);
  // Gives back what was kept of this group, once. False: nothing that could be read.
  bool restore(std::string_view device, const Group& group, GroupState& state);
  void save(std::string_view device, const Group& group, GroupState& state, bool changed);
  // Now, for the end: may wait for the keeper, so not while the reactor runs.
  void save_last(std::string_view device, const Group& group, GroupState& state);
  // The group is not polled any more.
  void forget(std::string_view device, const Group& group);
  // Erases what was loaded of this device and is not wanted; of every device for which `is_known` says false.
  void drop(std::string_view device);
  void drop_unless(const std::function<bool(std::string_view device)>& is_known);

 private:
  using Loaded = std::map<std::string, std::string, std::less<>>;
  static std::string key_of(std::string_view device, const Group& group);
  Loaded::iterator erase(Loaded::iterator at);
  void write(std::string_view device, const Group& group, GroupState& state);

  StateKeeper* const keeper_;
  const Clock& clock_;
  Counter &saved_, &octets_, &rejected_, &too_large_;
  log::Gate gate_;
  Loaded loaded_;
  std::size_t unflushed_ = 0;
};

}  // namespace bongsu::poll
