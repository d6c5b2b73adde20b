// SPDX-License-Identifier: Apache-2.0
#include "model/match.h"

#include <gtest/gtest.h>

namespace bongsu {
namespace {

TEST(Fits, StarsStandForAnyText) {
  const auto fit = [](bool expected, std::string_view pattern, std::string_view text) {
    SCOPED_TRACE(std::string(pattern) + " and " + std::string(text));
    EXPECT_EQ(expected, fits(pattern, text));
  };
  fit(true, "web1", "web1");
  fit(false, "web", "web1");
  fit(true, "web*", "web1");
  fit(true, "*", "");
  fit(true, "*-sw*", "core-sw1");
  fit(false, "*-sw", "core-sw1");
  fit(true, "a*b*c", "aXbYbZc");
  fit(false, "a*b*c", "aXbYbZ");
  fit(false, "", "x");
  fit(true, std::string(200, '*') + "x", std::string(5'000, 'y') + "x");
}

TEST(Refuses, NamesWhatDoesNotHold) {
  const Alarm alarm = Alarm{.item = "cpu_usage", .labels = {{"device", "web1"}}, .device = "web1", .level = Severity::Caution};
  const Tags tags{{"site", "seoul"}};
  const auto why = [&](const Match& match) { return refuses(match, alarm, tags, time_from_ms(0)).value_or("matches"); };
  EXPECT_EQ("matches", why({}));
  EXPECT_EQ("the level is caution, it wants danger or worse", why({.from = Severity::Danger}));
  EXPECT_EQ("the item is cpu_usage, it wants mem*, disk", why({.items = {"mem*", "disk"}}));
  EXPECT_EQ("the device is web1, it wants db*", why({.devices = {"db*"}}));
  EXPECT_EQ("the tag role is \"\", it wants core", why({.tags = {{"role", {"core"}}}}));
  EXPECT_EQ("the label device is \"web1\", it wants x", why({.labels = {{"device", {"x"}}}}));
  EXPECT_TRUE(covers({.from = Severity::Fatal, .items = {"cpu*"}, .tags = {{"site", {"seoul"}}}}, alarm.item, "web1",
                     alarm.labels, tags));
  EXPECT_FALSE(covers({.devices = {"db*"}}, alarm.item, "web1", alarm.labels, tags));
  EXPECT_FALSE(covers({.items = {"mem*"}}, alarm.item, "web1", alarm.labels, tags));
  EXPECT_FALSE(covers({.tags = {{"role", {"core"}}}}, alarm.item, "web1", alarm.labels, tags));
  EXPECT_FALSE(covers({.labels = {{"device", {"x"}}}}, alarm.item, "web1", alarm.labels, tags));
  EXPECT_EQ("matches",
            why({.from = Severity::Caution, .items = {"cpu*"}, .devices = {"web*"}, .tags = {{"site", {"busan", "seoul"}}}}));
}

}  // namespace
}  // namespace bongsu
