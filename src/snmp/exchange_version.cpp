// SPDX-License-Identifier: Apache-2.0
// Which version of SNMP the exchanges speak: what is asked beside a request that may stay without an answer.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "snmp/exchange.h"
#include "snmp/exchange_state.h"

namespace bongsu::snmp {
namespace {

constexpr Millis kLeastProof{300};
constexpr std::chrono::hours kVersionAgain{1};  // v2c is tried again where v1 was answered

}  // namespace

// Beside the last try: what may be wrong where there is no answer.
void Exchanges::ask_beside(Exchange& exchange) {
  if (exchange.device != nullptr) probe(exchange);
  else probe_v1(exchange);
}

// Beside the last try of v2c, to a device that never answered: does it speak v1? Then the request goes on in that, once
// v2c stayed silent again: on a way that loses datagrams one answer and a few silences happen to anybody.
void Exchanges::probe_v1(Exchange& exchange) {
  const Dialect& dialect = exchange.known->second.dialect;
  if (exchange.version != Version::V2c || dialect.tries > 0 || exchange.asks_version) return;
  const std::uint32_t slot = exchange.slot;
  const std::int32_t id = exchange.request_id;
  ask_in(exchange, Version::V1, exchange.target.timeout, 0, [this, slot, id](bool spoken) {
    Exchange& asker = slots_[slot];
    if (!spoken || !asker.busy || asker.request_id != id || asker.known->second.dialect.v1) return;
    const Millis wait = hold(asker);
    ask_in(asker, Version::V2c, wait, kProofs - 1, [this, slot, id](bool v2c) {
      Exchange& held = slots_[slot];
      if (!held.busy || held.request_id != id) return;
      if (v2c) once_more(held);
      else speak_v1(held);
    });
  });
}

// Asks in `version` for an object that each agent has, beside a request to it.
void Exchanges::ask_in(const Exchange& asker, Version version, Millis timeout, int retries, std::function<void(bool)> then) {
  Exchange* probe = take_slot();
  if (probe == nullptr) return;
  auto credentials = std::make_shared<Credentials>();
  credentials->name = asker.target.credentials->name;
  credentials->version = version;
  credentials->community = Secret(std::string(asker.target.credentials->community.reveal()));
  probe->target = asker.target;
  probe->target.credentials = std::move(credentials);
  probe->target.timeout = timeout;
  probe->target.retries = retries;
  probe->version = version;
  probe->type = PduType::GetNext;
  probe->names = 1;
  probe->asks_version = true;
  probe->known = asker.known;
  probe->repetitions_at = 0;
  probe->request_id = id_of(*probe);
  probe->then = [then = std::move(then)](const Result<Answer>& answer) { then(answer && answer->fault == ber::Fault::None); };
  static const std::vector<std::uint8_t> kSystem = *encode_oid(Oid{1, 3, 6, 1, 2, 1, 1});
  encoder_.start();
  encoder_.add(OidView(kSystem), {});
  const Octets octets =
      encoder_.finish(version, probe->target.credentials->community.reveal(), {PduType::GetNext, probe->request_id, 0, 0});
  probe->datagram.assign(octets.begin(), octets.end());
  send(*probe);
}

// Keeps a request beyond its last try, for kProofs more questions of the time that is returned.
Millis Exchanges::hold(Exchange& exchange) {
  const Dialect& dialect = exchange.known->second.dialect;
  const std::chrono::microseconds wait =
      2 * (std::chrono::microseconds(dialect.srtt) + 4 * std::chrono::microseconds(dialect.rttvar));
  const Millis each = std::min(exchange.target.timeout, std::max(std::chrono::ceil<Millis>(wait), kLeastProof));
  exchange.deadline = std::max(exchange.deadline, reactor_.clock().steady() + each * kProofs + exchange.target.timeout);
  reactor_.timers().arm(exchange, exchange.deadline);
  return each;
}

// One try beyond the last, for one that was held.
void Exchanges::once_more(Exchange& exchange) {
  const SteadyTime now = reactor_.clock().steady();
  ++exchange.tries;
  exchange.deadline = now + exchange.target.timeout;
  retries_.add();
  if (exchange.device != nullptr && waits(exchange)) return;
  std::string problem;
  if (exchange.target.transport == Transport::Tcp) {
    if (exchange.connection != nullptr && exchange.connection->state == Connection::State::Open) write(exchange);
    reactor_.timers().arm(exchange, exchange.deadline);
  } else if (net::DatagramSocket* socket = socket_for(exchange.target.endpoint.address, problem); socket != nullptr) {
    transmit(exchange, *socket, now);
  }
}

// An answer in v1 of a device that is to speak v2c: perhaps it does by now, or did when datagrams were lost.
void Exchanges::try_v2c(const Exchange& exchange, SteadyTime now) {
  DialectBook::Known* known = exchange.known;
  if (!known->second.dialect.v1 || now < known->second.v2c_again) return;
  known->second.v2c_again = now + kVersionAgain;
  ask_in(exchange, Version::V2c, exchange.target.timeout, 1, [this, known](bool spoken) {
    if (!spoken) return;
    Dialect& dialect = known->second.dialect;
    dialect.v1 = false;
    std::erase_if(dialect.observations, [](const Observation& seen) { return seen.trait == Trait::V1Only; });
    dialects_.changed(*known);
  });
}

void Exchanges::speak_v1(Exchange& asker) {
  DialectBook::Known* known = asker.known;
  if (!known->second.dialect.v1) {
    known->second.dialect.v1 = true;
    known->second.v2c_again = reactor_.clock().steady() + kVersionAgain;
    dialects_.note(*known, Trait::V1Only,
                   fmt::format("no answer to a {} of SNMPv2c in {} tries, an answer to the same community in SNMPv1, and none "
                               "to {} tries of SNMPv2c after it",
                               to_string(asker.type), asker.tries, kProofs));
    dialects_.changed(*known);
  }
  reactor_.timers().arm(asker, reactor_.clock().steady() + asker.target.timeout);
  Decoder decoder;
  Encoder encoder;
  ScopedView request;
  if (!read_request(asker, decoder, encoder, request)) return;
  if (request.type == PduType::GetBulk && !asker.reducible) return;
  asker.version = Version::V1;
  if (request.type == PduType::GetBulk) {
    reduce(asker);
  } else {
    encoder_.start();
    for (const VarbindView& varbind : request.varbinds) encoder_.add(varbind.name, varbind.value);
    const Octets octets =
        encoder_.finish(Version::V1, asker.target.credentials->community.reveal(), {request.type, asker.request_id, 0, 0});
    asker.datagram.assign(octets.begin(), octets.end());
  }
  once_more(asker);
}

}  // namespace bongsu::snmp
