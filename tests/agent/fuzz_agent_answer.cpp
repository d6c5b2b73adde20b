// SPDX-License-Identifier: Apache-2.0
// Whatever a stranger sends to an agent: an answer is one that we can read ourselves, within the limit, with the request's id.
// The first octet of the input chooses the limit, the rest is the datagram.
#include <cstdint>
#include <cstdlib>

#include "agent/answer.h"
#include "agent/synthetic.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bongsu;
  static agent::Synthetic device(agent::Synthetic::shape({.kind = agent::Kind::Server, .ports = 3}), {}, SteadyTime{});
  static snmp::Decoder decoder;
  static agent::Answerer answerer;
  if (size == 0) return 0;
  const std::size_t limit = 40 + std::size_t{data[0]} * 24;
  snmp::MessageView request;
  if (decoder.decode({data + 1, size - 1}, request) != snmp::ber::Fault::None) return 0;
  const std::int32_t id = request.request_id;
  device.set_moment(SteadyTime(std::chrono::seconds(1)));
  const snmp::Octets octets = answerer.answer(request, device, {.octets = limit});
  if (octets.empty()) return 0;
  if (octets.size() > limit) std::abort();
  const auto answer = snmp::decode(octets);
  if (!answer || answer->pdu.type != snmp::PduType::Response || answer->pdu.request_id != id) std::abort();
  if (answer->pdu.error_status != 0 && answer->version == snmp::Version::V2c && answer->pdu.error_index == 0 &&
      !answer->pdu.varbinds.empty()) {
    std::abort();  // tooBig comes without varbinds
  }
  return 0;
}
