// SPDX-License-Identifier: Apache-2.0
#include "store/index.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "store/catalogue.h"

namespace bongsu::store {
namespace {

using Op = Matcher::Op;
using Ids = std::vector<SeriesIndex::Id>;

class Index : public testing::Test {
 protected:
  Index() {
    for (const Labels& labels : {Labels{{"__name__", "up"}, {"device", "db1"}}, Labels{{"__name__", "up"}, {"device", "db2"}},
                                 Labels{{"__name__", "up"}}, Labels{{"__name__", "load"}, {"device", "db1"}, {"cpu", "0"}},
                                 Labels{{"__name__", "load"}, {"device", "web\nx"}, {"cpu", "1"}}}) {
      index_.add(labels);
    }
  }
  Ids select(std::vector<Matcher> matchers) const {
    auto ids = index_.select(matchers);
    EXPECT_TRUE(ids);
    return ids ? *ids : Ids{999};
  }
  SeriesIndex index_;
};

TEST_F(Index, AnswersEachKindOfMatcher) {
  const auto gives = [this](const Ids& expected, std::vector<Matcher> matchers) {
    std::string trace;
    for (const Matcher& m : matchers) trace += m.name + " op" + std::to_string(static_cast<int>(m.op)) + " '" + m.value + "' ";
    SCOPED_TRACE(trace);
    EXPECT_EQ(expected, select(matchers));
  };
  gives({0, 1, 2, 3, 4}, {});
  gives({0, 1, 2}, {{Op::Equal, "__name__", "up"}});
  gives({}, {{Op::Equal, "__name__", "down"}});
  gives({}, {{Op::Equal, "nobody", "x"}});
  gives({0, 3}, {{Op::Equal, "device", "db1"}});
  gives({3}, {{Op::Equal, "device", "db1"}, {Op::Equal, "__name__", "load"}});
  gives({2}, {{Op::Equal, "device", ""}});
  gives({0, 1, 2, 3, 4}, {{Op::Equal, "nobody", ""}});
  gives({0, 1, 3, 4}, {{Op::NotEqual, "device", ""}});
  gives({1, 2, 4}, {{Op::NotEqual, "device", "db1"}});
  gives({}, {{Op::NotEqual, "nobody", ""}});
  gives({0, 1, 2, 3, 4}, {{Op::NotEqual, "nobody", "x"}});
  gives({0, 1, 3}, {{Op::Regex, "device", "db."}});
  gives({}, {{Op::Regex, "device", "b1"}});  // anchored at both ends
  gives({}, {{Op::Regex, "device", "db"}});
  gives({0, 1, 3, 4}, {{Op::Regex, "device", ".+"}});  // . takes a line feed
  gives({0, 1, 2, 3, 4}, {{Op::Regex, "device", ".*"}});
  gives({0, 2, 3}, {{Op::Regex, "device", "db1|"}});
  gives({0, 1, 3}, {{Op::Regex, "device", "db1|db2"}});
  gives({2, 4}, {{Op::NotRegex, "device", "db.*"}});
  gives({1, 4}, {{Op::NotRegex, "device", "(db1)?"}});
  gives({}, {{Op::NotRegex, "device", ".*"}});
  gives({2}, {{Op::NotRegex, "device", ".+"}});
  gives({0, 1}, {{Op::Equal, "__name__", "up"}, {Op::NotRegex, "device", "web.*"}, {Op::NotEqual, "device", ""}});
}

TEST_F(Index, SortsByLabelsWhateverCameOrWentSinceItWasAsked) {
  const std::vector<std::vector<Matcher>> asked{{},
                                                {{Op::Equal, "__name__", "up"}},
                                                {{Op::NotEqual, "device", "db1"}},
                                                {{Op::Regex, "device", "db.*"}},
                                                {{Op::NotRegex, "device", "db.*"}}};
  const auto agrees = [&] {
    for (const auto& matchers : asked) {
      const auto sorted = index_.sorted(matchers);
      ASSERT_TRUE(sorted);
      Ids ids = (*sorted)->ids;
      ASSERT_EQ(ids.size(), (*sorted)->labels.size());
      for (std::size_t i = 0; i < ids.size(); ++i) {
        EXPECT_EQ(*index_.labels(ids[i]), *(*sorted)->labels[i]);
        EXPECT_TRUE(i == 0 || *(*sorted)->labels[i - 1] < *(*sorted)->labels[i]);
      }
      std::sort(ids.begin(), ids.end());
      EXPECT_EQ(select(matchers), ids);
    }
  };
  agrees();
  EXPECT_EQ(*index_.sorted(asked[1]), *index_.sorted(asked[1]));  // the same one again
  index_.add(Labels{{"__name__", "up"}, {"device", "db0"}});
  agrees();
  index_.remove(1);
  agrees();
  for (int i = 0; i < 100; ++i) {
    const std::vector<Matcher> other{{Op::Equal, "device", std::to_string(i)}};
    EXPECT_TRUE((*index_.sorted(other))->ids.empty());
  }
  index_.remove(5);
  agrees();
}

TEST_F(Index, RefusesABadExpression) {
  const std::vector<Matcher> bad{{Op::Regex, "device", "a("}};
  const auto ids = index_.select(bad);
  ASSERT_FALSE(ids);
  EXPECT_EQ(Code::Invalid, ids.error().code);
  EXPECT_NE(std::string::npos, ids.error().text.find("a(")) << ids.error().text;
}

TEST_F(Index, ForgetsWhatIsRemovedAndNeverReusesANumber) {
  index_.remove(4);
  index_.remove(4);
  EXPECT_EQ((Ids{0, 1, 2, 3}), select({}));
  EXPECT_EQ(nullptr, index_.labels(4));
  EXPECT_EQ((std::vector<std::string>{"0"}), index_.label_values("cpu"));
  EXPECT_EQ((std::vector<std::string>{"db1", "db2"}), index_.label_values("device"));
  index_.remove(3);
  EXPECT_EQ((std::vector<std::string>{"__name__", "device"}), index_.label_names());
  const Labels again{{"__name__", "load"}, {"device", "db1"}, {"cpu", "0"}};
  EXPECT_EQ(std::nullopt, index_.find(again));
  EXPECT_EQ(5u, index_.add(again));
  EXPECT_EQ(5u, index_.find(again));
}

TEST_F(Index, CountsWhatThereIs) {
  const Cardinality all = index_.cardinality(2);
  EXPECT_EQ(5u, all.series);
  EXPECT_EQ(3u, all.label_names);
  EXPECT_EQ(7u, all.label_pairs);
  EXPECT_GT(all.octets, 0u);
  using Counts = std::vector<Cardinality::Count>;
  EXPECT_EQ((Counts{{"up", "", 3}, {"load", "", 2}}), all.series_by_metric);
  EXPECT_EQ((Counts{{"device", "", 3}, {"__name__", "", 2}}), all.values_by_label);
  EXPECT_EQ((Counts{{"device", "db1", 2}, {"cpu", "0", 1}}), all.series_by_pair);
  index_.remove(0);
  EXPECT_EQ((Counts{{"load", "", 2}, {"up", "", 2}}), index_.cardinality(9).series_by_metric);
}

const re2::RE2* regular_of(const std::string& expression) {
  static std::map<std::string, std::unique_ptr<re2::RE2>> known;
  auto& made = known[expression];
  if (made == nullptr) made = std::make_unique<re2::RE2>(expression);
  return made.get();
}

// Series that come and go, against a plain map; now and then kept and restored as the store does.
TEST(IndexOracle, AnswersAsAPlainMapWould) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    auto index = std::make_unique<SeriesIndex>();
    std::map<SeriesIndex::Id, Labels> plain;
    const std::uint64_t values = 1 + random.below(40);
    const auto labels = [&] {
      std::vector<Labels::Pair> pairs{{"__name__", "m" + std::to_string(random.below(5))}};
      for (const char* name : {"device", "port", "a", "zone"}) {
        if (random.chance(0.7))
          pairs.emplace_back(name, std::string(random.below(30), 'v') + std::to_string(random.below(values)));
      }
      return Labels(std::move(pairs));
    };
    for (int step = 0; step < 1500; ++step) {
      const std::uint64_t dice = random.below(100);
      if (dice < 60) {
        const Labels made = labels();
        const auto known = std::find_if(plain.begin(), plain.end(), [&](const auto& one) { return one.second == made; });
        const auto found = index->find(made);
        ASSERT_EQ(known != plain.end(), found.has_value());
        if (found) ASSERT_EQ(known->first, *found);
        else plain[index->add(made)] = made;
      } else if (dice < 85 && !plain.empty()) {
        auto gone = plain.lower_bound(static_cast<SeriesIndex::Id>(random.below(index->next())));
        if (gone == plain.end()) gone = plain.begin();
        index->remove(gone->first);
        plain.erase(gone);
      } else if (dice == 99 && random.chance(0.2)) {
        auto restored = std::make_unique<SeriesIndex>();
        std::size_t series = 0;
        for (SeriesIndex::Id group = 0; group * SeriesIndex::kGroup < index->next(); ++group) {
          const std::string record = encode_catalogue(*index, group);
          if (record.empty()) continue;
          ASSERT_TRUE(load_catalogue(*restored, catalogue_key(group), record, [&](SeriesIndex::Id) { ++series; }));
        }
        ASSERT_EQ(plain.size(), series);
        restored->skip_to(index->next());
        index = std::move(restored);
      } else {
        std::vector<Matcher> matchers;
        for (std::uint64_t left = random.below(4); left > 0; --left) {
          static constexpr const char* kNames[]{"__name__", "device", "port", "a", "zone", "none"};
          static constexpr const char* kExpressions[]{"",    ".*",  ".+",          "m1|m2|", "m1|m3",
                                                      "v*1", "v.*", "(vv)+[0-3]?", "m[24]",  "|v1"};
          const auto op = static_cast<Matcher::Op>(random.below(4));
          std::string value = kExpressions[random.below(std::size(kExpressions))];
          if (op == Matcher::Op::Equal || op == Matcher::Op::NotEqual) {
            value = random.chance(0.2)   ? ""
                    : random.chance(0.5) ? "m1"
                                         : std::string(random.below(30), 'v') + std::to_string(random.below(values));
          }
          matchers.push_back({op, kNames[random.below(std::size(kNames))], value});
        }
        std::vector<std::pair<Labels, SeriesIndex::Id>> expected;
        for (const auto& [id, own] : plain) {
          const bool all = std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
            const std::string value(own.get(matcher.name));
            const bool regular = matcher.op == Matcher::Op::Regex || matcher.op == Matcher::Op::NotRegex;
            const bool same = regular ? re2::RE2::FullMatch(value, *regular_of(matcher.value)) : value == matcher.value;
            return same == (matcher.op == Matcher::Op::Equal || matcher.op == Matcher::Op::Regex);
          });
          if (all) expected.emplace_back(own, id);
        }
        const auto ids = index->select(matchers);
        ASSERT_TRUE(ids);
        ASSERT_TRUE(std::is_sorted(ids->begin(), ids->end()));
        std::sort(expected.begin(), expected.end());
        const auto sorted = index->sorted(matchers);
        ASSERT_TRUE(sorted);
        ASSERT_EQ(expected.size(), ids->size());
        ASSERT_EQ(expected.size(), (*sorted)->ids.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
          ASSERT_EQ(expected[i].first, *(*sorted)->labels[i]);
          ASSERT_EQ(expected[i].second, (*sorted)->ids[i]);
        }
      }
    }
    while (!plain.empty()) {
      index->remove(plain.begin()->first);
      plain.erase(plain.begin());
    }
    EXPECT_TRUE(index->label_names().empty());
    EXPECT_EQ(0u, index->cardinality(5).label_pairs);
  }
}

