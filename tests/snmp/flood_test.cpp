// SPDX-License-Identifier: Apache-2.0
// A flood of what answers nothing.
#include <atomic>
#include <chrono>
#include <thread>

#include "base/text.h"
#include "client_fixture.h"
#include "net/live.h"

namespace bongsu::snmp {
namespace {

using namespace std::chrono_literals;

std::vector<std::uint8_t> flood_answer(std::int32_t id, const std::string& community = "public", Version version = Version::V2c,
                                       PduType type = PduType::Response) {
  Message message{.version = version, .community = community, .pdu = {}};
  message.pdu.type = type;
  message.pdu.request_id = id;
  message.pdu.varbinds.push_back({kName, Value::of_octets("spoofed")});
  return *encode(message);
}

}  // namespace

// 100,000 a second from 5,000 addresses while 100 devices are polled: each is counted, nothing is kept of strangers.
TEST_F(ClientTest, AFloodIsCountedByCauseAndCostsNoMemory) {
  std::vector<std::unique_ptr<FakeAgent>> agents;
  net::Endpoint ours{};
  for (int i = 0; i < 100; ++i) {
    agents.push_back(std::make_unique<FakeAgent>(world, *net::Endpoint::parse("10.1.0." + std::to_string(i) + ":161")));
    agents.back()->put(kName, Value::of_octets("core1"));
    agents.back()->transmit = [&](net::DatagramSocket& socket, const net::Endpoint& to, const FakeAgent::Bytes& octets) {
      ours = to;
      socket.send(to, octets);
    };
  }
  const auto poll_all = [&] {
    std::vector<std::optional<Result<Response>>> out(agents.size());
    for (std::size_t i = 0; i < agents.size(); ++i) {
      Target to = target();
      to.endpoint = agents[i]->at();
      std::vector<Oid> oids{kName};
      world.reactor().spawn(keep(client->get(to, oids), out[i]));
    }
    world.run_for(100ms);
    for (const auto& one : out) {
      ASSERT_TRUE(one);
      ASSERT_TRUE(*one) << one->error().text;
      ASSERT_EQ("core1", (*one)->varbinds[0].value.octets);
    }
  };
  poll_all();
  const std::size_t known = client->dialects().size();
  Random random(20'261'126);
  std::uint64_t malformed = 0, unknown = 0, type = 0, all = 0;
  for (int tenth = 0; tenth < 10; ++tenth) {
    for (int i = 0; i < 10'000; ++i, ++all) {
      const net::Endpoint from{net::Address::v4(0x0b000000 + static_cast<std::uint32_t>(random.below(5'000))), 161};
      const auto id = static_cast<std::int32_t>(random.next32() | 0x80000000U);  // no request has a negative one
      const Millis when(random.below(90));
      std::vector<std::uint8_t> octets;
      switch (random.below(3)) {
        case 0:
          octets = flood_answer(id);
          ++unknown;
          break;
        case 1:
          octets = {0x30, 0x82, 0xff, 0xff, 0x02};
          ++malformed;
          break;
        default:
          octets = flood_answer(id, "public", Version::V2c, PduType::Inform);
          ++type;
      }
      world.after(when, [this, from, &ours, octets] { world.inject(from, ours, octets); });
    }
    poll_all();
  }
  world.run_for(1s);
  EXPECT_EQ(malformed, discarded("malformed"));
  EXPECT_EQ(unknown, discarded("unknown_id"));
  EXPECT_EQ(type, discarded("type"));
  EXPECT_EQ(100'000U, all);
  EXPECT_EQ(known, client->dialects().size());
  EXPECT_EQ(0U, client->in_flight());
}

// On a real socket, as fast as one thread can send: every poll is answered all the same.
TEST(Flood, DoesNotStarvePollingOnASocket) {
  net::LiveReactor agents, ours;
  auto agent = *agents.open({.bind = {net::Address::loopback(net::Address::Family::V4), 0}});
  std::atomic<std::uint16_t> port = 0;
  agent->on_receive([&](std::span<const net::Datagram> in) {
    for (const net::Datagram& datagram : in) {
      port = datagram.peer.port;
      auto request = decode(datagram.data);
      ASSERT_TRUE(request);
      request->pdu.type = PduType::Response;
      request->pdu.varbinds[0].value = Value::of_octets("core1");
      agent->send(datagram.peer, *encode(*request));
    }
  });
  agents.start("agent");
  Metrics metrics;
  Client client(ours, metrics);
  auto credentials = std::make_shared<Credentials>();
  credentials->community = Secret("public");
  const Target target{.name = "sw1", .endpoint = agent->local(), .credentials = credentials, .retries = 10};
  std::atomic<bool> done = false;
  std::uint64_t sent = 0;
  std::thread flooder([&] {
    net::LiveReactor reactor;
    auto socket = *reactor.open({.bind = {net::Address::loopback(net::Address::Family::V4), 0}});
    Random random(1);
    while (!done) {
      if (port == 0) {
        std::this_thread::yield();
        continue;
      }
      for (int i = 0; i < 256; ++i) {
        auto octets = flood_answer(static_cast<std::int32_t>(random.next32() >> 1));
        if (i % 4 == 0) octets.resize(octets.size() - 3);
        socket->send({net::Address::loopback(net::Address::Family::V4), port}, octets);
      }
      sent += 256;
      reactor.io().restart();
      reactor.io().poll();
    }
  });
  int answered = 0, failed = 0;
  std::function<void()> next;
  std::vector<VarbindView> views;
  const std::vector<std::uint8_t> octets = *varbind_octets({kName, {}});
  ASSERT_EQ(ber::Fault::None, read_varbinds(octets, views));
  constexpr int kPolls = 10'000;
  next = [&] {
    const Ask ask{.type = PduType::GetRequest, .varbinds = views};
    client.request(target, ask, [&](const Result<Answer>& answer) {
      if (answer && answer->varbinds[0].value.text() == "core1") ++answered;
      else ++failed;
      if (answered + failed < kPolls) next();
      else ours.io().stop();
    });
  };
  const auto start = std::chrono::steady_clock::now();
  ours.post(next);
  ours.run();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  done = true;
  flooder.join();
  agents.stop();
  EXPECT_EQ(kPolls, answered);
  std::uint64_t discarded = 0;
  for (const char* cause : {"malformed", "unknown_id", "late", "duplicate", "address"})
    discarded += metrics.counter("bongsu_snmp_discarded_total", "", {{"cause", cause}}).value();
  EXPECT_LT(0U, discarded);
  RecordProperty("seconds", std::to_string(seconds));
  std::printf(
      "%d polls answered in %.2f s beside %.0f other datagrams a second, of which %.0f were read and discarded, %.0f sent\n",
      answered, seconds, static_cast<double>(discarded) / seconds, static_cast<double>(discarded), static_cast<double>(sent));
}

}  // namespace bongsu::snmp
