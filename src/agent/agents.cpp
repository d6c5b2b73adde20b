// SPDX-License-Identifier: Apache-2.0
#include "agent/agents.h"

#include <algorithm>
#include <array>

#include "base/hash.h"

namespace bongsu::agent {
namespace {

// Another address of the same make: its second octet is one larger (IPv6: its eighth).
net::Address neighbour_of(const net::Address& address) {
  std::array<std::uint8_t, 16> octets{};
  const auto own = address.octets();
  std::copy(own.begin(), own.end(), octets.begin());
  ++octets[address.is_v4() ? 1 : 7];
  return address.is_v4() ? net::Address::v4(std::span(octets).first<4>()) : net::Address::v6(octets, address.scope());
}

// What a walk of the slow parts costs more for this answer.
Millis slowness(const Misbehaviour& wrong, const ObjectTable& table, std::span<const snmp::VarbindView> answer) {
  Millis out{0};
  for (const Misbehaviour::Slow& slow : wrong.slow) {
    const auto octets = snmp::encode_oid(slow.subtree);
    if (!octets) continue;
    const snmp::OidView inside(*octets);
    const auto here = std::count_if(answer.begin(), answer.end(), [&](const snmp::VarbindView& varbind) {
      return varbind.value.exists() && varbind.name.starts_with(inside);
    });
    if (here == 0) continue;
    std::int64_t all = 0;
    for (std::size_t i = 0; i < table.size(); ++i) all += table.name(table[i]).starts_with(inside) ? 1 : 0;
    out += slow.answer + slow.walk * here / std::max<std::int64_t>(all, 1);
  }
  return out;
}

}  // namespace

Agents::Agents(net::Reactor& reactor, AgentsSpec spec)
    : reactor_(reactor),
      spec_(std::move(spec)),
      port_(spec_.port),
      authority_(spec_.users, reactor.random().next()),
      timer_([this] { send_due(); }) {}
Agents::~Agents() = default;

Result<std::unique_ptr<Agents>> Agents::open(net::Reactor& reactor, AgentsSpec spec) {
  std::unique_ptr<Agents> out(new Agents(reactor, std::move(spec)));
  std::vector<net::Address> addresses = out->spec_.listen;
  if (addresses.empty()) {
    addresses.push_back(net::Address::any(net::Address::Family::V4));
    if (out->spec_.ipv6) addresses.push_back(net::Address::any(net::Address::Family::V6));
  }
  for (const net::Address& address : addresses) BONGSU_TRY_OK(out->listen(address).context("SNMP agents"));
  return out;
}

Status Agents::listen(const net::Address& address) {
  net::SocketSpec spec;
  spec.bind = {address, port_};
  spec.receive_buffer = spec_.receive_buffer;
  spec.tell_local = true;
  BONGSU_TRY(auto socket, reactor_.open(spec));
  port_ = socket->local().port;
  const std::size_t at = sockets_.size();
  socket->on_receive([this, at](std::span<const net::Datagram> batch) { receive(at, batch); });
  sockets_.push_back(std::move(socket));
  return {};
}

void Agents::add(const net::Address& address, std::unique_ptr<Device> device, Manner manner) {
  agents_.insert_or_assign(address, Agent{std::move(device), std::move(manner), ++lives_, {}, reactor_.clock().steady()});
}

void Agents::set_default(Default make, Manner manner) {
  make_default_ = std::move(make);
  default_manner_ = std::move(manner);
}

Device* Agents::device(const net::Address& address) {
  const auto at = agents_.find(address);
  return at == agents_.end() ? nullptr : at->second.device.get();
}

Manner* Agents::manner(const net::Address& address) {
  const auto at = agents_.find(address);
  return at == agents_.end() ? nullptr : &at->second.manner;
}

void Agents::restart(const net::Address& address) {
  const auto at = agents_.find(address);
  if (at == agents_.end() || !at->second.device) return;
  at->second.device->restart(reactor_.clock().steady());
  at->second.life = ++lives_;
  at->second.born = reactor_.clock().steady();
  ++at->second.boots;
}

Agents::Agent* Agents::agent_of(const net::Address& address, SteadyTime now) {
  if (const auto at = agents_.find(address); at != agents_.end()) return &at->second;
  if (!make_default_ || agents_.size() >= spec_.most) return nullptr;
  Agent made{nullptr, default_manner_, ++lives_, {}, now};
  made.device = make_default_(address, now, made.manner);
  return &agents_.emplace(address, std::move(made)).first->second;
}

void Agents::receive(std::size_t socket, std::span<const net::Datagram> batch) {
  const SteadyTime now = reactor_.clock().steady();
  for (const net::Datagram& datagram : batch) serve(socket, datagram, now);
}

void Agents::serve(std::size_t socket, const net::Datagram& datagram, SteadyTime now) {
  ++stats_.requests;
  const net::Address address = datagram.local.value_or(sockets_[socket]->local().address);
  Agent* const agent = agent_of(address, now);
  if (agent == nullptr || !agent->device) {
    ++stats_.unknown;
    return;
  }
  const Misbehaviour* wrong = agent->manner.misbehaviour.get();
  if (agent->manner.dead || agent->busy_until > now || loses(address, *agent)) {
    ++stats_.ignored;
    return;
  }
  agent->device->set_moment(now);
  snmp::Octets octets;
  slow_ = Millis(0);
  const snmp::ber::Fault fault = decoder_.decode(datagram.data, request_);
  snmp::SecuredView secured;
  if (fault == snmp::ber::Fault::Version && !spec_.users.empty() &&
      snmp::read_secured(datagram.data, secured) == snmp::ber::Fault::None) {
    octets = answer_secured(secured, address, *agent, now);
  } else if (fault != snmp::ber::Fault::None) {
    ++stats_.malformed;
    return;
  } else if (!spec_.community.empty() && request_.community != spec_.community) {
    ++stats_.refused;
    return;
  } else {
    octets = answer(*agent, 0, agent->manner.max_size);
  }
  if (octets.empty()) {
    ++(wrong != nullptr ? stats_.ignored : stats_.malformed);
    return;
  }
  send(socket, datagram, address, *agent, octets, now);
}

bool Agents::loses(const net::Address& address, Agent& agent) const {
  const Misbehaviour* wrong = agent.manner.misbehaviour.get();
  const double share = std::max(agent.manner.loss, wrong != nullptr ? wrong->loss : 0);
  if (share <= 0) return false;
  // splitmix64 at the agent's own place, whatever others are asked meanwhile
  const auto octets = address.octets();
  std::uint64_t mix = hash_bytes({reinterpret_cast<const char*>(octets.data()), octets.size()}, kHashSeed ^ spec_.seed);
  mix += ++agent.asked * 0x9e3779b97f4a7c15;
  mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9;
  mix = (mix ^ mix >> 27) * 0x94d049bb133111eb;
  return static_cast<double>((mix ^ mix >> 31) >> 11) * 0x1p-53 < share;
}

// The agent's clock, which some lose each so long, and its ID, which some change.
void Agents::set_clock(const net::Address& address, Agent& agent, SteadyTime now) {
  const Misbehaviour* wrong = agent.manner.misbehaviour.get();
  const Millis known = std::chrono::duration_cast<Millis>(now - agent.born);
  const std::int64_t change =
      wrong != nullptr && wrong->engine_change.count() > 0 ? known / wrong->engine_change : std::int64_t{0};
  Millis alive = agent.device->uptime().value_or(known);
  std::int32_t boots = agent.boots;
  if (wrong != nullptr && wrong->boots_reset.count() > 0) {
    alive = known % wrong->boots_reset;
    boots = 1;
  }
  const auto seconds = static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::seconds>(alive).count());
  if (!agent.engine || agent.engine_change != change) {
    // RFC 3411, SnmpEngineID, with the enterprise number for examples (RFC 5612) and the agent's address.
    std::vector<std::uint8_t> id{0x80, 0x00, 0x7e, 0xd9, static_cast<std::uint8_t>(address.is_v4() ? 1 : 2)};
    id.insert(id.end(), address.octets().begin(), address.octets().end());
    if (wrong != nullptr && !wrong->engine_id.empty()) id = wrong->engine_id;
    if (change > 0) id.back() = static_cast<std::uint8_t>(id.back() + change);
    if (!agent.engine) agent.engine = std::make_unique<snmp::Engine>();
    agent.engine->adopt(id, boots, seconds, now);
    agent.engine_change = change;
  }
  if (agent.engine->boots() != boots || agent.engine->time(now) != seconds) agent.engine->reset(boots, seconds, now);
}

