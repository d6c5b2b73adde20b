// SPDX-License-Identifier: Apache-2.0
#include "icmp/pinger.h"

#include <gtest/gtest.h>

#include <map>

#include "net/sim.h"

namespace bongsu::icmp {
namespace {

using namespace std::chrono_literals;
using net::Address;
using net::SimWorld;

Address at(std::string_view text) { return *Address::parse(text); }

double metric(const Metrics& metrics, std::string_view wanted) {
  double found = -1;
  metrics.each([&](std::string_view name, const MetricLabels&, double value) {
    if (name == wanted) found = value;
  });
  return found;
}

asio::awaitable<void> keep_ping(Pinger& pinger, Address to, Millis timeout, Result<std::chrono::nanoseconds>& into) {
  into = co_await pinger.ping(to, timeout);
}

asio::awaitable<void> keep_burst(Pinger& pinger, Address to, int count, Result<PingStats>& into) {
  into = co_await pinger.burst(to, count, Millis(100), Millis(1'000));
}

}  // namespace

struct PingerTest : testing::Test {
  SimWorld world{7};
  Metrics metrics;
  std::unique_ptr<Pinger> pinger = *Pinger::open(world.reactor(), metrics);

  // Bounces what the pinger sends off a host of our own making.
  std::unique_ptr<net::DatagramSocket> listen_in(std::function<void(std::vector<std::uint8_t>)> heard) {
    auto socket = *world.reactor().open({.kind = net::SocketSpec::Kind::Icmp, .bind = {Address::any(Address::Family::V4), 0}});
    socket->on_receive([heard = std::move(heard)](std::span<const net::Datagram> batch) {
      for (const auto& datagram : batch) heard({datagram.data.begin(), datagram.data.end()});
    });
    return socket;
  }
};

TEST_F(PingerTest, TellsTheTimeThereAndBack) {
  world.set_link(at("10.0.0.1"), {.latency = 7ms});
  world.set_link(at("2001:db8::1"), {.latency = 3ms});
  Result<std::chrono::nanoseconds> v4 = Error{}, v6 = Error{};
  world.reactor().spawn(keep_ping(*pinger, at("10.0.0.1"), 1s, v4));
  world.reactor().spawn(keep_ping(*pinger, at("2001:db8::1"), 1s, v6));
  world.run_for(2s);
  ASSERT_TRUE(v4);
  ASSERT_TRUE(v6);
  EXPECT_EQ(14ms, *v4);
  EXPECT_EQ(6ms, *v6);
  EXPECT_EQ(0U, pinger->waiting());
}

TEST_F(PingerTest, ADeadHostEndsAtItsOwnTimeOut) {
  Result<std::chrono::nanoseconds> dead = 1ns;
  world.reactor().spawn(keep_ping(*pinger, at("10.0.0.9"), 500ms, dead));
  world.run_for(499ms);
  EXPECT_TRUE(dead);
  world.run_for(2ms);
  ASSERT_FALSE(dead);
  EXPECT_EQ(Code::Timeout, dead.error().code);
  EXPECT_EQ("10.0.0.9: no answer to ping", dead.error().text);
  EXPECT_EQ(1, metric(metrics, "bongsu_icmp_timeouts_total"));
}

TEST_F(PingerTest, ALateAnswerIsNoAnswer) {
  world.set_link(at("10.0.0.1"), {.latency = 300ms});
  int calls = 0;
  Code code = Code::Io;
  pinger->send(at("10.0.0.1"), 500ms, [&](Result<EchoReply> reply) {
    ++calls;
    if (!reply) code = reply.error().code;
  });
  world.run_for(5s);
  EXPECT_EQ(1, calls);
  EXPECT_EQ(Code::Timeout, code);
  EXPECT_EQ(1, metric(metrics, "bongsu_icmp_unmatched_total"));
}

TEST_F(PingerTest, TwentyThousandHostsAtOnce) {
  constexpr int kHosts = 20'000;
  std::map<Address, int> answered;
  int timed_out = 0;
  for (int i = 0; i < kHosts; ++i) {
    const Address host = Address::v4(0x0a000000U + static_cast<std::uint32_t>(i));
    if (i % 20 != 0) world.set_link(host, {.latency = Millis(1 + i % 90)});
  }
  for (int round = 0; round < 4; ++round) {  // 80,000 requests: the 16-bit sequence comes round while the first wait
    for (int i = 0; i < kHosts; ++i) {
      const Address host = Address::v4(0x0a000000U + static_cast<std::uint32_t>(i));
      const auto expected = 2 * Millis(1 + i % 90);
      pinger->send(host, 1s, [&, host, expected](Result<EchoReply> reply) {
        if (!reply) return void(++timed_out);
        EXPECT_EQ(expected, reply->rtt);
        ++answered[host];
      });
    }
  }
  EXPECT_EQ(4U * kHosts, pinger->waiting());
  world.run_for(3s);
  EXPECT_EQ(4 * kHosts / 20, timed_out);
  EXPECT_EQ(static_cast<std::size_t>(kHosts - kHosts / 20), answered.size());
  for (const auto& [host, times] : answered) EXPECT_EQ(4, times) << host.to_string();
  EXPECT_EQ(0U, pinger->waiting());
}

TEST_F(PingerTest, CountsADuplicateOnce) {
  // The host stays silent; two copies of its reply are made here.
  world.set_link(at("10.0.0.1"), {.latency = 1ms, .echo = false});
  auto far = *world.reactor().open({.kind = net::SocketSpec::Kind::Icmp, .bind = {at("10.0.0.1"), 0}});
  std::vector<std::uint8_t> reply;
  auto near = listen_in([](std::vector<std::uint8_t>) {});
  world.link(at("10.0.0.1")).echo = true;
  far->on_receive([&](std::span<const net::Datagram> batch) {
    // What the host answers is seen by every ICMP socket of the world; it is sent a second time from here.
    if (reply.empty()) {
      reply.assign(batch[0].data.begin(), batch[0].data.end());
      far->send({Address::v4(0x0afffffe), 0}, reply);
    }
  });
  Result<PingStats> stats = Error{};
  world.reactor().spawn(keep_burst(*pinger, at("10.0.0.1"), 3, stats));
  world.run_for(3s);
  ASSERT_TRUE(stats);
  EXPECT_EQ(3, stats->sent);
  EXPECT_EQ(3, stats->received);
  EXPECT_EQ(1, stats->duplicates);
  EXPECT_EQ(3, metric(metrics, "bongsu_icmp_received_total"));
  EXPECT_EQ(1, metric(metrics, "bongsu_icmp_duplicates_total"));
}

TEST_F(PingerTest, AForgedReplyAnswersNothing) {
  // A liar at another address, and one that guesses everything but the token.
  world.set_link(at("10.0.0.1"), {.latency = 50ms});
  auto liar = *world.reactor().open({.kind = net::SocketSpec::Kind::Icmp, .bind = {at("10.0.0.66"), 0}});
  auto guesser = *world.reactor().open({.kind = net::SocketSpec::Kind::Icmp, .bind = {at("10.0.0.1"), 0}});
  std::vector<std::uint8_t> reply;
  auto tap = listen_in([&](std::vector<std::uint8_t> heard) {
    if (reply.empty()) reply = std::move(heard);
  });
  int answers = 0;
  pinger->send(at("10.0.0.1"), 1s, [&](Result<EchoReply> r) { answers += r.ok(); });
  world.run_for(500ms);
  ASSERT_EQ(1, answers);
  ASSERT_FALSE(reply.empty());
  const auto forge = [&](net::DatagramSocket& from, std::size_t octet) {
    std::vector<std::uint8_t> forged = reply;
    forged[octet] ^= 1;
    from.send({Address::v4(0x0afffffe), 0}, forged);
  };
  world.link(at("10.0.0.1")).echo = false;
  bool timed_out = false;
  pinger->send(at("10.0.0.1"), 300ms, [&](Result<EchoReply> r) { timed_out = !r.ok(); });
  liar->send({Address::v4(0x0afffffe), 0}, reply);
  for (const std::size_t octet : {6U, 7U, 8U, 15U, 16U, 19U}) forge(*guesser, octet);
  world.run_for(1s);
  EXPECT_TRUE(timed_out);
  EXPECT_EQ(1, metric(metrics, "bongsu_icmp_received_total"));
  EXPECT_EQ(7, metric(metrics, "bongsu_icmp_unmatched_total"));
}

TEST_F(PingerTest, BurstSumsUp) {
  world.set_link(at("10.0.0.1"), {.latency = 10ms});
  world.after(150ms, [&] { world.link(at("10.0.0.1")).latency = 15ms; });
  world.after(250ms, [&] { world.link(at("10.0.0.1")).up = false; });
  world.after(350ms, [&] { world.link(at("10.0.0.1")).up = true; });
  Result<PingStats> stats = Error{};
  world.reactor().spawn(keep_burst(*pinger, at("10.0.0.1"), 5, stats));  // 20, 20, 30, lost, 30 ms
  world.run_for(3s);
  ASSERT_TRUE(stats);
  EXPECT_EQ(5, stats->sent);
  EXPECT_EQ(4, stats->received);
  EXPECT_EQ(20.0, stats->loss_percent());
  EXPECT_EQ(20ms, stats->min);
  EXPECT_EQ(25ms, stats->avg);
  EXPECT_EQ(30ms, stats->max);
  EXPECT_EQ(std::chrono::nanoseconds(10ms) / 3, stats->jitter);
}

TEST_F(PingerTest, ABurstAtADeadHostIsAFigure) {
  Result<PingStats> stats = Error{};
  world.reactor().spawn(keep_burst(*pinger, at("10.0.0.9"), 3, stats));
  world.run_for(3s);
  ASSERT_TRUE(stats);
  EXPECT_EQ(3, stats->sent);
  EXPECT_EQ(0, stats->received);
  EXPECT_EQ(100.0, stats->loss_percent());
}

TEST_F(PingerTest, AClockThatIsSetDoesNotMakeAnAnswerNegative) {
  world.set_link(at("10.0.0.1"), {.latency = 10ms});
  world.after(5ms, [&] { world.clock().step_wall(-1h); });
  Result<std::chrono::nanoseconds> back = Error{}, forth = Error{};
  world.reactor().spawn(keep_ping(*pinger, at("10.0.0.1"), 1s, back));
  world.run_for(1s);
  EXPECT_EQ(20ms, back.value_or(0ns));
  world.after(5ms, [&] { world.clock().step_wall(1h); });
  world.reactor().spawn(keep_ping(*pinger, at("10.0.0.1"), 1s, forth));
  world.run_for(1s);
  EXPECT_EQ(20ms, forth.value_or(0ns));
}

TEST(Pinger, RefusesMoreThanItsLimit) {
  SimWorld world(7);
  Metrics metrics;
  const auto pinger = *Pinger::open(world.reactor(), metrics, {.max_waiting = 2});
  std::vector<Code> codes;
  for (int i = 0; i < 3; ++i) pinger->send(at("10.0.0.9"), 1s, [&](Result<EchoReply> r) { codes.push_back(r.error().code); });
  EXPECT_TRUE(codes.empty());  // never from inside send()
  world.run_for(2s);
  EXPECT_EQ((std::vector<Code>{Code::Limit, Code::Timeout, Code::Timeout}), codes);
}

TEST(Pinger, EndsWithRequestsThatWait) {
  Result<std::chrono::nanoseconds> never = 1ns;
  Result<PingStats> stats = Error{};
  SimWorld world(7);
  Metrics metrics;
  auto pinger = *Pinger::open(world.reactor(), metrics);
  world.reactor().spawn(keep_ping(*pinger, at("10.0.0.9"), 1h, never));
  world.reactor().spawn(keep_burst(*pinger, at("10.0.0.9"), 5, stats));
  world.run_for(1s);
  pinger = nullptr;
  world.run_for(2h);
  EXPECT_TRUE(never);
}

}  // namespace bongsu::icmp
