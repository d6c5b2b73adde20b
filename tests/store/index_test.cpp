// SPDX-License-Identifier: Apache-2.0
#include "store/index.h"

#include <gtest/gtest.h>

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
      index_.add(std::make_shared<const Labels>(labels));
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
        EXPECT_EQ(index_.labels(ids[i]), (*sorted)->labels[i]);
        EXPECT_TRUE(i == 0 || *(*sorted)->labels[i - 1] < *(*sorted)->labels[i]);
      }
      std::sort(ids.begin(), ids.end());
      EXPECT_EQ(select(matchers), ids);
    }
  };
  agrees();
  EXPECT_EQ(*index_.sorted(asked[1]), *index_.sorted(asked[1]));  // the same one again
  index_.add(std::make_shared<const Labels>(Labels{{"__name__", "up"}, {"device", "db0"}}));
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
  EXPECT_EQ(5u, index_.add(std::make_shared<const Labels>(again)));
  EXPECT_EQ(5u, index_.find(again));
}

}  // namespace
}  // namespace bongsu::store