snmp::Octets Agents::answer_secured(const snmp::SecuredView& message, const net::Address& address, Agent& agent, SteadyTime now) {
  const Misbehaviour* wrong = agent.manner.misbehaviour.get();
  if (wrong != nullptr && wrong->v1_only) return {};
  set_clock(address, agent, now);
  const std::size_t own = wrong != nullptr && wrong->max_size > 0 ? wrong->max_size : agent.manner.max_size;
  snmp::ScopedView scoped;
  switch (authority_.take(*agent.engine, message, now, static_cast<std::int32_t>(own), scoped)) {
    case snmp::Authority::Outcome::Silence:
      ++stats_.malformed;
      return {};
    case snmp::Authority::Outcome::Report:
      ++stats_.reports;
      return authority_.report();
    case snmp::Authority::Outcome::Denied:
      ++stats_.refused;
      return authority_.respond(answerer_.refuse(scoped, snmp::kAuthorizationError));
    case snmp::Authority::Outcome::Request:
      break;
  }
  request_ = scoped;
  const std::size_t overhead = authority_.overhead();
  const std::size_t most = std::min(own, authority_.asker_max_size());
  const snmp::Octets pdu = answer(agent, overhead, most > overhead ? most - overhead : 0);
  return pdu.empty() ? pdu : authority_.respond(pdu);
}

