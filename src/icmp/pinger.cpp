// SPDX-License-Identifier: Apache-2.0
#include "icmp/pinger.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "icmp/echo.h"
#include "net/promise.h"

namespace bongsu::icmp {
using net::Address;
using std::chrono::nanoseconds;

constexpr std::size_t kPerTurn = 256;

struct Pinger::Core {
  // The echoes of one burst() and what came of them.
  struct Burst {
    explicit Burst(net::Reactor& reactor) : finished(reactor) {}
    net::Promise<bool> finished;
    std::vector<std::optional<nanoseconds>> rtts;
    std::size_t open = 0;  // echoes without an answer whose time has not ended
    bool all_sent = false;
    int duplicates = 0;
    std::optional<Error> error;

    void close_one() {
      --open;
      finish();
    }
    void finish() {
      if (all_sent && open == 0 && !finished.is_set()) finished.set(true);
    }
  };

  static PingStats sum_up(const Burst& burst) {
    PingStats stats;
    stats.sent = static_cast<int>(burst.rtts.size());
    stats.duplicates = burst.duplicates;
    nanoseconds total{0}, differences{0};
    std::optional<nanoseconds> before;
    for (const auto& rtt : burst.rtts) {
      if (!rtt) continue;
      stats.min = stats.received == 0 ? *rtt : std::min(stats.min, *rtt);
      stats.max = std::max(stats.max, *rtt);
      total += *rtt;
      if (before) differences += *rtt > *before ? *rtt - *before : *before - *rtt;
      before = rtt;
      ++stats.received;
    }
    if (stats.received > 0) stats.avg = total / stats.received;
    if (stats.received > 1) stats.jitter = differences / (stats.received - 1);
    return stats;
  }

  // A request, kept until its time ends even when it was answered, so that a second answer is known for what it is.
  struct Slot final : net::Timer {
    Slot(Core& owner, std::uint32_t at) : core(owner), index(at) {}
    Core& core;
    const std::uint32_t index;
    bool used = false;
    bool answered = false;
    std::uint16_t sequence = 0;
    std::uint64_t token = 0;
    Address to;
    Millis timeout{};
    nanoseconds sent_wall{};
    SteadyTime sent_steady{};
    Done done;
    std::shared_ptr<Burst> burst;
    void expired() override { core.time_ended(*this); }
  };

  Core(net::Reactor& its_reactor, Metrics& metrics, const PingerOptions& its_options)
      : reactor(its_reactor),
        options(its_options),
        sent(metrics.counter("bongsu_icmp_sent_total", "Echo requests sent.")),
        received(metrics.counter("bongsu_icmp_received_total", "Echo requests that were answered.")),
        timeouts(metrics.counter("bongsu_icmp_timeouts_total", "Echo requests without an answer in time.")),
        duplicates(metrics.counter("bongsu_icmp_duplicates_total", "Second and further answers to one echo request.")),
        strange(metrics.counter("bongsu_icmp_unmatched_total", "ICMP messages that answer no request that waits.")),
        unsent(
            metrics.counter("bongsu_icmp_send_failures_total", "Echo requests that could not be sent (no route, queue full).")),
        dropped(metrics.counter("bongsu_icmp_kernel_dropped_total", "Messages lost because the receive buffer was full.")) {}

  struct Line {
    std::unique_ptr<net::DatagramSocket> socket;
    std::uint16_t identifier = 0;
    std::uint64_t drops_told = 0;
    std::uint64_t failures_told = 0;
    Error missing{};  // why there is no socket
  };

  Line& line_of(Address::Family family) { return lines[family == Address::Family::V4 ? 0 : 1]; }

  void open(Address::Family family) {
    Line& line = line_of(family);
    net::SocketSpec spec{.kind = net::SocketSpec::Kind::Icmp,
                         .bind = {Address::any(family), 0},
                         .receive_buffer = options.receive_buffer,
                         .kernel_time = true,
                         .count_drops = true};
    auto opened = reactor.open(spec);
    if (!opened) {
      line.missing = opened.error();
      return;
    }
    line.socket = std::move(*opened);
    line.identifier = line.socket->echo_identifier().value_or(static_cast<std::uint16_t>(reactor.random().next()));
    line.socket->filter_echo(line.identifier);
    line.socket->on_receive([this, family](std::span<const net::Datagram> batch) { take(family, batch); });
  }

