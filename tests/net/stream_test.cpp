// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <gmock/gmock.h>

#include <future>
#include <string>

#include "net/live.h"
#include "net/sim.h"

namespace bongsu::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

const Address kFar = Address::v4(0x0a000001);
std::span<const std::uint8_t> as_octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// Takes one connection at a time and sends back what comes.
struct Echo {
  Echo(Reactor& reactor, const Endpoint& at) {
    auto made = reactor.listen(at, [this](std::unique_ptr<StreamSocket> stream) {
      ++accepted;
      if (refuse) return;
      one = std::move(stream);
      one->on({.received = [this](std::span<const std::uint8_t> in) { one->send(in); },
               .closed = [this](const Error&) { ++closed; }});
    });
    EXPECT_TRUE(made) << made.error().text;
    listener = std::move(*made);
  }
  std::unique_ptr<StreamListener> listener;
  std::unique_ptr<StreamSocket> one;
  int accepted = 0, closed = 0;
  bool refuse = false;
};

}  // namespace

TEST(SimStream, CarriesInOrderWhateverTheLinkLoses) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(seed);
    SimWorld world(seed);
    world.set_link(kFar, {.latency = 5ms, .loss = 0.3});
    Echo echo(world.reactor(), {kFar, 161});
    std::string got, sent;
    bool opened = false;
    auto stream = *world.reactor().connect(
        {kFar, 161}, {.opened = [&] { opened = true; },
                      .received = [&](std::span<const std::uint8_t> in) { got.append(in.begin(), in.end()); },
                      .closed = [](const Error& error) { ADD_FAILURE() << error.text; }});
    for (int i = 0; i < 100; ++i) {
      const std::string part = std::to_string(i) + " ";
      sent += part;
      EXPECT_TRUE(stream->send(as_octets(part)));
      if (i % 10 == 0) world.run_for(3ms);
    }
    world.run_for(1min);
    EXPECT_TRUE(opened);
    EXPECT_EQ(sent, got);
    EXPECT_EQ(1, echo.accepted);
  }
}

TEST(SimStream, SaysWhyItEnds) {
  SimWorld world(1);
  world.set_link(kFar, {.latency = 5ms});
  std::string why;
  const StreamEvents events{.closed = [&](Error error) { why = error.text; }};
  auto refused = *world.reactor().connect({kFar, 161}, events);
  world.run_for(9ms);
  EXPECT_EQ("", why);
  world.run_for(1ms);
  EXPECT_EQ("tcp 10.0.0.1:161: Connection refused", why);
  EXPECT_FALSE(refused->send(as_octets("x")));

  Echo echo(world.reactor(), {kFar, 161});
  auto closed = *world.reactor().connect({kFar, 161}, events);
  world.run_for(1s);
  echo.one->close();
  world.run_for(1s);
  EXPECT_EQ("tcp 10.0.0.1:161: the other end closed the connection", why);
  EXPECT_EQ(0, echo.closed);  // nothing is told of one's own close

  auto left = *world.reactor().connect({kFar, 161}, events);
  world.run_for(1s);
  left.reset();
  world.run_for(1s);
  EXPECT_EQ(1, echo.closed);

  auto cut = *world.reactor().connect({kFar, 161}, events);
  world.run_for(1s);
  world.link(kFar).up = false;
  cut->send(as_octets("x"));
  world.run_for(29s);
  EXPECT_EQ("tcp 10.0.0.1:161: the other end closed the connection", why);
  world.run_for(2s);
  EXPECT_EQ("tcp 10.0.0.1:161: Connection timed out", why);
  EXPECT_FALSE(world.reactor().listen({kFar, 161}, [](std::unique_ptr<StreamSocket>) {}));
}

void carries_much(Address::Family family) {
  LiveReactor reactor;
  Echo echo(reactor, {Address::loopback(family), 0});
  std::string sent(3'000'000, '\0');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 7 + i / 251);
  std::string got;
  std::promise<void> all;
  std::unique_ptr<StreamSocket> stream;
  reactor.post([&] {
    stream = *reactor.connect(echo.listener->local(), {.received =
                                                           [&](std::span<const std::uint8_t> in) {
                                                             got.append(in.begin(), in.end());
                                                             if (got.size() == sent.size()) all.set_value();
                                                           },
                                                       .closed = [](const Error& error) { ADD_FAILURE() << error.text; }});
    EXPECT_TRUE(stream->send(as_octets(sent)));
    EXPECT_FALSE(stream->send(as_octets(sent)));  // too much would wait
  });
  reactor.start("test");
  EXPECT_EQ(std::future_status::ready, all.get_future().wait_for(20s)) << got.size();
  reactor.stop();
  EXPECT_TRUE(sent == got);
  EXPECT_EQ(echo.listener->local(), stream->peer());
  EXPECT_EQ(stream->local(), echo.one->peer());
}

TEST(LiveStream, CarriesMuchOverIPv4) { carries_much(Address::Family::V4); }
TEST(LiveStream, CarriesMuchOverIPv6) {
  LiveReactor reactor;
  if (!reactor.open({.bind = {Address::loopback(Address::Family::V6), 0}})) GTEST_SKIP() << "no IPv6 here";
  carries_much(Address::Family::V6);
}

TEST(LiveStream, SaysWhyItEnds) {
  LiveReactor reactor;
  auto echo = std::make_unique<Echo>(reactor, Endpoint{Address::loopback(Address::Family::V4), 0});
  const Endpoint at = echo->listener->local();
  echo->refuse = true;
  std::vector<std::string> why;
  std::unique_ptr<StreamSocket> first, second;
  std::function<void()> then;
  const StreamEvents events{.closed = [&](Error error) {
    why.push_back(error.text);
    if (then) std::exchange(then, {})();
    else reactor.io().stop();
  }};
  then = [&] {
    echo->listener.reset();
    second = *reactor.connect(at, events);
  };
  first = *reactor.connect(at, events);
  reactor.run();
  ASSERT_EQ(2U, why.size());
  EXPECT_EQ("tcp " + at.to_string() + ": the other end closed the connection", why[0]);
  EXPECT_EQ("tcp " + at.to_string() + ": Connection refused", why[1]);
  EXPECT_FALSE(second->send(as_octets("x")));
}

TEST(Aside, RunsBesideTheReactor) {
  LiveReactor reactor;
  std::thread::id worker, back;
  reactor.aside([&] { worker = std::this_thread::get_id(); },
                [&] {
                  back = std::this_thread::get_id();
                  reactor.io().stop();
                });
  reactor.run();
  EXPECT_NE(std::this_thread::get_id(), worker);
  EXPECT_EQ(std::this_thread::get_id(), back);

  SimWorld world(1);
  std::vector<int> order;
  world.reactor().aside([&] { order.push_back(1); }, [&] { order.push_back(2); });
  EXPECT_TRUE(order.empty());
  world.run_for(0ms);
  EXPECT_EQ((std::vector<int>{1, 2}), order);
}

}  // namespace bongsu::net