// A message, or in v3 the PDU of one that adds `overhead`. Empty where the agent says nothing.
snmp::Octets Agents::answer(const Agent& agent, std::size_t overhead, std::size_t limit) {
  const Misbehaviour* wrong = agent.manner.misbehaviour.get();
  const snmp::Octets octets =
      wrong == nullptr ? answerer_.answer(request_, *agent.device, {.octets = limit}) : misanswer(*wrong, agent, overhead, limit);
  if (octets.empty()) return octets;
  stats_.varbinds += answerer_.varbinds();
  if (wrong != nullptr && !wrong->slow.empty()) {
    answer_encoder_.start();
    answer_encoder_.add_raw(octets);
    snmp::ScopedView out;
    const auto fault = request_.version == snmp::Version::V3 ? answer_decoder_.decode_scoped(answer_encoder_.scope({}, {}), out)
                                                             : answer_decoder_.decode(octets, out);
    if (fault == snmp::ber::Fault::None) slow_ = slowness(*wrong, agent.device->objects(), out.varbinds);
  }
  return octets;
}

snmp::Octets Agents::misanswer(const Misbehaviour& wrong, const Agent& agent, std::size_t overhead, std::size_t limit) {
  if (wrong.v1_only && request_.version != snmp::Version::V1) return {};
  if (request_.type == snmp::PduType::GetBulk) {
    if (wrong.bulk == Misbehaviour::Bulk::Silent) return {};
    if (wrong.bulk == Misbehaviour::Bulk::GenErr) return answerer_.refuse(request_, snmp::kGenErr);
    if (wrong.bulk == Misbehaviour::Bulk::AsNext) request_.type = snmp::PduType::GetNext;
  }
  if (wrong.wrong_request_id)
    request_.request_id = static_cast<std::int32_t>((static_cast<std::uint32_t>(request_.request_id) + 1) & INT32_MAX);
  Answerer::Rules rules{.octets = limit};
  if (wrong.max_size > 0) rules.octets = std::min(limit, wrong.max_size);
  if (wrong.too_big_above > 0) rules.octets = Answerer::kMaxSize;
  if (wrong.cap && wrong.cap->over == Misbehaviour::Over::Cut) rules.varbinds = wrong.cap->varbinds;
  rules.columns_one_by_one = wrong.bulk == Misbehaviour::Bulk::ByColumn;
  const snmp::Octets octets = answerer_.answer(request_, *agent.device, rules);
  const std::size_t varbinds = std::max(answerer_.varbinds(), request_.varbinds.size());
  if (wrong.cap && varbinds > wrong.cap->varbinds) {
    switch (wrong.cap->over) {
      case Misbehaviour::Over::Cut:
        break;
      case Misbehaviour::Over::TooBig:
        return answerer_.refuse(request_, snmp::kTooBig);
      case Misbehaviour::Over::GenErr:
        return answerer_.refuse(request_, snmp::kGenErr);
      case Misbehaviour::Over::Silent:
        return {};
    }
  }
  if (wrong.too_big_above > 0 && octets.size() + overhead > wrong.too_big_above) return answerer_.refuse(request_, snmp::kTooBig);
  return octets;
}

