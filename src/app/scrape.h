// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/lock.h"
#include "discover/propose.h"
#include "http/server.h"
#include "net/reactor.h"
#include "poll/plan.h"
#include "poll/spec.h"
#include "snmp/client.h"

namespace bongsu::app {

// Reads configured devices at somebody's wish, beside their polls. The reactor and the client must outlive it; it ends after
// the reactor stopped, or when nothing is under way.
class Scraper {
 public:
  Scraper(net::Reactor& reactor, snmp::Client& client, const Snapshot<poll::ProfileSet>& profiles)
      : reactor_(reactor), client_(client), profiles_(profiles) {}

  // The devices that may be asked. Thread: any.
  void know(const std::vector<poll::DeviceSpec>& devices);

  // Waits for the device; at most kPatience, and no longer than `gone` lets it. `target` is a device's name, or its address as
  // configured, with or without the port. Errors: NotFound (no such device or profile), Limit (too many at once), Cancelled, and
  // the device's. Thread: any but the reactor's.
  Result<http::Scraped> ask(std::string_view target, std::string_view module, std::stop_token gone);

  // A profile for what the device has beyond what its profiles read. Waits likewise, with the same errors.
  Result<discover::Proposal> propose(std::string_view target, std::stop_token gone);

 private:
  struct Read;
  Result<Read> wait_for(std::string_view target, std::string_view module, bool propose, std::stop_token gone);
  static constexpr std::size_t kAtOnce = 32;  // also those that nobody waits for any more
  static constexpr std::chrono::seconds kPatience{120};

  Result<poll::DeviceSpec> find(std::string_view target) const;

  net::Reactor& reactor_;
  snmp::Client& client_;
  const Snapshot<poll::ProfileSet>& profiles_;
  Guarded<std::shared_ptr<const std::vector<poll::DeviceSpec>>> devices_;
  Guarded<std::map<std::string, std::size_t>> worked_;  // the credentials of a device that answered last
  std::shared_ptr<std::atomic<std::size_t>> under_way_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace bongsu::app
