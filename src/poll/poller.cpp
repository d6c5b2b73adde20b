// SPDX-License-Identifier: Apache-2.0
#include "poll/poller.h"

#include <algorithm>
#include <future>

#include "poll/core.h"

namespace bongsu::poll {

void PollCore::apply(std::vector<DeviceSpec> devices) {
  std::map<std::string, DeviceSpec*, std::less<>> wanted;
  for (DeviceSpec& spec : devices) {
    spec.interval = std::max(spec.interval, Millis(1'000));
    spec.ping_interval = std::max(spec.ping_interval, Millis(1'000));
    wanted[spec.name] = &spec;
  }
  for (auto at = watches.begin(); at != watches.end();) {
    if (wanted.contains(at->first)) {
      ++at;
      continue;
    }
    remove(*at->second);
    at = watches.erase(at);
  }
  const std::shared_ptr<const ProfileSet> profiles = parts.profiles.get();
  memory.drop_unless([&wanted](std::string_view device) { return wanted.contains(device); });
  for (auto& [name, spec] : wanted) {
    const auto known = watches.find(name);
    if (known == watches.end()) {
      auto watch = std::make_shared<Watch>(parts.reactor, parts.points, parts.series, std::move(*spec));
      watches.emplace(name, watch);
      watch->gather_info(profiles.get());
      show(*watch, nullptr, false);
      parts.reactor.spawn(watch_snmp(shared_from_this(), watch));
      parts.reactor.spawn(watch_ping(shared_from_this(), watch));
      continue;
    }
    Watch& watch = *known->second;
    if (watch.spec == *spec) continue;
    if (watch.spec.address != spec->address || watch.spec.port != spec->port || watch.spec.credentials != spec->credentials) {
      if (watch.address) parts.client.forget({*watch.address, watch.spec.port});
      watch.start_over();
    }
    watch.spec = std::move(*spec);
    watch.gather_info(watch.set ? watch.set.get() : profiles.get());
    watch.bell.ring();
  }
  watched.set(static_cast<double>(watches.size()));
}

void PollCore::remove(Watch& watch) {
  watch.stopped = true;
  watch.bell.ring();
  if (watch.address) parts.client.forget({*watch.address, watch.spec.port});
  const Time now = clock().now();
  std::vector<Point> points;
  for (const auto& run : watch.groups) {
    watch.book.put(*run->group, mark_stale(*run->group, run->state), run->time_after(now), points);
    memory.forget(watch.spec.name, *run->group);
  }
  memory.drop(watch.spec.name);
  watch.book.end_own(now, points);
  write(watch, std::move(points));
}

Poller::Poller(const PollerParts& parts) : core_(std::make_shared<PollCore>(parts)) {
  if (!parts.kept) return;
  if (const Status read = core_->memory.load(*parts.kept); !read)
    log::warning("counters and identities of rows begin anew: {}", read.error().text);
}

Poller::~Poller() {
  core_->stopped = true;
  for (const auto& [name, watch] : core_->watches) {
    watch->stopped = true;
    for (const auto& run : watch->groups) core_->memory.save_last(name, *run->group, run->state);
  }
}

void Poller::apply(std::vector<DeviceSpec> devices) {
  {
    const auto states = core_->states.lock();
    PollCore::States next;
    next.found_parents = std::move(states->found_parents);
    for (const DeviceSpec& spec : devices) {
      DeviceState& state = next[spec.name];
      if (const auto known = states->find(spec.name); known != states->end()) state = std::move(known->second);
      state.name = spec.name;
      state.address = spec.address;
      state.tags = spec.tags;
      state.interval = spec.interval;
      state.parents_from = spec.parents ? ParentsFrom::Configuration : ParentsFrom::Nowhere;
      if (spec.parents) state.parents = *spec.parents;
      else next.take_parents(state);
    }
    *states = std::move(next);
  }
  core_->parts.reactor.post([core = core_, devices = std::move(devices)]() mutable {
    if (!core->stopped) core->apply(std::move(devices));
  });
}

void PollCore::States::take_parents(DeviceState& state) const {
  const auto found = found_parents.find(state.name);
  state.parents_from = found == found_parents.end() ? ParentsFrom::Nowhere : ParentsFrom::Topology;
  state.parents = found == found_parents.end() ? std::vector<std::string>() : found->second;
}

void Poller::set_parents(std::map<std::string, std::vector<std::string>> found) {
  const auto states = core_->states.lock();
  states->found_parents = std::move(found);
  for (auto& [name, state] : *states) {
    if (state.parents_from != ParentsFrom::Configuration) states->take_parents(state);
  }
}

std::vector<DeviceState> Poller::devices() const {
  std::vector<DeviceState> all;
  for (const auto& [name, state] : *core_->states.lock()) all.push_back(state);
  return all;
}

std::optional<DeviceState> Poller::device(std::string_view name) const {
  const auto states = core_->states.lock();
  const auto at = states->find(name);
  return at == states->end() ? std::nullopt : std::optional(at->second);
}

void Poller::poll_now(std::string_view device) {
  core_->parts.reactor.post([core = core_, name = std::string(device)] {
    const auto watch = core->stopped ? core->watches.end() : core->watches.find(name);
    if (watch == core->watches.end()) return;
    watch->second->hurry = true;
    watch->second->bell.ring();
  });
}

void Poller::probe(std::string_view device) {
  core_->parts.reactor.post([core = core_, name = std::string(device)] {
    const auto watch = core->stopped ? core->watches.end() : core->watches.find(name);
    if (watch == core->watches.end() || watch->second->probing) return;
    watch->second->probing = true;
    core->parts.reactor.spawn(PollCore::probe(core, watch->second));
  });
}

std::optional<snmp::Dialect> Poller::dialect(std::string_view device) const {
  const auto answer = std::make_shared<std::promise<std::optional<snmp::Dialect>>>();
  auto coming = answer->get_future();
  core_->parts.reactor.post([core = core_, answer, name = std::string(device)] {
    std::optional<snmp::Dialect> found;
    const auto watch = core->stopped ? core->watches.end() : core->watches.find(name);
    if (watch != core->watches.end() && watch->second->address) {
      const snmp::Dialect* known = core->parts.client.dialect({*watch->second->address, watch->second->spec.port});
      if (known != nullptr) found = *known;
    }
    answer->set_value(std::move(found));
  });
  if (coming.wait_for(std::chrono::seconds(2)) != std::future_status::ready) return std::nullopt;
  return coming.get();
}

}  // namespace bongsu::poll
