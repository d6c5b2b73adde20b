// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/lock.h"
#include "base/metrics.h"
#include "icmp/pinger.h"
#include "model/device.h"
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
};

// Watches devices: one coroutine each for SNMP and for ping, on the reactor. A poll's points carry one time stamp, that of the
// schedule's slot; each table is its own transaction, and what could not be read is a gap with its cause. A dead device
// waits for its own time-outs and delays nobody.
// Beside what the profiles give it writes device_up, snmp_up, icmp_up, device_info, icmp_rtt_seconds, icmp_loss_percent,
// icmp_jitter_seconds and bongsu_poll_duration_seconds, all with the label device. device_up is 1 while SNMP or ping is
// answered; on a loopback address, which answers ping whatever stands behind it, SNMP alone counts.
// Everything in PollerParts must outlive it. It must end on the reactor's thread, or after the reactor stopped.
class Poller final : public DeviceSource {
 public:
  explicit Poller(const PollerParts& parts);
  ~Poller() override;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // From now on exactly these devices are watched; one that was and is again keeps its series. Thread: any.
  void apply(std::vector<DeviceSpec> devices);
  std::vector<DeviceState> devices() const override;
  std::optional<DeviceState> device(std::string_view name) const override;
  // What the client has learned of a device; nothing while it has no address or was not asked yet. Waits for the reactor's
  // thread, two seconds at most: not to be called on it.
  std::optional<snmp::Dialect> dialect(std::string_view device) const;

 private:
  std::shared_ptr<PollCore> core_;
};

}  // namespace bongsu::poll
