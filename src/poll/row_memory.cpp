// SPDX-License-Identifier: Apache-2.0
#include "poll/row_memory.h"

#include <algorithm>

namespace bongsu::poll {
namespace {
constexpr char kPart = '\x1f';
constexpr std::size_t kFlushOctets = 16 << 20;

std::string_view device_of(std::string_view key) { return key.substr(0, key.find(kPart)); }
}  // namespace

RowMemory::RowMemory(StateKeeper* keeper, const Clock& clock, Metrics& metrics)
    : keeper_(keeper),
      clock_(clock),
      saved_(metrics.counter("bongsu_poll_kept_total", "tables whose counters and row identities were kept")),
      octets_(metrics.counter("bongsu_poll_kept_bytes_total", "octets of them")),
      rejected_(metrics.counter("bongsu_poll_kept_rejected_total", "kept tables that could not be read back")),
      too_large_(metrics.counter("bongsu_poll_kept_too_large_total", "tables too large to be kept")) {}

std::string RowMemory::key_of(std::string_view device, const Group& group) {
  return std::string(device) + kPart + group.profile + kPart + group.name;
}

Status RowMemory::load(const StateStore& store) {
  if (!keeper_) return {};
  return store.scan(kTable, "", [this](std::string_view key, std::string_view value) {
    loaded_.emplace(key, value);
    return true;
  });
}

bool RowMemory::restore(std::string_view device, const Group& group, GroupState& state) {
  const auto at = loaded_.find(key_of(device, group));
  if (at == loaded_.end()) return false;
  const std::string record = std::move(at->second);
  loaded_.erase(at);
  auto kept = decode_rows(record, layout_of(group), {clock_.now(), clock_.steady()});
  if (!kept) {
    rejected_.add();
    if (std::uint64_t more = 0; gate_.open(clock_.steady(), more)) {
      log::warning("{}: what was kept of table {} cannot be read, its counters begin anew: {} ({} more such messages)", device,
                   group.name, kept.error().text, more);
    }
    return false;
  }
  state = *std::move(kept);
  return true;
}

void RowMemory::save(std::string_view device, const Group& group, GroupState& state, bool changed) {
  if (!keeper_ || group.metrics.empty()) return;
  state.keep_soon |= changed;
  const SteadyTime now = clock_.steady();
  if (state.kept_at && now - *state.kept_at < (state.keep_soon ? kAtMost : kRefresh)) return;
  const bool counts = std::any_of(group.leaves.begin(), group.leaves.end(), [](const Leaf& leaf) { return leaf.counter; });
  if (state.kept_at && !state.keep_soon && !counts) return;  // only a change makes another record
  write(device, group, state);
}

void RowMemory::save_last(std::string_view device, const Group& group, GroupState& state) {
  if (!keeper_ || !state.read || group.metrics.empty()) return;
  write(device, group, state);
  if (unflushed_ > kFlushOctets) {
    keeper_->flush();
    unflushed_ = 0;
  }
}

void RowMemory::write(std::string_view device, const Group& group, GroupState& state) {
  std::string record = encode_rows(layout_of(group), state, {clock_.now(), clock_.steady()});
  state.kept_at = clock_.steady();
  state.keep_soon = false;
  if (record.size() > kMostOctets) return too_large_.add();
  saved_.add();
  octets_.add(record.size());
  unflushed_ += record.size();
  keeper_->put(kTable, key_of(device, group), std::move(record));
}

void RowMemory::forget(std::string_view device, const Group& group) {
  if (keeper_) keeper_->erase(kTable, key_of(device, group));
}

RowMemory::Loaded::iterator RowMemory::erase(Loaded::iterator at) {
  keeper_->erase(kTable, at->first);
  return loaded_.erase(at);
}

void RowMemory::drop(std::string_view device) {
  const std::string prefix = std::string(device) + kPart;
  for (auto at = loaded_.lower_bound(prefix); at != loaded_.end() && at->first.starts_with(prefix);) at = erase(at);
}

void RowMemory::drop_unless(const std::function<bool(std::string_view device)>& is_known) {
  for (auto at = loaded_.begin(); at != loaded_.end();) at = is_known(device_of(at->first)) ? std::next(at) : erase(at);
}

}  // namespace bongsu::poll
