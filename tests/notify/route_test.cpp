// SPDX-License-Identifier: Apache-2.0
#include "notify/route.h"

#include <gtest/gtest.h>

#include "lab.h"

namespace bongsu::notify {
namespace {

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
