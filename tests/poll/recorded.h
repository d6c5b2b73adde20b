// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/agents.h"
#include "base/text.h"
#include "fixture.h"
#include "net/sim.h"
#include "poll/collect.h"

// Profiles as text, on a device that is the lines of a recording.
namespace bongsu::poll {

inline const net::Address kBox = net::Address::v4(0x7f000103);

inline asio::awaitable<void> collect_box(net::Reactor& reactor, snmp::Client& client, snmp::Target target,
                                         std::shared_ptr<const ProfileSet> profiles, std::optional<Result<Collection>>& to) {
  CollectOptions once;
  once.second_reading = Millis(0);
  auto got = co_await collect(reactor, client, std::move(target), std::move(profiles), once);
  to.emplace(std::move(got));
}

// `device`: lines of a recording.
inline Collection collect_with(std::shared_ptr<const ProfileSet> profiles, const std::string& device) {
  net::SimWorld sim{1};
  Metrics metrics;
  auto agents = std::move(agent::Agents::open(sim.reactor(), {.port = 161, .community = "public", .listen = {kBox}})).value();
  for (const net::Address& address : {kBox, net::Address()}) sim.set_link(address, {});
  const auto shape = agent::RecordedDevice::shape(agent::Recording::parse(device));
  agents->add(kBox, std::make_unique<agent::RecordedDevice>(shape, sim.clock().steady()));
  snmp::Client client{sim.reactor(), metrics};
  snmp::Target target{.name = "box", .endpoint = {kBox, 161}, .credentials = community()};
  std::optional<Result<Collection>> got;
  sim.reactor().spawn(collect_box(sim.reactor(), client, std::move(target), std::move(profiles), got));
  sim.run_for(std::chrono::seconds(60));
  if (!got || !*got) {
    ADD_FAILURE() << (got ? got->error().text : "collect() did not end");
    return {};
  }
  return std::move(**got);
}

inline std::shared_ptr<const ProfileSet> compile_text(const std::string& text, std::vector<std::string>& found) {
  config::Problems problems;
  const auto files = config::parse_profiles(text, "p.yaml", problems);
  std::vector<Finding> findings;
  auto set = ProfileSet::compile(files, base_tree(), findings);
  config::add_findings(findings, problems);
  found = problems.lines();
  return set;
}

inline std::vector<std::string> lines_of(const Collection& found) {
  std::vector<std::string> lines;
  for (const CollectedMetric& metric : found.metrics) {
    Labels labels = metric.labels;
    labels.set(kMetricName, metric.name);
    lines.push_back(labels.to_string() + " " + format_number(metric.value) + (metric.word.empty() ? "" : " " + metric.word) +
                    " @" + metric.oid.to_string());
  }
  return lines;
}

}  // namespace bongsu::poll
