// SPDX-License-Identifier: Apache-2.0
#include "notify/local.h"

#include <map>
#include <utility>

#include "net/host_port.h"
#include "net/live.h"
#include "snmp/client.h"

namespace bongsu::notify {
using LocalDone = std::function<void(Reply)>;

// Answers when the last of several parts has; with the first that went wrong.
struct InformParts {
  std::size_t left = 0;
  std::string problem;
  LocalDone done;
  void one(std::string why) {
    if (problem.empty()) problem = std::move(why);
    if (--left > 0) return;
    if (problem.empty()) done({.status = 200});
    else done({.said = std::move(problem)});
  }
};

namespace {

constexpr std::uint16_t kSyslogPort = 514;
constexpr std::uint16_t kTrapPort = 162;
constexpr int kInformRetries = 2;

std::span<const std::uint8_t> octets_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

struct LocalCourier::Core {
  explicit Core(Metrics& counted) : metrics(counted) {}
  Metrics& metrics;
  net::LiveReactor reactor;
  std::unique_ptr<snmp::Client> client;                                          // made on first use, on the reactor's thread
  std::map<net::Address::Family, std::unique_ptr<net::DatagramSocket>> sockets;  // likewise
  std::int32_t next_id = 1;

  Result<net::DatagramSocket*> socket(net::Address::Family family) {
    auto& known = sockets[family];
    if (!known) {
      BONGSU_TRY(known, reactor.open({.bind = {net::Address::any(family), 0}}));
      known->on_receive([](std::span<const net::Datagram>) {});
    }
    return known.get();
  }

  void datagrams(const net::Endpoint& to, const Request& request, const LocalDone& done) {
    const auto found = socket(to.address.family());
    if (!found) return done({.said = found.error().text});
    const std::uint64_t failed = (*found)->send_failures();
    for (const std::string& line : request.lines) (*found)->send(to, octets_of(line));
    snmp::Encoder encoder;
    for (const auto& varbinds : request.traps) {
      encoder.start();
      for (const Varbind& one : varbinds) {
        if (const Status added = encoder.add(one); !added) return done({.said = added.error().text});
      }
      (*found)->send(
          to, encoder.finish(snmp::Version::V2c, request.password, {.type = snmp::PduType::TrapV2, .request_id = next_id++}));
    }
    // The kernel tells of what it cannot send when the socket's turn comes.
    reactor.post([this, family = to.address.family(), failed, to, done] {
      if (sockets[family]->send_failures() > failed) return done({.said = to.to_string() + ": the datagram could not be sent"});
      done({.status = 200});
    });
  }

  void informs(const net::Endpoint& to, const Request& request, LocalDone done) {
    if (!client) client = std::make_unique<snmp::Client>(reactor, metrics);
    auto credentials = std::make_shared<snmp::Credentials>();
    credentials->name = "the channel's community";
    credentials->community = Secret(request.password);
    const snmp::Target target{.name = request.url,
                              .endpoint = to,
                              .credentials = std::move(credentials),
                              .timeout = request.timeout / (kInformRetries + 1),
                              .retries = kInformRetries};
    auto parts = std::make_shared<InformParts>();
    parts->left = request.traps.size();
    parts->done = std::move(done);
    for (const auto& varbinds : request.traps) {
      snmp::Encoder encoder;
      encoder.start();
      Status added;
      for (const Varbind& one : varbinds) {
        if (added) added = encoder.add(one);
      }
      std::vector<snmp::VarbindView> views;
      if (!added || snmp::read_varbinds(encoder.varbinds(), views) != snmp::ber::Fault::None) {
        parts->one(added ? "the inform cannot be made" : added.error().text);
        continue;
      }
      client->request(target, {.type = snmp::PduType::Inform, .varbinds = views}, [parts](Result<snmp::Answer> answer) {
        if (!answer) parts->one(answer.error().text);
        else if (answer->error_status != snmp::kNoError) parts->one("refused: " + snmp::error_status_name(answer->error_status));
        else parts->one("");
      });
    }
  }

  void send(const net::Endpoint& to, const Request& request, LocalDone done) {
    if (request.kind == Request::Kind::Inform) informs(to, request, std::move(done));
    else datagrams(to, request, done);
  }
};

LocalCourier::LocalCourier(Metrics& metrics) : core_(std::make_unique<Core>(metrics)) { core_->reactor.start("notices-out"); }

LocalCourier::~LocalCourier() {
  core_->reactor.stop();
  core_->client.reset();
  core_->sockets.clear();
}

void LocalCourier::send(Request request, std::function<void(Reply)> done) {
  const auto where = net::HostPort::parse(request.url);
  if (!where) return done({.said = where.error().text});
  const std::uint16_t port = where->port.value_or(request.kind == Request::Kind::Syslog ? kSyslogPort : kTrapPort);
  core_->reactor.post(
      [core = core_.get(), host = where->host, port, request = std::move(request), done = std::move(done)]() mutable {
        const auto go = [core, port, request = std::move(request), done = std::move(done)](Result<net::Address> found) {
          if (!found) return done({.said = found.error().text});
          core->send({*found, port}, request, done);
        };
        core->reactor.resolve(host, go);
      });
}

}  // namespace bongsu::notify
