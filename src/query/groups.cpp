// SPDX-License-Identifier: Apache-2.0
#include "query/groups.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace bongsu::query {

KeyTable::KeyTable(bool on, std::vector<std::string> labels) : on_(on), labels_(std::move(labels)) {
  if (!on_) labels_.emplace_back(kMetricName);
  std::sort(labels_.begin(), labels_.end());
  labels_.erase(std::unique(labels_.begin(), labels_.end()), labels_.end());
}

KeyTable KeyTable::whole() { return KeyTable(); }

bool KeyTable::named(std::string_view name) const {
  return std::binary_search(labels_.begin(), labels_.end(), name, std::less<>());
}

std::string_view KeyTable::get(const RowKey& row, std::string_view name) const {
  return row.nameless && name == kMetricName ? std::string_view() : row.labels->get(name);
}

bool KeyTable::takes(const RowKey& row, std::string_view name) const {
  return named(name) == on_ && !(row.nameless && name == kMetricName);
}

std::uint64_t KeyTable::hash_of(const RowKey& row) const {
  std::uint64_t hash = 0;
  const auto add = [&hash](std::string_view text) {
    hash = (hash ^ std::hash<std::string_view>{}(text)) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  };
  if (on_) {
    for (const std::string& name : labels_) add(get(row, name));
    return hash;
  }
  for (const auto& [name, value] : *row.labels) {
    if (!takes(row, name)) continue;
    add(name);
    add(value);
  }
  return hash;
}

bool KeyTable::same(const RowKey& a, const RowKey& b) const {
  if (on_) {
    return std::all_of(labels_.begin(), labels_.end(), [&](const std::string& name) { return get(a, name) == get(b, name); });
  }
  const auto skip = [this](const RowKey& row, auto at) {
    while (at != row.labels->end() && !takes(row, at->first)) ++at;
    return at;
  };
  auto left = skip(a, a.labels->begin());
  auto right = skip(b, b.labels->begin());
  while (left != a.labels->end() && right != b.labels->end() && *left == *right) {
    left = skip(a, left + 1);
    right = skip(b, right + 1);
  }
  return left == a.labels->end() && right == b.labels->end();
}

void KeyTable::grow() {
  const std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(std::max<std::size_t>(16, slots_.size() * 2)));
  for (const Slot& slot : before) {
    if (!slot.taken) continue;
    std::size_t at = slot.hash & (slots_.size() - 1);
    while (slots_[at].taken) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot;
  }
}

std::uint32_t KeyTable::id(const RowKey& row) {
  if (slots_.size() <= first_.size() * 2) grow();
  const std::uint64_t hash = hash_of(row);
  std::size_t at = hash & (slots_.size() - 1);
  for (; slots_[at].taken; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].hash == hash && same(first_[slots_[at].id], row)) return slots_[at].id;
  }
  slots_[at] = {hash, static_cast<std::uint32_t>(first_.size()), true};
  first_.push_back(row);
  return slots_[at].id;
}

Labels KeyTable::part(const RowKey& row) const {
  std::vector<Labels::Pair> pairs;
  for (const auto& pair : *row.labels) {
    if (takes(row, pair.first)) pairs.push_back(pair);
  }
  return Labels::from_sorted(std::move(pairs));
}

}  // namespace bongsu::query
