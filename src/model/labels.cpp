// SPDX-License-Identifier: Apache-2.0
#include "model/labels.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"

namespace bongsu {
namespace {

auto position(auto& pairs, std::string_view name) {
  return std::lower_bound(pairs.begin(), pairs.end(), name,
                          [](const Labels::Pair& pair, std::string_view key) { return pair.first.compare(key) < 0; });
}

}  // namespace

Labels::Labels(std::vector<Pair> pairs) : pairs_(std::move(pairs)) {
  std::stable_sort(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) { return a.first < b.first; });
  for (std::size_t i = 0; i + 1 < pairs_.size();) {
    if (pairs_[i].first == pairs_[i + 1].first) pairs_.erase(pairs_.begin() + static_cast<std::ptrdiff_t>(i));
    else ++i;
  }
  std::erase_if(pairs_, [](const Pair& pair) { return pair.second.empty(); });
}

std::string_view Labels::get(std::string_view name) const {
  const auto at = position(pairs_, name);
  return at != pairs_.end() && at->first == name ? std::string_view(at->second) : std::string_view();
}

void Labels::set(std::string_view name, std::string_view value) {
  if (value.empty()) return erase(name);
  const auto at = position(pairs_, name);
  if (at != pairs_.end() && at->first == name) at->second = value;
  else pairs_.emplace(at, name, value);
}

void Labels::erase(std::string_view name) {
  const auto at = position(pairs_, name);
  if (at != pairs_.end() && at->first == name) pairs_.erase(at);
}

Labels Labels::without(std::string_view name) const {
  Labels out;
  out.pairs_.reserve(pairs_.size());
  for (const Pair& pair : pairs_) {
    if (pair.first != name) out.pairs_.push_back(pair);
  }
  return out;
}

std::uint64_t Labels::hash() const {
  std::uint64_t hash = kHashSeed;
  for (const auto& [name, value] : pairs_) {
    hash = hash_bytes(name, hash) ^ 0xff;
    hash = hash_bytes(value, hash) ^ 0xfe;
  }
  return hash;
}

std::string Labels::to_string() const {
  std::string out(metric());
  std::string inner;
  for (const auto& [name, value] : pairs_) {
    if (name == kMetricName) continue;
    if (!inner.empty()) inner += ", ";
    inner += name + '=';
    append_quoted(inner, value);
  }
  if (!inner.empty() || out.empty()) out += '{' + inner + '}';
  return out;
}

}  // namespace bongsu
