// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace bongsu {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return Error{Code::Invalid, "odd"};
  return value / 2;
}
Result<int> quarter(int value) {
  BONGSU_TRY(const int once, half(value).context("first"));
  BONGSU_TRY(const int twice, half(once).context("second"));
  return twice;
}
Status check(int value) {
  BONGSU_TRY_OK(value > 0 ? Status() : Status(Error{Code::Limit, "small"}));
  return {};
}

}  // namespace

TEST(Result, GoesOnOrLeavesWithContext) {
  EXPECT_EQ(2, quarter(8).value());
  EXPECT_EQ((Error{Code::Invalid, "first: odd"}), quarter(7).error());
  EXPECT_EQ((Error{Code::Invalid, "second: odd"}), quarter(6).error());
  EXPECT_TRUE(check(1));
  EXPECT_EQ(Code::Limit, check(0).error().code);
}

TEST(Result, MovesWhatCannotBeCopied) {
  Result<std::unique_ptr<int>> made(std::make_unique<int>(3));
  const std::unique_ptr<int> taken = std::move(made).value();
  EXPECT_EQ(3, *taken);
}

}  // namespace bongsu
