// SPDX-License-Identifier: Apache-2.0
#include "syslog/receiver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "net/live.h"
#include "net/sim.h"

namespace bongsu::syslog {
namespace {

using namespace std::chrono_literals;
using net::Address;
using net::Endpoint;

struct KeptEvents final : EventSink {
  std::vector<Event> all;
  std::optional<Error> refuse;
  std::function<void()> then;
  Status append(std::vector<Event> events) override {
    if (refuse) return *refuse;
    for (Event& event : events) all.push_back(std::move(event));
    if (then) then();
    return {};
  }
};

double metric_sum(const Metrics& metrics, std::string_view wanted) {
  double sum = 0;
  metrics.each([&](std::string_view name, const MetricLabels&, double value) {
    if (name == wanted) sum += value;
  });
  return sum;
}

std::span<const std::uint8_t> octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST(SyslogReceiver, MatchesTheSenderAndKeepsStrangers) {
  net::SimWorld world(1);
  Metrics metrics;
  KeptEvents sink;
  DeviceLookup devices;
  const Endpoint listen = *Endpoint::parse("0.0.0.0:514");
  const Endpoint web1 = *Endpoint::parse("10.0.0.1:40000"), stranger = *Endpoint::parse("10.0.0.2:514");
  const auto receiver = Receiver::open(world.reactor(), {.udp = {listen}}, devices, sink, metrics);
  ASSERT_TRUE(receiver) << receiver.error().text;
  EXPECT_EQ(std::vector<Endpoint>{listen}, (*receiver)->local());

  world.inject(web1, listen, octets_of("<34>Oct 11 22:14:15 h app: before the device was known"));
  world.run_for(1s);
  devices.publish(std::make_shared<const DeviceNames>(DeviceNames{{web1.address, "web1"}}));
  world.inject(web1, listen, octets_of("<34>1 - h app - - - one"));
  world.inject(stranger, listen, octets_of("nonsense"));
  world.inject(stranger, listen, {});
  world.run_for(1s);

  ASSERT_EQ(4U, sink.all.size());
  EXPECT_EQ("", sink.all[0].device);
  EXPECT_EQ("web1", sink.all[1].device);
  EXPECT_EQ("10.0.0.1", sink.all[1].sender);
  EXPECT_EQ("h", sink.all[1].host);
  EXPECT_EQ("one", sink.all[1].text);
  EXPECT_EQ(world.clock().now() - 1s, sink.all[1].received);
  EXPECT_EQ("", sink.all[2].device);
  EXPECT_EQ("10.0.0.2", sink.all[2].sender);
  EXPECT_EQ("nonsense", sink.all[2].raw);
  EXPECT_EQ(4, metric_sum(metrics, "bongsu_syslog_received_total"));
  EXPECT_EQ(4, metric_sum(metrics, "bongsu_syslog_parsed_total"));
  EXPECT_EQ(2, metric_sum(metrics, "bongsu_syslog_unclean_total"));
  EXPECT_EQ(3, metric_sum(metrics, "bongsu_syslog_unknown_sender_total"));
  EXPECT_EQ(0, metric_sum(metrics, "bongsu_syslog_dropped_total"));
}

TEST(SyslogReceiver, CountsWhatTheSinkDoesNotTake) {
  net::SimWorld world(1);
  Metrics metrics;
  KeptEvents sink;
  DeviceLookup devices;
  const Endpoint listen = *Endpoint::parse("[::]:514");
  const auto receiver = Receiver::open(world.reactor(), {.udp = {listen}}, devices, sink, metrics);
  ASSERT_TRUE(receiver);
  sink.refuse = Error{Code::Limit, "queue full"};
  for (int i = 0; i < 3; ++i) world.inject(*Endpoint::parse("[2001:db8::1]:514"), listen, octets_of("<34>x"));
  world.run_for(1s);
  sink.refuse.reset();
  world.inject(*Endpoint::parse("[2001:db8::1]:514"), listen, octets_of("<34>x"));
  world.run_for(1s);
  EXPECT_EQ(1U, sink.all.size());
  EXPECT_EQ(4, metric_sum(metrics, "bongsu_syslog_received_total"));
  EXPECT_EQ(3, metric_sum(metrics, "bongsu_syslog_dropped_total"));
}

TEST(SyslogReceiver, APortInUseNamesItselfAndItsKey) {
  net::LiveReactor reactor;
  Metrics metrics;
  KeptEvents sink;
  DeviceLookup devices;
  const auto first = Receiver::open(reactor, {.udp = {*Endpoint::parse("127.0.0.1:0")}}, devices, sink, metrics);
  ASSERT_TRUE(first) << first.error().text;
  const Endpoint taken = (*first)->local().at(0);
  const auto second = Receiver::open(reactor, {.udp = {taken}}, devices, sink, metrics);
  ASSERT_FALSE(second);
  EXPECT_EQ(Code::Unavailable, second.error().code);
  EXPECT_NE(std::string::npos, second.error().text.find(taken.to_string())) << second.error().text;
  EXPECT_NE(std::string::npos, second.error().text.find("syslog.udp")) << second.error().text;
}

TEST(SyslogReceiver, TakesABurstFromRealSockets) {
  constexpr std::size_t kMessages = 5'000;
  net::LiveReactor reactor;
  Metrics metrics;
  KeptEvents sink;
  DeviceLookup devices;
  devices.publish(std::make_shared<const DeviceNames>(DeviceNames{{Address::loopback(Address::Family::V4), "local"}}));
  auto receiver = Receiver::open(reactor, {.udp = {*Endpoint::parse("127.0.0.1:0")}}, devices, sink, metrics);
  ASSERT_TRUE(receiver) << receiver.error().text;
  auto client = reactor.open({.bind = *Endpoint::parse("127.0.0.1:0")});
  ASSERT_TRUE(client);
  const Endpoint to = (*receiver)->local().at(0);
  // Few enough on the way at any time for the smallest receive buffer: the next part leaves when the last one is there.
  std::promise<void> done;
  std::size_t sent = 0;
  const auto send_part = [&] {
    for (int i = 0; i < 50 && sent < kMessages; ++i) {
      const std::string text = "<34>Oct 11 22:14:15 h app[1]: " + std::to_string(sent++);
      (*client)->send(to, octets_of(text));
    }
  };
  sink.then = [&] {
    if (sink.all.size() == kMessages) done.set_value();
    else if (sink.all.size() == sent) send_part();
  };
  reactor.start("syslog");
  reactor.post(send_part);
  done.get_future().wait();
  reactor.stop();
  for (std::size_t i = 0; i < kMessages; ++i) {
    ASSERT_EQ(std::to_string(i), sink.all[i].text);
    ASSERT_EQ("local", sink.all[i].device);
  }
}

TEST(SyslogReceiver, CountsEachDatagramThatTheKernelDropped) {
  net::LiveReactor here, there;
  Metrics metrics;
  KeptEvents sink;
  DeviceLookup devices;
  // A buffer for a handful, and nobody reads until all are sent.
  const ReceiverSpec spec{.udp = {*Endpoint::parse("127.0.0.1:0")}, .receive_buffer = 4'096};
  auto receiver = Receiver::open(here, spec, devices, sink, metrics);
  ASSERT_TRUE(receiver) << receiver.error().text;
  auto client = there.open({.bind = *Endpoint::parse("127.0.0.1:0")});
  ASSERT_TRUE(client);
  const Endpoint to = (*receiver)->local().at(0);
  std::atomic<std::uint64_t> sent{0};
  std::promise<void> all_sent, all_told;
  there.start("client");
  const auto send_one = [&] {
    ++sent;
    (*client)->send(to, octets_of("<34>Oct 11 22:14:15 h app[1]: one of many"));
  };
  there.post([&] {
    for (int i = 0; i < 500; ++i) send_one();
    there.post([&] { all_sent.set_value(); });
  });
  all_sent.get_future().wait();
  // The kernel tells of its drops with the next datagram that it delivers, so each batch asks for one more until the sum is
  // right.
  bool told = false;
  sink.then = [&] {
    const double known =
        metric_sum(metrics, "bongsu_syslog_received_total") + metric_sum(metrics, "bongsu_syslog_kernel_dropped_total");
    if (told) return;
    told = known == static_cast<double>(sent.load());
    if (told) all_told.set_value();
    else there.post(send_one);
  };
  here.start("syslog");
  EXPECT_EQ(std::future_status::ready, all_told.get_future().wait_for(60s));
  there.stop();
  here.stop();
  EXPECT_GT(metric_sum(metrics, "bongsu_syslog_kernel_dropped_total"), 0);
}

}  // namespace bongsu::syslog
