// SPDX-License-Identifier: Apache-2.0
#include "agent/agents.h"

namespace bongsu::agent {

Agents::Agents(net::Reactor& reactor, AgentsSpec spec)
    : reactor_(reactor), spec_(std::move(spec)), port_(spec_.port), timer_([this] { send_due(); }) {}
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
  agents_.insert_or_assign(address, Agent{std::move(device), manner, ++lives_});
}

void Agents::set_default(Default make, Manner manner) {
  make_default_ = std::move(make);
  default_manner_ = manner;
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
}

Agents::Agent* Agents::agent_of(const net::Address& address, SteadyTime now) {
  if (const auto at = agents_.find(address); at != agents_.end()) return &at->second;
  if (!make_default_ || agents_.size() >= spec_.most) return nullptr;
  Agent made{nullptr, default_manner_, ++lives_};
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
  if (agent->manner.dead || (agent->manner.loss > 0 && reactor_.random().chance(agent->manner.loss))) {
    ++stats_.ignored;
    return;
  }
  if (decoder_.decode(datagram.data, request_) != snmp::ber::Fault::None) {
    ++stats_.malformed;
    return;
  }
  if (!spec_.community.empty() && request_.community != spec_.community) {
    ++stats_.refused;
    return;
  }
  agent->device->set_moment(now);
  const snmp::Octets octets = answerer_.answer(request_, *agent->device, agent->manner.max_size);
  if (octets.empty()) {
    ++stats_.malformed;
    return;
  }
  stats_.varbinds += answerer_.varbinds();
  if (agent->manner.delay.count() > 0 || agent->manner.jitter.count() > 0) {
    return delay(socket, datagram, address, *agent, octets, now);
  }
  ++stats_.responses;
  sockets_[socket]->send(datagram.peer, octets, address);
}

void Agents::delay(std::size_t socket, const net::Datagram& datagram, const net::Address& from, const Agent& agent,
                   snmp::Octets octets, SteadyTime now) {
  if (late_.size() >= kMaxLate) {
    ++stats_.ignored;
    return;
  }
  SteadyTime due = now + agent.manner.delay;
  if (agent.manner.jitter.count() > 0) {
    const auto microseconds = static_cast<std::uint64_t>(agent.manner.jitter.count()) * 1'000;
    due += std::chrono::microseconds(reactor_.random().below(microseconds + 1));
  }
  const bool first = late_.empty() || due < late_.top().due;
  late_.push({due, ++order_, socket, datagram.peer, from, agent.life, {octets.begin(), octets.end()}});
  if (first) reactor_.timers().arm(timer_, due);
}

void Agents::send_due() {
  const SteadyTime now = reactor_.clock().steady();
  while (!late_.empty() && late_.top().due <= now) {
    const Late& late = late_.top();
    const auto at = agents_.find(late.from);
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
