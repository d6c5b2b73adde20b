// SPDX-License-Identifier: Apache-2.0
// One request and its answer: sockets, request-ids, deadlines. Message processing below tables and walks.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/metrics.h"
#include "net/reactor.h"
#include "snmp/codec.h"
#include "snmp/target.h"

namespace bongsu::snmp {

struct Ask {
  PduType type = PduType::GetRequest;
  std::int32_t non_repeaters = 0;    // GETBULK
  std::int32_t max_repetitions = 0;  // GETBULK
  std::span<const VarbindView> varbinds;
};

// What came back. Borrows from the datagram: valid during the callback.
struct Answer {
  std::int32_t error_status = 0;
  std::int32_t error_index = 0;
  std::span<const VarbindView> varbinds;
  std::size_t octets = 0;           // of the datagram
  std::chrono::microseconds rtt{};  // since the last try
};
// Called once, in a later turn of the reactor. Errors: Timeout, Invalid (the request cannot be sent as it is), Unavailable
// (no socket), Unsupported, Limit (too many requests wait).
using Answered = std::function<void(Result<Answer>)>;

struct ExchangeOptions {
  net::Address bind_v4 = net::Address::any(net::Address::Family::V4);
  net::Address bind_v6 = net::Address::any(net::Address::Family::V6);
  std::size_t receive_buffer = 16U << 20;  // of each socket
  std::size_t max_in_flight = 2'048;       // answers expected at once; more wait here. Less, 512 at least, where the kernel
                                           // gives less buffer than they may need
  std::size_t max_waiting = 1U << 20;
};

// All requests of one reactor, over one socket per address family. A request keeps its request-id through its retries, so
// that a late answer to an early try still counts, and each retry of a GETBULK asks for half the repetitions. What comes
// in and answers nothing is counted by cause and changes no deadline. Thread: the reactor's. Destroying it drops the
// callbacks of what is in flight.
class Exchanges {
 public:
  Exchanges(net::Reactor& reactor, Metrics& metrics, const ExchangeOptions& options);
  ~Exchanges();
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  void request(const Target& target, const Ask& ask, Answered then);
  net::Reactor& reactor() { return reactor_; }
  std::size_t in_flight() const { return busy_; }

 private:
  struct Exchange;
  // Request-ids name a slot and how often it was used, scrambled by a key of this process.
  static constexpr std::uint32_t kSlotBits = 20;
  static constexpr std::uint32_t kIdMask = 0x7fffffff;
  enum class Cause : std::uint8_t { Malformed, UnknownId, Late, Duplicate, Address, Version, Community, Type, Count };
  struct PeerNote {
    std::uint32_t malformed = 0;
    ber::Fault fault = ber::Fault::None;
  };

  std::int32_t id_of(const Exchange& exchange) const;
  Exchange* find(std::int32_t request_id);  // the one that had it last; nullptr for an id of no recent use
  Exchange* take_slot();
  void release(Exchange& exchange, bool answered);
  void fail_later(Exchange& exchange, Error error);
  void send(Exchange& exchange);
  void send_waiting();
  void expired(Exchange& exchange);
  Error timeout_error(const Exchange& exchange) const;
  net::DatagramSocket* socket_for(const net::Address& address, std::string& problem);
  void receive(std::span<const net::Datagram> datagrams);
  void receive_one(const net::Datagram& datagram, SteadyTime now);
  void discard(Cause cause, const net::Endpoint& peer, ber::Fault fault = ber::Fault::None);

  net::Reactor& reactor_;
  const ExchangeOptions options_;
  std::uint32_t multiplier_, inverse_, offset_;
  std::deque<Exchange> slots_;  // stays where it is
  std::deque<std::uint32_t> free_;
  std::deque<std::uint32_t> waiting_;
  std::size_t busy_ = 0;   // slots in use
  std::size_t fresh_ = 0;  // of them sent and within their first try: the ones that count against max_in_flight
  std::size_t most_fresh_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted and may run after the end
  std::unordered_map<net::Endpoint, PeerNote> notes_;
  std::unique_ptr<net::DatagramSocket> v4_, v6_;
  Encoder encoder_;
  Decoder decoder_;
  log::Gate gate_;
  Counter& requests_;
  Counter& retries_;
  Counter& answers_;
  Counter& timeouts_;
  Counter& varbinds_;
  Gauge& in_flight_;
  Gauge& kernel_drops_;
  std::array<Counter*, static_cast<std::size_t>(Cause::Count)> discarded_{};
};

}  // namespace bongsu::snmp
