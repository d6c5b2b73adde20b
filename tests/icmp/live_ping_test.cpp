// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <future>
#include <set>

#include "icmp/pinger.h"
#include "net/live.h"

namespace bongsu::icmp {
namespace {

using namespace std::chrono_literals;
using net::Address;

asio::awaitable<void> keep(Pinger& pinger, Address to, std::promise<Result<std::chrono::nanoseconds>>& into) {
  into.set_value(co_await pinger.ping(to, Millis(10'000)));
}

asio::awaitable<void> keep_stats(Pinger& pinger, Address to, std::promise<Result<PingStats>>& into) {
  into.set_value(co_await pinger.burst(to, 20, Millis(1), Millis(10'000)));
}

}  // namespace

struct LivePing : testing::Test {
  net::LiveReactor reactor;
  Metrics metrics;
  std::unique_ptr<Pinger> pinger;

  void SetUp() override {
    auto opened = Pinger::open(reactor, metrics);
    if (!opened) GTEST_SKIP() << "no right to open an ICMP socket here: " << opened.error().text;
    pinger = std::move(*opened);
    reactor.start("ping");
  }
  void TearDown() override { reactor.stop(); }
};

TEST_F(LivePing, ThirtyThousandLoopbackAddressesAtOnce) {
  if (!pinger->has(Address::Family::V4)) GTEST_SKIP() << "no IPv4 ICMP socket here";
  // More answers than a receive buffer holds: sending must leave time to read.
  constexpr std::size_t kHosts = 30'000;
  std::promise<void> all;
  std::set<Address> answered;
  std::size_t ended = 0;
  reactor.post([&] {
    for (std::uint32_t i = 0; i < kHosts; ++i) {
      const Address host = Address::v4(0x7f010001U + i);
      pinger->send(host, 30s, [&, host](Result<EchoReply> reply) {
        if (reply && reply->rtt > 0ns) answered.insert(host);
        if (++ended == kHosts) all.set_value();
      });
    }
  });
  all.get_future().wait();
  EXPECT_EQ(kHosts, answered.size());
}

TEST_F(LivePing, IPv6Loopback) {
  if (!pinger->has(Address::Family::V6)) GTEST_SKIP() << "no IPv6 ICMP socket here";
  std::promise<Result<std::chrono::nanoseconds>> answer;
  reactor.spawn(keep(*pinger, Address::loopback(Address::Family::V6), answer));
  const auto rtt = answer.get_future().get();
  ASSERT_TRUE(rtt) << rtt.error().text;
  EXPECT_GT(*rtt, 0ns);
  EXPECT_LT(*rtt, 10s);
}

TEST_F(LivePing, OwnRequestsOnLoopbackAreNotAnswers) {
  if (!pinger->has(Address::Family::V4)) GTEST_SKIP() << "no IPv4 ICMP socket here";
  std::promise<Result<PingStats>> answer;
  reactor.spawn(keep_stats(*pinger, Address::loopback(Address::Family::V4), answer));
  const auto stats = answer.get_future().get();
  ASSERT_TRUE(stats) << stats.error().text;
  EXPECT_EQ(20, stats->sent);
  EXPECT_EQ(20, stats->received);
  EXPECT_EQ(0, stats->duplicates);
  EXPECT_LE(stats->min, stats->avg);
  EXPECT_LE(stats->avg, stats->max);
}

}  // namespace bongsu::icmp
