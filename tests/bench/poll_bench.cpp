// SPDX-License-Identifier: Apache-2.0
// From the cells of an answered table to the points of its series: what a poll costs beside SNMP and the store.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "agent/agents.h"
#include "agent/synthetic.h"
#include "base_modules.h"
#include "config/profiles.h"
#include "net/sim.h"
#include "poll/fetch.h"
#include "poll/series.h"

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* made = std::malloc(size)) return made;
  throw std::bad_alloc();
}
void operator delete(void* made) noexcept { std::free(made); }
void operator delete(void* made, std::size_t) noexcept { std::free(made); }

namespace bongsu::poll {
namespace {

struct NoSink final : PointSink {
  std::uint64_t next = 0;
  Result<SeriesId> series(const Labels&) override { return SeriesId(next++); }
  Status append(std::span<const Point>) override { return {}; }
};

const Group& interfaces(const ProfileSet& set) {
  for (const DeviceProfile& profile : set.profiles()) {
    for (const Group& group : profile.groups) {
      if (group.name == "interfaces") return group;
    }
  }
  std::abort();
}

std::shared_ptr<const ProfileSet> stock() {
  config::Problems problems;
  std::vector<Finding> findings;
  const auto rules = config::read_profile_folders({std::filesystem::path(BONGSU_SOURCE_DIR) / "rules"}, problems);
  return ProfileSet::compile(rules, base_tree(), findings);
}

asio::awaitable<void> fetch_once(net::Reactor& reactor, snmp::Client& client, net::Address host, const Group& group,
                                 std::vector<bool> used, Fetched& out) {
  auto credentials = std::make_shared<snmp::Credentials>();
  credentials->community = Secret(std::string("public"));
  snmp::Target target;
  target.endpoint = {host, 161};
  target.credentials = credentials;
  const SteadyTime deadline = reactor.clock().steady() + std::chrono::hours(1);
  auto fetched = co_await fetch_group(reactor, client, std::move(target), group, std::move(used), deadline);
  if (!fetched) std::abort();
  out = *std::move(fetched);
}

// A switch of 24 ports with the stock profile.
struct Lab {
  net::SimWorld world{1};
  Metrics metrics;
  net::Address host = net::Address::v4(0x0a000001);
  std::unique_ptr<agent::Agents> agents;
  std::unique_ptr<snmp::Client> client;
  std::shared_ptr<const ProfileSet> set = stock();
  const Group& group = interfaces(*set);
  GroupState state;
  Fetched fetched;

  Lab() {
    world.set_link(host, {});
    world.set_link(net::Address(), {});
    agents = std::move(agent::Agents::open(world.reactor(), {.port = 161, .community = "public", .listen = {host}})).value();
    agents->add(host, std::make_unique<agent::Synthetic>(agent::Synthetic::shape({.kind = agent::Kind::Switch, .ports = 24}),
                                                         agent::Identity{}, world.clock().steady()));
    client = std::make_unique<snmp::Client>(world.reactor(), metrics);
  }
  void fetch() {
    world.reactor().spawn(fetch_once(world.reactor(), *client, host, group, state.used, fetched));
    world.run_for(Millis(1'000));
  }
  Outcome evaluate(std::int64_t poll) {
    const Moment moment{.at = world.clock().steady() + Millis(60'000 * poll),
                        .stamp = world.clock().now() + Millis(60'000 * poll)};
    return evaluate_group(set->tree(), group, state, fetched.data, moment);
  }
};

void BM_Evaluate24Ports(benchmark::State& state) {
  Lab lab;
  lab.fetch();
  lab.evaluate(0);
  lab.fetch();
  std::int64_t poll = 0, points = 0;
  const std::size_t before = allocations;
  for (auto _ : state) {
    const Outcome outcome = lab.evaluate(++poll);
    points += static_cast<std::int64_t>(outcome.emissions.size());
  }
  state.SetItemsProcessed(points);
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(allocations - before) / static_cast<double>(points));
}
BENCHMARK(BM_Evaluate24Ports);

// With the agent and the simulated network.
void BM_Fetch24Ports(benchmark::State& state) {
  Lab lab;
  lab.fetch();
  lab.evaluate(0);
  std::int64_t cells = 0;
  const std::size_t before = allocations;
  for (auto _ : state) {
    lab.fetch();
    cells += static_cast<std::int64_t>(lab.fetched.data.rows.size() * lab.fetched.data.asked.size());
  }
  state.SetItemsProcessed(cells);
  state.counters["allocations"] = benchmark::Counter(static_cast<double>(allocations - before) / static_cast<double>(cells));
}
BENCHMARK(BM_Fetch24Ports);

void BM_Points24Ports(benchmark::State& state) {
  Lab lab;
  NoSink sink;
  SeriesBook book(sink, "sw1", {});
  lab.fetch();
  const Outcome outcome = lab.evaluate(0);
  std::vector<Point> points;
  std::int64_t made = 0;
  for (auto _ : state) {
    points.clear();
    book.put(lab.group, outcome, lab.world.clock().now(), points);
    made += static_cast<std::int64_t>(points.size());
  }
  state.SetItemsProcessed(made);
}
BENCHMARK(BM_Points24Ports);

}  // namespace
}  // namespace bongsu::poll
