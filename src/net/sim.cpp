// SPDX-License-Identifier: Apache-2.0
#include "net/sim.h"

#include "net/sim_stream.h"

namespace bongsu::net {
namespace {

// Bongsu's own addresses in the simulated network.
Address own_address(Address::Family family) {
  if (family == Address::Family::V4) return Address::v4(0x0afffffe);  // 10.255.255.254
  static constexpr std::array<std::uint8_t, 16> kOwn{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe};
  return Address::v6(kOwn);
}

constexpr std::uint8_t kEchoRequest4 = 8, kEchoReply4 = 0, kEchoRequest6 = 128, kEchoReply6 = 129;

}  // namespace

class SimSocket final : public DatagramSocket {
 public:
  SimSocket(SimWorld& world, const SocketSpec& spec, Endpoint local) : world_(world), spec_(spec), local_(local) {}
  ~SimSocket() override { world_.bound_.erase({spec_.kind == SocketSpec::Kind::Icmp, local_}); }

  void on_receive(Receive receive) override { receive_ = std::move(receive); }
  void send(const Endpoint& to, std::span<const std::uint8_t> data, const std::optional<Address>& from) override {
    Endpoint source = local_;
    if (from) source.address = *from;
    else if (source.address.is_unspecified()) source.address = own_address(to.address.family());
    world_.route({source, to, spec_.kind == SocketSpec::Kind::Icmp, {data.begin(), data.end()}});
  }
  Endpoint local() const override { return local_; }
  std::uint64_t kernel_drops() const override { return 0; }
  std::uint64_t send_failures() const override { return 0; }

  void receive(const Datagram& datagram) {
    if (receive_) receive_({&datagram, 1});
  }
  bool tells_local() const { return spec_.tell_local; }

 private:
  SimWorld& world_;
  const SocketSpec spec_;
  const Endpoint local_;
  Receive receive_;
};

class SimWorld::SimReactor final : public Reactor {
 public:
  SimReactor(SimWorld& world, std::uint64_t seed) : Reactor(world.clock_.steady(), Random(seed)), world_(world) {}
  ~SimReactor() override { end_coroutines(); }
  const Clock& clock() const override { return world_.clock_; }

  Result<std::unique_ptr<DatagramSocket>> open(const SocketSpec& spec) override {
    Endpoint local = spec.bind;
    const bool icmp = spec.kind == SocketSpec::Kind::Icmp;
    if (local.port == 0) local.port = world_.next_port_++;
    if (world_.bound_.contains({icmp, local})) {
      return Error{Code::Unavailable, "listen on " + local.to_string() + ": another socket holds this port"};
    }
    auto socket = std::make_unique<SimSocket>(world_, spec, local);
    world_.bound_[{icmp, local}] = socket.get();
    return std::unique_ptr<DatagramSocket>(std::move(socket));
  }

  Result<std::unique_ptr<StreamSocket>> connect(const Endpoint& to, StreamEvents events) override {
    return world_.begin_stream({own_address(to.address.family()), world_.next_port_++}, to, std::move(events));
  }

  Result<std::unique_ptr<StreamListener>> listen(const Endpoint& at, StreamListener::Accept accept) override {
    if (world_.listening_.contains(at))
      return Error{Code::Unavailable, "listen on tcp " + at.to_string() + ": another socket holds this port"};
    return std::unique_ptr<StreamListener>(std::make_unique<SimListener>(world_, at, std::move(accept)));
  }

  void aside(std::function<void()> work, std::function<void()> then) override {
    post([work = std::move(work), then = std::move(then)] {
      work();
      then();
    });
  }

  void resolve(std::string host, std::function<void(Result<Address>)> then) override {
    Result<Address> found = Address::parse(host);
    if (const auto at = world_.names_.find(host); at != world_.names_.end()) found = at->second;
    if (!found) found = Error{Code::NotFound, host + ": no address found; check the name, or write the address"};
    post([then = std::move(then), found = std::move(found)] { then(found); });
  }

