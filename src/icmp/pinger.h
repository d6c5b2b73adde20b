// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/result.h"
#include "net/address.h"
#include "net/reactor.h"

namespace bongsu::icmp {

struct EchoReply {
  std::chrono::nanoseconds rtt{};
};

struct PingStats {
  int sent = 0;
  int received = 0;    // a duplicate is not received again
  int duplicates = 0;  // seen until the last answer
  std::chrono::nanoseconds min{}, avg{}, max{};
  std::chrono::nanoseconds jitter{};  // mean difference between one answer and the next
  double loss_percent() const { return sent == 0 ? 0 : 100.0 * (sent - received) / sent; }
};

struct PingerOptions {
  std::size_t payload = 56;  // octets of data, 12 at least
  std::size_t receive_buffer = 8U << 20;
  std::size_t max_waiting = 1U << 20;  // requests that wait for an answer or for their time to end
};

// ICMP echo for IPv4 and IPv6: one socket per family for any number of hosts. A reply counts when identifier, sequence,
// source and a random 64-bit token are those of a request that waits. Thread: the reactor's. It must end before the reactor, and
// not from inside a callback; callbacks that still wait are then dropped.
class Pinger {
 public:
  using Done = std::function<void(Result<EchoReply>)>;

  // Opens a raw socket for each family, else an unprivileged one. One family is enough.
  // Errors: Denied (no right to either; the text says which would do), Unavailable.
  static Result<std::unique_ptr<Pinger>> open(net::Reactor& reactor, Metrics& metrics, const PingerOptions& options = {});
  ~Pinger();
  Pinger(const Pinger&) = delete;
  Pinger& operator=(const Pinger&) = delete;

  // One echo, one call of `done`, never from inside send(). Errors: Timeout; Unavailable (no socket of that family); Limit
  // (too many wait).
  void send(const net::Address& to, Millis timeout, Done done);
  asio::awaitable<Result<std::chrono::nanoseconds>> ping(net::Address to, Millis timeout);
  // `count` echoes `interval` apart, each with its own time-out. Errors: as send(), but lost answers are figures.
  asio::awaitable<Result<PingStats>> burst(net::Address to, int count, Millis interval, Millis timeout);

  bool has(net::Address::Family family) const;
  std::size_t waiting() const;

 private:
  struct Core;
  explicit Pinger(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace bongsu::icmp
