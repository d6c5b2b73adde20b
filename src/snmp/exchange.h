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
#include "model/keeper.h"
#include "model/state.h"
#include "net/reactor.h"
#include "snmp/codec.h"
#include "snmp/dialect.h"
#include "snmp/secured.h"
#include "snmp/target.h"

namespace bongsu::snmp {

struct Ask {
  PduType type = PduType::GetRequest;
  std::int32_t non_repeaters = 0;    // GETBULK
  std::int32_t max_repetitions = 0;  // GETBULK
  std::span<const VarbindView> varbinds;
  // The last of several tries asks for the first of the names alone, and by GETNEXT in place of GETBULK: so it is told
  // whether the device is silent or the request too large for it.
  bool reducible = false;
  bool once = false;  // each try is one datagram, even where the round trips speak for a second: when its loss is meant
  DialectBook::Known* known = nullptr;  // the target's, where it is at hand
};

// What came back. Borrows from the datagram: valid during the callback.
struct Answer {
  std::int32_t error_status = 0;
  std::int32_t error_index = 0;
  std::span<const VarbindView> varbinds;
  std::size_t octets = 0;               // of the datagram
  std::chrono::microseconds rtt{};      // since the last try
  int sendings = 1;                     // up to the answer
  std::int32_t repetitions = 0;         // that the last of them asked for; GETBULK
  bool reduced = false;                 // it answers the last try of a reducible request
  ber::Fault fault = ber::Fault::None;  // why it cannot be read; there are no varbinds then
};
// Called once, in a later turn of the reactor. Errors: Timeout, Invalid (the request cannot be sent as it is), Unavailable
// (no socket), Unsupported, Limit (too many requests wait). Of v3: Denied (the agent reports that user, authentication,
// privacy, security level or context are not its own; the text says which), Refused (the time window, or another report).
using Answered = std::function<void(Result<Answer>)>;

struct ExchangeOptions {
  net::Address bind_v4 = net::Address::any(net::Address::Family::V4);
  net::Address bind_v6 = net::Address::any(net::Address::Family::V6);
  std::size_t receive_buffer = 16U << 20;  // of each socket
  std::size_t max_in_flight = 2'048;       // answers expected at once; more wait here. Less, 512 at least, where the kernel
                                           // gives less buffer than they may need
  std::size_t max_waiting = 1U << 20;
  std::size_t max_connections = 512;  // TCP; the one idle for longest makes room
};

// All requests of one reactor, over one socket per address family. A request keeps its request-id through its retries, so
// that a late answer to an early try still counts, and each retry of a GETBULK asks for half the repetitions. What comes
// in and answers nothing is counted by cause and changes no deadline. An answer
// that cannot be read is given up on soon, for the next would be no better, unless a good one follows it.
// Once the round trip of a device is known (RFC 6298), the first try is sent again up to twice before its time-out; no
// answer is waited for shorter because of it. A device that never answered v2c is asked in v1 beside the last try, and what
// answers that, and v2c not even then, is spoken to in v1; v2c is tried again each hour. A device that loses requests sent side
// by side gets them one by one. v3 (RFC 3412, RFC 3414): the engine ID is asked for first, once for all that wait for it; a clock
// that went back and a new engine ID are followed within the request. An answer must have the level, user, engine and context of
// its request. Thread: the reactor's. Destroying it drops the callbacks of what is in flight.
class Exchanges {
 public:
  Exchanges(net::Reactor& reactor, Metrics& metrics, const ExchangeOptions& options, StateKeeper* keeper = nullptr);
  ~Exchanges();
  Exchanges(const Exchanges&) = delete;
  Exchanges& operator=(const Exchanges&) = delete;

  void request(const Target& target, const Ask& ask, Answered then);
  net::Reactor& reactor() { return reactor_; }
  std::size_t in_flight() const { return busy_; }
  DialectBook& dialects() { return dialects_; }
  // Asks for the engine ID anew; the kept record goes, too.
  void forget(const net::Endpoint& endpoint);
  // SNMPv3 engines as the keeper kept them, before the first request. A record that cannot be read is left out and told of in
  // the log. Errors: as StateStore::scan.
  Status remember(const StateStore& store);

