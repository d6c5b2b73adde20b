// SPDX-License-Identifier: Apache-2.0
#include "net/live.h"

#include <gtest/gtest.h>

#include <future>
#include <string>

namespace bongsu::net {
namespace {

using namespace std::chrono_literals;

SocketSpec loopback(Address::Family family) {
  return {.bind = {Address::loopback(family), 0}, .kernel_time = true, .count_drops = true};
}

asio::awaitable<void> fulfil_after(Reactor& reactor, Millis span, std::promise<Millis>& promise) {
  const SteadyTime start = reactor.clock().steady();
  co_await sleep_for(reactor, span);
  promise.set_value(std::chrono::duration_cast<Millis>(reactor.clock().steady() - start));
}

void exchange(const SocketSpec& server_spec, const Address& server_address) {
  LiveReactor reactor;
  auto server = reactor.open(server_spec);
  ASSERT_TRUE(server) << server.error().text;
  auto client = reactor.open(loopback(server_address.family()));
  ASSERT_TRUE(client) << client.error().text;
  (*server)->on_receive([&](std::span<const Datagram> in) {
    for (const Datagram& datagram : in) (*server)->send(datagram.peer, datagram.data, datagram.local);
  });
  std::promise<void> all;
  std::size_t got = 0;
  std::vector<bool> seen(1'000);
  (*client)->on_receive([&](std::span<const Datagram> in) {
    for (const Datagram& datagram : in) {
      EXPECT_EQ(server_address, datagram.peer.address);
      EXPECT_GT(datagram.received.count(), 0);
      const std::size_t n = datagram.data[0] * 256U + datagram.data[1];
      EXPECT_FALSE(seen.at(n));
      seen[n] = true;
      if (++got == seen.size()) all.set_value();
    }
  });
  reactor.start("test");
  reactor.post([&] {
    for (std::size_t i = 0; i < seen.size(); ++i) {
      const std::uint8_t data[] = {static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i)};
      (*client)->send({server_address, (*server)->local().port}, data);
    }
  });
  EXPECT_EQ(std::future_status::ready, all.get_future().wait_for(10s)) << got << " of " << seen.size();
  reactor.stop();
}

}  // namespace

TEST(LiveSocket, CarriesAThousandEachWay) {
  exchange(loopback(Address::Family::V4), Address::loopback(Address::Family::V4));
  exchange(loopback(Address::Family::V6), Address::loopback(Address::Family::V6));
}

TEST(LiveSocket, AnswersFromTheAddressThatWasAsked) {
  exchange({.bind = {Address::any(Address::Family::V4), 0}, .tell_local = true}, *Address::parse("127.9.8.7"));
}

TEST(LiveSocket, LosesWhatIsTooLongAndSendsTheRest) {
  LiveReactor reactor;
  auto server = reactor.open(loopback(Address::Family::V4));
  auto client = reactor.open(loopback(Address::Family::V4));
  ASSERT_TRUE(server && client);
  std::vector<std::size_t> sizes;
  std::promise<void> all;
  (*server)->on_receive([&](std::span<const Datagram> in) {
    for (const Datagram& datagram : in) sizes.push_back(datagram.data.size());
    if (sizes.size() == 3) all.set_value();
  });
  reactor.start("sockets");
  reactor.post([&] {
    const std::vector<std::uint8_t> octets(70'000, 7);
    for (const std::size_t size : {1'400U, 65'508U, 65'507U, 70'000U, 9U})
      (*client)->send((*server)->local(), std::span(octets).first(size));
  });
  const bool came = all.get_future().wait_for(10s) == std::future_status::ready;
  reactor.stop();
  EXPECT_TRUE(came);
  EXPECT_EQ((std::vector<std::size_t>{1'400, 65'507, 9}), sizes);
  EXPECT_EQ(2U, (*client)->send_failures());
}

TEST(LiveSocket, NamesThePortThatIsTaken) {
  LiveReactor reactor;
  const auto first = reactor.open(loopback(Address::Family::V4));
  SocketSpec same = loopback(Address::Family::V4);
  same.bind = (*first)->local();
  const auto second = reactor.open(same);
  ASSERT_FALSE(second);
  EXPECT_EQ(Code::Unavailable, second.error().code);
  EXPECT_NE(std::string::npos, second.error().text.find(same.bind.to_string())) << second.error().text;
}

TEST(LiveReactor, SleepsAtLeastAsLongAsAsked) {
  LiveReactor reactor;
  reactor.start("test");
  std::promise<Millis> long_one, short_one;
  reactor.spawn(fulfil_after(reactor, 60ms, long_one));
  reactor.spawn(fulfil_after(reactor, 5ms, short_one));
  EXPECT_GE(short_one.get_future().get(), 5ms);
  EXPECT_GE(long_one.get_future().get(), 60ms);
}

TEST(LiveReactor, ResolvesWithoutBlocking) {
  LiveReactor reactor;
  reactor.start("test");
  std::promise<std::string> answer;
  reactor.post([&] {
    reactor.resolve("127.0.0.2",
                    [&](Result<Address> found) { answer.set_value(found ? found->to_string() : found.error().text); });
  });
  EXPECT_EQ("127.0.0.2", answer.get_future().get());
}

}  // namespace bongsu::net