  void refuse(Done done, Error error) {
    reactor.post([done = std::move(done), error = std::move(error)] { done(error); });
  }

  void send(const Address& to, Millis timeout, Done done, std::shared_ptr<Burst> burst) {
    Line& line = line_of(to.family());
    if (!line.socket)
      return refuse(std::move(done), Error{Code::Unavailable, "ping " + to.to_string() + ": " + line.missing.text});
    if (free.empty()) {
      if (slots.size() >= options.max_waiting) {
        return refuse(std::move(done), Error{Code::Limit, "ping " + to.to_string() + ": " + std::to_string(slots.size()) +
                                                              " requests wait already; send slower"});
      }
      slots.emplace_back(*this, static_cast<std::uint32_t>(slots.size()));
      free.push_back(slots.back().index);
    }
    Slot& slot = slots[free.back()];
    free.pop_back();
    slot.used = true;
    slot.answered = false;
    slot.sequence = static_cast<std::uint16_t>(next_sequence++);
    slot.token = reactor.random().next();
    slot.to = to;
    slot.timeout = timeout;
    slot.done = std::move(done);
    slot.burst = std::move(burst);
    ++waiting;
    to_send.push_back(slot.index);
    if (!turn_posted) send_some();
  }

  // Between two turns of the reactor no more leave than it reads in one, or the answers would not fit the receive buffer.
  void send_some() {
    for (; sent_in_turn < kPerTurn && !to_send.empty(); ++sent_in_turn) {
      Slot& slot = slots[to_send.front()];
      to_send.pop_front();
      Line& line = line_of(slot.to.family());
      encode_request(slot.to.family(), {line.identifier, slot.sequence, slot.token, slot.index}, options.payload, scratch);
      slot.sent_steady = reactor.clock().steady();
      slot.sent_wall = reactor.clock().precise();
      reactor.timers().arm(slot, slot.sent_steady + slot.timeout);
      line.socket->send({slot.to, 0}, scratch);
      sent.add();
    }
    if (sent_in_turn < kPerTurn || turn_posted) return;
    turn_posted = true;
    reactor.post([this, alive = std::weak_ptr<char>(life)] {
      if (alive.expired()) return;
      turn_posted = false;
      sent_in_turn = 0;
      send_some();
    });
  }

  void release(Slot& slot) {
    slot.used = false;
    slot.done = nullptr;
    slot.burst = nullptr;
    free.push_back(slot.index);
  }

  void time_ended(Slot& slot) {
    if (slot.answered) return release(slot);
    timeouts.add();
    count_losses(line_of(slot.to.family()));
    --waiting;
    const Done done = std::move(slot.done);
    Error error{Code::Timeout, slot.to.to_string() + ": no answer to ping"};
    release(slot);
    done(std::move(error));
  }

  void count_losses(Line& line) {
    const std::uint64_t drops = line.socket->kernel_drops();
    const std::uint64_t failures = line.socket->send_failures();
    dropped.add(drops - std::exchange(line.drops_told, drops));
    unsent.add(failures - std::exchange(line.failures_told, failures));
  }

  void take(Address::Family family, std::span<const net::Datagram> batch) {
    Line& line = line_of(family);
    count_losses(line);
    for (const net::Datagram& datagram : batch) {
      const auto echo = decode_reply(family, datagram.data);
      if (!echo) {
        if (echo.error().code != Code::Unsupported) strange.add();
        continue;
      }
      if (echo->identifier != line.identifier) continue;  // of another program; a filter in the kernel drops most of them
      Slot* slot = echo->slot < slots.size() ? &slots[echo->slot] : nullptr;
      if (slot == nullptr || !slot->used || slot->token != echo->token || slot->sequence != echo->sequence ||
          slot->to != datagram.peer.address) {
        strange.add();
        continue;
      }
      if (slot->answered) {
        duplicates.add();
        if (slot->burst) ++slot->burst->duplicates;
        continue;
      }
      slot->answered = true;
      received.add();
      --waiting;
      const Done done = std::move(slot->done);
      done(EchoReply{round_trip(*slot, datagram.received)});
    }
  }

