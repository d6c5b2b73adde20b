// SPDX-License-Identifier: Apache-2.0
#include "poll/identity.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <unordered_map>

namespace bongsu::poll {
namespace {

constexpr int kEnough = 5;
constexpr std::size_t kMaxCandidates = 64;  // of one name: more than that say nothing
constexpr std::size_t kFree = SIZE_MAX;

int compare_part(const std::string& a, const std::string& b, int same, int other) {
  if (a.empty() || b.empty()) return 0;
  return a == b ? same : other;
}

int score(const RowKey& a, const RowKey& b, bool by_index) {
  return compare_part(a.name, b.name, 8, -8) + compare_part(a.descr, b.descr, 4, -4) + compare_part(a.alias, b.alias, 2, 0) +
         compare_part(a.mac, b.mac, 4, -2) + compare_part(a.type, b.type, 1, -4) + (by_index && a.index == b.index ? 1 : 0);
}

std::string fingerprint(const RowKey& key) {
  std::string all;
  for (const auto* part : {&key.name, &key.descr, &key.alias, &key.mac, &key.type}) {
    all += *part;
    all += '\x1f';
  }
  return all;
}

using ByWord = std::unordered_multimap<std::string_view, std::size_t>;
using Indexes = std::vector<std::vector<std::uint32_t>>;

// Rows that look the same.
struct Alike {
  Indexes known, now;
  bool alone() const { return known.size() == 1 && now.size() == 1; }
  // Their indexes tell them apart only if some came or some went; both at once may as well be a renumbering.
  bool by_index() {
    std::sort(known.begin(), known.end());
    std::sort(now.begin(), now.end());
    return std::includes(known.begin(), known.end(), now.begin(), now.end()) ||
           std::includes(now.begin(), now.end(), known.begin(), known.end());
  }
};

}  // namespace

RowMatches match_rows(std::span<const RowKey> known, std::span<const RowKey> now, bool restarted) {
  RowMatches result{.now = std::vector<RowMatch>(now.size()), .ambiguous = {}};
  std::vector<std::size_t> taken(known.size(), kFree);
  std::map<std::vector<std::uint32_t>, std::size_t> known_at;
  std::unordered_map<std::string, Alike> alike;
  std::vector<Alike*> of_row;
  for (std::size_t k = 0; k < known.size(); ++k) {
    known_at.emplace(known[k].index, k);
    alike[fingerprint(known[k])].known.push_back(known[k].index);
  }
  for (const RowKey& row : now) {
    Alike& others = alike[fingerprint(row)];
    others.now.push_back(row.index);
    of_row.push_back(&others);
  }
  // An index says nothing after a restart, nor while others are seen to move.
  bool by_index = !restarted;
  for (const auto& [print, rows] : alike) by_index &= !(rows.alone() && rows.known != rows.now);
  std::unordered_map<const Alike*, bool> indexed;
  for (auto& [print, rows] : alike) indexed.emplace(&rows, by_index && rows.by_index());

  // The usual poll: nothing moved.
  for (std::size_t n = 0; n < now.size(); ++n) {
    const auto at = known_at.find(now[n].index);
    if (at == known_at.end() || !known[at->second].same_thing(now[n])) continue;
    if (!of_row[n]->alone() && !indexed[of_row[n]]) continue;
    result.now[n] = {RowMatch::Kind::Known, at->second};
    taken[at->second] = n;
  }

  ByWord by_name, by_descr, by_mac;
  for (std::size_t k = 0; k < known.size(); ++k) {
    if (taken[k] != kFree) continue;
    if (!known[k].name.empty()) by_name.emplace(known[k].name, k);
    if (!known[k].descr.empty()) by_descr.emplace(known[k].descr, k);
    if (!known[k].mac.empty()) by_mac.emplace(known[k].mac, k);
  }

  struct Best {
    int score = kEnough - 1;
    std::size_t other = 0;
    bool tie = false;
    void offer(int candidate, std::size_t who) {
      if (candidate < score || candidate < kEnough || (candidate == score && other == who)) return;
      tie = candidate == score;
      if (candidate > score) {
        score = candidate;
        other = who;
      }
    }
    bool any() const { return score >= kEnough; }
  };
  std::vector<Best> of_now(now.size()), of_known(known.size());
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t n = 0; n < now.size(); ++n) {
    if (result.now[n].kind == RowMatch::Kind::Known) continue;
    std::vector<std::size_t> candidates;
    const auto gather = [&](const ByWord& words, const std::string& word) {
      if (word.empty() || words.count(word) > kMaxCandidates) return;
      const auto [first, last] = words.equal_range(word);
      for (auto at = first; at != last; ++at) candidates.push_back(at->second);
    };
    gather(by_name, now[n].name);
    gather(by_descr, now[n].descr);
    gather(by_mac, now[n].mac);
    std::sort(candidates.begin(), candidates.end());
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    for (const std::size_t k : candidates) {
      const int s = score(known[k], now[n], indexed[of_row[n]]);
      of_now[n].offer(s, k);
      of_known[k].offer(s, n);
      if (s >= kEnough) pairs.emplace_back(n, k);
    }
  }
  for (std::size_t n = 0; n < now.size(); ++n) {
    if (result.now[n].kind == RowMatch::Kind::Known || !of_now[n].any()) continue;
    const std::size_t k = of_now[n].other;
    if (!of_now[n].tie && !of_known[k].tie && of_known[k].other == n) {
      result.now[n] = {RowMatch::Kind::Known, k};
      taken[k] = n;
    }
  }
  // What is left and could be one of several, none of which found its own row.
  std::vector<bool> doubtful(known.size(), false);
  for (const auto& [n, k] : pairs) {
    if (result.now[n].kind == RowMatch::Kind::Known || taken[k] != kFree) continue;
    result.now[n] = {RowMatch::Kind::Ambiguous, 0};
    doubtful[k] = true;
  }
  for (std::size_t k = 0; k < known.size(); ++k) {
    if (doubtful[k]) result.ambiguous.push_back(k);
  }
  return result;
}

}  // namespace bongsu::poll