 private:
  struct Exchange;
  struct Device;
  struct Connection;
  // Why an answer to a request under way is not believed.
  enum class Distrust : std::uint8_t {
    Version,
    Community,
    Kind,
    Digest,
    Privacy,
    Level,
    EngineOther,
    UserOther,
    RequestId,
    EngineId,
    Context,
    TimeWindow,
    LastBoots
  };
  // Request-ids name a slot and how often it was used, scrambled by a key of this process.
  static constexpr std::uint32_t kSlotBits = 20;
  static constexpr std::uint32_t kIdMask = 0x7fffffff;
  static constexpr int kProofs = 8;  // more silences before they are taken for more than loss
  enum class Cause : std::uint8_t { Malformed, UnknownId, Late, Duplicate, Address, Version, Community, Type, Security, Count };
  struct PeerNote {
    std::uint32_t malformed = 0;
    ber::Fault fault = ber::Fault::None;
  };

  std::int32_t id_of(const Exchange& exchange) const;
  // The one that had it last, and how many ids it had since; nullptr for an id that was never given out.
  Exchange* find(std::int32_t request_id, std::uint32_t& since);
  Exchange* take_slot();
  Exchange* addressee(std::int32_t id, const net::Endpoint& peer, Transport by);  // counts why there is none
  bool may_answer(const Exchange& exchange, const net::Endpoint& peer);
  void note_stranger(Exchange& exchange, const net::Endpoint& peer, std::string_view taken);
  void refuse_stranger(Exchange& exchange, const net::Endpoint& peer);
  void release(Exchange& exchange, bool answered);
  void fail_later(Exchange& exchange, Error error);
  void send(Exchange& exchange);
  void send_waiting();
  void send_early(Exchange& exchange);
  void ask_beside(Exchange& exchange);
  void probe_v1(Exchange& exchange);
  void ask_in(const Exchange& asker, Version version, Millis timeout, int retries, std::function<void(bool)> then);
  Millis hold(Exchange& exchange);
  void once_more(Exchange& exchange);
  void try_v2c(const Exchange& exchange, SteadyTime now);
  void speak_v1(Exchange& asker);
  void transmit(Exchange& exchange, net::DatagramSocket& socket, SteadyTime now);
  void unmatched(Cause cause, std::int32_t id, const Exchange* exchange, const net::Endpoint& peer);
  static void found_again(Dialect& dialect, int sendings);
  void malformed(const net::Datagram& datagram, ber::Fault fault);
  void unreadable(const net::Datagram& datagram, Transport by, ber::Fault fault, SteadyTime now);
  void give_up_soon(Exchange& exchange, ber::Fault fault, SteadyTime now);
  void reduce(Exchange& exchange);
  bool read_request(const Exchange& exchange, Decoder& decoder, Encoder& encoder, ScopedView& into) const;
  std::chrono::microseconds patience(const Exchange& exchange) const;
  void measure(Exchange& exchange, SteadyTime now);
  void crowd(Exchange& exchange, bool lost);
  void expired(Exchange& exchange);
  void given_up(const Exchange& exchange);
  Error timeout_error(const Exchange& exchange) const;
  net::DatagramSocket* socket_for(const net::Address& address, std::string& problem);
  void receive(std::span<const net::Datagram> datagrams);
  void receive_one(const net::Datagram& datagram, Transport by, SteadyTime now);
  void answered(Exchange& exchange, const MessageView& message, const net::Datagram& datagram, SteadyTime now);
  void finish(Exchange& exchange, Error error);

