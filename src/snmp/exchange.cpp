// SPDX-License-Identifier: Apache-2.0
#include "snmp/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "snmp/exchange_state.h"

namespace bongsu::snmp {
namespace {

constexpr std::size_t kMaxNotes = 1'024;
constexpr std::size_t kMostOctets = 65'507;  // of a datagram
constexpr std::size_t kLeastInFlight = 512;
constexpr std::chrono::microseconds kLeastPatience{200'000};
constexpr int kMostEarly = 2;                     // sendings before the time-out of the first try
constexpr int kCrowdedLost = 4, kAloneAsked = 4;  // before a limit of requests at once is believed in
constexpr float kLossWeight = 1.0F / 32, kLossShown = 0.08F;
constexpr std::uint32_t kLossTries = 50;
constexpr std::uint32_t kWrongIds = 3;          // before they say something of the agent
constexpr std::size_t kShownOctets = 48;        // of a datagram as evidence
constexpr Millis kBetterOne{50};                // that may follow an answer that cannot be read
constexpr std::size_t kBufferOfAnswer = 4'096;  // what the kernel charges for an answer of a full frame, and some more

// x * inverse_of(x) = 1 modulo 2^32, for an odd x (Newton).
std::uint32_t inverse_of(std::uint32_t x) {
  std::uint32_t y = x;
  for (int i = 0; i < 5; ++i) y *= 2 - x * y;
  return y;
}

}  // namespace

Exchanges::Exchanges(net::Reactor& reactor, Metrics& metrics, const ExchangeOptions& options, StateKeeper* keeper)
    : reactor_(reactor),
      options_(options),
      keeper_(keeper),
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
      connects_(metrics.counter("bongsu_snmp_connects_total", "TCP connections to SNMP agents begun")),
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

Exchanges::Exchange* Exchanges::find(std::int32_t request_id, std::uint32_t& since) {
  // Modulo 2^31 the inverse is the same, cut to 31 bits.
  const std::uint32_t plain = (static_cast<std::uint32_t>(request_id) - offset_) * inverse_ & kIdMask;
  const std::uint32_t slot = plain & ((1U << kSlotBits) - 1);
  if (request_id < 0 || slot >= slots_.size()) return nullptr;
  Exchange& exchange = slots_[slot];
  since = (exchange.generation - (plain >> kSlotBits)) & (kIdMask >> kSlotBits);
  return since < exchange.generation - exchange.born ? &exchange : nullptr;
}

Exchanges::Exchange* Exchanges::take_slot() {
  // The one free for longest, so that a request-id comes back as late as can be.
  if (free_.size() < 64 && slots_.size() < (1U << kSlotBits)) {
    slots_.emplace_back(*this, static_cast<std::uint32_t>(slots_.size()));
    slots_.back().generation = slots_.back().born = reactor_.random().next32();
    free_.push_front(slots_.back().slot);
  }
  if (free_.empty()) return nullptr;
  Exchange& exchange = slots_[free_.front()];
  free_.pop_front();
  exchange.first = ++exchange.generation;
  exchange.busy = true;
  exchange.tries = exchange.early = 0;
  exchange.distrusted = 0;
  exchange.unreadable = ber::Fault::None;
  exchange.reducible = exchange.reduced = exchange.asks_version = exchange.once = false;
  exchange.known = nullptr;
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
  exchange.stranger.reset();
  exchange.again = false;
  leave(exchange);
  if (exchange.fresh) --fresh_;
  exchange.fresh = false;
  free_.push_back(exchange.slot);
  in_flight_.set(static_cast<double>(--busy_));
  if (!std::exchange(exchange.counted, false)) return;
  --exchange.known->second.under_way;
  if (held_.empty()) return;
  const auto held = held_.find(exchange.known);
  if (held == held_.end()) return;
  waiting_.push_back(held->second.front());
  slots_[held->second.front()].counted = true;
  ++exchange.known->second.under_way;
  held->second.pop_front();
  if (held->second.empty()) held_.erase(held);
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
  exchange->names = ask.varbinds.size();
  exchange->repetitions = ask.type == PduType::GetBulk ? ask.max_repetitions : 0;
  exchange->reducible = ask.reducible;
  exchange->once = ask.once;
  exchange->known = ask.known != nullptr ? ask.known : &dialects_.known(target.endpoint);
  if (!target.credentials) return fail_later(*exchange, {Code::Invalid, target.name + ": no credentials to ask with"});
  const Credentials& credentials = *target.credentials;
  encoder_.start();
  for (const VarbindView& varbind : ask.varbinds) encoder_.add(varbind.name, varbind.value);
  exchange->request_id = id_of(*exchange);
  const PduHead head{ask.type, exchange->request_id, ask.non_repeaters, ask.max_repetitions};
  Octets octets;
  exchange->version =
      credentials.version == Version::V2c && exchange->known->second.dialect.v1 ? Version::V1 : credentials.version;
  if (exchange->version == Version::V1 && ask.type == PduType::GetBulk)
    return fail_later(*exchange, {Code::Unsupported, target.name + ": SNMPv1 has no GETBULK; ask with GETNEXT"});
  if (credentials.version == Version::V3) {
    if (auto ready = prepare(*exchange); !ready) return fail_later(*exchange, std::move(ready).error());
    octets = encoder_.finish_pdu(head);
  } else {
    octets = encoder_.finish(exchange->version, credentials.community.reveal(), head);
  }
  if (octets.size() > kMostOctets)
    return fail_later(*exchange, {Code::Invalid, target.name + ": a request of " + std::to_string(octets.size()) +
                                                     " octets does not fit a datagram"});
  exchange->datagram.assign(octets.begin(), octets.end());
  exchange->repetitions_at = ask.type == PduType::GetBulk && ask.max_repetitions <= 127 ? encoder_.repetitions_at() : 0;
  requests_.add();
  const std::size_t most = exchange->known->second.dialect.in_flight;
  if (most != 0 && exchange->known->second.under_way >= most) {
    held_[exchange->known].push_back(exchange->slot);
    return;
  }
  exchange->counted = true;
  ++exchange->known->second.under_way;
  if (fresh_ >= most_fresh_) {
    waiting_.push_back(exchange->slot);
    return;
  }
  send(*exchange);
}

// How long to wait for an answer before asking again: RFC 6298 section 2.
std::chrono::microseconds Exchanges::patience(const Exchange& exchange) const {
  const Dialect& dialect = exchange.known->second.dialect;
  if (dialect.srtt.count() == 0) return exchange.target.timeout;
  const std::chrono::microseconds wait = dialect.srtt + 4 * std::chrono::microseconds(dialect.rttvar);
  return std::min<std::chrono::microseconds>(std::max<std::chrono::microseconds>(wait, kLeastPatience), exchange.target.timeout);
}

void Exchanges::send(Exchange& exchange) {
  if (exchange.target.transport == Transport::Tcp) return send_stream(exchange);
  std::string problem;
  net::DatagramSocket* socket = socket_for(exchange.target.endpoint.address, problem);
  if (socket == nullptr) return fail_later(exchange, {Code::Unavailable, exchange.target.name + ": " + problem});
  const SteadyTime now = reactor_.clock().steady();
  // An engine ID of an earlier process that is not answered at once may be that of a device that is gone.
  if (exchange.device != nullptr && exchange.tries > 0 && exchange.device->engine.restored()) exchange.device->doubted = true;
  if (exchange.device != nullptr && waits(exchange)) return;
  if (exchange.tries == 0) {
    exchange.fresh = true;
    ++fresh_;
    exchange.started = now;
    exchange.wrong_before = exchange.known->second.wrong_ids;
    exchange.crowded = exchange.known->second.under_way > 1;
    exchange.deadline = now + exchange.target.timeout * (1 + exchange.target.retries) + kGrace;
  } else {
    retries_.add();
    if (exchange.tries == 1 && exchange.early == 0) crowd(exchange, true);
    const bool discovering = exchange.device != nullptr && exchange.device->discovering == &exchange;
    if (exchange.repetitions_at != 0 && !discovering) {
      std::uint8_t& repetitions = exchange.datagram[exchange.repetitions_at];
      if (repetitions > 1) repetitions /= 2;
    }
    if (exchange.reducible && exchange.tries == exchange.target.retries && !discovering) reduce(exchange);
  }
  ++exchange.tries;
  transmit(exchange, *socket, now);
  if (exchange.tries > exchange.target.retries) ask_beside(exchange);
}

// Again within the time-out of the first try.
void Exchanges::send_early(Exchange& exchange) {
  std::string problem;
  net::DatagramSocket* socket = socket_for(exchange.target.endpoint.address, problem);
  if (socket == nullptr) return fail_later(exchange, {Code::Unavailable, exchange.target.name + ": " + problem});
  if (exchange.device != nullptr && waits(exchange)) return;
  retries_.add();
  if (exchange.early == 0) crowd(exchange, true);
  ++exchange.early;
  transmit(exchange, *socket, reactor_.clock().steady());
}

void Exchanges::transmit(Exchange& exchange, net::DatagramSocket& socket, SteadyTime now) {
  exchange.sent = now;
  socket.send(exchange.target.endpoint, exchange.device != nullptr ? secured(exchange) : Octets(exchange.datagram));
  SteadyTime until = now + exchange.target.timeout;
  if (exchange.tries == 1) {
    until = exchange.started + exchange.target.timeout;
    // 1, 3 and 7 times the patience after the start.
    if (exchange.early < kMostEarly && exchange.type != PduType::Set && !exchange.once)
      until = std::min(until, now + (1 << exchange.early) * std::chrono::duration_cast<SteadyTime::duration>(patience(exchange)));
  }
  reactor_.timers().arm(exchange, until);
}

bool Exchanges::read_request(const Exchange& exchange, Decoder& decoder, Encoder& encoder, ScopedView& into) const {
  if (exchange.device == nullptr) return decoder.decode(exchange.datagram, into) == ber::Fault::None;
  encoder.start();
  encoder.add_raw(exchange.datagram);
  return decoder.decode_scoped(encoder.scope({}, {}), into) == ber::Fault::None;
}

void Exchanges::reduce(Exchange& exchange) {
  Decoder decoder;
  Encoder encoder;
  ScopedView request;
  if (!read_request(exchange, decoder, encoder, request) || request.varbinds.empty()) return;
  if (request.varbinds.size() == 1 && request.type != PduType::GetBulk) return;
  ++exchange.generation;
  exchange.request_id = id_of(exchange);
  exchange.reduced = true;
  exchange.repetitions_at = 0;
  const PduHead head{request.type == PduType::GetBulk ? PduType::GetNext : request.type, exchange.request_id, 0, 0};
  encoder_.start();
  encoder_.add(request.varbinds.front().name, request.varbinds.front().value);
  const Octets octets = exchange.device != nullptr
                            ? encoder_.finish_pdu(head)
                            : encoder_.finish(exchange.version, exchange.target.credentials->community.reveal(), head);
  exchange.datagram.assign(octets.begin(), octets.end());
}

// Whether first tries get lost when the device has several, and not when it has one alone.
void Exchanges::crowd(Exchange& exchange, bool lost) {
  DialectBook::Entry& entry = exchange.known->second;
  std::uint8_t& all = exchange.crowded ? entry.crowded : entry.alone;
  std::uint8_t& missed = exchange.crowded ? entry.crowded_lost : entry.alone_lost;
  if (++all >= 64) {
    all /= 2;
    missed /= 2;
  }
  if (!lost) return;
  ++missed;
  if (!exchange.crowded || entry.crowded_lost < kCrowdedLost || entry.crowded_lost * 4 < entry.crowded ||
      entry.alone < kAloneAsked || entry.alone_lost * 8 > entry.alone || entry.dialect.in_flight == 1)
    return;
  const std::uint16_t now = std::max<std::uint16_t>(1, entry.under_way / 2);
  if (entry.dialect.in_flight != 0 && now >= entry.dialect.in_flight) return;
  entry.dialect.in_flight = static_cast<std::uint8_t>(std::min<std::uint16_t>(now, 255));
  dialects_.note(
      *exchange.known, Trait::InFlightLimit,
      fmt::format("{} of {} requests sent while others were under way got no answer at first, and {} of {} sent alone; "
                  "it is asked {} at once now",
                  entry.crowded_lost, entry.crowded, entry.alone_lost, entry.alone, entry.dialect.in_flight));
  dialects_.changed(*exchange.known);
  entry.crowded = entry.crowded_lost = 0;
}

// The round trip, and what got lost of it.
void Exchanges::measure(Exchange& exchange, SteadyTime now) {
  using Micros = decltype(Dialect::srtt);
  Dialect& dialect = exchange.known->second.dialect;
  const int sendings = exchange.tries + exchange.early;
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now - exchange.started).count();
  const auto rtt = static_cast<std::uint32_t>(std::clamp<std::int64_t>(since, 1, 60'000'000));
  if (sendings == 1) {
    crowd(exchange, false);
    if (dialect.srtt.count() == 0) {
      dialect.srtt = Micros(rtt);
      dialect.rttvar = Micros(rtt / 2);
    } else {
      const std::uint32_t srtt = dialect.srtt.count();
      dialect.rttvar = Micros((3 * dialect.rttvar.count() + (rtt > srtt ? rtt - srtt : srtt - rtt)) / 4);
      dialect.srtt = Micros(std::max(1U, (7 * srtt + rtt) / 8));
    }
  } else if (dialect.srtt.count() != 0 && rtt > dialect.srtt.count() && exchange.tries == 1) {
    // Which sending it answers is not known (Karn): the patience stays backed off until a clean one shrinks it.
    dialect.rttvar = Micros(std::max(dialect.rttvar.count(), (rtt - dialect.srtt.count()) / 4));
  }
  if (dialect.tries < UINT32_MAX && !exchange.asks_version) ++dialect.tries;
  // Where less was asked for in the end, or another connection had to be made, nothing need have been lost.
  if ((exchange.reduced && !exchange.whole) || exchange.target.transport == Transport::Tcp) return;
  dialect.loss += (static_cast<float>(sendings - 1) / static_cast<float>(sendings) - dialect.loss) * kLossWeight;
  if (sendings > 1 && dialect.loss >= kLossShown && dialect.tries >= kLossTries) {
    const std::function<std::string()> text = [&] {
      return fmt::format("{:.0f} % of requests or answers are lost of late; {} was answered after {} sendings",
                         dialect.loss * 100, to_string(exchange.type), sendings);
    };
    dialects_.note(*exchange.known, Trait::PacketLoss, text);
  }
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
    return send_waiting();
  }
  if (exchange.unreadable != ber::Fault::None) {
    end_discovery(exchange, nullptr);
    const Answer answer{.sendings = exchange.tries + exchange.early, .reduced = exchange.reduced, .fault = exchange.unreadable};
    const Answered then = std::move(exchange.then);
    release(exchange, true);
    then(answer);
    return send_waiting();
  }
  if (exchange.connection != nullptr) {
    if (exchange.fresh) --fresh_;
    exchange.fresh = false;
    if (std::exchange(exchange.again, false)) {
      send(exchange);
    } else if (reactor_.clock().steady() < exchange.deadline) {  // the time of the last try by UDP
      reactor_.timers().arm(exchange, exchange.deadline);
      if (exchange.connection->in.kept() == 0) ask_beside(exchange);  // else an answer is under way, and nothing gets past it
    } else {
      timeouts_.add();
      given_up(exchange);
      Error error = timeout_error(exchange);
      if (const std::size_t kept = exchange.connection->in.kept(); kept > 0)
        dialects_.note(
            *exchange.known, Trait::LateReply,
            fmt::format("{} octets of an answer to a {} came by TCP in {}, and not its end", kept, to_string(exchange.type),
                        format_duration(exchange.target.timeout * (1 + exchange.target.retries))));
      doubt_stream(exchange);
      finish(exchange, std::move(error));
    }
    return send_waiting();
  }
  if (exchange.tries == 1 && exchange.early < kMostEarly && exchange.type != PduType::Set && !exchange.once &&
      reactor_.clock().steady() < exchange.started + exchange.target.timeout) {
    if (exchange.fresh) --fresh_;
    exchange.fresh = false;
    send_early(exchange);
    return send_waiting();
  }
  if (exchange.tries <= exchange.target.retries &&
      (exchange.device == nullptr || reactor_.clock().steady() < exchange.deadline)) {
    if (exchange.fresh) --fresh_;
    exchange.fresh = false;
    send(exchange);
  } else {
    timeouts_.add();
    given_up(exchange);
    exchange.known->second.dialect.srtt = exchange.known->second.dialect.rttvar = {};  // RFC 6298 section 5.7
    Error error = timeout_error(exchange);
    // Where something else was answered meanwhile, such as the same with less, the engine ID is right; and one that it has just
    // named is.
    if (exchange.device != nullptr && error.code == Code::Timeout && exchange.distrusted == 0 && !exchange.probe &&
        std::max(exchange.device->answered, exchange.device->named) <= exchange.started)
      exchange.device->doubted = true;
    finish(exchange, std::move(error));
  }
  send_waiting();
}

