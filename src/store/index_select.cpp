// SPDX-License-Identifier: Apache-2.0
#include <re2/re2.h>

#include <algorithm>
#include <bit>

#include "base/text.h"
#include "store/index.h"

namespace bongsu::store {
namespace {

using Ids = std::vector<SeriesIndex::Id>;
using Pairs = std::vector<SeriesIndex::Pair>;

// A set of numbers below a bound.
class IdSet {
 public:
  explicit IdSet(std::size_t bound) : words_(bound / 64 + 1) {}
  void set(std::uint32_t at) { words_[at / 64] |= std::uint64_t{1} << at % 64; }
  bool operator[](std::uint32_t at) const { return (words_[at / 64] >> at % 64 & 1) != 0; }
  Ids rising(std::size_t count) const {
    Ids out;
    out.reserve(count);
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
        out.push_back(static_cast<std::uint32_t>(64 * i + static_cast<std::size_t>(std::countr_zero(word))));
    }
    return out;
  }

 private:
  std::vector<std::uint64_t> words_;
};

// One matcher, ready to judge label values.
struct Judge {
  const Matcher& matcher;
  std::unique_ptr<re2::RE2> regex{};

  bool regular() const { return regex != nullptr; }
  bool negative() const { return matcher.op == Matcher::Op::NotEqual || matcher.op == Matcher::Op::NotRegex; }
  bool operator()(std::string_view value) const {
    const bool same = regular() ? re2::RE2::FullMatch({value.data(), value.size()}, *regex) : value == matcher.value;
    return same != negative();
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

// Whether the expression is nothing but words with | between: then its values are looked up.
bool is_list(std::string_view expression) { return expression.find_first_of("\\.+*?()[]{}^$") == std::string_view::npos; }

// What one matcher asks: to have one of these pairs, or to have none.
struct Wish {
  Pairs pairs;
  std::size_t series = 0;  // that carry one of them; a series has but one value of a name
};

Wish make_wish(const LabelPool& pool, const Judge& judge, bool absent_satisfies) {
  const Matcher& matcher = judge.matcher;
  Wish wish;
  const auto take = [&](SeriesIndex::Pair pair) {
    wish.pairs.push_back(pair);
    wish.series += pool.series(pair).size();
  };
  const auto take_value = [&](std::string_view value) {
    if (const auto pair = pool.find(matcher.name, value); pair != LabelPool::kNone) take(pair);
  };
  // Where an absent label satisfies, the pairs that do not are taken, and series with them left out.
  if (!judge.regular() && !matcher.value.empty()) {
    take_value(matcher.value);
  } else if (judge.regular() && is_list(matcher.value) && absent_satisfies == judge.negative()) {
    std::vector<std::string_view> values = split(matcher.value, '|');
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const std::string_view value : values) take_value(value);
  } else {
    for (const auto pair : pool.pairs_of(matcher.name)) {
      if (judge(pool.value(pair)) != absent_satisfies) take(pair);
    }
  }
  return wish;
}

Ids all_of_wish(const LabelPool& pool, const Wish& wish, SeriesIndex::Id bound) {
  if (wish.pairs.size() == 1) {
    const auto ids = pool.series(wish.pairs[0]);
    return {ids.begin(), ids.end()};
  }
  if (wish.series > bound / 64) {
    IdSet bits(bound);
    for (const auto pair : wish.pairs) {
      for (const auto id : pool.series(pair)) bits.set(id);
    }
    return bits.rising(wish.series);
  }
  Ids ids;
  ids.reserve(wish.series);
  for (const auto pair : wish.pairs) {
    const auto some = pool.series(pair);
    ids.insert(ids.end(), some.begin(), some.end());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

// Keeps of `ids` those that carry one of the pairs, or with `without` those that carry none.
void keep(const SeriesIndex& index, Ids& ids, const Wish& wish, bool without) {
  if (wish.series > ids.size() * 4) {  // fewer to look at than to list
    IdSet pairs(index.pool().bound());
    for (const auto pair : wish.pairs) pairs.set(pair);
    std::erase_if(ids, [&](SeriesIndex::Id id) {
      const auto own = index.pairs(id);
      return std::any_of(own.begin(), own.end(), [&](SeriesIndex::Pair pair) { return pairs[pair]; }) == without;
    });
    return;
  }
  Ids listed;  // not by a bit for each number ever given: these may be far more than there are series
  if (wish.pairs.size() > 1) listed = all_of_wish(index.pool(), wish, index.next());
  const std::span<const SeriesIndex::Id> with = wish.pairs.size() == 1 ? index.pool().series(wish.pairs[0]) : listed;
  auto at = with.begin();
  std::erase_if(ids, [&](SeriesIndex::Id id) {
    while (at != with.end() && *at < id) ++at;
    return (at != with.end() && *at == id) == without;
  });
}

}  // namespace

Result<std::vector<SeriesIndex::Id>> SeriesIndex::select(std::span<const Matcher> matchers) const {
  std::vector<Wish> wanted;
  std::vector<Wish> unwanted;
  for (const Matcher& matcher : matchers) {
    BONGSU_TRY(const Judge judge, make_judge(matcher));
    const bool absent_satisfies = judge("");
    Wish wish = make_wish(pool_, judge, absent_satisfies);
    if (wish.series == 0 && !absent_satisfies) return Ids{};
    if (wish.series != 0) (absent_satisfies ? unwanted : wanted).push_back(std::move(wish));
  }
  Ids ids;
  if (wanted.empty()) {
    ids.reserve(size_);
    each_group([&](Id first, const Group& group) {
      for (Id slot = 0; slot < kGroup; ++slot) {
        if (group.count[slot] != 0) ids.push_back(first + slot);
      }
    });
  } else {
    std::sort(wanted.begin(), wanted.end(), [](const Wish& a, const Wish& b) { return a.series < b.series; });
    ids = all_of_wish(pool_, wanted.front(), next_);
    for (std::size_t i = 1; i < wanted.size(); ++i) keep(*this, ids, wanted[i], false);
  }
  for (const Wish& wish : unwanted) keep(*this, ids, wish, true);
  return ids;
}

}  // namespace bongsu::store
