// SPDX-License-Identifier: Apache-2.0
#include "net/probe.h"

#include <gtest/gtest.h>

#include <optional>

#include "net/live.h"

namespace bongsu::net {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

asio::awaitable<void> keep(Reactor& reactor, Endpoint to, Millis timeout, std::optional<Result<Bytes>>& into) {
  Bytes datagram{1, 2, 3};
  into.emplace(co_await ask_once(reactor, to, std::move(datagram), timeout));
  reactor.io().stop();
}

Result<Bytes> asked(LiveReactor& reactor, const Endpoint& to, Millis timeout) {
  std::optional<Result<Bytes>> out;
  reactor.spawn(keep(reactor, to, timeout, out));
  reactor.run();
  return out.value_or(Error{Code::Cancelled, "the reactor ended first"});
}

}  // namespace

TEST(AskOnce, BringsTheAnswerTellsARefusalFromSilence) {
  for (const auto family : {Address::Family::V4, Address::Family::V6}) {
    LiveReactor reactor;
    auto server = reactor.open({.bind = {Address::loopback(family), 0}});
    if (!server && family == Address::Family::V6) GTEST_SKIP() << "no IPv6 here: " << server.error().text;
    ASSERT_TRUE(server) << server.error().text;
    const Endpoint to = (*server)->local();

    const auto silent = asked(reactor, to, 20ms);
    ASSERT_FALSE(silent);
    EXPECT_EQ(Code::Timeout, silent.error().code) << silent.error().text;

    (*server)->on_receive([&](std::span<const Datagram> in) {
      for (const Datagram& datagram : in) (*server)->send(datagram.peer, Bytes{4, 5});
    });
    const auto answered = asked(reactor, to, 10s);
    ASSERT_TRUE(answered) << answered.error().text;
    EXPECT_EQ((Bytes{4, 5}), *answered);

    server->reset();
    const auto refused = asked(reactor, to, 10s);
    ASSERT_FALSE(refused);
    EXPECT_EQ(Code::Refused, refused.error().code) << refused.error().text;
  }
}

}  // namespace bongsu::net
