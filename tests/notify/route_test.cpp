// SPDX-License-Identifier: Apache-2.0
#include "notify/route.h"

#include <gtest/gtest.h>

#include "lab.h"

namespace bongsu::notify {
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
  const Alarm alarm = alarm_of(1, "web1", Severity::Caution);
  const Tags tags{{"site", "seoul"}};
  const auto why = [&](const Match& match) { return refuses(match, alarm, tags, time_from_ms(0)).value_or("matches"); };
  EXPECT_EQ("matches", why({}));
  EXPECT_EQ("the level is caution, it wants danger or worse", why({.from = Severity::Danger}));
  EXPECT_EQ("the item is cpu_usage, it wants mem*, disk", why({.items = {"mem*", "disk"}}));
  EXPECT_EQ("the device is web1, it wants db*", why({.devices = {"db*"}}));
  EXPECT_EQ("the tag role is \"\", it wants core", why({.tags = {{"role", {"core"}}}}));
  EXPECT_EQ("the label device is \"web1\", it wants x", why({.labels = {{"device", {"x"}}}}));
  EXPECT_EQ("matches",
            why({.from = Severity::Caution, .items = {"cpu*"}, .devices = {"web*"}, .tags = {{"site", {"busan", "seoul"}}}}));
}

TEST(Recipients, AreEachTakenOnce) {
  Spec spec;
  Channel mail{.name = "mail", .type = ChannelType::Email};
  Channel room{.name = "room", .type = ChannelType::Discord};
  spec.channels.emplace("mail", std::move(mail));
  spec.channels.emplace("room", std::move(room));
  spec.people.emplace("kim", Person{.name = "kim", .addresses = {{"email", "kim@example.com"}}});
  spec.people.emplace("lee", Person{.name = "lee", .addresses = {{"phone", "+821012345678"}}});
  spec.groups["all"] = {"kim", "lee"};
  std::vector<std::string> without;
  const std::vector<Recipient> expected{{"mail", "kim"}, {"room", ""}};
  EXPECT_EQ(expected, recipients(spec, {"kim", "all"}, {"mail", "room"}, &without));
  EXPECT_EQ((std::vector<std::string>{"lee has no address for mail"}), without);
  // A room where there is one: an incoming webhook is one; a mailbox is not.
  Channel hook{.name = "hook", .type = ChannelType::Slack};
  hook.url = Secret("https://hooks.example.com/x");
  spec.channels.emplace("hook", std::move(hook));
  EXPECT_EQ((std::vector<Recipient>{{"hook", ""}}), recipients(spec, {"lee"}, {"mail", "hook"}));
  EXPECT_EQ((std::vector<Recipient>{{"room", ""}}), recipients(spec, {}, {"mail", "room"}));
  // An address under the channel's own name goes before the type's.
  spec.people.at("kim").addresses["mail"] = "night@example.com";
  EXPECT_EQ("night@example.com", address_of(spec, {"mail", "kim"}));
}

}  // namespace
}  // namespace bongsu::notify
