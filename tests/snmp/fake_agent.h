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
#include "snmp/frame.h"

namespace bongsu::snmp {

// A small agent on a simulated network, honest until told otherwise.
class FakeAgent {
 public:
  using Bytes = std::vector<std::uint8_t>;
  FakeAgent(net::SimWorld& world, net::Endpoint at) : world_(world), at_(at), socket_(*world.reactor().open({.bind = at})) {
    world.set_link(at.address, {.latency = Millis(5)});
    socket_->on_receive([this](std::span<const net::Datagram> in) {
      for (const net::Datagram& datagram : in) take(datagram);
    });
  }

  net::Endpoint at() const { return at_; }
  // By TCP, too. Closes the connections of before.
  void serve_tcp() {
    streams.clear();
    listener = *world_.reactor().listen(at_, [this](std::unique_ptr<net::StreamSocket> stream) {
      ++connections;
      auto* one = stream.get();
      streams.push_back(std::move(stream));
      auto reader = std::make_shared<FrameReader>();
      one->on({.received = [this, one, reader](Octets in) {
        reader->push(in, [&](Octets message) {
          answer_to(message, [&](const Bytes& octets) {
            if (stream_out) return stream_out(*one, octets);
            one->send(octets);
          });
        });
      }});
    });
  }
  std::unique_ptr<net::StreamListener> listener;
  std::vector<std::unique_ptr<net::StreamSocket>> streams;
  int connections = 0;
  // What is sent in place of an answer's octets by TCP.
  std::function<void(net::StreamSocket& stream, const Bytes& octets)> stream_out;
  std::optional<net::Address> answer_from;  // another address of it
  void put(Oid oid, Value value) { objects[std::move(oid)] = std::move(value); }
  void put_table(const Oid& entry, std::uint32_t columns, std::uint32_t rows) {
    for (std::uint32_t c = 1; c <= columns; ++c)
      for (std::uint32_t r = 1; r <= rows; ++r)
        put(entry + c + r, Value::of_number(ValueType::Counter64, std::uint64_t{c} << 32 | r));
  }

  std::map<Oid, Value> objects;
  std::size_t limit = 65'000;  // octets of an answer
  std::size_t most = 10'000;   // varbinds of an answer
  int ignore = 0;              // so many requests get no answer
  std::vector<Message> asked;
  // The answer may be changed, or (nothing) withheld.
  std::function<std::optional<Message>(const Message& request, Message answer)> twist;
  // What is sent in place of the answer's octets: several datagrams, from where they say.
  std::function<void(net::DatagramSocket& socket, const net::Endpoint& to, const Bytes& octets)> transmit;

 private:
  std::optional<Varbind> next(const Oid& oid) const {
    const auto at = objects.upper_bound(oid);
    if (at == objects.end()) return std::nullopt;
    return Varbind{at->first, at->second};
  }

  Message answer(const Message& request) const {
    Message out = request;
    out.pdu.type = PduType::Response;
    out.pdu.error_status = out.pdu.error_index = 0;
    out.pdu.varbinds.clear();
    const bool v1 = request.version == Version::V1;
    const auto& asked_for = request.pdu.varbinds;
    const auto fail = [&](std::int32_t status, std::size_t index) {
      out.pdu.varbinds = asked_for;
      out.pdu.error_status = status;
      out.pdu.error_index = static_cast<std::int32_t>(index);
    };
    if (request.pdu.type == PduType::GetBulk) {
      std::vector<Oid> at;
      std::size_t octets = Encoder::message_overhead(request.community);
      for (const Varbind& varbind : asked_for) at.push_back(varbind.oid);
      for (std::int32_t row = 0; row < request.pdu.error_index; ++row) {
        for (Oid& oid : at) {
          const auto found = next(oid);
          out.pdu.varbinds.push_back(found ? *found : Varbind{oid, {.type = ValueType::EndOfMibView}});
          if (found) oid = found->oid;
          octets += varbind_octets(out.pdu.varbinds.back())->size();
          if (octets > limit || out.pdu.varbinds.size() > most) {
            out.pdu.varbinds.pop_back();
            return out;
          }
        }
      }
      return out;
    }
    for (std::size_t i = 0; i < asked_for.size(); ++i) {
      const Oid& oid = asked_for[i].oid;
      if (request.pdu.type == PduType::GetNext) {
        const auto found = next(oid);
        if (!found && v1) return fail(kNoSuchName, i + 1), out;
        out.pdu.varbinds.push_back(found ? *found : Varbind{oid, {.type = ValueType::EndOfMibView}});
      } else if (request.pdu.type == PduType::Set) {
        if (!objects.contains(oid)) return fail(17, i + 1), out;  // notWritable
        out.pdu.varbinds.push_back(asked_for[i]);
      } else {
        const auto found = objects.find(oid);
        if (found == objects.end() && v1) return fail(kNoSuchName, i + 1), out;
        out.pdu.varbinds.push_back(found != objects.end() ? Varbind{oid, found->second}
                                                          : Varbind{oid, {.type = ValueType::NoSuchInstance}});
      }
    }
    if (encode(out)->size() > limit || out.pdu.varbinds.size() > most) {
      fail(kTooBig, 0);
      if (!v1) out.pdu.varbinds.clear();
    }
    return out;
  }

  void take(const net::Datagram& datagram) {
    answer_to(datagram.data, [&](const Bytes& octets) {
      if (transmit) return transmit(*socket_, datagram.peer, octets);
      socket_->send(datagram.peer, octets, answer_from);
    });
  }
  template <class Send>
  void answer_to(Octets octets, const Send& send) {
    const auto request = decode(octets);
    if (!request) return;
    asked.push_back(*request);
    if (ignore > 0) {
      --ignore;
      return;
    }
    std::optional<Message> out = answer(*request);
    if (twist) out = twist(*request, std::move(*out));
    if (out) send(*encode(*out));
  }

  net::SimWorld& world_;
  net::Endpoint at_;
  std::unique_ptr<net::DatagramSocket> socket_;
};

}  // namespace bongsu::snmp
