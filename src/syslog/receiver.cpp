// SPDX-License-Identifier: Apache-2.0
#include "syslog/receiver.h"

#include "base/log.h"
#include "net/reactor.h"
#include "syslog/parse.h"

namespace bongsu::syslog {

struct Receiver::Core {
  struct Listener {
    std::unique_ptr<net::DatagramSocket> socket;
    std::uint64_t drops_told = 0;
  };

  Core(net::Reactor& its_reactor, const DeviceLookup& its_devices, EventSink& its_sink, Metrics& metrics)
      : reactor(its_reactor),
        devices(its_devices),
        sink(its_sink),
        received(metrics.counter("bongsu_syslog_received_total", "Syslog datagrams received.")),
        rfc5424(metrics.counter("bongsu_syslog_parsed_total", "Syslog messages by format.", {{"format", "rfc5424"}})),
        legacy(metrics.counter("bongsu_syslog_parsed_total", "Syslog messages by format.", {{"format", "rfc3164"}})),
        unclean(metrics.counter("bongsu_syslog_unclean_total", "Syslog messages that were not parsed without a doubt.")),
        unknown(metrics.counter("bongsu_syslog_unknown_sender_total", "Syslog messages from addresses of no device.")),
        dropped(metrics.counter("bongsu_syslog_dropped_total", "Syslog messages that the store did not take.")),
        kernel_dropped(metrics.counter("bongsu_syslog_kernel_dropped_total",
                                       "Syslog datagrams lost because the receive buffer was full.")) {}

  void take(Listener& listener, std::span<const net::Datagram> batch) {
    const auto names = devices.get();
    std::vector<Event> events;
    events.reserve(batch.size());
    for (const net::Datagram& datagram : batch) {
      const std::string_view octets(reinterpret_cast<const char*>(datagram.data.data()), datagram.data.size());
      const Time at(std::chrono::floor<Millis>(datagram.received));
      const Message message = parse(octets, at);
      (message.format == Message::Format::Rfc5424 ? rfc5424 : legacy).add();
      if (!message.clean) unclean.add();
      Event& event = events.emplace_back(to_event(message, octets, at));
      event.sender = datagram.peer.address.to_string();
      const auto known = names ? names->find(datagram.peer.address) : DeviceNames::const_iterator();
      if (names && known != names->end()) {
        event.device = known->second;
      } else {
        unknown.add();
        tell_unknown(event.sender);
      }
    }
    received.add(events.size());
    count_kernel_drops(listener);
    const std::size_t count = events.size();
    if (const auto kept = sink.append(std::move(events)); !kept) tell_dropped(count, kept.error());
  }

  void count_kernel_drops(Listener& listener) {
    const std::uint64_t drops = listener.socket->kernel_drops() - listener.drops_told;
    if (drops == 0) return;
    listener.drops_told += drops;
    kernel_dropped.add(drops);
    if (std::uint64_t quiet = 0; kernel_gate.open(reactor.clock().steady(), quiet)) {
      log::warning("syslog: {} datagrams lost on {} because its receive buffer was full; raise net.core.rmem_max to 33554432",
                   drops, listener.socket->local().to_string());
    }
  }

  void tell_dropped(std::size_t count, const Error& error) {
    dropped.add(count);
    if (std::uint64_t quiet = 0; drop_gate.open(reactor.clock().steady(), quiet))
      log::warning("syslog: {} messages lost: {} ({} such lines kept back)", count, error.text, quiet);
  }

  void tell_unknown(const std::string& sender) {
    if (std::uint64_t quiet = 0; unknown_gate.open(reactor.clock().steady(), quiet))
      log::info("syslog: {} sends and is no device's address; its messages are kept ({} such lines kept back)", sender, quiet);
  }

  net::Reactor& reactor;
  const DeviceLookup& devices;
  EventSink& sink;
  Counter &received, &rfc5424, &legacy, &unclean, &unknown, &dropped, &kernel_dropped;
  log::Gate kernel_gate, drop_gate;
  log::Gate unknown_gate{Millis(60'000)};
  std::vector<std::unique_ptr<Listener>> listeners;
};

Result<std::unique_ptr<Receiver>> Receiver::open(net::Reactor& reactor, const ReceiverSpec& spec, const DeviceLookup& devices,
                                                 EventSink& sink, Metrics& metrics) {
  auto core = std::make_unique<Core>(reactor, devices, sink, metrics);
  for (const net::Endpoint& endpoint : spec.udp) {
    const net::SocketSpec wanted{
        .bind = endpoint, .receive_buffer = spec.receive_buffer, .kernel_time = true, .count_drops = true};
    auto socket = reactor.open(wanted);
    if (!socket) {
      return Error{socket.error().code,
                   "syslog: " + socket.error().text + "; choose another with the key syslog.udp, or stop that program"};
    }
    auto& listener = *core->listeners.emplace_back(std::make_unique<Core::Listener>());
    listener.socket = std::move(*socket);
    listener.socket->on_receive(
        [&listener, at = core.get()](std::span<const net::Datagram> batch) { at->take(listener, batch); });
  }
  return std::unique_ptr<Receiver>(new Receiver(std::move(core)));
}

Receiver::Receiver(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Receiver::~Receiver() = default;

std::vector<net::Endpoint> Receiver::local() const {
  std::vector<net::Endpoint> out;
  for (const auto& listener : core_->listeners) out.push_back(listener->socket->local());
  return out;
}

}  // namespace bongsu::syslog
