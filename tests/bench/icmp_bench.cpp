// SPDX-License-Identifier: Apache-2.0
// Pings N loopback addresses at once, without pacing. Needs the right to ping (CAP_NET_RAW or ping sockets).
#include <benchmark/benchmark.h>

#include "icmp/pinger.h"
#include "net/live.h"

namespace {

using namespace bongsu;

void ping_all(benchmark::State& state) {
  net::LiveReactor reactor;
  Metrics metrics;
  auto pinger = icmp::Pinger::open(reactor, metrics);
  if (!pinger) return state.SkipWithError(pinger.error().text.c_str());
  const auto hosts = static_cast<std::uint32_t>(state.range(0));
  std::int64_t answered = 0, asked = 0;
  for (auto _ : state) {
    std::uint32_t open = hosts;
    const icmp::Pinger::Done done = [&](Result<icmp::EchoReply> reply) {
      answered += reply.ok();
      if (--open == 0) reactor.io().stop();
    };
    for (std::uint32_t i = 0; i < hosts; ++i) (*pinger)->send(net::Address::v4(0x7f000001U + i), Millis(2'000), done);
    asked += hosts;
    reactor.io().restart();
    reactor.run();
  }
  state.SetItemsProcessed(asked);
  state.counters["answered_percent"] = 100.0 * static_cast<double>(answered) / static_cast<double>(asked);
}

BENCHMARK(ping_all)->Arg(1'000)->Arg(10'000)->Arg(65'000)->Iterations(10)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
