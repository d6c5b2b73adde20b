// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
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

  // How an answer may be; what is not `octets` is against the RFC.
  struct Rules {
    std::size_t octets = 1'472;       // at most: a GETBULK is cut short, other answers become tooBig
    std::size_t varbinds = SIZE_MAX;  // at most: every answer is cut short
    bool columns_one_by_one = false;  // GETBULK: all rows of the first column, then of the second
  };

  // The response as `rules` say; for v3 its PDU alone. Empty when there is nothing to answer (not a request, or not even an error
  // fits). The device must have been set to the moment. Valid until the next call.
  snmp::Octets answer(const snmp::MessageView& request, const Device& device, const Rules& rules);
  // An error instead of an answer: tooBig without varbinds (v1: with those of the request), others with them.
  snmp::Octets refuse(const snmp::MessageView& request, std::int32_t status, std::size_t index = 0);
  std::size_t varbinds() const { return varbinds_; }  // in the last answer

 private:
  // A place in the order of the agent's objects, and how its name is known to the asker.
  struct Place {
    std::size_t at;
    snmp::OidView last;
  };

  void get(const snmp::MessageView& request, const Device& device, const Rules& rules);
  void next(const snmp::MessageView& request, const Device& device, const Rules& rules);
  void bulk(const snmp::MessageView& request, const Device& device, const Rules& rules);
  void echo(const snmp::MessageView& request);
  void put(const Device& device, const ObjectTable& table, std::size_t at);
  bool put_next(const Device& device, Place& place);
  bool full(const Rules& rules) const { return varbinds_ >= rules.varbinds; }
  snmp::Octets finish(const snmp::MessageView& request);
  void fail(std::int32_t status, std::size_t index);

  snmp::Encoder out_;
  snmp::PduHead head_;
  std::size_t varbinds_ = 0;
  std::vector<Place> columns_;
  std::deque<std::vector<std::uint8_t>> made_names_;  // of rows beyond an endless table's last
};

}  // namespace bongsu::agent
