// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "agent/device.h"
#include "snmp/codec.h"

namespace bongsu::agent {

// Answers requests as RFC 3416 section 4.2 says, and v1 as RFC 1157 and RFC 3584 section 4.2.2 do: GET, GETNEXT, GETBULK; a
// SET is refused (notWritable, in v1 noSuchName). Allocates nothing once its buffers have grown. Thread: one.
class Answerer {
 public:
  // The largest answer that fits a datagram.
  static constexpr std::size_t kMaxSize = 65'507;

  // The response, at most `limit` octets long: a GETBULK is cut short, other answers become tooBig. Empty when there is
  // nothing to answer (not a request, or not even an error fits). The device must have been set to the moment. Valid until
  // the next call.
  snmp::Octets answer(const snmp::MessageView& request, const Device& device, std::size_t limit);
  std::size_t varbinds() const { return varbinds_; }  // in the last answer

 private:
  void get(const snmp::MessageView& request, const Device& device);
  void next(const snmp::MessageView& request, const Device& device);
  void bulk(const snmp::MessageView& request, const Device& device, std::size_t limit);
  void echo(const snmp::MessageView& request);
  void put(const Device& device, const ObjectTable& table, std::size_t at);
  void put_next(const Device& device, std::size_t at, snmp::OidView asked);
  void fail(std::int32_t status, std::size_t index);

  snmp::Encoder out_;
  snmp::PduHead head_;
  std::size_t varbinds_ = 0;
  struct Column {
    std::size_t at;
    snmp::OidView last;
  };
  std::vector<Column> columns_;
};

}  // namespace bongsu::agent