TEST(Catalogue, RefusesWhatDoesNotRead) {
  SeriesIndex index;
  for (int i = 0; i < 300; ++i)
    index.add({{"__name__", "up"}, {"device", "d" + std::to_string(i / 10)}, {"port", std::to_string(i)}});
  const std::string record = encode_catalogue(index, 0);
  const auto load = [](std::string_view key, std::string_view value) {
    SeriesIndex fresh;
    return load_catalogue(fresh, key, value, [](SeriesIndex::Id) {});
  };
  EXPECT_TRUE(load(catalogue_key(0), record));
  EXPECT_EQ(Code::Corrupt, load(catalogue_key(1u << 24), record).error().code);
  EXPECT_EQ(Code::Corrupt, load("x", record).error().code);
  EXPECT_EQ(Code::Corrupt, load(catalogue_key(0), "\x03" + record.substr(1)).error().code);
  EXPECT_EQ(Code::Corrupt, load(catalogue_key(0), record + record.substr(1)).error().code);  // each number twice
  int refused = 0;
  for (std::size_t length = 1; length < record.size(); ++length) refused += !load(catalogue_key(0), record.substr(0, length));
  EXPECT_GT(refused, static_cast<int>(record.size() / 2));  // at the end of a series nothing is missing
}

}  // namespace
}  // namespace bongsu::store
