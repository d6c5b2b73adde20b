// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/sim.h"
#include "snmp/codec.h"
#include "snmp/secured.h"

namespace bongsu::snmp {

// A v3 agent on a simulated network, by RFC 3414 section 3.2 until told otherwise. Written apart from the engine under test,
// of which it shares codec and keys alone.
class FakeV3Agent {
 public:
  using Bytes = std::vector<std::uint8_t>;
  struct Reply {
    SecuredHead head;
    PduHead pdu;
    std::vector<Varbind> varbinds;
    Bytes context_engine;
    std::string context_name;
  };
  FakeV3Agent(net::SimWorld& world, net::Endpoint at, std::shared_ptr<const User> user)
      : world_(world), at_(at), user_(std::move(user)), socket_(*world.reactor().open({.bind = at})), booted_(now()) {
    world.set_link(at.address, {.latency = Millis(5)});
    socket_->on_receive([this](std::span<const net::Datagram> in) {
      for (const net::Datagram& datagram : in) take(datagram);
    });
  }
  net::Endpoint at() const { return at_; }
  std::int32_t time() const { return static_cast<std::int32_t>((now() - booted_) / std::chrono::seconds(1)) + time_offset; }
  void reboot(std::int32_t new_boots) {
    boots = new_boots;
    booted_ = now();
    time_offset = 0;
  }

  Bytes engine_id{0x80, 0x00, 0x1f, 0x88, 0x04, 'a', 'g', 'e', 'n', 't'};
  std::int32_t boots = 7;
  std::int32_t time_offset = 100'000;
  bool checks_time = true;
  bool silent_about_engines = false;  // drops what is for another engine
  std::int32_t max_size = 65'507;
  std::map<Oid, Value> objects;
  std::string context;  // the only one that it has
  int discoveries = 0, requests = 0, reports = 0;
  std::vector<SecuredHead> heads;  // of requests; engine ID and user are cut
  std::vector<std::int32_t> request_ids;
  int ignore = 0;                                     // so many datagrams get no answer
  std::function<bool(Reply&)> twist;                  // false: nothing is sent
  std::function<void(Bytes& datagram)> twist_octets;  // of each answer
  std::optional<net::Address> answer_from;            // another address of it
  int copies = 1;                                     // of each answer

 private:
  SteadyTime now() const { return world_.reactor().clock().steady(); }
  void report(const net::Endpoint& to, const SecuredView& asked, SecurityLevel level, std::uint32_t what,
              std::int32_t request_id) {
    ++reports;
    send(to, asked, level, {PduType::Report, request_id, 0, 0},
         {{Oid{1, 3, 6, 1, 6, 3, 15, 1, 1, what, 0}, Value::of_number(ValueType::Counter32, 1)}}, {});
  }
  void send(const net::Endpoint& to, const SecuredView& asked, SecurityLevel level, PduHead pdu, std::vector<Varbind> varbinds,
            const std::string& context_name) {
    Reply reply{{.message_id = asked.message_id,
                 .max_size = max_size,
                 .level = level,
                 .engine_id = engine_id,
                 .boots = boots,
                 .time = time(),
                 .user = asked.user},
                pdu,
                std::move(varbinds),
                engine_id,
                context_name};
    if (twist && !twist(reply)) return;
    encoder_.start();
    for (const Varbind& varbind : reply.varbinds) ASSERT_TRUE(encoder_.add(varbind));
    const Octets scoped = encoder_.finish_scoped(reply.context_engine, reply.context_name, reply.pdu);
    LocalKeys keys = user_->localized(reply.head.engine_id);
    const Octets octets = writer_.write(reply.head, scoped, &keys, ++salt_);
    Bytes datagram(octets.begin(), octets.end());
    if (twist_octets) twist_octets(datagram);
    for (int i = 0; i < copies; ++i) socket_->send(to, datagram, answer_from);
  }
  void take(const net::Datagram& datagram) {
    SecuredView asked;
    if (read_secured(datagram.data, asked) != ber::Fault::None) return;
    if (ignore > 0) {
      --ignore;
      return;
    }
    if (asked.engine_id.empty()) {
      ++discoveries;
      return report(datagram.peer, asked, SecurityLevel::NoAuthNoPriv, 4, 0);
    }
    if (!std::equal(asked.engine_id.begin(), asked.engine_id.end(), engine_id.begin(), engine_id.end()))
      return silent_about_engines ? void() : report(datagram.peer, asked, SecurityLevel::NoAuthNoPriv, 4, 0);
    if (asked.user != user_->name()) return report(datagram.peer, asked, SecurityLevel::NoAuthNoPriv, 3, 0);
    if (asked.level > user_->level()) return report(datagram.peer, asked, SecurityLevel::NoAuthNoPriv, 1, 0);
    LocalKeys keys = user_->localized(engine_id);
    Bytes plain(asked.scoped.begin(), asked.scoped.end());
    if (asked.level != SecurityLevel::NoAuthNoPriv) {
      if (!keys.check(asked.message, asked.mac_at, asked.mac))
        return report(datagram.peer, asked, SecurityLevel::NoAuthNoPriv, 5, 0);
      const bool late = asked.boots != boots || asked.time > time() + 150 || asked.time < time() - 150;
      if (boots == kLastBoots || (checks_time && late)) return report(datagram.peer, asked, SecurityLevel::AuthNoPriv, 2, 0);
      if (asked.level == SecurityLevel::AuthPriv && !keys.decrypt(asked.boots, asked.time, asked.salt, asked.scoped, plain))
        return report(datagram.peer, asked, SecurityLevel::NoAuthNoPriv, 6, 0);
    }
    ScopedView inside;
    if (decoder_.decode_scoped(plain, inside) != ber::Fault::None)
      return report(datagram.peer, asked, SecurityLevel::NoAuthNoPriv, 6, 0);
    ++requests;
    SecuredHead head = asked;
    head.engine_id = {};
    head.user = {};
    heads.push_back(head);
    request_ids.push_back(inside.request_id);
    if (inside.context_name != context) {
      ++reports;
      return send(datagram.peer, asked, asked.level, {PduType::Report, inside.request_id, 0, 0},
                  {{Oid{1, 3, 6, 1, 6, 3, 12, 1, 5, 0}, Value::of_number(ValueType::Counter32, 1)}}, {});
    }
    std::vector<Varbind> out;
    for (const VarbindView& varbind : inside.varbinds) {
      const auto found = objects.find(varbind.name.to_oid());
      out.push_back({varbind.name.to_oid(), found != objects.end() ? found->second : Value{.type = ValueType::NoSuchInstance}});
    }
    send(datagram.peer, asked, asked.level, {PduType::Response, inside.request_id, 0, 0}, std::move(out),
         std::string(inside.context_name));
  }

  net::SimWorld& world_;
  net::Endpoint at_;
  std::shared_ptr<const User> user_;
  std::unique_ptr<net::DatagramSocket> socket_;
  SteadyTime booted_;
  std::uint64_t salt_ = 1;
  Encoder encoder_;
  Decoder decoder_;
  SecuredWriter writer_;
};

}  // namespace bongsu::snmp
