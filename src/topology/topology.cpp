// SPDX-License-Identifier: Apache-2.0
#include "topology/topology.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <variant>

#include "base/lock.h"
#include "base/log.h"
#include "topology/match.h"
#include "topology/record.h"

namespace bongsu::topology {
namespace {

constexpr std::string_view kTable = "topology";
constexpr Millis kGatewayEvery = std::chrono::minutes(1);
constexpr Millis kKeptEvery = std::chrono::hours(1);  // of a record in which nothing but times changed
constexpr std::chrono::milliseconds kLong{250};       // for finding out who all neighbours are
constexpr std::size_t kMostWaiting = 65'536;          // readings between two steps

// Of the kinds that profiles tell (DeviceState::info).
bool is_host(std::string_view kind) {
  return kind == "server" || kind == "storage" || kind == "printer" || kind == "ups" || kind == "sensor";
}

std::chrono::nanoseconds processor_time() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

struct Topology::State {
  struct TableList {
    std::string device;
    Time at;
    std::vector<std::string> names;
  };
  using News = std::variant<NeighborReading, TableList>;

  // What the configuration says of a device.
  struct Listed {
    std::string name, address;
    std::optional<std::vector<std::string>> parents;
    friend bool operator==(const Listed&, const Listed&) = default;
  };

  // One device, and whom its sightings are.
  struct One {
    Told told;
    std::map<std::string, std::map<std::string, std::set<std::string>>> more;  // addresses by table and chassis identifier
    std::map<SightingKey, std::vector<std::string>> found;                     // devices; of one alone it is sure
    bool changed = false;                                                      // since it was kept
    bool heard = false;
    std::optional<Time> kept{};

    const std::string* neighbor(const SightingKey& key) const {
      const auto at = found.find(key);
      return at == found.end() || at->second.size() != 1 ? nullptr : &at->second.front();
    }
  };

  State(StateKeeper& given, Metrics& metrics, Gateway way)
      : keeper(given),
        gateway(std::move(way)),
        refused(metrics.counter("bongsu_topology_refused_total",
                                "neighbours and identifiers that were left out: more than one device may tell of, or at once")),
        links(metrics.gauge("bongsu_topology_links", "pairs of devices that are connected")),
        matched(metrics.gauge("bongsu_topology_neighbors", "neighbours that devices tell of, by who they are",
                              {{"match", "device"}})),
        unknown(metrics.gauge("bongsu_topology_neighbors", "neighbours that devices tell of, by who they are",
                              {{"match", "unknown"}})),
        ambiguous(metrics.gauge("bongsu_topology_neighbors", "neighbours that devices tell of, by who they are",
                                {{"match", "ambiguous"}})) {}

  struct Inbox {
    std::vector<News> news;
    std::string root;
  };
  struct Known {
    std::map<std::string, One, std::less<>> devices;
    std::vector<Listed> listed;
    std::optional<net::Address> gateway;
    std::string wanted_root, root, reason;
    std::map<std::string, Placed, std::less<>> placed;
    std::optional<Parents> given;
    bool changed = true;
  };
  using Up = std::map<std::string_view, bool>;  // devices that are known to be

  StateKeeper& keeper;
  const Gateway gateway;
  Counter& refused;
  Gauge &links, &matched, &unknown, &ambiguous;
  Guarded<Inbox> inbox;
  Guarded<Known> known;
  // Of the thread that steps alone.
  std::chrono::nanoseconds took{0};  // by the newest find_all(), in the time of the processor
  Time found_at{};                   // when it was
  std::optional<net::Address> gateway_now;
  std::optional<Time> gateway_read;

