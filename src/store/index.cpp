// SPDX-License-Identifier: Apache-2.0
#include "store/index.h"

#include <re2/re2.h>

#include <algorithm>
#include <iterator>

namespace bongsu::store {
namespace {

using Ids = std::vector<SeriesIndex::Id>;

// One matcher, ready to judge label values.
struct Judge {
  const Matcher& matcher;
  std::unique_ptr<re2::RE2> regex{};

  bool operator()(std::string_view value) const {
    switch (matcher.op) {
      case Matcher::Op::Equal:
        return value == matcher.value;
      case Matcher::Op::NotEqual:
        return value != matcher.value;
      case Matcher::Op::Regex:
        return re2::RE2::FullMatch(value, *regex);
      case Matcher::Op::NotRegex:
        return !re2::RE2::FullMatch(value, *regex);
    }
    return false;
  }
};

Result<Judge> make_judge(const Matcher& matcher) {
  Judge judge{.matcher = matcher};
  if (matcher.op == Matcher::Op::Regex || matcher.op == Matcher::Op::NotRegex) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_dot_nl(true);
    judge.regex = std::make_unique<re2::RE2>(matcher.value, options);
    if (!judge.regex->ok()) {
      return Error{Code::Invalid, "regular expression of label " + matcher.name + " cannot be read: \"" + matcher.value +
                                      "\": " + judge.regex->error() + " (RE2 syntax)"};
    }
  }
  return judge;
}

constexpr std::size_t kMostKept = 64;       // selections
constexpr std::size_t kSpareIds = 1 << 20;  // that kept selections may hold beyond one for each series

// False when a series with these labels is surely not selected.
bool may_satisfy(std::span<const Matcher> matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
    if (matcher.op == Matcher::Op::Equal) return labels.get(matcher.name) == matcher.value;
    if (matcher.op == Matcher::Op::NotEqual) return labels.get(matcher.name) != matcher.value;
    return true;  // a regular expression is not worth its time here
  });
}

void normalize(Ids& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

}  // namespace

std::optional<SeriesIndex::Id> SeriesIndex::find(const Labels& labels) const {
  const auto [from, to] = by_hash_.equal_range(labels.hash());
  for (auto at = from; at != to; ++at) {
    if (*labels_.at(at->second) == labels) return at->second;
  }
  return std::nullopt;
}

SeriesIndex::Id SeriesIndex::add(std::shared_ptr<const Labels> labels) {
  const Id id = next_++;
  insert(id, std::move(labels));
  return id;
}

void SeriesIndex::restore(Id id, std::shared_ptr<const Labels> labels) {
  skip_to(id + 1);
  insert(id, std::move(labels));
}

void SeriesIndex::insert(Id id, std::shared_ptr<const Labels> labels) {
  lately_.lock()->forget(*labels);
  by_hash_.emplace(labels->hash(), id);
  for (const auto& [name, value] : *labels) postings_[name][value].push_back(id);
  labels_.emplace(id, std::move(labels));
}

void SeriesIndex::remove(Id id) {
  const auto found = labels_.find(id);
  if (found == labels_.end()) return;
  lately_.lock()->forget(*found->second);
  for (const auto& [name, value] : *found->second) {
    const auto by_name = postings_.find(name);
    const auto by_value = by_name->second.find(value);
    Ids& ids = by_value->second;
    ids.erase(std::lower_bound(ids.begin(), ids.end(), id));
    if (ids.empty()) by_name->second.erase(by_value);
    if (by_name->second.empty()) postings_.erase(by_name);
  }
  const auto [from, to] = by_hash_.equal_range(found->second->hash());
  by_hash_.erase(std::find_if(from, to, [id](const auto& entry) { return entry.second == id; }));
  labels_.erase(found);
}

std::shared_ptr<const Labels> SeriesIndex::labels(Id id) const {
  const auto found = labels_.find(id);
  return found == labels_.end() ? nullptr : found->second;
}