void Exchanges::finish(Exchange& exchange, Error error) {
  end_discovery(exchange, &error);
  const Answered then = std::move(exchange.then);
  release(exchange, false);
  then(std::move(error));
}

// What came in place of an answer counts only now: while it may still come, an odd datagram proves nothing.
void Exchanges::given_up(const Exchange& exchange) {
  DialectBook::Entry& entry = exchange.known->second;
  if (entry.given_up < 255) ++entry.given_up;
  if (entry.wrong_ids == exchange.wrong_before || entry.wrong_ids < kWrongIds) return;
  const std::function<std::string()> text = [&] {
    return fmt::format(
        "an answer with request-id {}, which was not asked with; {} such came while a {} waited, and it got no other",
        entry.wrong_id, entry.wrong_ids - exchange.wrong_before, to_string(exchange.type));
  };
  dialects_.note(*exchange.known, Trait::WrongRequestId, text);
}

Error Exchanges::timeout_error(const Exchange& exchange) const {
  const Target& target = exchange.target;
  std::string what(to_string(exchange.type));
  Decoder decoder;
  Encoder encoder;
  ScopedView request;
  if (read_request(exchange, decoder, encoder, request) && !request.varbinds.empty()) {
    what += " of " + request.varbinds.front().name.to_oid().to_string();
    if (const std::size_t more = exchange.names - 1; exchange.names > 1) what += fmt::format(" and {} more", more);
  }
  std::string text = fmt::format("{}: no answer to {} in {} {} of {}", who(target), what, exchange.tries,
                                 exchange.tries == 1 ? "try" : "tries", format_duration(target.timeout));
  if (target.transport == Transport::Tcp)
    text = fmt::format("{}: no answer to {} in {}{}", who(target), what, format_duration(target.timeout * (1 + target.retries)),
                       exchange.connection != nullptr && exchange.connection->state == Connection::State::Opening
                           ? ", the connection is not even made"
                       : exchange.connection != nullptr && exchange.connection->in.kept() > 0
                           ? fmt::format(", but {} octets of an answer that does not end", exchange.connection->in.kept())
                           : std::string());
  if (exchange.stranger)
    return {Code::Timeout,
            text + fmt::format("; answers came from {}, and are not believed: add reply_from: [{}] to the device if "
                               "that address is its own",
                               exchange.stranger->to_string(), exchange.stranger->address.to_string())};
  if (const auto note = notes_.find(target.endpoint); note != notes_.end())
    return {Code::Timeout, text + fmt::format("; {} datagrams from it could not be read (last: {}), so look at its agent",
                                              note->second.malformed, ber::to_error(note->second.fault).text)};
  if (const DialectBook::Entry& entry = exchange.known->second; entry.wrong_ids != exchange.wrong_before)
    return {
        Code::Timeout,
        text + fmt::format("; {} answers came with request-ids that were not asked with (the last: {}), and are not believed, "
                           "so look at its agent",
                           entry.wrong_ids - exchange.wrong_before, entry.wrong_id)};
  if (exchange.device != nullptr) {
    const Code code = exchange.distrusted > 0 ? Code::Timeout : exchange.convicted ? Code::Denied : Code::Timeout;
    return {code, text + "; " + trust_problem(exchange)};
  }
  if (exchange.distrusted > 0) return {Code::Timeout, text + "; " + trust_problem(exchange)};
  return {Code::Timeout,
          text + fmt::format("; check that it is up, that its agent listens on this port and lets this host in, and that the "
                             "community and version ({}) of credentials \"{}\" are its own",
                             to_string(target.credentials->version), target.credentials->name)};
}