  // The kernel's stamp leaves out how long we took to look. It is on the wall clock, which may have been set in between: the
  // steady clock tells.
  nanoseconds round_trip(const Slot& slot, nanoseconds received_wall) const {
    const nanoseconds by_kernel = received_wall - slot.sent_wall;
    const nanoseconds at_most = reactor.clock().steady() - slot.sent_steady;
    const bool plausible = by_kernel >= nanoseconds(0) && by_kernel <= at_most + std::chrono::milliseconds(1);
    return plausible ? by_kernel : at_most;
  }

  net::Reactor& reactor;
  const PingerOptions options;
  Counter &sent, &received, &timeouts, &duplicates, &strange, &unsent, &dropped;
  std::array<Line, 2> lines;
  std::deque<Slot> slots;  // grows only; timers need their place
  std::vector<std::uint32_t> free;
  std::vector<std::uint8_t> scratch;
  std::deque<std::uint32_t> to_send;  // slots
  std::size_t sent_in_turn = 0;
  bool turn_posted = false;
  const std::shared_ptr<char> life = std::make_shared<char>();  // what is still posted when this ends sees it
  std::uint32_t next_sequence = 0;
  std::size_t waiting = 0;
};

Result<std::unique_ptr<Pinger>> Pinger::open(net::Reactor& reactor, Metrics& metrics, const PingerOptions& options) {
  PingerOptions checked = options;
  checked.payload = std::clamp<std::size_t>(options.payload, kMinPayload, 65'000);
  auto core = std::make_unique<Core>(reactor, metrics, checked);
  core->open(Address::Family::V4);
  core->open(Address::Family::V6);
  if (!core->lines[0].socket && !core->lines[1].socket) {
    return Error{Code::Denied,
                 "ping: " + core->lines[0].missing.text +
                     ". Either give bongsu CAP_NET_RAW (setcap cap_net_raw+ep, or AmbientCapabilities in its unit), "
                     "or let its group open ping sockets (sysctl net.ipv4.ping_group_range)"};
  }
  return std::unique_ptr<Pinger>(new Pinger(std::move(core)));
}

Pinger::Pinger(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Pinger::~Pinger() = default;

bool Pinger::has(Address::Family family) const { return core_->line_of(family).socket != nullptr; }
std::size_t Pinger::waiting() const { return core_->waiting; }

void Pinger::send(const Address& to, Millis timeout, Done done) { core_->send(to, timeout, std::move(done), nullptr); }

asio::awaitable<Result<nanoseconds>> Pinger::ping(Address to, Millis timeout) {
  net::Promise<Result<EchoReply>> answer(core_->reactor);
  Done done = [&answer](Result<EchoReply> reply) { answer.set(std::move(reply)); };
  core_->send(to, timeout, std::move(done), nullptr);
  const Result<EchoReply> reply = co_await answer.wait();
  if (!reply) co_return reply.error();
  co_return reply->rtt;
}

asio::awaitable<Result<PingStats>> Pinger::burst(Address to, int count, Millis interval, Millis timeout) {
  const auto burst = std::make_shared<Core::Burst>(core_->reactor);
  net::Reactor& reactor = core_->reactor;
  const SteadyTime start = reactor.clock().steady();
  for (int i = 0; i < count && !burst->error; ++i) {
    if (i > 0 && interval.count() > 0) co_await net::sleep_until(reactor, start + i * interval);
    const std::size_t at = burst->rtts.size();
    burst->rtts.emplace_back();
    ++burst->open;
    Done done = [burst, at](Result<EchoReply> reply) {
      if (reply) burst->rtts[at] = reply->rtt;
      else if (reply.error().code != Code::Timeout) burst->error = reply.error();
      burst->close_one();
    };
    core_->send(to, timeout, std::move(done), burst);
  }
  burst->all_sent = true;
  burst->finish();
  co_await burst->finished.wait();
  if (burst->error) co_return *burst->error;
  co_return Core::sum_up(*burst);
}

}  // namespace bongsu::icmp