 private:
  SimWorld& world_;
};

SimWorld::SimWorld(std::uint64_t seed, Time start)
    : clock_(start), random_(seed), reactor_(std::make_unique<SimReactor>(*this, seed ^ 0x9e3779b97f4a7c15)) {}
SimWorld::~SimWorld() = default;

Reactor& SimWorld::reactor() { return *reactor_; }

void SimWorld::set_link(const Address& address, SimLink link) { links_[address] = link; }
SimLink& SimWorld::link(const Address& address) { return links_[address]; }
const SimLink* SimWorld::find_link(const Address& address) const {
  const auto at = links_.find(address);
  return at == links_.end() ? nullptr : &at->second;
}

void SimWorld::inject(const Endpoint& from, const Endpoint& to, std::span<const std::uint8_t> data) {
  Flight flight{from, to, false, {data.begin(), data.end()}};
  at(clock_.steady(), [this, flight = std::move(flight)] { deliver(flight); });
}

void SimWorld::at(SteadyTime when, std::function<void()> act) { agenda_.emplace(std::pair(when, sequence_++), std::move(act)); }

void SimWorld::route(Flight flight) {
  // The far end is the one that has a link; between two of our own there is none to cross.
  const SimLink* link = find_link(flight.to.address);
  if (link == nullptr) link = find_link(flight.from.address);
  Millis delay{0};
  if (link != nullptr) {
    if (!link->up || (link->loss > 0 && random_.chance(link->loss))) return;
    delay = link->latency;
    if (link->jitter.count() > 0) delay += Millis(random_.below(static_cast<std::uint64_t>(link->jitter.count()) + 1));
  }
  at(clock_.steady() + delay, [this, flight = std::move(flight)] { deliver(flight); });
}

void SimWorld::deliver(const Flight& flight) {
  const auto hand_over = [&](DatagramSocket* found) {
    auto* socket = static_cast<SimSocket*>(found);
    Datagram datagram{.peer = flight.from, .data = flight.data, .received = clock_.precise()};
    if (socket->tells_local()) datagram.local = flight.to.address;
    socket->receive(datagram);
  };
  if (flight.icmp) {
    if (flight.data.size() < 8) return;
    const bool v4 = flight.to.address.is_v4();
    if (flight.data[0] == (v4 ? kEchoRequest4 : kEchoRequest6)) {
      const SimLink* link = find_link(flight.to.address);
      if (link == nullptr || !link->up || !link->echo) return;
      Flight answer{flight.to, flight.from, true, flight.data};
      answer.data[0] = v4 ? kEchoReply4 : kEchoReply6;
      return route(std::move(answer));
    }
    for (const auto& [key, socket] : bound_) {
      if (key.first && key.second.address.family() == flight.to.address.family()) hand_over(socket);
    }
    return;
  }
  if (const auto exact = bound_.find({false, flight.to}); exact != bound_.end()) return hand_over(exact->second);
  const Endpoint wildcard{Address::any(flight.to.address.family()), flight.to.port};
  if (const auto any = bound_.find({false, wildcard}); any != bound_.end()) hand_over(any->second);
}

void SimWorld::settle() {
  while (reactor_->io().poll() > 0) {}
  reactor_->io().restart();
}

void SimWorld::run_until(SteadyTime end) {
  settle();
  for (;;) {
    std::optional<SteadyTime> next = reactor_->timers().next();
    if (!agenda_.empty() && (!next || agenda_.begin()->first.first < *next)) next = agenda_.begin()->first.first;
    if (!next || *next > end) break;
    if (*next > clock_.steady()) clock_.advance(*next - clock_.steady());
    while (!agenda_.empty() && agenda_.begin()->first.first <= clock_.steady()) {
      auto act = std::move(agenda_.begin()->second);
      agenda_.erase(agenda_.begin());
      act();
      settle();
    }
    reactor_->timers().advance(clock_.steady());
    settle();
  }
  if (end > clock_.steady()) clock_.advance(end - clock_.steady());
}

}  // namespace bongsu::net