void Agents::send(std::size_t socket, const net::Datagram& datagram, const net::Address& at, Agent& agent, snmp::Octets octets,
                  SteadyTime now) {
  const Misbehaviour* wrong = agent.manner.misbehaviour.get();
  std::chrono::microseconds wait = agent.manner.delay;
  if (agent.manner.jitter.count() > 0) {
    const auto microseconds = static_cast<std::uint64_t>(agent.manner.jitter.count()) * 1'000;
    wait += std::chrono::microseconds(reactor_.random().below(microseconds + 1));
  }
  net::Address from = at;
  int copies = 1;
  if (wrong != nullptr) {
    wait += wrong->late + wrong->alone + slow_;
    if (wrong->alone.count() > 0) agent.busy_until = now + wait;
    if (wrong->foreign) from = wrong->from ? *wrong->from : neighbour_of(at);
    if (wrong->cut_octets) {
      const std::size_t cut = *wrong->cut_octets == 0 ? octets.size() / 2 : *wrong->cut_octets;
      octets = octets.first(octets.size() - std::min(cut, octets.size()));
    }
    if (wrong->twice) copies = 2;
  }
  for (int copy = 0; copy < copies; ++copy) {
    if (wait.count() > 0) {
      delay(socket, datagram.peer, at, from, agent, octets, now + wait);
    } else {
      ++stats_.responses;
      sockets_[socket]->send(datagram.peer, octets, from);
    }
  }
}

void Agents::delay(std::size_t socket, const net::Endpoint& to, const net::Address& at, const net::Address& from,
                   const Agent& agent, snmp::Octets octets, SteadyTime due) {
  if (late_.size() >= kMaxLate) {
    ++stats_.ignored;
    return;
  }
  const bool first = late_.empty() || due < late_.top().due;
  late_.push({due, ++order_, socket, to, at, from, agent.life, {octets.begin(), octets.end()}});
  if (first) reactor_.timers().arm(timer_, due);
}

void Agents::send_due() {
  const SteadyTime now = reactor_.clock().steady();
  while (!late_.empty() && late_.top().due <= now) {
    const Late& late = late_.top();
    const auto at = agents_.find(late.agent);
    if (at != agents_.end() && at->second.life == late.life && !at->second.manner.dead) {
      ++stats_.responses;
      sockets_[late.socket]->send(late.to, late.octets, late.from);
    } else {
      ++stats_.ignored;
    }
    late_.pop();
  }
  if (!late_.empty()) reactor_.timers().arm(timer_, late_.top().due);
}

}  // namespace bongsu::agent
