// SPDX-License-Identifier: Apache-2.0
#include "net/sim.h"

#include <gtest/gtest.h>

#include <string>

#include "net/promise.h"

namespace bongsu::net {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint8_t> octets(std::string_view text) { return {text.begin(), text.end()}; }

asio::awaitable<void> note_after(Reactor& reactor, Millis span, std::vector<std::int64_t>& notes) {
  const SteadyTime start = reactor.clock().steady();
  co_await sleep_for(reactor, span);
  notes.push_back(std::chrono::duration_cast<Millis>(reactor.clock().steady() - start).count());
}

asio::awaitable<void> take(Promise<std::string>& promise, std::string& into) { into = co_await promise.wait(); }

asio::awaitable<void> look_up(Reactor& reactor, std::string host, std::string& into) {
  const auto found = co_await resolve(reactor, std::move(host));
  into = found ? found->to_string() : found.error().text;
}

}  // namespace

TEST(SimWorld, SleepsTakeVirtualTime) {
  SimWorld world(1);
  std::vector<std::int64_t> notes;
  world.reactor().spawn(note_after(world.reactor(), 24h, notes));
  world.reactor().spawn(note_after(world.reactor(), 3ms, notes));
  world.run_for(25h);
  EXPECT_EQ((std::vector<std::int64_t>{3, 86'400'000}), notes);
}

TEST(SimWorld, CarriesDatagramsBothWays) {
  SimWorld world(1);
  const Address far = *Address::parse("10.0.0.1");
  world.set_link(far, {.latency = 5ms});
  auto agent = *world.reactor().open({.bind = {Address::any(Address::Family::V4), 161}, .tell_local = true});
  agent->on_receive([&](std::span<const Datagram> in) { agent->send(in[0].peer, in[0].data, in[0].local); });
  auto client = *world.reactor().open({});
  std::string got;
  const SteadyTime start = world.clock().steady();
  SteadyTime when;
  client->on_receive([&](std::span<const Datagram> in) {
    got = in[0].peer.to_string() + " " + std::string(in[0].data.begin(), in[0].data.end());
    when = world.clock().steady();
  });
  client->send({far, 161}, octets("hello"));
  client->send({*Address::parse("10.0.0.2"), 161}, octets("nobody"));
  world.run_for(1s);
  EXPECT_EQ("10.0.0.1:161 hello", got);
  EXPECT_EQ(10ms, when - start);
  world.link(far).up = false;
  got.clear();
  client->send({far, 161}, octets("hello"));
  world.run_for(1s);
  EXPECT_EQ("", got);
}

TEST(SimWorld, HostsAnswerPing) {
  SimWorld world(1);
  const Address far = *Address::parse("2001:db8::1");
  world.set_link(far, {.latency = 2ms});
  auto ping = *world.reactor().open({.kind = SocketSpec::Kind::Icmp, .bind = {Address::any(Address::Family::V6), 0}});
  int answers = 0;
  ping->on_receive([&](std::span<const Datagram> in) { answers += in[0].data[0] == 129; });
  const std::vector<std::uint8_t> echo{128, 0, 0, 0, 0, 7, 0, 1};
  ping->send({far, 0}, echo);
  world.run_for(1s);
  EXPECT_EQ(1, answers);
  world.link(far).echo = false;
  ping->send({far, 0}, echo);
  world.run_for(1s);
  EXPECT_EQ(1, answers);
}

TEST(SimWorld, OneSeedOneHistory) {
  const auto history = [](std::uint64_t seed) {
    SimWorld world(seed);
    const Address far = *Address::parse("10.0.0.1");
    world.set_link(far, {.latency = 5ms, .jitter = 20ms, .loss = 0.3});
    auto agent = *world.reactor().open({.bind = {far, 161}});
    std::string got;
    agent->on_receive([&](std::span<const Datagram> in) { got += static_cast<char>(in[0].data[0]); });
    auto client = *world.reactor().open({});
    for (char c = 'a'; c <= 'z'; ++c) client->send({far, 161}, octets(std::string(1, c)));
    world.run_for(1s);
    return got;
  };
  EXPECT_EQ(history(3), history(3));
  EXPECT_NE(history(3), history(4));
}

TEST(Promise, HandsOverBeforeOrAfterTheWait) {
  SimWorld world(1);
  Promise<std::string> early(world.reactor()), late(world.reactor());
  std::string a, b;
  early.set("early");
  world.reactor().spawn(take(early, a));
  world.reactor().spawn(take(late, b));
  world.run_for(1s);
  late.set("late");
  world.run_for(1s);
  EXPECT_EQ("early", a);
  EXPECT_EQ("late", b);
}

TEST(Promise, WaitersEndWithTheirReactor) {
  std::string never;
  std::vector<std::int64_t> notes;
  SimWorld world(1);
  Promise<std::string> promise(world.reactor());
  world.reactor().spawn(take(promise, never));
  world.reactor().spawn(note_after(world.reactor(), 1h, notes));
  world.run_for(1s);
  EXPECT_TRUE(notes.empty());  // the leak check of the sanitizers does the rest
}

TEST(SimWorld, ResolvesItsNames) {
  SimWorld world(1);
  world.add_name("core-sw1", *Address::parse("10.0.0.9"));
  std::string known, number, unknown;
  world.reactor().spawn(look_up(world.reactor(), "core-sw1", known));
  world.reactor().spawn(look_up(world.reactor(), "::1", number));
  world.reactor().spawn(look_up(world.reactor(), "nowhere", unknown));
  world.run_for(1s);
  EXPECT_EQ("10.0.0.9", known);
  EXPECT_EQ("::1", number);
  EXPECT_EQ("nowhere: no address found; check the name, or write the address", unknown);
}

}  // namespace bongsu::net
