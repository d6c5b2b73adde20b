// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/lock.h"
#include "base/metrics.h"
#include "base/result.h"
#include "model/sink.h"
#include "net/address.h"

namespace bongsu::net {
class Reactor;
}

namespace bongsu::syslog {

// Which device sends from which address. Published anew when devices or their addresses change.
using DeviceNames = std::unordered_map<net::Address, std::string>;
using DeviceLookup = Snapshot<DeviceNames>;

struct ReceiverSpec {
  std::vector<net::Endpoint> udp;          // port 0: any free one
  std::size_t receive_buffer = 32U << 20;  // of each socket; asked for, the kernel may give less
};

// Syslog over UDP (RFC 5426): each datagram becomes one event, whatever it holds. An unknown sender's events have no device.
// What the sink does not take is lost and counted, and so is what the kernel dropped. The reactor, lookup, sink and metrics must
// outlive it. Thread: the reactor's.
class Receiver {
 public:
  // Errors: Unavailable (port in use or no right to it: the text names the endpoint and the key), Io.
  static Result<std::unique_ptr<Receiver>> open(net::Reactor& reactor, const ReceiverSpec& spec, const DeviceLookup& devices,
                                                EventSink& sink, Metrics& metrics);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  std::vector<net::Endpoint> local() const;

 private:
  struct Core;
  explicit Receiver(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::syslog
