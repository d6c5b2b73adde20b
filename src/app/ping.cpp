// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "app/commands.h"
#include "app/table.h"
#include "base/json.h"
#include "base/metrics.h"
#include "base/text.h"
#include "icmp/pinger.h"
#include "net/live.h"

namespace bongsu::app {
namespace {

struct Asked {
  std::string host;
  std::string address;
  std::string error;
  int sent = 0;
  std::vector<double> rtts_ms;
};

asio::awaitable<void> ping_host(net::Reactor& reactor, icmp::Pinger& pinger, const PingOptions& options, Asked& asked,
                                std::size_t& left, std::function<void()> done) {
  const auto address = co_await net::resolve(reactor, asked.host);
  if (!address) {
    asked.error = address.error().text;
  } else {
    asked.address = address->to_string();
    const Millis timeout(static_cast<std::int64_t>(options.timeout_seconds * 1000));
    const Millis interval(static_cast<std::int64_t>(options.interval_seconds * 1000));
    for (int i = 0; i < options.count; ++i) {
      const SteadyTime next = reactor.clock().steady() + interval;
      ++asked.sent;
      const auto rtt = co_await pinger.ping(*address, timeout);
      if (rtt) asked.rtts_ms.push_back(static_cast<double>(rtt->count()) / 1e6);
      else asked.error = rtt.error().text;
      if (i + 1 < options.count) co_await net::sleep_until(reactor, next);
    }
  }
  if (--left == 0) done();
}

std::string milliseconds(double value) {
  char room[32];
  std::snprintf(room, sizeof room, "%.3f ms", value);
  return room;
}

void print_json(const std::vector<Asked>& all) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("hosts").begin_array();
  for (const Asked& asked : all) {
    json.begin_object().member("host", asked.host).member("address", asked.address).member("sent", asked.sent);
    json.member("received", asked.rtts_ms.size()).key("rtt_ms").begin_array();
    for (const double rtt : asked.rtts_ms) json.value(rtt);
    json.end_array();
    if (!asked.error.empty()) json.member("error", asked.error);
    json.end_object();
  }
  json.end_array().end_object();
  std::printf("%s\n", out.c_str());
}

}  // namespace

int ping(const PingOptions& options) {
  Metrics metrics;
  net::LiveReactor reactor;
  auto pinger = icmp::Pinger::open(reactor, metrics);
  if (!pinger) {
    std::fprintf(stderr, "bongsu: ping: %s\n", pinger.error().text.c_str());
    return 1;
  }
  std::vector<Asked> all;
  for (const std::string& host : options.hosts) all.push_back({.host = host});
  std::size_t left = all.size();
  for (Asked& asked : all) {
    reactor.spawn(ping_host(reactor, **pinger, options, asked, left, [&reactor] { reactor.io().stop(); }));
  }
  reactor.run();
  if (options.json) {
    print_json(all);
  } else {
    Table table({"HOST", "ADDRESS", "ANSWERS", "MIN", "AVERAGE", "MAX", ""});
    for (const Asked& asked : all) {
      const std::size_t got = asked.rtts_ms.size();
      const Severity colour = asked.sent > 0 && got == static_cast<std::size_t>(asked.sent) ? Severity::Normal
                              : got > 0                                                     ? Severity::Caution
                                                                                            : Severity::Danger;
      std::vector<std::string> cells{asked.host, asked.address, std::to_string(got) + " of " + std::to_string(asked.sent), "", "",
                                     "",         asked.error};
      if (got > 0) {
        double sum = 0;
        for (const double rtt : asked.rtts_ms) sum += rtt;
        cells[3] = milliseconds(*std::min_element(asked.rtts_ms.begin(), asked.rtts_ms.end()));
        cells[4] = milliseconds(sum / static_cast<double>(got));
        cells[5] = milliseconds(*std::max_element(asked.rtts_ms.begin(), asked.rtts_ms.end()));
      }
      table.row(std::move(cells), colour);
    }
    std::printf("%s", table.text().c_str());
  }
  const bool all_answered = std::all_of(all.begin(), all.end(), [](const Asked& asked) { return !asked.rtts_ms.empty(); });
  return all_answered ? 0 : 1;
}

}  // namespace bongsu::app
