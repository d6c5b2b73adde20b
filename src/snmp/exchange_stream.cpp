// SPDX-License-Identifier: Apache-2.0
// SNMP over TCP (RFC 3430): one connection for each endpoint, kept, and made again as requests need it. TCP sends again by
// itself, so a request is sent once and waits as long as all its tries by UDP would; it is sent once more when a connection
// that served before ends under it.
#include <fmt/format.h>

#include <algorithm>

#include "snmp/exchange.h"
#include "snmp/exchange_state.h"

namespace bongsu::snmp {
namespace {

constexpr Millis kFirstBackoff{1'000}, kMostBackoff{30'000};

}  // namespace

std::string_view to_string(Transport transport) { return transport == Transport::Tcp ? "tcp" : "udp"; }

Exchanges::Connection* Exchanges::connection_for(const net::Endpoint& endpoint, std::string& problem) {
  const SteadyTime now = reactor_.clock().steady();
  auto& kept = connections_[endpoint];
  if (!kept) {
    kept = std::make_unique<Connection>();
    kept->endpoint = endpoint;
  }
  Connection& connection = *kept;
  connection.used = now;
  if (connection.state != Connection::State::Closed) return &connection;
  if (now < connection.retry_at) {
    problem = fmt::format("{}; the next try is in {}", connection.problem,
                          format_duration(std::chrono::ceil<Millis>(connection.retry_at - now)));
    return nullptr;
  }
  if (connections_open_ >= options_.max_connections && !close_idle()) {
    problem = fmt::format("all {} TCP connections are in use; ask fewer devices by TCP", options_.max_connections);
    return nullptr;
  }
  net::StreamEvents events{.opened = [this, &connection] { opened(connection); },
                           .received = [this, &connection](Octets octets) { received(connection, octets); },
                           .closed = [this, &connection](const Error& error) { closed(connection, error.text); }};
  auto made = reactor_.connect(endpoint, std::move(events));
  if (!made) {
    problem = made.error().text;
    return nullptr;
  }
  connection.socket = std::move(*made);
  connection.state = Connection::State::Opening;
  connection.in.clear();
  connection.answered = false;
  ++connections_open_;
  connects_.add();
  return &connection;
}

// The connection that nobody waits for and that served longest ago.
bool Exchanges::close_idle() {
  Connection* oldest = nullptr;
  for (const auto& [endpoint, connection] : connections_) {
    if (connection->state == Connection::State::Closed || connection->users > 0 || connection->busy) continue;
    if (oldest == nullptr || connection->used < oldest->used) oldest = connection.get();
  }
  if (oldest == nullptr) return false;
  --connections_open_;
  connections_.erase(net::Endpoint(oldest->endpoint));
  return true;
}

void Exchanges::send_stream(Exchange& exchange) {
  if (exchange.device != nullptr && waits(exchange)) return;
  const SteadyTime now = reactor_.clock().steady();
  const Target& target = exchange.target;
  if (exchange.tries == 0) {
    exchange.fresh = true;
    ++fresh_;
    exchange.started = now;
    exchange.crowded = exchange.known->second.under_way > 1;
    exchange.deadline = now + target.timeout * (1 + target.retries);
  } else {
    retries_.add();
  }
  ++exchange.tries;
  std::string problem;
  Connection* connection = connection_for(target.endpoint, problem);
  if (connection == nullptr) return fail_later(exchange, stream_error(target, problem));
  if (exchange.connection != connection) {
    leave(exchange);
    exchange.connection = connection;
    ++connection->users;
  }
  reactor_.timers().arm(exchange, stream_wait(exchange, now));
  if (connection->state == Connection::State::Open) write(exchange);
  if (target.retries == 0) ask_beside(exchange);
}

// To where the last try would begin by UDP, and then to the end.
SteadyTime Exchanges::stream_wait(const Exchange& exchange, SteadyTime now) {
  const SteadyTime beside = exchange.deadline - exchange.target.timeout;
  return now < beside ? beside : exchange.deadline;
}

void Exchanges::write(Exchange& exchange) {
  exchange.sent = reactor_.clock().steady();
  // What a stuck connection does not take is missed at the deadline.
  exchange.connection->socket->send(exchange.device != nullptr ? secured(exchange) : Octets(exchange.datagram));
}

void Exchanges::leave(Exchange& exchange) {
  if (exchange.connection != nullptr) --exchange.connection->users;
  exchange.connection = nullptr;
}

template <class Act>
void Exchanges::each_user(const Connection& connection, const Act& act) {
  if (connection.users == 0) return;
  for (Exchange& exchange : slots_)
    if (exchange.busy && exchange.connection == &connection && !exchange.failed) act(exchange);
}

void Exchanges::opened(Connection& connection) {
  connection.state = Connection::State::Open;
  each_user(connection, [&](Exchange& exchange) { write(exchange); });
}

void Exchanges::received(Connection& connection, Octets octets) {
  const SteadyTime now = reactor_.clock().steady();
  connection.heard = now;
  connection.busy = true;
  net::Datagram message{.peer = connection.endpoint};
  const bool good = connection.in.push(octets, [&](Octets one) {
    message.data = one;
    receive_one(message, Transport::Tcp, now);
  });
  connection.busy = false;
  if (good || connection.state == Connection::State::Closed) {
    send_waiting();
    return;
  }
  message.data = octets.first(std::min<std::size_t>(octets.size(), 64));
  malformed(message, connection.in.fault());
  connection.answered = false;
  connection.socket->close();
  closed(connection, "tcp " + connection.endpoint.to_string() + ": what it sends is no SNMP message");
}

// The socket stays until the next one is made: this may be its own call.
void Exchanges::closed(Connection& connection, const std::string& problem) {
  if (connection.state == Connection::State::Closed) return;
  connection.state = Connection::State::Closed;
  --connections_open_;
  connection.problem = problem;
  // Agents close what is idle: a connection that served may be made again at once.
  const bool served = connection.answered;
  const auto may_again = [&](const Exchange& exchange) {
    return served &&
           exchange.tries <= (exchange.type == PduType::Set ? exchange.target.retries : std::max(exchange.target.retries, 1));
  };
  connection.backoff = served ? Millis(0) : std::clamp(connection.backoff * 2, kFirstBackoff, kMostBackoff);
  connection.retry_at = reactor_.clock().steady() + connection.backoff;
  each_user(connection, [&](Exchange& exchange) {
    if (may_again(exchange)) {
      exchange.again = true;
      reactor_.timers().arm(exchange, reactor_.clock().steady());
    } else {
      fail_later(exchange, stream_error(exchange.target, problem));
    }
  });
}

// Nothing came for the request in all its time: where nothing at all came since, the connection is of no use.
void Exchanges::doubt_stream(const Exchange& exchange) {
  Connection& connection = *exchange.connection;
  if (connection.state == Connection::State::Closed || connection.users > 1) return;
  if (connection.state == Connection::State::Open && connection.heard >= exchange.sent) return;
  connection.answered = false;
  connection.socket->close();
  connection.state = Connection::State::Closed;
  --connections_open_;
  connection.problem = "tcp " + connection.endpoint.to_string() + ": it took the connection and answered nothing";
  connection.retry_at = reactor_.clock().steady();
}

Error Exchanges::stream_error(const Target& target, const std::string& problem) {
  return {
      Code::Unavailable,
      fmt::format("{}: {}; check that its agent listens on TCP at this port (snmpd: agentaddress tcp:{}) and lets this host in, "
                  "or ask it by UDP",
                  target.name, problem, target.endpoint.port)};
}

}  // namespace bongsu::snmp