  void put(News news);
  void list(Known& all, const std::vector<DeviceState>& devices);
  void hear(Known& all, const NeighborReading& reading, const Up& up);
  void hear(Known& all, const TableList& tables, const Up& up);
  void hear_own(Known& all, One& one, const NeighborReading& reading);
  void see(Known& all, One& one, const NeighborReading& reading, std::set<SightingKey>& here);
  void miss(Known& all, One& one, const NeighborReading& reading, const std::set<SightingKey>& here, const Up& up);
  bool may_find(Time now) const;
  void find_all(Known& all, Time now);
  void choose_root(Known& all, const Matcher& matcher);
  void keep(Known& all, Time now);
};

void Topology::State::put(News news) {
  const auto box = inbox.lock();
  if (box->news.size() < kMostWaiting) box->news.push_back(std::move(news));
  else refused.add();
}

// Which devices are watched, and which of them are hosts; those that are gone take along what they told.
void Topology::State::list(Known& all, const std::vector<DeviceState>& devices) {
  std::vector<Listed> now;
  for (const DeviceState& device : devices) {
    Listed one{.name = device.name, .address = device.address, .parents = {}};
    if (device.parents_from == ParentsFrom::Configuration) one.parents = device.parents;
    now.push_back(std::move(one));
    const auto told = all.devices.find(device.name);
    const auto kind = device.info.find("kind");
    if (told == all.devices.end() || kind == device.info.end() || told->second.told.host == is_host(kind->second)) continue;
    told->second.told.host = is_host(kind->second);
    told->second.changed = all.changed = true;
  }
  if (now == all.listed) return;
  all.changed = true;
  all.listed = std::move(now);
  for (auto at = all.devices.begin(); at != all.devices.end();) {
    const bool there = std::any_of(devices.begin(), devices.end(), [&](const DeviceState& one) { return one.name == at->first; });
    if (there) {
      ++at;
      continue;
    }
    keeper.erase(kTable, at->first);
    at = all.devices.erase(at);
  }
}

void Topology::State::hear_own(Known& all, One& one, const NeighborReading& reading) {
  std::vector<Identifier> next = reading.own;
  const auto before = one.told.own.find(reading.table);
  if (!reading.whole && before != one.told.own.end()) next.insert(next.end(), before->second.begin(), before->second.end());
  std::sort(next.begin(), next.end());
  next.erase(std::unique(next.begin(), next.end()), next.end());
  if (next.size() > kMostPerDevice) {
    refused.add(next.size() - kMostPerDevice);
    next.resize(kMostPerDevice);
  }
  if (before == one.told.own.end() ? next.empty() : before->second == next) return;
  if (next.empty()) one.told.own.erase(before);
  else one.told.own.insert_or_assign(reading.table, std::move(next));
  one.changed = all.changed = true;
}

// Rows of neighbours that are there.
void Topology::State::see(Known& all, One& one, const NeighborReading& reading, std::set<SightingKey>& here) {
  auto& more = one.more[reading.table];
  if (reading.whole) more.clear();
  for (const Neighbor& row : reading.neighbors) {
    if (row.port.empty() && !row.chassis.empty() && !row.address.empty() && more.size() < kMostPerDevice)
      more[row.chassis].insert(row.address);
  }
  for (const Neighbor& row : reading.neighbors) {
    if (row.port.empty() || (row.chassis.empty() && row.name.empty())) continue;
    const SightingKey key = key_of(reading.table, row);
    if (!one.told.seen.contains(key) && one.told.seen.size() >= kMostPerDevice) {
      refused.add();
      continue;
    }
    const auto [at, fresh] = one.told.seen.try_emplace(key);
    Sighting& sighting = at->second;
    const Sighting before = sighting;
    sighting.told = row;
    sighting.told.address.clear();
    if (!row.address.empty()) sighting.addresses = {row.address};
    sighting.missing.reset();
    sighting.missed = 0;
    if (fresh) sighting.first_seen = reading.at;
    const bool same = !fresh && sighting == before;
    sighting.last_seen = reading.at;
    here.insert(key);
    if (!same) one.changed = all.changed = true;
  }
  for (auto& [key, sighting] : one.told.seen) {
    std::set<std::string> addresses;
    for (const auto& [table, by_chassis] : one.more) {
      if (const auto at = by_chassis.find(sighting.told.chassis); at != by_chassis.end())
        addresses.insert(at->second.begin(), at->second.end());
    }
    if (addresses.empty() || addresses == sighting.addresses) continue;
    sighting.addresses = std::move(addresses);
    one.changed = all.changed = true;
  }
}

// Rows of neighbours that were there.
void Topology::State::miss(Known& all, One& one, const NeighborReading& reading, const std::set<SightingKey>& here,
                           const Up& up) {
  const auto takes_back = [&](const SightingKey& key, Sighting& sighting) {
    const std::string* neighbor = one.neighbor(key);
    if (neighbor == nullptr) return true;
    if (!sighting.missing) one.changed = true;
    const auto state = up.find(*neighbor);
    if (!sighting.missing || reading.at < *sighting.missing || state == up.end() || !state->second) {
      sighting.missing = reading.at;
      sighting.missed = 0;
    }
    if (state != up.end() && state->second) ++sighting.missed;
    return sighting.missed >= kMissedReadings && reading.at - *sighting.missing >= kMissedFor;
  };
  for (auto at = one.told.seen.begin(); at != one.told.seen.end();) {
    if (std::get<0>(at->first) != reading.table || here.contains(at->first) || !takes_back(at->first, at->second)) {
      ++at;
      continue;
    }
    one.found.erase(at->first);
    at = one.told.seen.erase(at);
    one.changed = all.changed = true;
  }
}

void Topology::State::hear(Known& all, const NeighborReading& reading, const Up& up) {
  One& one = all.devices[reading.device];
  one.heard = true;
  hear_own(all, one, reading);
  std::set<SightingKey> here;
  see(all, one, reading, here);
  if (reading.whole) miss(all, one, reading, here, up);
}

// A table that is not there any more tells nothing any more.
void Topology::State::hear(Known& all, const TableList& tables, const Up& up) {
  const auto told = all.devices.find(tables.device);
  if (told == all.devices.end()) return;
  std::set<std::string> gone;
  for (const auto& [table, identifiers] : told->second.told.own) gone.insert(table);
  for (const auto& [key, sighting] : told->second.told.seen) gone.insert(std::get<0>(key));
  for (const std::string& name : tables.names) gone.erase(name);
  for (const std::string& table : gone) hear(all, NeighborReading{.device = tables.device, .table = table, .at = tables.at}, up);
}

void Topology::State::choose_root(Known& all, const Matcher& matcher) {
  static const std::string kNameOne = "name the device that stands next to Bongsu: `topology: {root: NAME}`";
  all.root.clear();
  if (!all.wanted_root.empty()) {
    const bool there =
        std::any_of(all.listed.begin(), all.listed.end(), [&](const Listed& one) { return one.name == all.wanted_root; });
    if (there) all.root = all.wanted_root;
    all.reason = there ? "named by the configuration" : all.wanted_root + ", which the configuration names, is not watched";
    return;
  }
  if (!all.gateway) {
    all.reason = "this machine has no default gateway; " + kNameOne;
    return;
  }
  const std::string address = all.gateway->to_string();
  const auto owners = matcher.find({}, {}, {address}).devices;
  if (owners.size() == 1) {
    all.root = owners.front();
    all.reason = address + " is the default gateway of this machine";
  } else if (owners.empty()) {
    all.reason = "no device has the address of this machine's default gateway, " + address + "; watch it, or " + kNameOne;
  } else {
    all.reason = fmt::format("{} devices have the address of this machine's default gateway, {}: {} and {}{}; {}", owners.size(),
                             address, owners[0], owners[1], owners.size() > 2 ? " and others" : "", kNameOne);
  }
}

// Who all neighbours are, and with that links, root and parents.
void Topology::State::find_all(Known& all, Time now) {
  const auto begun = processor_time();
  Matcher matcher;
  Network network;
  for (const Listed& device : all.listed) {
    network.devices.emplace(device.name, device.parents);
    matcher.know(device.name, {Identifier::Kind::Address, device.address});
    const auto told = all.devices.find(device.name);
    if (told == all.devices.end()) continue;
    if (told->second.told.host) network.hosts.insert(device.name);
    for (const auto& [table, identifiers] : told->second.told.own) {
      for (const Identifier& one : identifiers) matcher.know(device.name, one);
    }
  }
  std::size_t devices = 0, strangers = 0, doubtful = 0;
  std::set<std::pair<std::string, std::string>> pairs;
  for (auto& [name, one] : all.devices) {
    std::map<SightingKey, std::vector<std::string>> found;
    for (auto at = one.told.seen.begin(); at != one.told.seen.end();) {
      const auto& [key, sighting] = *at;
      const Matcher::Match match = matcher.find(name, sighting.told, sighting.addresses);
      std::vector<std::string> who(match.devices.begin(), match.devices.end());
      if (who.size() == 1 && who.front() == name) who.clear();
      if (who.size() != 1 && sighting.missing) {
        one.changed = true;
        at = one.told.seen.erase(at);
        continue;
      }
      ++(who.size() == 1 ? devices : who.empty() ? strangers : doubtful);
      if (who.size() == 1) pairs.emplace(std::min(name, who.front()), std::max(name, who.front()));
      if (!who.empty()) found.emplace(key, std::move(who));
      ++at;
    }
    if (found != one.found) one.changed = true;
    one.found = std::move(found);
  }
  network.links.assign(pairs.begin(), pairs.end());
  choose_root(all, matcher);
  all.placed = place(network, all.root);
  if (!all.root.empty() && pairs.empty())
    all.reason += "; no link is known: no device tells, by LLDP or CDP, of a neighbour that is watched as well";
  else if (!all.root.empty() && all.placed.size() == 1) all.reason += "; no link leads to it";
  links.set(static_cast<double>(pairs.size()));
  matched.set(static_cast<double>(devices));
  unknown.set(static_cast<double>(strangers));
  ambiguous.set(static_cast<double>(doubtful));
  all.changed = false;
  found_at = now;
  took = processor_time() - begun;
}

// In a network where it takes long something changes always: it is not to take more than a twentieth of a processor.
bool Topology::State::may_find(Time now) const {
  return took < kLong || now < found_at || now - found_at >= std::chrono::duration_cast<Millis>(took * 20);
}

void Topology::State::keep(Known& all, Time now) {
  for (auto& [name, one] : all.devices) {
    const bool old = one.heard && (!one.kept || now < *one.kept || now - *one.kept >= kKeptEvery);
    if (!one.changed && !old) continue;
    Told told{.own = one.told.own, .seen = {}, .host = one.told.host};
    for (const auto& [key, sighting] : one.told.seen) {
      if (one.neighbor(key) != nullptr) told.seen.emplace(key, sighting);
    }
    keeper.put(kTable, name, encode(told));
    one.changed = one.heard = false;
    one.kept = now;
  }
}

Topology::Topology(StateKeeper& keeper, Metrics& metrics, Gateway gateway)
    : state_(std::make_unique<State>(keeper, metrics, std::move(gateway))) {}
Topology::~Topology() = default;

Result<std::unique_ptr<Topology>> Topology::open(const StateStore& kept, StateKeeper& keeper, Metrics& metrics, Gateway gateway) {
  auto made = std::unique_ptr<Topology>(new Topology(keeper, metrics, std::move(gateway)));
  const auto all = made->state_->known.lock();
  BONGSU_TRY_OK(kept.scan(kTable, {}, [&](std::string_view device, std::string_view octets) {
    // What cannot be read is told again.
    auto told = decode_told(octets);
    if (told) all->devices[std::string(device)].told = *std::move(told);
    else log::warning("topology: what {} told is not known any more: {}", device, told.error().text);
    return true;
  }));
  return made;
}

void Topology::take(NeighborReading reading) { state_->put(std::move(reading)); }

void Topology::tables(std::string_view device, Time at, std::vector<std::string> names) {
  state_->put(State::TableList{std::string(device), at, std::move(names)});
}

void Topology::set_root(std::string device) { state_->inbox.lock()->root = std::move(device); }

std::optional<Topology::Parents> Topology::step(Time now, const std::vector<DeviceState>& devices) {
  std::vector<State::News> news;
  std::string root;
  {
    const auto inbox = state_->inbox.lock();
    news.swap(inbox->news);
    root = inbox->root;
  }
  if (devices.empty()) return std::nullopt;  // the poller does not know them yet
  auto& read = state_->gateway_read;
  if (!read || now < *read || now - *read >= kGatewayEvery) {
    read = now;
    state_->gateway_now = state_->gateway();
  }
  State::Up up;
  for (const DeviceState& device : devices) up.emplace(device.name, device.up == true);
  const auto all = state_->known.lock();
  if (root != all->wanted_root) {
    all->wanted_root = std::move(root);
    all->changed = true;
  }
  if (state_->gateway_now != all->gateway) {
    all->gateway = state_->gateway_now;
    all->changed = true;
  }
  state_->list(*all, devices);
  // The neighbours that were kept are looked up before anything says that they are missing.
  if (!all->given) state_->find_all(*all, now);
  for (const State::News& one : news) {
    std::visit(
        [&](const auto& told) {
          if (up.contains(told.device)) state_->hear(*all, told, up);
        },
        one);
  }
  if (all->changed && state_->may_find(now)) state_->find_all(*all, now);
  state_->keep(*all, now);
  Parents parents;
  for (const auto& [name, placed] : all->placed) {
    if (!placed.parents.empty()) parents.emplace(name, placed.parents);
  }
  if (all->given == parents) return std::nullopt;
  all->given = parents;
  return parents;
}

View Topology::view() const {
  View view;
  const auto all = state_->known.lock();
  view.root = all->root;
  view.reason = all->reason;
  view.placed = all->placed;
  std::map<std::pair<std::string, std::string>, Link> links;
  for (const auto& [name, one] : all->devices) {
    for (const auto& [key, sighting] : one.told.seen) {
      const auto who = one.found.find(key);
      if (who == one.found.end()) {
        ++view.unknown;
        continue;
      }
      const Neighbor& told = sighting.told;
      if (who->second.size() > 1) {
        if (++view.ambiguous <= kMostDoubts)
          view.doubts.push_back({name, told.port, told.name.empty() ? told.chassis : told.name, who->second});
        continue;
      }
      const std::string& other = who->second.front();
      Link& link = links[{std::min(name, other), std::max(name, other)}];
      link.evidence.push_back({.device = name,
                               .protocol = told.protocol,
                               .port = told.port,
                               .remote_port = told.remote_port,
                               .first_seen = sighting.first_seen,
                               .last_seen = sighting.last_seen,
                               .missing = sighting.missing.has_value()});
    }
  }
  for (auto& [ends, link] : links) {
    link.a = ends.first;
    link.b = ends.second;
    view.links.push_back(std::move(link));
  }
  return view;
}

}  // namespace bongsu::topology
