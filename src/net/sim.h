// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/reactor.h"

namespace bongsu::net {

// How the way to one address behaves.
struct SimLink {
  Millis latency{1};  // one way
  Millis jitter{0};   // added at random, 0..jitter
  double loss = 0;    // of each datagram, each way
  bool up = true;     // false: nothing passes
  bool echo = true;   // answers ping
};

// A network on virtual time in one thread: a reactor, sockets that reach each other through it, and hosts that answer
// ping. Time moves only while it runs; one seed gives one history. Thread: one.
class SimWorld {
 public:
  explicit SimWorld(std::uint64_t seed, Time start = time_from_ms(1'700'000'000'000));
  ~SimWorld();

  Reactor& reactor();
  ManualClock& clock() { return clock_; }

  // Gives a host at `address` its link; TCP sends again what the link loses. Datagrams to it reach a socket bound to the address,
  // or to the wildcard at that port with tell_local. An address without a link drops everything.
  void set_link(const Address& address, SimLink link);
  SimLink& link(const Address& address);
  void add_name(std::string host, const Address& address) { names_[std::move(host)] = address; }
  // A datagram from outside, to a socket bound in this world.
  void inject(const Endpoint& from, const Endpoint& to, std::span<const std::uint8_t> data);
  // Runs `act` when the clock gets there.
  void at(SteadyTime when, std::function<void()> act);
  void after(Millis span, std::function<void()> act) { at(clock_.steady() + span, std::move(act)); }

  void run_until(SteadyTime end);
  void run_for(Millis span) { run_until(clock_.steady() + span); }

 private:
  friend class SimSocket;
  friend class SimStream;
  friend class SimListener;
  class SimReactor;
  struct Flight {
    Endpoint from;
    Endpoint to;
    bool icmp = false;
    std::vector<std::uint8_t> data;
  };
  struct Pipe;
  struct Segment;
  Result<std::unique_ptr<StreamSocket>> begin_stream(Endpoint from, const Endpoint& to, StreamEvents events);
  void pass(const Address& far, int tries, std::function<void(bool)> then);
  Millis link_delay(const Address& far) const;
  void transmit(std::shared_ptr<Pipe> pipe, int to, Segment segment);
  void arrive(const std::shared_ptr<Pipe>& pipe, int to, const Segment& segment);
  void route(Flight flight);
  void deliver(const Flight& flight);
  void settle();
  const SimLink* find_link(const Address& address) const;

  ManualClock clock_;
  Random random_;
  std::map<std::pair<SteadyTime, std::uint64_t>, std::function<void()>> agenda_;
  std::uint64_t sequence_ = 0;
  std::unordered_map<Address, SimLink> links_;
  std::map<std::string, Address> names_;
  std::map<std::pair<bool, Endpoint>, DatagramSocket*> bound_;  // (icmp, local)
  std::map<Endpoint, StreamListener*> listening_;
  std::uint16_t next_port_ = 49'152;
  std::unique_ptr<SimReactor> reactor_;
};

}  // namespace bongsu::net
