// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

#include "store/store.h"
#include "workload.h"

namespace bongsu::crash {

// What was read from a writer before it died. Of numbers each the last.
struct Acknowledged {
  std::int64_t flushed = -1;        // batch that flush() acknowledged
  std::int64_t appended = -1;       // batch that append() took
  std::int64_t logs = 0;            // numbers below were flushed
  std::int64_t states = 0;          // the same
  std::int64_t commits = -1;        // commit that was acknowledged
  std::set<std::int64_t> failed{};  // commits that were answered with an error, which may be there all the same
};

// What a store holds.
struct Found {
  std::int64_t batch = -1;
  std::int64_t logs = 0;
  std::int64_t states = 0;
  std::int64_t commit = -1;
  bool said = false;  // the store says that something is damaged or was lost
  bool opened = false;
  std::string refusal{};  // why the store did not open, or did not answer
  std::string problem{};  // what must not be; empty when all is well
};

// Opens the store and reads all of it. `whole`: nothing may be missing between the oldest that must be kept and the newest.
// Without, what is missing is no problem, and what differs or was never written is.
Found look(const std::filesystem::path& dir, std::int64_t clock_batch, bool whole, const std::set<std::int64_t>& failed);
// Empty when all that was acknowledged `before` the end is there, and nothing beyond what had begun `after` all.
std::string missed(const Acknowledged& before, const Acknowledged& after, const Found& found);

// What is wrong with a series between two batches, or nothing. All batches up to `complete` were told, and none after
// `possible`.
std::string judge_series(const store::Store& store, std::uint32_t series, std::int64_t from, std::int64_t complete,
                         std::int64_t possible, bool whole, std::string& refusal);

}  // namespace bongsu::crash