Result<std::vector<SeriesIndex::Id>> SeriesIndex::select(std::span<const Matcher> matchers) const {
  static const Postings kNone;
  std::vector<Ids> wanted;
  Ids unwanted;
  for (const Matcher& matcher : matchers) {
    BONGSU_TRY(const Judge judge, make_judge(matcher));
    const auto found = postings_.find(matcher.name);
    const Postings& postings = found == postings_.end() ? kNone : found->second;
    // A series without the label has the value "": where that satisfies, the others are taken away instead.
    const bool absent_satisfies = judge("");
    Ids ids;
    if (matcher.op == Matcher::Op::Equal || matcher.op == Matcher::Op::NotEqual) {
      if (const auto exact = postings.find(matcher.value); exact != postings.end()) ids = exact->second;
      else if (matcher.value.empty())
        for (const auto& [value, with] : postings) ids.insert(ids.end(), with.begin(), with.end());
    } else {
      for (const auto& [value, with] : postings) {
        if (judge(value) != absent_satisfies) ids.insert(ids.end(), with.begin(), with.end());
      }
    }
    if (absent_satisfies) {
      unwanted.insert(unwanted.end(), ids.begin(), ids.end());
    } else {
      normalize(ids);
      if (ids.empty()) return Ids{};
      wanted.push_back(std::move(ids));
    }
  }

  Ids result;
  if (wanted.empty()) {
    result.reserve(labels_.size());
    for (const auto& [id, labels] : labels_) result.push_back(id);
    std::sort(result.begin(), result.end());
  } else {
    std::sort(wanted.begin(), wanted.end(), [](const Ids& a, const Ids& b) { return a.size() < b.size(); });
    result = std::move(wanted.front());
    for (std::size_t i = 1; i < wanted.size(); ++i) {
      std::erase_if(result, [&](Id id) { return !std::binary_search(wanted[i].begin(), wanted[i].end(), id); });
    }
  }
  if (!unwanted.empty()) {
    normalize(unwanted);
    std::erase_if(result, [&](Id id) { return std::binary_search(unwanted.begin(), unwanted.end(), id); });
  }
  return result;
}

void SeriesIndex::Lately::keep(Kept next, std::size_t most_ids) {
  ids += next.selection->ids.size();
  kept.push_back(std::move(next));
  while (kept.size() > kMostKept || (ids > most_ids && !kept.empty())) {
    const auto oldest = std::min_element(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
    ids -= oldest->selection->ids.size();
    kept.erase(oldest);
  }
}

void SeriesIndex::Lately::forget(const Labels& labels) {
  std::erase_if(kept, [&](const Kept& one) {
    if (!may_satisfy(one.matchers, labels)) return false;
    ids -= one.selection->ids.size();
    return true;
  });
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
  BONGSU_TRY(const Ids ids, select(matchers));
  std::vector<std::pair<const Labels*, Id>> order;
  order.reserve(ids.size());
  for (const Id id : ids) order.emplace_back(labels_.at(id).get(), id);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return *a.first < *b.first; });
  auto made = std::make_shared<Selection>();
  made->ids.reserve(order.size());
  made->labels.reserve(order.size());
  for (const auto& [labels, id] : order) {
    made->ids.push_back(id);
    made->labels.push_back(labels_.at(id));
  }
  const auto lately = lately_.lock();
  lately->keep({.matchers = {matchers.begin(), matchers.end()}, .selection = made, .used = ++lately->clock},
               labels_.size() + kSpareIds);
  return std::shared_ptr<const Selection>(std::move(made));
}

std::vector<std::string> SeriesIndex::label_names() const {
  std::vector<std::string> names;
  names.reserve(postings_.size());
  for (const auto& [name, postings] : postings_) names.push_back(name);
  return names;
}

std::vector<std::string> SeriesIndex::label_values(std::string_view name) const {
  std::vector<std::string> values;
  if (const auto found = postings_.find(name); found != postings_.end()) {
    for (const auto& [value, ids] : found->second) values.push_back(value);
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace bongsu::store
