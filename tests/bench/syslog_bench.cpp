// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>

#include "syslog/parse.h"

namespace {

using namespace bongsu;

const Time kReceived = time_from_ms(1'795'000'000'000);
const std::string kWords =
    "Accepted publickey for backup from 192.0.2.33 port 50122 ssh2: ED25519 SHA256:Vx1mJ7cQ0m2o2kJmJmI6b9p0tq6b8m0a1s2d3f4g5h6; "
    "session "
    "opened by uid 0; serial 000000";
const std::string kLegacy = "<38>Nov 23 01:02:03 web01.example.com sshd[12345]: " + kWords;
const std::string kRfc5424 = "<38>1 2026-11-23T01:02:03.123456Z web01.example.com sshd 12345 - - " + kWords;
const std::string kStructured =
    "<38>1 2026-11-23T01:02:03.123456Z web01.example.com sshd 12345 ID47 [meta@32473 seq=\"1\" user=\"backup\"] " + kWords;
const std::string kCisco =
    "<189>45: core-sw1: 000046: *Nov 23 01:02:03.123: %LINEPROTO-5-UPDOWN: Line protocol on Interface Gi0/1, changed state to "
    "down";

void parse_alone(benchmark::State& state, const std::string& datagram) {
  for (auto _ : state) benchmark::DoNotOptimize(syslog::parse(datagram, kReceived));
  state.SetItemsProcessed(state.iterations());
}

void parse_to_event(benchmark::State& state, const std::string& datagram) {
  for (auto _ : state) {
    const syslog::Message message = syslog::parse(datagram, kReceived);
    benchmark::DoNotOptimize(syslog::to_event(message, datagram, kReceived));
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(parse_alone, rfc3164, kLegacy);
BENCHMARK_CAPTURE(parse_alone, rfc5424, kRfc5424);
BENCHMARK_CAPTURE(parse_alone, structured, kStructured);
BENCHMARK_CAPTURE(parse_alone, cisco, kCisco);
BENCHMARK_CAPTURE(parse_to_event, rfc3164, kLegacy);
BENCHMARK_CAPTURE(parse_to_event, rfc5424, kRfc5424);
BENCHMARK_CAPTURE(parse_to_event, structured, kStructured);

}  // namespace
