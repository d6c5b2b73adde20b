// SPDX-License-Identifier: Apache-2.0
#include "model/oid.h"

#include <gtest/gtest.h>

namespace bongsu {

TEST(Oid, ReadsAndWrites) {
  EXPECT_EQ("1.3.6.1.4294967295", Oid::parse(".1.3.6.1.4294967295")->to_string());
  for (const std::string_view text : {"", ".", "1..3", "1.3.", "1.3.4294967296", "1.-3", "a", "1.3 "}) {
    SCOPED_TRACE(text);
    EXPECT_FALSE(Oid::parse(text));
  }
  std::string deep = "1";
  for (int i = 0; i < 127; ++i) deep += ".1";
  EXPECT_TRUE(Oid::parse(deep));
  EXPECT_FALSE(Oid::parse(deep + ".1"));
}

TEST(Oid, OrdersAsATree) {
  EXPECT_LT((Oid{1, 3, 6}), (Oid{1, 3, 6, 1}));
  EXPECT_LT((Oid{1, 3, 6, 1}), (Oid{1, 3, 7}));
  EXPECT_TRUE((Oid{1, 3, 6, 1}).starts_with(Oid{1, 3, 6}));
  EXPECT_FALSE((Oid{1, 3}).starts_with(Oid{1, 3, 6}));
}

}  // namespace bongsu
