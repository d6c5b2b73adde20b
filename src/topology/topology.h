// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "model/device.h"
#include "model/keeper.h"
#include "model/neighbor.h"
#include "model/state.h"
#include "net/address.h"
#include "topology/tree.h"

namespace bongsu::topology {

// That one device sees another.
struct Evidence {
  std::string device;    // which tells it
  std::string protocol;  // "lldp", "cdp"
  std::string port, remote_port;
  Time first_seen, last_seen;
  bool missing = false;  // its newest reading was without it
};

// Two devices that are connected, a < b.
struct Link {
  std::string a, b;
  std::vector<Evidence> evidence;
};

// A neighbour that could be any of several devices: no link.
struct Doubt {
  std::string device, port;
  std::string neighbor;  // by its name, or its chassis identifier
  std::vector<std::string> candidates;
};

struct View {
  std::string root;                                   // empty: there is none, and so no parents
  std::string reason;                                 // why this one, or why none and what to do
  std::map<std::string, Placed, std::less<>> placed;  // devices that a way reaches
  std::vector<Link> links;                            // by their ends
  std::vector<Doubt> doubts;                          // the first kMostDoubts of `ambiguous`
  std::size_t unknown = 0, ambiguous = 0;             // neighbours that are no device of ours; that could be several
};

// Links between watched devices, of what they tell of their neighbours, and which of them stand on the ways to others: seen from
// the root, which is the device that the configuration names, else the one that owns the address of this machine's default
// gateway.
// Servers, storage, printers, UPSs and sensors, by DeviceState::info, are hosts (tree.h).
//
// A link stays while one of its ends is known to have told of it. An end takes that back by kMissedReadings whole readings in
// a row without it, over kMissedFor and more, in which the other end was up: so neither a device that dies takes its links along,
// nor an agent that forgets for a while. It goes at once with one of its devices, and where the neighbour that was told of turns
// out to be nobody or somebody else. Kept records: src/topology/FORMAT.md. Metrics: bongsu_topology_neighbors{match},
// bongsu_topology_links, bongsu_topology_refused_total.
class Topology final : public NeighborSink {
 public:
  static constexpr unsigned kMissedReadings = 5;
  static constexpr Millis kMissedFor = std::chrono::hours(6);
  static constexpr std::size_t kMostPerDevice = 4'096;  // neighbours; identifiers of its own; more are left out and counted
  static constexpr std::size_t kMostDoubts = 100;

  using Gateway = std::function<std::optional<net::Address>()>;
  // Reads what was kept. Keeper and metrics must outlive it. Errors: as StateStore::scan.
  static Result<std::unique_ptr<Topology>> open(const StateStore& kept, StateKeeper& keeper, Metrics& metrics, Gateway gateway);
  ~Topology() override;

  void take(NeighborReading reading) override;
  void tables(std::string_view device, Time at, std::vector<std::string> names) override;
  // The name of a device, or nothing: the default gateway's owner. Thread: any.
  void set_root(std::string device);

  // Takes in what was told since; `devices` are all that are watched. Gives the parents that are found where they are others than
  // at the call before. Thread: one at a time, not a reactor's.
  using Parents = std::map<std::string, std::vector<std::string>>;
  std::optional<Parents> step(Time now, const std::vector<DeviceState>& devices);
  View view() const;  // Thread: any

 private:
  struct State;
  Topology(StateKeeper& keeper, Metrics& metrics, Gateway gateway);
  const std::unique_ptr<State> state_;
};

}  // namespace bongsu::topology
