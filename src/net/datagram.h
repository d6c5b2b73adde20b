// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "net/address.h"

namespace bongsu::net {

// One datagram as it came. `data` is valid during the call that hands it over.
struct Datagram {
  Endpoint peer;
  std::optional<Address> local;         // the address it was sent to, where SocketSpec::tell_local asks for it
  std::span<const std::uint8_t> data;   // UDP payload, or the ICMP message without its IP header
  std::chrono::nanoseconds received{};  // since 1970; the kernel's time stamp where SocketSpec::kernel_time asks for it
  bool truncated = false;               // longer than 65,535 octets
};

struct SocketSpec {
  enum class Kind : std::uint8_t { Udp, Icmp };
  Kind kind = Kind::Udp;
  Endpoint bind;                          // port 0: any free one; ICMP: the address family alone counts
  std::size_t receive_buffer = 4U << 20;  // asked for; the kernel may give less
  bool tell_local = false;                // for a wildcard socket that answers from the address it was asked at
  bool kernel_time = false;
  bool count_drops = false;  // kernel_drops() tells (SO_RXQ_OVFL)
};

// A UDP or ICMP socket. Thread: its reactor's. Destroying it ends delivery.
class DatagramSocket {
 public:
  using Receive = std::function<void(std::span<const Datagram>)>;
  virtual ~DatagramSocket() = default;
  // Datagrams go to `receive` in batches from now on. It may send, and must not destroy the socket.
  virtual void on_receive(Receive receive) = 0;
  // Copies `data` and sends it with its neighbours before the reactor's thread waits again. What cannot be sent is
  // counted, and lost as on any network. `from` chooses the source address where tell_local was asked for.
  virtual void send(const Endpoint& to, std::span<const std::uint8_t> data,
                    const std::optional<Address>& from = std::nullopt) = 0;
  virtual Endpoint local() const = 0;
  virtual std::uint64_t kernel_drops() const = 0;
  // Octets that the kernel really keeps for what was not read yet, its own overhead included.
  virtual std::size_t receive_buffer() const { return SIZE_MAX; }
  virtual std::uint64_t send_failures() const = 0;
  // ICMP: the echo identifier that the kernel puts on what we send, where it does (unprivileged sockets).
  virtual std::optional<std::uint16_t> echo_identifier() const { return std::nullopt; }
  // ICMP: keep only echo replies with this identifier (a filter in the kernel where there is one).
  virtual void filter_echo(std::uint16_t) {}
};

}  // namespace bongsu::net
