// SPDX-License-Identifier: Apache-2.0
// Datagrams at a misbehaving agent with v3 users: nothing that comes makes it read past the end, and what it answers in v3
// can be read.
#include <cstdlib>

#include "agent/agents.h"
#include "agent/synthetic.h"
#include "net/sim.h"
#include "snmp/authority.h"

namespace {

using namespace bongsu;

std::vector<std::shared_ptr<const snmp::User>> users() {
  snmp::PassPhraseKeys keys;
  return {*snmp::User::make({.name = "plain"}, keys), *snmp::User::make({.name = "nms",
                                                                         .auth = snmp::AuthProtocol::Sha256,
                                                                         .auth_pass_phrase = Secret("authentic phrase"),
                                                                         .priv = snmp::PrivProtocol::Aes128,
                                                                         .priv_pass_phrase = Secret("private phrase")},
                                                                        keys)};
}

struct Lab {
  Lab() {
    agents = std::move(*agent::Agents::open(world.reactor(), {.port = 161, .users = users()}));
    const auto shape = agent::Synthetic::shape({.kind = agent::Kind::Server, .ports = 3});
    const std::vector<std::string> kinds{"swap,cap-cut=5,slow=1", "endless,bulk-as-next", "loop=1.3,bulk-by-column,max-size=300",
                                         "same,types,toobig=200,twice,boots-reset,engine-change=1"};
    for (std::uint32_t i = 0; i < kinds.size(); ++i) {
      const auto wrong = agent::Misbehaviour::parse(kinds[i]);
      agent::Manner manner;
      manner.misbehaviour = std::make_shared<const agent::Misbehaviour>(*wrong);
      auto table =
          std::make_shared<const agent::ObjectTable>(agent::altered(agent::Synthetic(shape, {}, SteadyTime{}).objects(), *wrong));
      auto device = std::make_unique<agent::Synthetic>(shape, agent::Identity{}, world.clock().steady());
      agents->add(host(i), std::make_unique<agent::AlteredDevice>(std::move(device), std::move(table)), manner);
      world.set_link(host(i), {.latency = Millis(0)});
    }
    world.set_link(net::Address::v4(0x0a7f0001), {.latency = Millis(0)});
    asker = std::move(*world.reactor().open({.bind = {net::Address::v4(0x0a7f0001), 1000}}));
    asker->on_receive([](std::span<const net::Datagram> batch) {
      for (const net::Datagram& datagram : batch) {
        snmp::Decoder decoder;
        snmp::MessageView message;
        snmp::SecuredView secured;
        if (decoder.decode(datagram.data, message) != snmp::ber::Fault::None &&
            snmp::read_secured(datagram.data, secured) != snmp::ber::Fault::None)
          std::abort();
      }
    });
  }
  static net::Address host(std::uint32_t i) { return net::Address::v4(0x0a010001 + i); }

  net::SimWorld world{1};
  std::unique_ptr<agent::Agents> agents;
  std::unique_ptr<net::DatagramSocket> asker;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Lab lab;
  for (std::uint32_t i = 0; i < 4; ++i) lab.asker->send({Lab::host(i), 161}, {data, size});
  lab.world.run_for(Millis(10));
  return 0;
}