void Exchanges::discard(Cause cause, const net::Endpoint& peer, ber::Fault fault) {
  discarded_[static_cast<std::size_t>(cause)]->add();
  if (cause != Cause::Malformed) return;
  if (dialects_.find_known(peer) != nullptr && (notes_.size() < kMaxNotes || notes_.contains(peer))) {
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
  for (const net::Datagram& datagram : datagrams) receive_one(datagram, Transport::Udp, now);
  if (!waiting_.empty()) send_waiting();
  const std::uint64_t drops = (v4_ ? v4_->kernel_drops() : 0) + (v6_ ? v6_->kernel_drops() : 0);
  if (drops != 0) kernel_drops_.set(static_cast<double>(drops));
}

// Whether an answer from there is taken though nothing in it shows whose it is.
bool Exchanges::may_answer(const Exchange& exchange, const net::Endpoint& peer) {
  const Target& target = exchange.target;
  if (peer == target.endpoint) return true;
  if (target.transport != Transport::Udp) return false;
  for (const net::Network& network : target.reply_from)
    if (network.contains(peer.address)) return true;
  const DialectBook::Known* other = dialects_.find_known(peer);
  return other != nullptr && !other->second.polled_as.empty() && other->second.polled_as == target.name;
}

void Exchanges::note_stranger(Exchange& exchange, const net::Endpoint& peer, std::string_view taken) {
  exchange.known->second.dialect.reply_from = peer;
  const std::function<std::string()> text = [&] {
    return fmt::format("it was asked at {} and answered from {}; {}", exchange.target.endpoint.to_string(), peer.to_string(),
                       taken);
  };
  dialects_.note(*exchange.known, Trait::ReplyAddress, text);
}

void Exchanges::refuse_stranger(Exchange& exchange, const net::Endpoint& peer) {
  discard(Cause::Address, peer);
  if (exchange.target.transport != Transport::Udp) return;
  exchange.stranger = peer;
  note_stranger(exchange, peer,
                "such answers are not believed: add reply_from: [" + peer.address.to_string() +
                    "] to the device if that address is its own");
}

Exchanges::Exchange* Exchanges::addressee(std::int32_t id, const net::Endpoint& peer, Transport by) {
  std::uint32_t since = 0;
  Exchange* exchange = find(id, since);
  const auto none = [&](Cause cause) {
    discard(cause, peer);
    unmatched(cause, id, exchange, peer);
    return nullptr;
  };
  if (exchange != nullptr && since > exchange->generation - exchange->first) {  // of a request that is done with for long
    exchange = nullptr;
    return none(Cause::Late);
  }
  if (exchange == nullptr || (!exchange->busy && exchange->tries == 0)) return none(Cause::UnknownId);
  // Another address may do: whoever asks this sees to it.
  if (peer != exchange->target.endpoint && (!exchange->busy || since > 0 || exchange->tries == 0)) return none(Cause::Address);
  if (by != exchange->target.transport) return none(Cause::Address);
  exchange->whole = since == 1 && exchange->busy && exchange->reduced && exchange->device == nullptr;
  if (exchange->whole) return exchange;
  if (since > 0 && exchange->busy) {  // sent again under another id meanwhile: it is neither given up nor answered
    discard(Cause::Late, peer);
    return nullptr;
  }
  if (!exchange->busy) return none(exchange->last_answered ? Cause::Duplicate : Cause::Late);
  if (exchange->tries == 0 || exchange->failed) return none(Cause::UnknownId);
  return exchange;
}

// One of so many sendings that was taken for lost was late alone.
void Exchanges::found_again(Dialect& dialect, int sendings) {
  dialect.loss = std::max(0.0F, dialect.loss - kLossWeight / static_cast<float>(std::max(sendings, 1)));
}

// What an answer that nobody waits for says of the device that sent it.
void Exchanges::unmatched(Cause cause, std::int32_t id, const Exchange* exchange, const net::Endpoint& peer) {
  DialectBook::Known* known = dialects_.find_known(peer);
  if (known == nullptr) return;
  std::function<std::string()> text;
  switch (cause) {
    case Cause::UnknownId:
      if (known->second.under_way == 0) return;
      ++known->second.wrong_ids;
      known->second.wrong_id = id;
      return;
    case Cause::Duplicate:
      if (exchange->tries + exchange->early > 1) {  // so what was taken for lost was not
        found_again(known->second.dialect, exchange->tries + exchange->early);
        return;
      }
      text = [&] { return fmt::format("a second answer to a {} that was sent once", to_string(exchange->type)); };
      return dialects_.note(*known, Trait::DuplicateReply, text);
    case Cause::Late:
      if (exchange == nullptr) found_again(known->second.dialect, kMostEarly + 1);
      if (known->second.given_up > 0) --known->second.given_up;
      else if (exchange == nullptr) return;  // which may have been answered as well
      text = [&] {
        if (exchange == nullptr) return std::string("an answer to a request that was given up some time before");
        const auto after = std::chrono::duration_cast<Millis>(reactor_.clock().steady() - exchange->started);
        return fmt::format("an answer to a {} came {} after it was asked and was given up", to_string(exchange->type),
                           format_duration(after));
      };
      return dialects_.note(*known, Trait::LateReply, text);
    default:
      return;
  }
}

void Exchanges::malformed(const net::Datagram& datagram, ber::Fault fault) {
  discard(Cause::Malformed, datagram.peer, fault);
  DialectBook::Known* known = dialects_.find_known(datagram.peer);
  if (known == nullptr) return;
  const std::function<std::string()> text = [&] {
    return fmt::format("{}, in a datagram of {} octets: {}{}", ber::to_error(fault).text, datagram.data.size(),
                       to_hex(datagram.data.first(std::min(kShownOctets, datagram.data.size()))),
                       datagram.data.size() > kShownOctets ? "..." : "");
  };
  dialects_.note(*known, Trait::Malformed, text);
}

// A message with a fault. Where it shows what it answers, the request need not wait for its time-out.
void Exchanges::unreadable(const net::Datagram& datagram, Transport by, ber::Fault fault, SteadyTime now) {
  malformed(datagram, fault);
  MessageView head;
  if (!read_head(datagram.data, head) || head.type != PduType::Response) return;
  std::uint32_t since = 0;
  Exchange* exchange = find(head.request_id, since);
  if (exchange == nullptr || since > 0 || !exchange->busy || exchange->tries == 0 || exchange->failed ||
      exchange->device != nullptr || by != exchange->target.transport || datagram.peer != exchange->target.endpoint ||
      head.version != exchange->version || head.community != exchange->target.credentials->community.reveal())
    return;
  give_up_soon(*exchange, fault, now);
}

void Exchanges::give_up_soon(Exchange& exchange, ber::Fault fault, SteadyTime now) {
  if (exchange.unreadable == ber::Fault::None) reactor_.timers().arm(exchange, now + kBetterOne);
  exchange.unreadable = fault;
}

void Exchanges::receive_one(const net::Datagram& datagram, Transport by, SteadyTime now) {
  MessageView message;
  const ber::Fault fault = decoder_.decode(datagram.data, message);
  if (fault == ber::Fault::Version) return receive_secured(datagram, by, now);
  if (fault != ber::Fault::None) return unreadable(datagram, by, fault, now);
  if (message.type != PduType::Response) {
    std::uint32_t since = 0;
    Exchange* asked = find(message.request_id, since);
    if (asked == nullptr || since > 0 || !asked->busy || datagram.peer != asked->target.endpoint)
      return discard(Cause::Type, datagram.peer);
    return distrust(*asked, Distrust::Kind, datagram.peer);
  }
  Exchange* exchange = addressee(message.request_id, datagram.peer, by);
  if (exchange == nullptr) return;
  if (!may_answer(*exchange, datagram.peer)) return refuse_stranger(*exchange, datagram.peer);
  const Credentials& credentials = *exchange->target.credentials;
  if (message.version != exchange->version) return distrust(*exchange, Distrust::Version, datagram.peer);
  if (message.community != credentials.community.reveal()) return distrust(*exchange, Distrust::Community, datagram.peer);
  answered(*exchange, message, datagram, now);
}

void Exchanges::answered(Exchange& exchange, const MessageView& message, const net::Datagram& datagram, SteadyTime now) {
  answers_.add();
  varbinds_.add(message.varbinds.size());
  if (!notes_.empty()) notes_.erase(datagram.peer);
  measure(exchange, now);
  if (exchange.connection != nullptr) {
    exchange.connection->answered = true;
    exchange.connection->backoff = Millis(0);
  }
  DialectBook::Entry& entry = exchange.known->second;
  entry.heard = now;
  if (entry.polled_as != exchange.target.name) entry.polled_as = exchange.target.name;
  if (datagram.peer != exchange.target.endpoint)
    note_stranger(exchange, datagram.peer,
                  exchange.device != nullptr ? "SNMPv3 vouches for it" : "that address is known as its own");
  const Answer answer{
      .error_status = message.error_status,
      .error_index = message.error_index,
      .varbinds = message.varbinds,
      .octets = datagram.data.size(),
      .rtt = std::chrono::duration_cast<std::chrono::microseconds>(now - exchange.sent),
      .sendings = exchange.tries + exchange.early,
      .repetitions = exchange.repetitions_at != 0 ? exchange.datagram[exchange.repetitions_at] : exchange.repetitions,
      .reduced = exchange.reduced && !exchange.whole};
  if (exchange.version == Version::V1 && exchange.target.credentials->version == Version::V2c) try_v2c(exchange, now);
  const Answered then = std::move(exchange.then);
  release(exchange, true);
  then(answer);
}

}  // namespace bongsu::snmp
