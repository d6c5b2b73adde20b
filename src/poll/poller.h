// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"
#include "base/metrics.h"
#include "icmp/pinger.h"
#include "model/device.h"
#include "model/keeper.h"
#include "model/neighbor.h"
#include "model/sink.h"
#include "net/reactor.h"
#include "poll/plan.h"
#include "poll/spec.h"
#include "snmp/client.h"

namespace bongsu::poll {

struct PollCore;

struct PollerParts {
  net::Reactor& reactor;
  snmp::Client& client;
  icmp::Pinger* pinger = nullptr;  // nullptr: no right to ping; devices are then judged by SNMP alone
  PointSink& points;
  EventSink* events = nullptr;  // restarts, changes of identity, ports that cannot be told apart
  const Snapshot<ProfileSet>& profiles;
  Metrics& metrics;
  StateKeeper* keeper = nullptr;      // counters and identities of rows go on after a restart; nullptr: they begin anew
  const StateStore* kept = nullptr;   // where the keeper writes; read whole by the constructor, which waits for the disk
  NeighborSink* neighbors = nullptr;  // what devices tell of each other
  SeriesBudget series{};              // of each device; beyond it bongsu_poll_series_refused_total counts, and an event tells
};

// Watches devices: one coroutine each for SNMP and for ping, on the reactor.
//
// A device has a slot in each interval. There it is greeted first, with one small request: a dead one costs that and no more,
// and is found again at its next slot. Then its tables are read, the quickest first, each as its own transaction: what could
// not be read is a gap with its cause and leaves the others as they are. A table that is not done half way to the next slot
// goes on beside the slots and is not begun again; from then on it takes turns with others of its kind, the one that waits
// longest first, while the quick ones keep their slots. Points carry their slot; those of a table that was read beside the
// slots carry the moment when its reading ended, so that rates are true. The values of a slow table stand between its turns,
// as long as a query looks back (5 min); then follows a gap (overrun). The guilty are named by
// bongsu_poll_overruns_total{device,table}, by the series bongsu_poll_table_duration_seconds{device,table} and by
// DeviceState::slow.
//
// Beside what the profiles give it writes device_up, snmp_up, icmp_up, device_info, icmp_rtt_seconds, icmp_loss_percent,
// icmp_jitter_seconds and bongsu_poll_duration_seconds, all with the label device. device_up is 1 while SNMP or ping is
// answered; on a loopback address, which answers ping whatever stands behind it, SNMP alone counts. Where ping tells nothing
// (switched off, filtered on the way, loopback) one lost poll leaves device_up as it was: the device is asked again within
// ten seconds, or a quarter of the interval, and that decides.
// Everything in PollerParts must outlive it. It must end on the reactor's thread, or after the reactor stopped.
class Poller final : public DeviceSource, public Prober {
 public:
  explicit Poller(const PollerParts& parts);
  ~Poller() override;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // From now on exactly these devices are watched; one that was and is again keeps its series. Thread: any.
  void apply(std::vector<DeviceSpec> devices);
  // The parents of devices whose specification names none; all that were set before are forgotten. Thread: any.
  void set_parents(std::map<std::string, std::vector<std::string>> found);
  std::vector<DeviceState> devices() const override;
  std::optional<DeviceState> device(std::string_view name) const override;
  // Pings the device at once; where that proves nothing, or fails, it is polled.
  void probe(std::string_view device) override;
  // Reads all that is due of the device by SNMP at once instead of at its next slot, or once more after the poll under way; its
  // slots stay where they are. One that is not watched is left alone. Thread: any.
  void poll_now(std::string_view device);
  // What the client has learned of a device; nothing while it has no address or was not asked yet. Waits for the reactor's
  // thread, two seconds at most: not to be called on it.
  std::optional<snmp::Dialect> dialect(std::string_view device) const;

 private:
  std::shared_ptr<PollCore> core_;
};

}  // namespace bongsu::poll
