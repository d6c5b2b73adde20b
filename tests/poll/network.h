// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "agent/agents.h"
#include "agent/synthetic.h"
#include "base/text.h"
#include "fixture.h"
#include "model/marker.h"
#include "net/sim.h"
#include "poll/poller.h"
#include "store/memory.h"

namespace bongsu::poll {

inline net::Address host(std::uint32_t number) { return net::Address::v4(0x0a000100 + number); }

struct Network {
  net::SimWorld sim{7};
  Metrics metrics;
  store::MemoryStore store;
  Snapshot<ProfileSet> profiles{stock_profiles()};
  std::unique_ptr<agent::Agents> agents;
  snmp::Client client{sim.reactor(), metrics};
  std::unique_ptr<icmp::Pinger> pinger;
  std::unique_ptr<Poller> poller;

  explicit Network(std::uint32_t hosts = 1, const SeriesBudget& budget = {}) {
    agent::AgentsSpec spec{.port = 161, .community = "public"};
    for (std::uint32_t i = 1; i <= hosts; ++i) {
      spec.listen.push_back(host(i));
      sim.set_link(host(i), {});
    }
    sim.set_link(net::Address(), {});
    agents = std::move(agent::Agents::open(sim.reactor(), std::move(spec))).value();
    pinger = std::move(icmp::Pinger::open(sim.reactor(), metrics)).value();
    poller = std::make_unique<Poller>(PollerParts{.reactor = sim.reactor(),
                                                  .client = client,
                                                  .pinger = pinger.get(),
                                                  .points = store,
                                                  .events = &store,
                                                  .profiles = profiles,
                                                  .metrics = metrics,
                                                  .series = budget});
  }
  void add_server(std::uint32_t number, agent::Manner manner = {}) {
    agents->add(host(number),
                std::make_unique<agent::Synthetic>(agent::Synthetic::shape({.kind = agent::Kind::Server}),
                                                   agent::Identity{.seed = number}, sim.clock().steady()),
                manner);
  }
  // sysUpTime and ports of "ifIndex name octets" each, octets 32 bits wide; 10 Mbit/s.
  void add_ports(std::uint32_t ticks, const std::string& ports, const agent::Misbehaviour& wrong = {}) {
    std::string text =
        "1.3.6.1.2.1.1.1.0|4|box\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9999.1\n1.3.6.1.2.1.1.3.0|67|" + std::to_string(ticks) + "\n";
    for (const auto port : split(ports, ',')) {
      if (port.empty()) continue;
      const auto words = split(trim(port), ' ');
      const std::string index(words.at(0));
      text += "1.3.6.1.2.1.2.2.1.2." + index + "|4|" + std::string(words.at(1)) + "\n1.3.6.1.2.1.2.2.1.3." + index +
              "|2|6\n1.3.6.1.2.1.2.2.1.5." + index + "|66|10000000\n1.3.6.1.2.1.2.2.1.8." + index +
              "|2|1\n1.3.6.1.2.1.2.2.1.10." + index + "|65|" + std::string(words.at(2)) + "\n";
    }
    const auto honest = agent::RecordedDevice::shape(agent::Recording::parse(text));
    auto shape = std::make_shared<agent::RecordedDevice::Shape>();
    shape->table = agent::altered(honest->table, wrong);
    shape->ticks = honest->ticks;
    agents->add(host(1), std::make_unique<agent::RecordedDevice>(std::move(shape), sim.clock().steady()),
                {.misbehaviour = std::make_shared<agent::Misbehaviour>(wrong)});
  }
  DeviceSpec spec(std::uint32_t number) const {
    DeviceSpec device{.name = "d" + std::to_string(number), .address = host(number).to_string()};
    device.credentials = {community()};
    return device;
  }
  void watch(std::uint32_t hosts) {
    std::vector<DeviceSpec> devices;
    for (std::uint32_t i = 1; i <= hosts; ++i) devices.push_back(spec(i));
    poller->apply(std::move(devices));
  }
  std::vector<Sample> samples(const std::string& metric, const std::string& device = "d1", const Labels& labels = {}) {
    std::vector<Matcher> matchers{{Matcher::Op::Equal, "__name__", metric}, {Matcher::Op::Equal, "device", device}};
    for (const auto& [name, value] : labels) matchers.push_back({Matcher::Op::Equal, name, value});
    const auto found = store.select(matchers, time_from_ms(0), time_from_ms(4'000'000'000'000));
    EXPECT_TRUE(found);
    EXPECT_LE(found->size(), 1u) << metric << ": more than one series";
    return found->empty() ? std::vector<Sample>() : found->front().samples;
  }
  // "5 7 gap timeout 9": of one series, in order.
  std::string story(const std::string& metric, const std::string& device = "d1", const Labels& labels = {}) {
    std::string text;
    for (const Sample& sample : samples(metric, device, labels)) {
      const auto cause = gap_cause(sample.value);
      text += (text.empty() ? "" : " ") + (cause                     ? "gap:" + std::string(to_string(*cause))
                                           : is_marker(sample.value) ? "stale"
                                                                     : format_number(sample.value));
    }
    return text;
  }
  double last(const std::string& metric, const std::string& device = "d1", const Labels& labels = {}) {
    const auto all = samples(metric, device, labels);
    EXPECT_FALSE(all.empty()) << metric;
    return all.empty() ? -1 : all.back().value;
  }
};

}  // namespace bongsu::poll