  // TCP
  Connection* connection_for(const net::Endpoint& endpoint, std::string& problem);
  bool close_idle();
  void send_stream(Exchange& exchange);
  static SteadyTime stream_wait(const Exchange& exchange, SteadyTime now);
  void write(Exchange& exchange);
  void leave(Exchange& exchange);
  template <class Act>
  void each_user(const Connection& connection, const Act& act);
  void opened(Connection& connection);
  void received(Connection& connection, Octets octets);
  void closed(Connection& connection, const std::string& problem);
  void doubt_stream(const Exchange& exchange);
  static Error stream_error(const Target& target, const std::string& problem);

  // v3
  Status prepare(Exchange& exchange);
  Device& device_of(const net::Endpoint& endpoint);
  bool waits(Exchange& exchange);
  void derive_keys(Device& device, const std::shared_ptr<const User>& user);
  void keys_made(Device& device, std::uint32_t epoch, const std::shared_ptr<const User>& user, LocalKeys keys);
  void reset_clock(const Exchange& exchange, const SecuredView& message, SteadyTime now);
  void note_clock(const Device& device, std::int32_t boots, std::int32_t time, const SecuredView& message);
  void let_go_engine_id(const Device& device);
  void note_size(const Device& device, std::int32_t max_size);
  void save(Device& device, SteadyTime now);
  Octets secured(Exchange& exchange);
  void receive_secured(const net::Datagram& datagram, Transport by, SteadyTime now);
  void discovered(Exchange& exchange, const SecuredView& message, SteadyTime now);
  void end_discovery(Exchange& exchange, const Error* error);
  void reported(Exchange& exchange, const SecuredView& message, const ScopedView& report, SteadyTime now);
  void send_again(Exchange& exchange);
  Error clock_error(const Exchange& exchange);
  void distrust(Exchange& exchange, Distrust why, const net::Endpoint& peer);
  static std::string_view to_text(Distrust why);
  void probe(Exchange& exchange);
  void probe_with(const Exchange& exchange, std::shared_ptr<const Credentials> credentials, Millis timeout, int retries,
                  std::function<void(bool)> then);
  std::function<void(bool)> met(const Exchange& exchange, bool Exchange::*without);
  void prove(Exchange& exchange);
  std::string trust_problem(const Exchange& exchange) const;
  void discard(Cause cause, const net::Endpoint& peer, ber::Fault fault = ber::Fault::None);

  net::Reactor& reactor_;
  const ExchangeOptions options_;
  StateKeeper* const keeper_;
  DialectBook dialects_;
  std::uint32_t multiplier_, inverse_, offset_;
  std::deque<Exchange> slots_;  // stays where it is
  std::deque<std::uint32_t> free_;
  std::deque<std::uint32_t> waiting_;
  std::unordered_map<DialectBook::Known*, std::deque<std::uint32_t>> held_;  // for the device's limit of requests at once
  std::size_t busy_ = 0;                                                     // slots in use
  std::size_t fresh_ = 0;  // of them sent and within their first try: the ones that count against max_in_flight
  std::size_t most_fresh_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for what is posted and may run after the end
  std::unordered_map<net::Endpoint, PeerNote> notes_;
  std::unique_ptr<net::DatagramSocket> v4_, v6_;
  Encoder encoder_;
  Decoder decoder_;
  std::unordered_map<net::Endpoint, std::unique_ptr<Device>> devices_;
  std::unordered_map<net::Endpoint, std::unique_ptr<Connection>> connections_;
  std::size_t connections_open_ = 0;                           // or opening
  std::unordered_map<std::string, net::Endpoint> engine_ids_;  // who had it first
  SecuredWriter secured_;
  std::vector<std::uint8_t> plain_;  // deciphered
  std::uint64_t salt_;
  log::Gate gate_;
  Counter& requests_;
  Counter& retries_;
  Counter& answers_;
  Counter& timeouts_;
  Counter& varbinds_;
  Counter& discoveries_;
  Counter& resyncs_;
  Counter& connects_;
  Counter& engine_changes_;
  Counter& duplicate_engines_;
  Gauge& in_flight_;
  Gauge& kernel_drops_;
  std::array<Counter*, static_cast<std::size_t>(Cause::Count)> discarded_{};
};

}  // namespace bongsu::snmp
