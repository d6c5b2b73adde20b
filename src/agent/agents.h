// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/answer.h"
#include "agent/device.h"
#include "agent/misbehave.h"
#include "net/reactor.h"
#include "snmp/authority.h"

namespace bongsu::agent {

struct AgentsSpec {
  std::uint16_t port = 0;            // 0: any free one, the same for every address
  std::string community = "public";  // requests with another one are ignored; empty: any is taken
  // Empty: one socket for every IPv4 address of this machine, answering from the address that was asked (with 127.0.0.0/8
  // that makes 16 million agents), and one for IPv6 with `ipv6`.
  std::vector<net::Address> listen;
  bool ipv6 = false;
  std::size_t most = 100'000;  // agents; the default device is not made for more
  std::size_t receive_buffer = 32U << 20;
  std::uint64_t seed = 1;  // of what is lost: with one seed an agent loses the same of its requests, counted from its first
  // v3: each agent knows them all; a request below the level of a user's keys is refused. None: v3 is not spoken.
  std::vector<std::shared_ptr<const snmp::User>> users;
};

// How an agent treats those who ask it.
struct Manner {
  Millis delay{0};                                   // before an answer leaves
  Millis jitter{0};                                  // added at random, 0..jitter
  double loss = 0;                                   // share of requests that are not answered, 0..1
  bool dead = false;                                 // answers nothing
  std::size_t max_size = 1'472;                      // of an answer, in octets
  std::shared_ptr<const Misbehaviour> misbehaviour;  // but for what is in the device's table; none: it does nothing wrong
};

struct AgentsStats {
  std::uint64_t requests = 0;   // datagrams taken
  std::uint64_t responses = 0;  // datagrams sent
  std::uint64_t varbinds = 0;   // in responses
  std::uint64_t malformed = 0;  // not an SNMP request
  std::uint64_t refused = 0;    // wrong community; v3: below the user's level
  std::uint64_t reports = 0;    // v3: of responses, those that report an error or the engine
  std::uint64_t unknown = 0;    // to an address that has no agent
  std::uint64_t ignored = 0;    // by a dead agent or lost on purpose
};

// Many SNMP agents on one port. The reactor must outlive it. Thread: the reactor's.
class Agents {
 public:
  // Makes the device of an address that is asked for the first time; nothing: there is no agent. `manner` is what
  // set_default was told, for it to change.
  using Default = std::function<std::unique_ptr<Device>(const net::Address& address, SteadyTime now, Manner& manner)>;
  static constexpr std::size_t kMaxLate = 1U << 20;  // answers that wait for their delay; what is more is lost

  // Errors: Unavailable (port in use), Io.
  static Result<std::unique_ptr<Agents>> open(net::Reactor& reactor, AgentsSpec spec);
  ~Agents();

  std::uint16_t port() const { return port_; }
  // One agent for each address; a second one replaces the first.
  void add(const net::Address& address, std::unique_ptr<Device> device, Manner manner = {});
  void remove(const net::Address& address) { agents_.erase(address); }
  // For every other address: `manner` is theirs.
  void set_default(Default make, Manner manner = {});
  Device* device(const net::Address& address);  // nullptr: no agent there (yet)
  Manner* manner(const net::Address& address);  // to be changed at will
  void restart(const net::Address& address);    // as Device::restart, one boot more; answers under way are lost
  std::size_t size() const { return agents_.size(); }
  const AgentsStats& stats() const { return stats_; }

 private:
  struct Agent {
    std::unique_ptr<Device> device;  // none: an address that the default leaves out
    Manner manner;
    std::uint64_t life = 0;
    SteadyTime busy_until{};
    SteadyTime born{};
    std::uint64_t asked = 0;  // requests that may be lost
    std::int32_t boots = 1;
    std::unique_ptr<snmp::Engine> engine;  // once it was asked in v3
    std::int64_t engine_change = 0;
  };
  struct Late {
    SteadyTime due;
    std::uint64_t order;
    std::size_t socket;
    net::Endpoint to;
    net::Address agent;
    net::Address from;
    std::uint64_t life;
    std::vector<std::uint8_t> octets;
    bool operator<(const Late& other) const { return due != other.due ? due > other.due : order > other.order; }
  };
  Agents(net::Reactor& reactor, AgentsSpec spec);
  Status listen(const net::Address& address);
  void receive(std::size_t socket, std::span<const net::Datagram> batch);
  void serve(std::size_t socket, const net::Datagram& datagram, SteadyTime now);
  bool loses(const net::Address& address, Agent& agent) const;
  Agent* agent_of(const net::Address& address, SteadyTime now);
  snmp::Octets answer(const Agent& agent, std::size_t overhead, std::size_t limit);
  snmp::Octets misanswer(const Misbehaviour& wrong, const Agent& agent, std::size_t overhead, std::size_t limit);
  snmp::Octets answer_secured(const snmp::SecuredView& message, const net::Address& address, Agent& agent, SteadyTime now);
  void set_clock(const net::Address& address, Agent& agent, SteadyTime now);
  void send(std::size_t socket, const net::Datagram& datagram, const net::Address& at, Agent& agent, snmp::Octets octets,
            SteadyTime now);
  void delay(std::size_t socket, const net::Endpoint& to, const net::Address& at, const net::Address& from, const Agent& agent,
             snmp::Octets octets, SteadyTime due);
  void send_due();

  net::Reactor& reactor_;
  const AgentsSpec spec_;
  std::uint16_t port_;
  std::unordered_map<net::Address, Agent> agents_;
  Default make_default_;
  Manner default_manner_;
  AgentsStats stats_;
  snmp::Decoder decoder_;
  snmp::MessageView request_;
  Answerer answerer_;
  snmp::Decoder answer_decoder_;
  snmp::Encoder answer_encoder_;
  snmp::Authority authority_;
  Millis slow_{0};  // of the answer at hand
  std::priority_queue<Late> late_;
  std::uint64_t order_ = 0;
  std::uint64_t lives_ = 0;
  net::CallbackTimer timer_;
  std::vector<std::unique_ptr<net::DatagramSocket>> sockets_;  // ends first: they call us
};

}  // namespace bongsu::agent
