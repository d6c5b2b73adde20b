// SPDX-License-Identifier: Apache-2.0
#include "store/index.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>
#include <utility>

namespace bongsu::store {
namespace {

constexpr std::size_t kMostKept = 64;          // selections
constexpr std::size_t kMostKeptIds = 1 << 18;  // in all of them; with its labels each takes half a kilobyte

std::uint32_t hash_pairs(std::span<const SeriesIndex::Pair> pairs) {
  std::uint64_t hash = pairs.size();
  for (const SeriesIndex::Pair pair : pairs) {
    hash = (hash ^ pair) * 0x9e3779b97f4a7c15;
    hash ^= hash >> 32;
  }
  return static_cast<std::uint32_t>(hash);
}

}  // namespace

std::span<const SeriesIndex::Pair> SeriesIndex::pairs(Id id) const {
  const Group* group = this->group(id);
  if (group == nullptr) return {};
  return std::span(group->pairs).subspan(group->first[id % kGroup], group->count[id % kGroup]);
}

std::optional<SeriesIndex::Id> SeriesIndex::find(const Labels& labels) const {
  constexpr std::size_t kUsual = 32;
  std::array<Pair, kUsual> usual;
  std::vector<Pair> many(labels.size() > kUsual ? labels.size() : 0);
  const std::span<Pair> pairs = many.empty() ? std::span(usual).first(labels.size()) : std::span(many);
  std::size_t i = 0;
  for (const auto& [name, value] : labels) {
    pairs[i] = pool_.find(name, value);
    if (pairs[i++] == LabelPool::kNone) return std::nullopt;
  }
  const Id found = by_pairs_.find(hash_pairs(pairs), [&](Id id) { return std::ranges::equal(this->pairs(id), pairs); });
  return found == IdTable::kNone ? std::nullopt : std::optional(found);
}

SeriesIndex::Id SeriesIndex::add(const Labels& labels) {
  std::vector<Pair> pairs;
  pairs.reserve(labels.size());
  for (const auto& [name, value] : labels) pairs.push_back(pool_.intern(name, value));
  const Id id = next_++;
  insert(id, pairs);
  forget_selections(id);
  return id;
}

bool SeriesIndex::restore(Id id, std::span<const Pair> pairs) {
  if (id >= kNumbers || !this->pairs(id).empty() || pairs.empty() || pairs.size() > UINT16_MAX) return false;
  if (by_pairs_.find(hash_pairs(pairs), [&](Id other) { return std::ranges::equal(this->pairs(other), pairs); }) !=
      IdTable::kNone)
    return false;
  skip_to(id + 1);
  insert(id, pairs);
  forget_selections(id);
  return true;
}

void SeriesIndex::insert(Id id, std::span<const Pair> pairs) {
  const std::size_t number = id / kGroup;
  if (number / kPage >= pages_.size()) pages_.resize(number / kPage + 1);
  std::unique_ptr<Page>& page = pages_[number / kPage];
  if (page == nullptr) page = std::make_unique<Page>();
  std::unique_ptr<Group>& place = (*page)[number % kPage];
  if (place == nullptr) place = std::make_unique<Group>();
  Group& group = *place;
  group.first[id % kGroup] = static_cast<std::uint32_t>(group.pairs.size());
  group.count[id % kGroup] = static_cast<std::uint16_t>(pairs.size());
  group.pairs.insert(group.pairs.end(), pairs.begin(), pairs.end());
  ++group.alive;
  if (id % kGroup == kGroup - 1) group.pairs.shrink_to_fit();  // no more are to come
  for (const Pair pair : pairs) pool_.add(pair, id);
  by_pairs_.insert(hash_pairs(pairs), id);
  ++size_;
}

void SeriesIndex::remove(Id id) {
  const std::span<const Pair> pairs = this->pairs(id);
  if (pairs.empty()) return;
  forget_selections(id);
  by_pairs_.erase(hash_pairs(pairs), id);
  for (const Pair pair : pairs) pool_.remove(pair, id);
  --size_;
  std::unique_ptr<Group>& group = (*pages_[id / kGroup / kPage])[id / kGroup % kPage];
  group->count[id % kGroup] = 0;
  if (--group->alive == 0) group.reset();
}

std::shared_ptr<const Labels> SeriesIndex::labels(Id id) const {
  const std::span<const Pair> pairs = this->pairs(id);
  if (pairs.empty()) return nullptr;
  std::vector<Labels::Pair> texts;
  texts.reserve(pairs.size());
  for (const Pair pair : pairs) texts.emplace_back(pool_.name(pair), pool_.value(pair));
  return std::make_shared<const Labels>(Labels::from_sorted(std::move(texts)));
}

void SeriesIndex::Lately::keep(Kept next) {
  if (next.selection->ids.size() > kMostKeptIds) return;
  ids += next.selection->ids.size();
  kept.push_back(std::move(next));
  while (kept.size() > kMostKept || ids > kMostKeptIds) {
    const auto oldest = std::min_element(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
    ids -= oldest->selection->ids.size();
    kept.erase(oldest);
  }
}

void SeriesIndex::forget_selections(Id id) {
  const auto lately = lately_.lock();
  if (lately->kept.empty()) return;
  const auto value_of = [&](std::string_view name) {
    for (const Pair pair : pairs(id)) {
      if (pool_.name(pair) == name) return pool_.value(pair);
    }
    return std::string_view();
  };
  // A regular expression is not worth its time here.
  std::erase_if(lately->kept, [&](const Kept& one) {
    const bool may = std::all_of(one.matchers.begin(), one.matchers.end(), [&](const Matcher& matcher) {
      if (matcher.op == Matcher::Op::Equal) return value_of(matcher.name) == matcher.value;
      if (matcher.op == Matcher::Op::NotEqual) return value_of(matcher.name) != matcher.value;
      return true;
    });
    if (may) lately->ids -= one.selection->ids.size();
    return may;
  });
}

bool SeriesIndex::before(Id a, Id b) const {
  return std::ranges::lexicographical_compare(pairs(a), pairs(b), [this](Pair x, Pair y) { return pool_.before(x, y); });
}

void SeriesIndex::sort(std::vector<Id>& ids) const {
  constexpr std::size_t kFew = 512;
  if (ids.size() <= kFew) {
    std::sort(ids.begin(), ids.end(), [this](Id a, Id b) { return before(a, b); });
    return;
  }
  // Each pair's text is compared once, to give it a rank; series are then compared by numbers.
  std::vector<std::uint32_t> rank(pool_.bound());
  std::vector<Pair> used;
  for (const Id id : ids) {
    for (const Pair pair : pairs(id)) {
      if (std::exchange(rank[pair], 1) == 0) used.push_back(pair);
    }
  }
  std::sort(used.begin(), used.end(), [this](Pair a, Pair b) { return pool_.before(a, b); });
  for (std::size_t i = 0; i < used.size(); ++i) rank[used[i]] = static_cast<std::uint32_t>(i + 1);
  struct Item {
    std::uint64_t first;  // the ranks of the first two
    Id id;
  };
  std::vector<Item> items;
  items.reserve(ids.size());
  for (const Id id : ids) {
    const auto own = pairs(id);
    items.push_back({std::uint64_t{rank[own[0]]} << 32 | (own.size() > 1 ? rank[own[1]] : 0), id});
  }
  std::sort(items.begin(), items.end(), [&](const Item& a, const Item& b) {
    if (a.first != b.first) return a.first < b.first;
    return std::ranges::lexicographical_compare(pairs(a.id), pairs(b.id), [&](Pair x, Pair y) { return rank[x] < rank[y]; });
  });
  std::transform(items.begin(), items.end(), ids.begin(), [](const Item& item) { return item.id; });
}

Result<std::shared_ptr<const SeriesIndex::Selection>> SeriesIndex::sorted(std::span<const Matcher> matchers) const {
  {
    const auto lately = lately_.lock();
    for (Kept& one : lately->kept) {
      if (!std::equal(one.matchers.begin(), one.matchers.end(), matchers.begin(), matchers.end())) continue;
      one.used = ++lately->clock;
      return one.selection;
    }
  }
  BONGSU_TRY(std::vector<Id> ids, select(matchers));
  sort(ids);
  auto made = std::make_shared<Selection>();
  made->labels.reserve(ids.size());
  for (const Id id : ids) made->labels.push_back(labels(id));
  made->ids = std::move(ids);
  const auto lately = lately_.lock();
  lately->keep({.matchers = {matchers.begin(), matchers.end()}, .selection = made, .used = ++lately->clock});
  return std::shared_ptr<const Selection>(std::move(made));
}

std::vector<std::string> SeriesIndex::label_names() const {
  std::vector<std::string> names;
  for (const LabelPool::Name& name : pool_.names()) {
    if (name.series != 0) names.push_back(name.text);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<std::string> SeriesIndex::label_values(std::string_view name) const {
  std::vector<std::string> values;
  for (const Pair pair : pool_.pairs_of(name)) {
    if (!pool_.series(pair).empty()) values.emplace_back(pool_.value(pair));
  }
  std::sort(values.begin(), values.end());
  return values;
}

Cardinality SeriesIndex::cardinality(std::size_t top) const {
  Cardinality all{.series = size_, .octets = octets()};
  const auto keep_top = [top](std::vector<Cardinality::Count>& counts) {
    const auto more = [](const Cardinality::Count& a, const Cardinality::Count& b) {
      return a.count != b.count ? a.count > b.count : std::tie(a.name, a.value) < std::tie(b.name, b.value);
    };
    std::sort(counts.begin(), counts.end(), more);
    if (counts.size() > top) counts.resize(top);
  };
  // The largest pairs, without a copy of every text: by count first.
  std::vector<std::pair<std::size_t, Pair>> largest;
  for (const LabelPool::Name& name : pool_.names()) {
    if (name.series == 0) continue;
    ++all.label_names;
    all.label_pairs += name.pairs.size();
    all.values_by_label.push_back({.name = name.text, .value = {}, .count = name.pairs.size()});
    for (const Pair pair : name.pairs) {
      const std::size_t count = pool_.series(pair).size();
      if (name.text == kMetricName)
        all.series_by_metric.push_back({.name = std::string(pool_.value(pair)), .value = {}, .count = count});
      else largest.emplace_back(count, pair);
    }
  }
  const std::size_t kept = std::min(top, largest.size());
  std::nth_element(
      largest.begin(), largest.begin() + static_cast<std::ptrdiff_t>(kept), largest.end(),
      [this](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : pool_.before(a.second, b.second); });
  largest.resize(kept);
  for (const auto& [count, pair] : largest)
    all.series_by_pair.push_back(
        {.name = std::string(pool_.name(pair)), .value = std::string(pool_.value(pair)), .count = count});
  keep_top(all.series_by_metric);
  keep_top(all.values_by_label);
  keep_top(all.series_by_pair);
  return all;
}

std::size_t SeriesIndex::octets() const {
  std::size_t octets = pool_.octets() + by_pairs_.octets() + pages_.capacity() * sizeof(pages_[0]);
  for (const auto& page : pages_) octets += page == nullptr ? 0 : sizeof(Page);
  each_group([&](Id, const Group& group) { octets += sizeof(Group) + group.pairs.capacity() * sizeof(Pair); });
  return octets;
}

}  // namespace bongsu::store
