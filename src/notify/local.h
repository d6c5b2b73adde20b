// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/metrics.h"
#include "notify/request.h"

namespace bongsu::notify {

// Sends syslog datagrams (RFC 5426), SNMP traps and informs (RFC 3416, community v2c) from a thread of its own. A datagram has
// left when the kernel took it; an inform when it was answered. A name that is not found, and an inform without an answer, have
// the status 0; what was sent has 200. At its end what is under way is let go.
class LocalCourier final : public Courier {
 public:
  explicit LocalCourier(Metrics& metrics);  // must outlive it
  ~LocalCourier() override;
  void send(Request request, std::function<void(Reply)> done) override;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::notify
