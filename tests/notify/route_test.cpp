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
  EXPECT_EQ(expected, recipients(spec, {"kim", "all"}, {"mail", "room"}, std::nullopt, &without));
  EXPECT_EQ((std::vector<std::string>{"lee has no address for mail"}), without);
  // A room where there is one: an incoming webhook is one; a mailbox is not.
  Channel hook{.name = "hook", .type = ChannelType::Slack};
  hook.url = Secret("https://hooks.example.com/x");
  spec.channels.emplace("hook", std::move(hook));
  EXPECT_EQ((std::vector<Recipient>{{"hook", ""}}), recipients(spec, {"lee"}, {"mail", "hook"}, std::nullopt));
  EXPECT_EQ((std::vector<Recipient>{{"room", ""}}), recipients(spec, {}, {"mail", "room"}, std::nullopt));
  // An address under the channel's own name goes before the type's.
  spec.people.at("kim").addresses["mail"] = "night@example.com";
  EXPECT_EQ("night@example.com", address_of(spec, {"mail", "kim"}));
}

Time at(const char* text) { return parse_time(text).value(); }

TEST(OnCall, TakesTurnsOnTheClockOfItsZone) {
  const Rota rota{.turns = {"kim", "lee", "park"}, .from = "2026-01-05 09:00", .zone = "Asia/Seoul"};
  EXPECT_EQ("kim", on_call(rota, at("2025-06-01T00:00:00Z")).who);
  EXPECT_EQ("kim", on_call(rota, at("2026-01-11T23:59:59Z")).who);
  EXPECT_EQ("lee", on_call(rota, at("2026-01-12T00:00:00Z")).who);
  EXPECT_EQ(at("2026-01-19T00:00:00Z"), on_call(rota, at("2026-01-12T00:00:00Z")).until);
  EXPECT_EQ("kim", on_call(rota, at("2026-01-26T00:00:00Z")).who);
}

// Handovers stay at nine on the wall, and nobody comes twice because an hour does.
TEST(OnCall, SummerTimeMovesNoHandover) {
  Rota rota{.turns = {"kim", "lee"}, .every_minutes = 24 * 60, .from = "2026-03-27 09:00", .zone = "Europe/Berlin"};
  EXPECT_EQ(at("2026-03-28T08:00:00Z"), on_call(rota, at("2026-03-27T09:00:00Z")).until);
  EXPECT_EQ(at("2026-03-29T07:00:00Z"), on_call(rota, at("2026-03-28T08:00:00Z")).until);
  EXPECT_EQ("kim", on_call(rota, at("2026-03-29T07:00:00Z")).who);
  rota = {.turns = {"kim", "lee"}, .every_minutes = 24 * 60, .from = "2026-10-31 01:30", .zone = "America/New_York"};
  // On 1 November 01:30 comes at 05:30 and at 06:30 UTC: the first is the handover.
  EXPECT_EQ("kim", on_call(rota, at("2026-11-01T05:29:00Z")).who);
  EXPECT_EQ("lee", on_call(rota, at("2026-11-01T05:30:00Z")).who);
  EXPECT_EQ("lee", on_call(rota, at("2026-11-01T06:10:00Z")).who);
  EXPECT_EQ(at("2026-11-02T06:30:00Z"), on_call(rota, at("2026-11-01T06:10:00Z")).until);
  // On 8 March 02:30 does not come: the moment of the skip is the handover.
  rota.from = "2026-03-07 02:30";
  EXPECT_EQ("kim", on_call(rota, at("2026-03-08T06:59:00Z")).who);
  EXPECT_EQ("lee", on_call(rota, at("2026-03-08T07:00:00Z")).who);
}

TEST(OnCall, SomebodyStandsInForAWhile) {
  Rota rota{.turns = {"kim", "lee"}, .from = "2026-01-05 09:00", .zone = ""};
  rota.swaps.push_back({at("2026-01-06T00:00:00Z"), at("2026-01-07T00:00:00Z"), "park"});
  EXPECT_EQ(at("2026-01-06T00:00:00Z"), on_call(rota, at("2026-01-05T09:00:00Z")).until);
  EXPECT_EQ("park", on_call(rota, at("2026-01-06T12:00:00Z")).who);
  EXPECT_EQ("kim", on_call(rota, at("2026-01-07T00:00:00Z")).who);
}

TEST(Recipients, OfARotaIsWhoIsOnCall) {
  Spec spec;
  Channel mail{.name = "mail", .type = ChannelType::Email};
  spec.channels.emplace("mail", std::move(mail));
  for (const char* name : {"kim", "lee", "park"})
    spec.people.emplace(name, Person{.name = name, .addresses = {{"email", std::string(name) + "@example.com"}}});
  spec.groups["team"] = {"lee", "park"};
  spec.rotas["night"] = {.turns = {"kim", "team"}, .from = "2026-01-05 09:00", .zone = ""};
  EXPECT_EQ((std::vector<Recipient>{{"mail", "kim"}}), recipients(spec, {"night"}, {"mail"}, at("2026-01-05T09:00:00Z")));
  EXPECT_EQ((std::vector<Recipient>{{"mail", "lee"}, {"mail", "park"}}),
            recipients(spec, {"night"}, {"mail"}, at("2026-01-12T09:00:00Z")));
  EXPECT_EQ(3U, recipients(spec, {"night"}, {"mail"}, std::nullopt).size());
}

}  // namespace
}  // namespace bongsu::notify
