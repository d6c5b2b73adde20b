// SPDX-License-Identifier: Apache-2.0
// SNMPv3 of the exchanges: discovery, clocks, and whom to believe.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "snmp/exchange.h"
#include "snmp/exchange_state.h"

namespace bongsu::snmp {
namespace {

constexpr int kMostSyncs = 3;                 // times that one request is sent again because of a report
constexpr std::size_t kShortestEngineId = 5;  // RFC 3411, SnmpEngineID
constexpr std::size_t kMostEngineIds = 1U << 17;
constexpr std::int32_t kLeastMaxSize = 484;  // RFC 3412 section 6.3

bool same(Octets a, Octets b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
bool has_context(const Credentials& credentials) {
  return !credentials.context_name.empty() || !credentials.context_engine_id.empty();
}
// The same user, in the default context.
std::shared_ptr<const Credentials> with_less(const Credentials& credentials, SecurityLevel level) {
  auto out = std::make_shared<Credentials>();
  out->name = credentials.name;
  out->version = Version::V3;
  out->user = credentials.user;
  out->level = level;
  return out;
}
Octets octets_of(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }

std::string hex(Octets octets) {
  std::string out;
  for (const std::uint8_t octet : octets) out += fmt::format("{:02x}", octet);
  return out;
}

}  // namespace

Exchanges::Device& Exchanges::device_of(const net::Endpoint& endpoint) {
  auto& device = devices_[endpoint];
  if (!device) {
    device = std::make_unique<Device>();
    device->endpoint = endpoint;
  }
  return *device;
}

void Exchanges::forget(const net::Endpoint& endpoint) {
  if (const auto open = connections_.find(endpoint);
      open != connections_.end() && open->second->users == 0 && !open->second->busy) {
    if (open->second->state != Connection::State::Closed) --connections_open_;
    connections_.erase(open);
  }
  const auto found = devices_.find(endpoint);
  if (found == devices_.end()) return;
  found->second->engine.forget();
  let_go_engine_id(*found->second);
  found->second->last_id.clear();
  found->second->unsaved = false;
  if (keeper_ != nullptr) keeper_->erase(EngineRecord::kTable, endpoint.to_string());
}

// So that an agent with a new engine ID each time fills nothing, and one that is gone is no twin.
void Exchanges::let_go_engine_id(const Device& device) {
  const auto found = engine_ids_.find({device.last_id.begin(), device.last_id.end()});
  if (found != engine_ids_.end() && found->second == device.endpoint) engine_ids_.erase(found);
}

Status Exchanges::remember(const StateStore& store) {
  const Time wall = reactor_.clock().now();
  const SteadyTime now = reactor_.clock().steady();
  return store.scan(EngineRecord::kTable, "", [&](std::string_view key, std::string_view value) {
    const auto endpoint = net::Endpoint::parse(key);
    const auto record = decode_engine(value);
    if (!endpoint || !record) {
      log::warning("the kept SNMPv3 engine of {} is left out: {}", key, (endpoint ? record.error() : endpoint.error()).text);
      return true;
    }
    Device& device = device_of(*endpoint);
    if (device.engine.known()) return true;
    device.engine.restore(*record, wall, now);
    device.last_id = record->id;
    if (engine_ids_.size() < kMostEngineIds) engine_ids_.try_emplace({record->id.begin(), record->id.end()}, *endpoint);
    return true;
  });
}

// Keeps the engine once what was learned of it has proved right.
void Exchanges::save(Device& device, SteadyTime now) {
  device.unsaved = false;
  if (keeper_ != nullptr && device.engine.known())
    keeper_->put(EngineRecord::kTable, device.endpoint.to_string(), encode(device.engine.record(reactor_.clock().now(), now)));
}

Status Exchanges::prepare(Exchange& exchange) {
  const Credentials& credentials = *exchange.target.credentials;
  if (!credentials.user)
    return Error{Code::Invalid,
                 fmt::format("{}: credentials \"{}\" are v3 and name no user", exchange.target.name, credentials.name)};
  if (credentials.level > credentials.user->level())
    return Error{
        Code::Invalid,
        fmt::format("{}: credentials \"{}\" ask for {}, and user \"{}\" has keys for {} alone; give the protocol and pass "
                    "phrase that are missing",
                    exchange.target.name, credentials.name, to_string(credentials.level), credentials.user->name(),
                    to_string(credentials.user->level()))};
  exchange.device = &device_of(exchange.target.endpoint);
  exchange.syncs = 0;
  exchange.probe = exchange.probed = exchange.beside = exchange.proving = false;
  exchange.convicted = exchange.context_wrong = exchange.privacy_wrong = false;
  exchange.late_clock.clear();
  return {};
}

// Whether it stands aside while another one asks for the engine ID, or keys are made; otherwise, where the engine ID is not
// known, it asks itself.
bool Exchanges::waits(Exchange& exchange) {
  Device& device = *exchange.device;
  const Credentials& credentials = *exchange.target.credentials;
  const auto stand_aside = [&](std::vector<std::uint32_t>& among) {
    if (exchange.tries > 0) ++exchange.generation;  // nothing that comes for it now is taken
    exchange.cancel();
    leave(exchange);
    if (exchange.fresh) --fresh_;
    exchange.fresh = false;
    among.push_back(exchange.slot);
    return true;
  };
  if (device.discovering == &exchange) return false;
  if (!device.engine.known() || device.doubted) {
    if (device.discovering != nullptr) return stand_aside(device.waiting);
    if (exchange.tries > 0) ++exchange.generation;
    device.discovering = &exchange;
    discoveries_.add();
    return false;
  }
  if (credentials.level == SecurityLevel::NoAuthNoPriv || device.engine.keys(credentials.user) != nullptr) return false;
  if (!credentials.user->localizes_slowly()) {
    device.engine.keep_keys(credentials.user, credentials.user->localized(device.engine.id()));
    return false;
  }
  if (!device.deriving) derive_keys(device, credentials.user);
  return stand_aside(device.waiting_keys);
}

void Exchanges::derive_keys(Device& device, const std::shared_ptr<const User>& user) {
  device.deriving = true;
  const std::vector<std::uint8_t> id(device.engine.id().begin(), device.engine.id().end());
  const auto made = std::make_shared<std::optional<LocalKeys>>();
  reactor_.aside([user, id, made] { made->emplace(user->localized(id)); },
                 [this, alive = std::weak_ptr(alive_), at = &device, epoch = device.engine.epoch(), user, made] {
                   if (!alive.expired()) keys_made(*at, epoch, user, std::move(**made));
                 });
}

void Exchanges::keys_made(Device& device, std::uint32_t epoch, const std::shared_ptr<const User>& user, LocalKeys keys) {
  device.deriving = false;
  if (device.engine.known() && device.engine.epoch() == epoch) device.engine.keep_keys(user, std::move(keys));
  for (const std::uint32_t slot : std::exchange(device.waiting_keys, {})) waiting_.push_back(slot);
  send_waiting();
}

// The datagram of a v3 request, or of the discovery that it needs first.
Octets Exchanges::secured(Exchange& exchange) {
  Device& device = *exchange.device;
  const Credentials& credentials = *exchange.target.credentials;
  SecuredHead head{.message_id = id_of(exchange), .reportable = true};
  encoder_.start();
  if (device.discovering == &exchange) {
    const PduHead empty{PduType::GetRequest, exchange.request_id, 0, 0};
    return secured_.write(head, encoder_.finish_scoped({}, {}, empty), nullptr, 0);
  }
  exchange.epoch = device.engine.epoch();
  head.engine_id = device.engine.id();
  head.level = credentials.level;
  head.user = credentials.user->name();
  LocalKeys* keys = nullptr;
  if (credentials.level != SecurityLevel::NoAuthNoPriv) {
    head.boots = device.engine.boots();
    head.time = device.engine.time(reactor_.clock().steady());
    keys = device.engine.keys(credentials.user);
    BONGSU_CHECK(keys != nullptr);  // waits() saw to it
  }
  encoder_.add_raw(exchange.datagram);
  const Octets context = credentials.context_engine_id.empty() ? device.engine.id() : octets_of(credentials.context_engine_id);
  return secured_.write(head, encoder_.scope(context, credentials.context_name), keys, ++salt_);
}

// An answer that shows what it answers, and is not taken.
void Exchanges::distrust(Exchange& exchange, Distrust why, const net::Endpoint& peer) {
  ++exchange.distrusted;
  exchange.why = why;
  discard(why == Distrust::Version     ? Cause::Version
          : why == Distrust::Community ? Cause::Community
          : why == Distrust::Kind      ? Cause::Type
                                       : Cause::Security,
          peer);
  if (why == Distrust::TimeWindow) return;  // a restart, mostly: the clock is followed, and that is noted
  const std::function<std::string()> text = [&] {
    return fmt::format("an answer to {} from {} was not believed: {}", to_string(exchange.type), peer.to_string(), to_text(why));
  };
  dialects_.note(*exchange.known, why == Distrust::RequestId ? Trait::WrongRequestId : Trait::Unbelieved, text);
}

std::string_view Exchanges::to_text(Distrust why) {
  switch (why) {
    case Distrust::Version:
      return "it is of another SNMP version than the request";
    case Distrust::Community:
      return "it has another community than the request";
    case Distrust::Kind:
      return "it is no response, but a message of another kind, as when requests are sent back";
    case Distrust::Digest:
      return "its authentication is wrong, so the agent has another key, or another host answers in its place";
    case Distrust::Privacy:
      return "it cannot be decrypted, so the agent has another privacy key or protocol";
    case Distrust::Level:
      return "it has another security level than the request";
    case Distrust::EngineOther:
      return "it names another engine ID than the request";
    case Distrust::UserOther:
      return "it names another user than the request";
    case Distrust::RequestId:
      return "it has another request-id than the request";
    case Distrust::EngineId:
      return "it names an engine ID of fewer than 5 octets (RFC 3411, SnmpEngineID)";
    case Distrust::Context:
      return "it is of another context";
    case Distrust::TimeWindow:
      return "it is outside of the time window";
    case Distrust::LastBoots:
      return "its engineBoots has reached its end, 2147483647 (RFC 3414 section 2.2.2); give the agent another engine ID";
  }
  return "";
}

void Exchanges::receive_secured(const net::Datagram& datagram, Transport by, SteadyTime now) {
  SecuredView message;
  if (const ber::Fault fault = read_secured(datagram.data, message); fault != ber::Fault::None) return malformed(datagram, fault);
  Exchange* exchange = addressee(message.message_id, datagram.peer, by);
  if (exchange == nullptr) return;
  if (exchange->device == nullptr) return distrust(*exchange, Distrust::Version, datagram.peer);
  Engine& engine = exchange->device->engine;
  const Credentials& credentials = *exchange->target.credentials;
  const bool discovering = exchange->device->discovering == exchange;
  const bool engine_ours = !discovering && same(message.engine_id, engine.id());
  const bool ours = engine_ours && message.user == credentials.user->name();
  const Distrust other = engine_ours ? Distrust::UserOther : Distrust::EngineOther;

  // From another address only what keys vouch for is taken, and the engine ID that leads to the keys: it is of no use to
  // anybody else.
  const bool vouched = message.level != SecurityLevel::NoAuthNoPriv ||
                       (discovering && credentials.level != SecurityLevel::NoAuthNoPriv) || may_answer(*exchange, datagram.peer);
  if (!vouched) return refuse_stranger(*exchange, datagram.peer);

  Octets scoped = message.scoped;
  if (message.level != SecurityLevel::NoAuthNoPriv) {
    if (!ours) return distrust(*exchange, other, datagram.peer);
    // More than was asked for is no answer either, and there may be no key for it.
    if (message.level > credentials.level) return distrust(*exchange, Distrust::Level, datagram.peer);
    LocalKeys* keys = engine.keys(credentials.user);
    if (keys == nullptr)
      return distrust(*exchange, Distrust::EngineOther, datagram.peer);  // its engine ID was another one meanwhile
    if (!keys->check(message.message, message.mac_at, message.mac)) return distrust(*exchange, Distrust::Digest, datagram.peer);
    if (message.level == SecurityLevel::AuthPriv) {
      if (!keys->decrypt(message.boots, message.time, message.salt, message.scoped, plain_))
        return distrust(*exchange, Distrust::Privacy, datagram.peer);
      scoped = plain_;
    }
  }
  ScopedView pdu;
  if (const ber::Fault fault = decoder_.decode_scoped(scoped, pdu); fault != ber::Fault::None) {
    // Deciphered with a key that is not known to be right, anything looks so.
    if (message.level == SecurityLevel::AuthPriv && exchange->device->proved != exchange->target.credentials)
      return distrust(*exchange, Distrust::Privacy, datagram.peer);
    malformed(datagram, fault);
    if (message.level == credentials.level) give_up_soon(*exchange, fault, now);
    return;
  }
  if (pdu.type == PduType::Report) {
    if (discovering) return discovered(*exchange, message, now);
    return reported(*exchange, message, pdu, now);
  }
  if (pdu.type != PduType::Response || discovering) return distrust(*exchange, Distrust::Kind, datagram.peer);
  if (!ours) return distrust(*exchange, other, datagram.peer);
  if (pdu.request_id != exchange->request_id) return distrust(*exchange, Distrust::RequestId, datagram.peer);
  if (message.level != credentials.level) return distrust(*exchange, Distrust::Level, datagram.peer);
  const Octets context = credentials.context_engine_id.empty() ? engine.id() : octets_of(credentials.context_engine_id);
  if (!same(context, pdu.context_engine_id) || credentials.context_name != pdu.context_name)
    return distrust(*exchange, Distrust::Context, datagram.peer);
  const std::int32_t boots = engine.boots(), time = engine.time(now);
  const bool authentic = engine.authentic();
  const bool back = message.level != SecurityLevel::NoAuthNoPriv && engine.went_back(message.boots, message.time);
  if (message.level != SecurityLevel::NoAuthNoPriv && !engine.accept(message.boots, message.time, now)) {
    distrust(*exchange, message.boots == kLastBoots ? Distrust::LastBoots : Distrust::TimeWindow, datagram.peer);
    // It is authentic and it is fresh, for its msgID is: so the agent's clock went back, and its next answer is taken.
    if (message.boots == kLastBoots) return;
    exchange->late_clock =
        fmt::format("engineBoots {} and engineTime {} s where {} and {} s were due", message.boots, message.time, boots, time);
    if (exchange->syncs >= kMostSyncs) return finish(*exchange, clock_error(*exchange));
    reset_clock(*exchange, message, now);
    ++exchange->syncs;
    return send_again(*exchange);
  }
  if (!exchange->beside && exchange->device->proved != exchange->target.credentials)
    exchange->device->proved = exchange->target.credentials;
  Device& device = *exchange->device;
  if (authentic && boots != engine.boots()) {
    note_clock(device, boots, time, message);
    device.unsaved = true;
  }
  if (back) reset_clock(*exchange, message, now);  // within the window, and fresh as its msgID shows
  engine.heard();
  device.answered = now;
  note_size(device, message.max_size);
  if (device.unsaved) save(device, now);
  answered(*exchange, pdu, datagram, now);
}

// Agents drop what they cannot decrypt, and some what is of a context that they do not have. So beside the last try of
// credentials that were never answered goes an empty GET in the default context, and one without privacy: neither tells
// more than the user's name, and what comes back tells which of the two is wrong.
void Exchanges::probe(Exchange& exchange) {
  const Credentials& credentials = *exchange.target.credentials;
  const Device& device = *exchange.device;
  if (exchange.probed || exchange.distrusted > 0 || !device.engine.known() || device.discovering == &exchange ||
      device.proved == exchange.target.credentials || credentials.level == SecurityLevel::NoAuthNoPriv)
    return;
  exchange.probed = true;
  const Millis timeout = exchange.target.timeout;
  if (has_context(credentials))
    probe_with(exchange, with_less(credentials, credentials.level), timeout, 0, met(exchange, &Exchange::context_wrong));
  if (credentials.level == SecurityLevel::AuthPriv)
    probe_with(exchange, with_less(credentials, SecurityLevel::AuthNoPriv), timeout, 0, met(exchange, &Exchange::privacy_wrong));
}

std::function<void(bool)> Exchanges::met(const Exchange& exchange, bool Exchange::*without) {
  return [this, slot = exchange.slot, id = exchange.request_id, without](bool answered) {
    Exchange& asker = slots_[slot];
    if (!answered || !asker.busy || asker.request_id != id) return;
    asker.*without = true;
    prove(asker);
  };
}

// What was answered with less than the request has may have had more luck: the same is asked with all of it, several times.
void Exchanges::prove(Exchange& exchange) {
  if (std::exchange(exchange.proving, true)) return;
  const Millis wait = hold(exchange);
  const Credentials& credentials = *exchange.target.credentials;
  if (has_context(credentials) && !exchange.context_wrong)
    probe_with(exchange, with_less(credentials, credentials.level), wait, kProofs - 1, met(exchange, &Exchange::context_wrong));
  probe_with(exchange, exchange.target.credentials, wait, kProofs - 1,
             [this, slot = exchange.slot, id = exchange.request_id](bool answered) {
               Exchange& asker = slots_[slot];
               if (!asker.busy || asker.request_id != id) return;
               if (answered) return once_more(asker);
               asker.convicted = true;
               timeouts_.add();
               given_up(asker);
               finish(asker, timeout_error(asker));
             });
}

void Exchanges::probe_with(const Exchange& exchange, std::shared_ptr<const Credentials> credentials, Millis timeout, int retries,
                           std::function<void(bool)> then) {
  Exchange* probe = take_slot();
  if (probe == nullptr) return;
  const bool beside = credentials != exchange.target.credentials;
  probe->target = exchange.target;
  probe->target.credentials = std::move(credentials);
  probe->target.timeout = timeout;
  probe->target.retries = retries;
  probe->type = PduType::GetRequest;
  probe->names = 0;
  probe->repetitions_at = 0;
  probe->request_id = id_of(*probe);
  probe->known = exchange.known;
  probe->version = Version::V3;
  probe->then = [then = std::move(then)](const Result<Answer>& answer) { then(answer.ok()); };
  if (!prepare(*probe)) return release(*probe, false);
  probe->probe = probe->probed = true;
  probe->beside = beside;
  encoder_.start();
  const Octets octets = encoder_.finish_pdu({PduType::GetRequest, probe->request_id, 0, 0});
  probe->datagram.assign(octets.begin(), octets.end());
  send(*probe);
}

// The clock of an authentic message that is fresh.
void Exchanges::reset_clock(const Exchange& exchange, const SecuredView& message, SteadyTime now) {
  Device& device = *exchange.device;
  if (device.engine.authentic()) note_clock(device, device.engine.boots(), device.engine.time(now), message);
  device.engine.reset(message.boots, message.time, now);
  device.unsaved = true;
}

void Exchanges::note_clock(const Device& device, std::int32_t boots, std::int32_t time, const SecuredView& message) {
  const bool risen = message.boots > boots, anew = message.boots < boots || message.time < time / 2;
  dialects_.note(device.endpoint,
                 risen  ? Trait::EngineReboots
                 : anew ? Trait::BootsReset
                        : Trait::TimeJump,
                 fmt::format("its engineBoots were {} and are {}, its engineTime {} s where {} s were expected", boots,
                             message.boots, message.time, time));
}

// A small msgMaxSize holds until a larger one is told.
void Exchanges::note_size(const Device& device, std::int32_t max_size) {
  Dialect& dialect = dialects_.of(device.endpoint);
  const auto bound = static_cast<std::uint16_t>(max_size < kLeastMaxSize ? std::max(max_size, 1) : 0);
  if (dialect.message_octets == bound) return;
  dialect.message_octets = bound;
  dialects_.changed(device.endpoint);
  if (bound != 0)
    dialects_.note(device.endpoint, Trait::MessageSize,
                   fmt::format("it takes messages of {} octets at most (msgMaxSize); RFC 3412 asks for 484", max_size));
}

void Exchanges::discovered(Exchange& exchange, const SecuredView& message, SteadyTime now) {
  if (message.engine_id.size() < kShortestEngineId) return distrust(exchange, Distrust::EngineId, exchange.target.endpoint);
  Device& device = *exchange.device;
  // The same engine ID: what authentic messages told of its clock is better than what this one says.
  if (!device.engine.authentic() || !same(device.engine.id(), message.engine_id)) {
    device.engine.adopt(message.engine_id, message.boots, message.time, now);
    device.unsaved = true;
  }
  device.doubted = false;
  note_size(device, message.max_size);
  const auto note = [&](Counter& counter, const std::string& text) {
    counter.add();
    if (std::uint64_t suppressed = 0; gate_.open(now, suppressed))
      log::warning("{}: {} ({} more since the last such line)", who(exchange.target), text, suppressed);
  };
  if (!device.last_id.empty() && !same(device.last_id, message.engine_id)) {
    const std::string text =
        fmt::format("its SNMPv3 engine ID was {} and is {} now", hex(device.last_id), hex(message.engine_id));
    note(engine_changes_, text);
    dialects_.note(device.endpoint, Trait::EngineIdChanged, text);
  }
  if (!same(device.last_id, message.engine_id)) {
    let_go_engine_id(device);
    const std::string id(message.engine_id.begin(), message.engine_id.end());
    const auto first =
        engine_ids_.size() < kMostEngineIds ? engine_ids_.try_emplace(id, device.endpoint).first : engine_ids_.find(id);
    if (first != engine_ids_.end() && first->second != device.endpoint) {
      const std::string text = fmt::format("its SNMPv3 engine ID {} is that of {}, too; give each device one of its own",
                                           hex(message.engine_id), first->second.to_string());
      note(duplicate_engines_, text);
      dialects_.note(device.endpoint, Trait::DuplicateEngineId, text);
    }
  }
  device.last_id.assign(message.engine_id.begin(), message.engine_id.end());
  device.named = now;
  if (exchange.connection == nullptr && exchange.tries > 0) {  // the time that it took to name itself is not the request's
    exchange.tries = 1;
    exchange.deadline = now + exchange.target.timeout * (1 + exchange.target.retries) + kGrace;
  }
  end_discovery(exchange, nullptr);
  send_again(exchange);
}

// Lets go those who waited for it, to be sent or with its error.
void Exchanges::end_discovery(Exchange& exchange, const Error* error) {
  if (exchange.device == nullptr || exchange.device->discovering != &exchange) return;
  exchange.device->discovering = nullptr;
  const std::vector<std::uint32_t> waiting = std::exchange(exchange.device->waiting, {});
  for (const std::uint32_t slot : waiting) {
    if (error != nullptr) fail_later(slots_[slot], *error);
    else waiting_.push_back(slot);
  }
}

// Under another msgID, so that nothing sent before is answered twice; not counted as a try.
void Exchanges::send_again(Exchange& exchange) {
  ++exchange.generation;
  if (waits(exchange)) return;
  if (exchange.connection != nullptr) {
    if (exchange.connection->state == Connection::State::Open) write(exchange);
    reactor_.timers().arm(exchange, stream_wait(exchange, reactor_.clock().steady()));
    return;
  }
  std::string problem;
  net::DatagramSocket* socket = socket_for(exchange.target.endpoint.address, problem);
  if (socket == nullptr) return fail_later(exchange, {Code::Unavailable, exchange.target.name + ": " + problem});
  exchange.sent = reactor_.clock().steady();
  socket->send(exchange.target.endpoint, secured(exchange));
  reactor_.timers().arm(exchange, std::min(exchange.sent + exchange.target.timeout, exchange.deadline));
  if (exchange.tries > exchange.target.retries) ask_beside(exchange);  // the last try was a discovery, or of another clock
}

// Its answers are outside of the time window whatever clock it is asked with. RFC 3414 section 3.2 (7 b) lets nobody take
// them: who replays old ones looks the same.
Error Exchanges::clock_error(const Exchange& exchange) {
  dialects_.note(*exchange.known, Trait::Unbelieved,
                 "answers outside of the time window, asked with its own clock each time; the last had " + exchange.late_clock);
  return {Code::Refused,
          fmt::format(
              "{}: its answers are outside of the time window (RFC 3414 section 3.2): the last of {} had {}, after it was "
              "asked with the clock of the one before; they are not believed, as replayed ones would look the same. Its SNMPv3 "
              "clock must run on and its engineBoots never fall: restart or renew its agent",
              who(exchange.target), exchange.distrusted, exchange.late_clock)};
}

void Exchanges::reported(Exchange& exchange, const SecuredView& message, const ScopedView& report, SteadyTime now) {
  Engine& engine = exchange.device->engine;
  const Credentials& credentials = *exchange.target.credentials;
  const User& user = *credentials.user;
  const auto fail = [&](Code code, const std::string& what) { finish(exchange, {code, who(exchange.target) + ": " + what}); };
  switch (report_kind(report.varbinds)) {
    case ReportKind::EngineId:
      if (exchange.syncs++ >= kMostSyncs)
        return fail(Code::Refused,
                    "the agent refuses the engine ID that it names itself (usmStatsUnknownEngineIDs); look at its agent");
      if (exchange.epoch == engine.epoch()) engine.forget();
      resyncs_.add();
      return send_again(exchange);
    case ReportKind::TimeWindow:
      if (message.level == SecurityLevel::NoAuthNoPriv) return distrust(exchange, Distrust::Level, exchange.target.endpoint);
      if (message.boots == kLastBoots)
        return fail(
            Code::Refused,
            "the agent's engineBoots has reached its end, 2147483647 (RFC 3414 section 2.2.2), and it takes no authenticated "
            "message any more; give it another engine ID");
      if (exchange.syncs++ >= kMostSyncs && !exchange.late_clock.empty()) return finish(exchange, clock_error(exchange));
      if (exchange.syncs > kMostSyncs)
        return fail(Code::Refused, fmt::format("the agent finds its own clock (boots {}, time {}) outside of its time window "
                                               "(usmStatsNotInTimeWindows); look at its agent",
                                               message.boots, message.time));
      reset_clock(exchange, message, now);
      resyncs_.add();
      return send_again(exchange);
    case ReportKind::UserName:
      return fail(Code::Denied, fmt::format("the agent does not know user \"{}\" (usmStatsUnknownUserNames); check the user of "
                                            "credentials \"{}\"",
                                            user.name(), credentials.name));
    case ReportKind::Digest:
      return fail(Code::Denied,
                  fmt::format("the agent finds the authentication of user \"{}\" wrong (usmStatsWrongDigests); check "
                              "the protocol ({}) and pass phrase for authentication of credentials \"{}\"",
                              user.name(), to_string(user.auth()), credentials.name));
    case ReportKind::Decryption:
      return fail(Code::Denied,
                  fmt::format("the agent cannot decrypt what user \"{}\" sends (usmStatsDecryptionErrors); check the "
                              "protocol ({}) and pass phrase for privacy of credentials \"{}\"",
                              user.name(), to_string(user.priv()), credentials.name));
    case ReportKind::SecurityLevel:
      return fail(Code::Denied,
                  fmt::format("the agent does not take {} from user \"{}\" (usmStatsUnsupportedSecLevels); check the "
                              "level of credentials \"{}\"",
                              to_string(credentials.level), user.name(), credentials.name));
    case ReportKind::Context:
      return fail(Code::Denied, fmt::format("the agent has no context \"{}\" (snmpUnknownContexts); check the context of "
                                            "credentials \"{}\"",
                                            credentials.context_name, credentials.name));
    case ReportKind::Other:
      break;
  }
  fail(Code::Refused, "the agent answered a report of " +
                          (report.varbinds.empty() ? std::string("nothing") : report.varbinds.front().name.to_oid().to_string()));
}

std::string Exchanges::trust_problem(const Exchange& exchange) const {
  const Credentials& credentials = *exchange.target.credentials;
  if (exchange.distrusted == 0 && exchange.convicted && exchange.context_wrong)
    return fmt::format("it answers in its default context, so it has no context \"{}\"; check the context of credentials \"{}\"",
                       credentials.context_name, credentials.name);
  if (exchange.distrusted == 0 && exchange.convicted && exchange.privacy_wrong)
    return fmt::format(
        "it answers user \"{}\" without privacy, so it cannot decrypt; check the protocol ({}) and pass phrase for "
        "privacy of credentials \"{}\"",
        credentials.user->name(), to_string(credentials.user->priv()), credentials.name);
  if (exchange.distrusted == 0) {
    if (exchange.device->discovering == &exchange)
      return "it was asked for its SNMPv3 engine ID; check that it is up, that its agent listens on this port, lets this host in "
             "and speaks SNMPv3";
    return fmt::format(
        "it named its SNMPv3 engine ID before; check that it is up and answers within this time, and that user \"{}\" and the "
        "privacy "
        "({}) of credentials "
        "\"{}\" "
        "are its own: some agents drop what they cannot decrypt",
        credentials.user->name(), to_string(credentials.user->priv()), credentials.name);
  }
  return fmt::format("{} answers of it were not believed (the last: {})", exchange.distrusted, to_text(exchange.why));
}

}  // namespace bongsu::snmp
