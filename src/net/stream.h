// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "base/result.h"
#include "net/address.h"

namespace bongsu::net {

// What a stream tells its owner. Each may send on the stream or close it; none may destroy it.
struct StreamEvents {
  std::function<void()> opened;                                 // of Reactor::connect() alone
  std::function<void(std::span<const std::uint8_t>)> received;  // in order; valid during the call
  std::function<void(Error)> closed;                            // by the other end or the network; nothing comes after it
};

// A TCP connection. Thread: its reactor's. Destroying it closes it, and nothing more is told.
class StreamSocket {
 public:
  // What may wait to be sent: more than that, and the other end does not read.
  static constexpr std::size_t kMostQueued = 4U << 20;
  virtual ~StreamSocket() = default;
  virtual void on(StreamEvents events) = 0;
  // Copies `octets` and sends them behind what was sent before, also before it is open. False, and nothing is sent, when it
  // is closed or too much waits already.
  virtual bool send(std::span<const std::uint8_t> octets) = 0;
  // Nothing is told after it.
  virtual void close() = 0;
  virtual Endpoint local() const = 0;  // of no meaning before it is open
  virtual Endpoint peer() const = 0;
};

// A TCP port that connections come to. Thread: its reactor's. Destroying it ends that; connections that were handed over stay.
class StreamListener {
 public:
  using Accept = std::function<void(std::unique_ptr<StreamSocket>)>;
  virtual ~StreamListener() = default;
  virtual Endpoint local() const = 0;
};

}  // namespace bongsu::net
