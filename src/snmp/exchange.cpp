// SPDX-License-Identifier: Apache-2.0
#include "snmp/exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "snmp/exchange_state.h"

namespace bongsu::snmp {
namespace {

constexpr std::size_t kMaxNotes = 1'024;
constexpr std::size_t kMostOctets = 65'507;  // of a datagram
constexpr std::size_t kLeastInFlight = 512;
constexpr std::chrono::milliseconds kGrace{1'000};  // of a v3 request that was sent again, beyond its tries
constexpr std::size_t kBufferOfAnswer = 4'096;      // what the kernel charges for an answer of a full frame, and some more

// x * inverse_of(x) = 1 modulo 2^32, for an odd x (Newton).
std::uint32_t inverse_of(std::uint32_t x) {
  std::uint32_t y = x;
  for (int i = 0; i < 5; ++i) y *= 2 - x * y;
  return y;
}

}  // namespace

Exchanges::Exchanges(net::Reactor& reactor, Metrics& metrics, const ExchangeOptions& options)
    : reactor_(reactor),
      options_(options),
      dialects_(reactor.clock()),
      multiplier_(reactor.random().next32() | 1),
      inverse_(inverse_of(multiplier_)),
      offset_(reactor.random().next32() & kIdMask),
      most_fresh_(options.max_in_flight),
      salt_(reactor.random().next()),
      requests_(metrics.counter("bongsu_snmp_requests_total", "SNMP requests, retries not counted")),
      retries_(metrics.counter("bongsu_snmp_retries_total", "SNMP requests sent again")),
      answers_(metrics.counter("bongsu_snmp_answers_total", "SNMP answers that matched a request")),
      timeouts_(metrics.counter("bongsu_snmp_timeouts_total", "SNMP requests that no try got an answer for")),
      varbinds_(metrics.counter("bongsu_snmp_varbinds_total", "Varbinds in SNMP answers")),
      discoveries_(metrics.counter("bongsu_snmp_discoveries_total", "SNMPv3 engine IDs asked for")),
      resyncs_(metrics.counter("bongsu_snmp_resyncs_total",
                               "SNMPv3 requests sent again after a report on the agent's clock or engine ID")),
      engine_changes_(metrics.counter("bongsu_snmp_engine_changes_total", "SNMPv3 agents that came back with another engine ID")),
      duplicate_engines_(
          metrics.counter("bongsu_snmp_duplicate_engines_total", "SNMPv3 agents found with an engine ID that another agent has")),
      in_flight_(metrics.gauge("bongsu_snmp_in_flight", "SNMP requests under way or waiting to be sent")),
      kernel_drops_(metrics.gauge("bongsu_snmp_kernel_drops", "SNMP answers that the kernel dropped for want of buffer")) {
  static constexpr std::array<const char*, static_cast<std::size_t>(Cause::Count)> kCauses{
      "malformed", "unknown_id", "late", "duplicate", "address", "version", "community", "type", "security"};
  for (std::size_t i = 0; i < kCauses.size(); ++i)
    discarded_[i] = &metrics.counter("bongsu_snmp_discarded_total", "SNMP datagrams that answered nothing, by cause",
                                     {{"cause", kCauses[i]}});
}

Exchanges::~Exchanges() = default;

std::int32_t Exchanges::id_of(const Exchange& exchange) const {
  const std::uint32_t plain = exchange.generation << kSlotBits | exchange.slot;
  return static_cast<std::int32_t>((plain * multiplier_ + offset_) & kIdMask);
}

Exchanges::Exchange* Exchanges::find(std::int32_t request_id) {
  // Modulo 2^31 the inverse is the same, cut to 31 bits.
  const std::uint32_t plain = (static_cast<std::uint32_t>(request_id) - offset_) * inverse_ & kIdMask;
  const std::uint32_t slot = plain & ((1U << kSlotBits) - 1);
  if (request_id < 0 || slot >= slots_.size()) return nullptr;
  Exchange& exchange = slots_[slot];
  return (plain >> kSlotBits) == (exchange.generation & (kIdMask >> kSlotBits)) ? &exchange : nullptr;
}

Exchanges::Exchange* Exchanges::take_slot() {
  // The one free for longest, so that a request-id comes back as late as can be.
  if (free_.size() < 64 && slots_.size() < (1U << kSlotBits)) {
    slots_.emplace_back(*this, static_cast<std::uint32_t>(slots_.size()));
    slots_.back().generation = reactor_.random().next32();
    free_.push_front(slots_.back().slot);
  }
  if (free_.empty()) return nullptr;
  Exchange& exchange = slots_[free_.front()];
  free_.pop_front();
  ++exchange.generation;
  exchange.busy = true;
  exchange.tries = 0;
  in_flight_.set(static_cast<double>(++busy_));
  return &exchange;
}

void Exchanges::release(Exchange& exchange, bool answered) {
  exchange.cancel();
  exchange.busy = false;
  exchange.last_answered = answered;
  exchange.failed.reset();
  exchange.target.credentials.reset();
  exchange.device = nullptr;
  if (exchange.fresh) --fresh_;
  exchange.fresh = false;
  free_.push_back(exchange.slot);
  in_flight_.set(static_cast<double>(--busy_));
}

void Exchanges::fail_later(Exchange& exchange, Error error) {
  exchange.failed = std::move(error);
  reactor_.timers().arm(exchange, reactor_.clock().steady());
}

net::DatagramSocket* Exchanges::socket_for(const net::Address& address, std::string& problem) {
  auto& socket = address.is_v4() ? v4_ : v6_;
  if (socket) return socket.get();
  net::SocketSpec spec;
  spec.bind = {address.is_v4() ? options_.bind_v4 : options_.bind_v6, 0};
  spec.receive_buffer = options_.receive_buffer;
  spec.count_drops = true;
  auto opened = reactor_.open(spec);
  if (!opened) {
    problem = opened.error().text;
    return nullptr;
  }
  socket = std::move(*opened);
  most_fresh_ = std::min(most_fresh_, std::max(kLeastInFlight, socket->receive_buffer() / kBufferOfAnswer));
  socket->on_receive([this](std::span<const net::Datagram> datagrams) { receive(datagrams); });
  return socket.get();
}

void Exchanges::request(const Target& target, const Ask& ask, Answered then) {
  Exchange* exchange = waiting_.size() < options_.max_waiting ? take_slot() : nullptr;
  if (exchange == nullptr) {
    reactor_.post([then = std::move(then), name = target.name, alive = std::weak_ptr(alive_)] {
      if (alive.expired()) return;
      then(Error{Code::Limit, name + ": too many SNMP requests wait; poll less often or spread the devices over more machines"});
    });
    return;
  }
  exchange->then = std::move(then);
  exchange->target = target;
  exchange->type = ask.type;
  if (!target.credentials) return fail_later(*exchange, {Code::Invalid, target.name + ": no credentials to ask with"});
  const Credentials& credentials = *target.credentials;
  encoder_.start();
  for (const VarbindView& varbind : ask.varbinds) encoder_.add(varbind.name, varbind.value);
  exchange->request_id = id_of(*exchange);
  const PduHead head{ask.type, exchange->request_id, ask.non_repeaters, ask.max_repetitions};
  Octets octets;
  if (credentials.version == Version::V3) {
    if (auto ready = prepare(*exchange); !ready) return fail_later(*exchange, std::move(ready).error());
    octets = encoder_.finish_pdu(head);
  } else {
    octets = encoder_.finish(credentials.version, credentials.community.reveal(), head);
  }
  if (octets.size() > kMostOctets)
    return fail_later(*exchange, {Code::Invalid, target.name + ": a request of " + std::to_string(octets.size()) +
                                                     " octets does not fit a datagram"});
  exchange->datagram.assign(octets.begin(), octets.end());
  exchange->repetitions_at = ask.type == PduType::GetBulk && ask.max_repetitions <= 127 ? encoder_.repetitions_at() : 0;
  requests_.add();
  if (fresh_ >= most_fresh_) {
    waiting_.push_back(exchange->slot);
    return;
  }
  send(*exchange);
}

void Exchanges::send(Exchange& exchange) {
  std::string problem;
  net::DatagramSocket* socket = socket_for(exchange.target.endpoint.address, problem);
  if (socket == nullptr) return fail_later(exchange, {Code::Unavailable, exchange.target.name + ": " + problem});
  const SteadyTime now = reactor_.clock().steady();
  if (exchange.device != nullptr && waits_for_discovery(exchange)) return;
  if (exchange.tries == 0) {
    exchange.fresh = true;
    ++fresh_;
    exchange.deadline = now + exchange.target.timeout * (1 + exchange.target.retries) + kGrace;
  } else {
    retries_.add();
    const bool discovering = exchange.device != nullptr && exchange.device->discovering == &exchange;
    if (exchange.repetitions_at != 0 && !discovering) {
      std::uint8_t& repetitions = exchange.datagram[exchange.repetitions_at];
      if (repetitions > 1) repetitions /= 2;
    }
  }
  ++exchange.tries;
  exchange.sent = now;
  socket->send(exchange.target.endpoint, exchange.device != nullptr ? secured(exchange) : Octets(exchange.datagram));
  reactor_.timers().arm(exchange, exchange.sent + exchange.target.timeout);
  if (exchange.device != nullptr && exchange.tries > exchange.target.retries) probe(exchange);
}

void Exchanges::send_waiting() {
  while (!waiting_.empty() && fresh_ < most_fresh_) {
    Exchange& exchange = slots_[waiting_.front()];
    waiting_.pop_front();
    send(exchange);
  }
}

void Exchanges::expired(Exchange& exchange) {
  if (exchange.failed) {
    Error error = std::move(*exchange.failed);
    finish(exchange, std::move(error));
    return;
  }
  if (exchange.tries <= exchange.target.retries &&
      (exchange.device == nullptr || reactor_.clock().steady() < exchange.deadline)) {
    if (exchange.fresh) --fresh_;
    exchange.fresh = false;
    send(exchange);
  } else {
    timeouts_.add();
    finish(exchange, timeout_error(exchange));
  }
  send_waiting();
}

void Exchanges::finish(Exchange& exchange, Error error) {
  end_discovery(exchange, &error);
  const Answered then = std::move(exchange.then);
  release(exchange, false);
  then(std::move(error));
}

Error Exchanges::timeout_error(const Exchange& exchange) const {
  const Target& target = exchange.target;
  std::string what(to_string(exchange.type));
  Decoder decoder;
  Encoder encoder;
  ScopedView request;
  encoder.start();
  if (exchange.device != nullptr) encoder.add_raw(exchange.datagram);
  const ber::Fault unread = exchange.device != nullptr ? decoder.decode_scoped(encoder.scope({}, {}), request)
                                                       : decoder.decode(exchange.datagram, request);
  if (unread == ber::Fault::None && !request.varbinds.empty()) {
    what += " of " + request.varbinds.front().name.to_oid().to_string();
    if (const std::size_t more = request.varbinds.size() - 1; more > 0) what += fmt::format(" and {} more", more);
  }
  std::string text = fmt::format("{} ({}): no answer to {} in {} {} of {}", target.name, target.endpoint.to_string(), what,
                                 exchange.tries, exchange.tries == 1 ? "try" : "tries", format_duration(target.timeout));
  if (const auto note = notes_.find(target.endpoint); note != notes_.end())
    return {Code::Timeout, text + fmt::format("; {} datagrams from it could not be read (last: {}), so look at its agent",
                                              note->second.malformed, ber::to_error(note->second.fault).text)};
  if (exchange.device != nullptr) {
    const Code code = exchange.distrusted > 0  ? Code::Timeout
                      : exchange.context_wrong ? Code::NotFound
                      : exchange.privacy_wrong ? Code::Denied
                                               : Code::Timeout;
    return {code, text + "; " + trust_problem(exchange)};
  }
  return {Code::Timeout,
          text + fmt::format("; check that it is up, that its agent listens on this port and lets this host in, and that the "
                             "community and version ({}) of credentials \"{}\" are its own",
                             to_string(target.credentials->version), target.credentials->name)};
}

void Exchanges::discard(Cause cause, const net::Endpoint& peer, ber::Fault fault) {
  discarded_[static_cast<std::size_t>(cause)]->add();
  if (cause != Cause::Malformed) return;
  if (notes_.size() < kMaxNotes || notes_.contains(peer)) {
    PeerNote& note = notes_[peer];
    ++note.malformed;
    note.fault = fault;
  }
  if (std::uint64_t suppressed = 0; gate_.open(reactor_.clock().steady(), suppressed))
    log::warning("SNMP datagram from {} cannot be read: {} ({} more since the last such line)", peer.to_string(),
                 ber::to_error(fault).text, suppressed);
}

void Exchanges::receive(std::span<const net::Datagram> datagrams) {
  const SteadyTime now = reactor_.clock().steady();
  for (const net::Datagram& datagram : datagrams) receive_one(datagram, now);
  if (!waiting_.empty()) send_waiting();
  const std::uint64_t drops = (v4_ ? v4_->kernel_drops() : 0) + (v6_ ? v6_->kernel_drops() : 0);
  if (drops != 0) kernel_drops_.set(static_cast<double>(drops));
}

Exchanges::Exchange* Exchanges::addressee(std::int32_t id, const net::Endpoint& peer) {
  Exchange* exchange = find(id);
  const auto none = [&](Cause cause) {
    discard(cause, peer);
    return nullptr;
  };
  if (exchange == nullptr || (!exchange->busy && exchange->tries == 0)) return none(Cause::UnknownId);
  if (peer != exchange->target.endpoint) return none(Cause::Address);
  if (!exchange->busy) return none(exchange->last_answered ? Cause::Duplicate : Cause::Late);
  if (exchange->tries == 0 || exchange->failed) return none(Cause::UnknownId);
  return exchange;
}

void Exchanges::receive_one(const net::Datagram& datagram, SteadyTime now) {
  MessageView message;
  const ber::Fault fault = decoder_.decode(datagram.data, message);
  if (fault == ber::Fault::Version) return receive_secured(datagram, now);
  if (fault != ber::Fault::None) return discard(Cause::Malformed, datagram.peer, fault);
  if (message.type != PduType::Response) return discard(Cause::Type, datagram.peer);
  Exchange* exchange = addressee(message.request_id, datagram.peer);
  if (exchange == nullptr) return;
  const Credentials& credentials = *exchange->target.credentials;
  if (message.version != credentials.version) return discard(Cause::Version, datagram.peer);
  if (message.community != credentials.community.reveal()) return discard(Cause::Community, datagram.peer);
  answered(*exchange, message, datagram, now);
}

void Exchanges::answered(Exchange& exchange, const MessageView& message, const net::Datagram& datagram, SteadyTime now) {
  answers_.add();
  varbinds_.add(message.varbinds.size());
  if (!notes_.empty()) notes_.erase(datagram.peer);
  const Answer answer{message.error_status, message.error_index, message.varbinds, datagram.data.size(),
                      std::chrono::duration_cast<std::chrono::microseconds>(now - exchange.sent)};
  const Answered then = std::move(exchange.then);
  release(exchange, true);
  then(answer);
}

}  // namespace bongsu::snmp
