// SPDX-License-Identifier: Apache-2.0
// The side of SNMPv3 that is asked: an authoritative engine takes requests and answers or reports (RFC 3412 section 7.2,
// RFC 3414 section 3.2).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "snmp/codec.h"
#include "snmp/engine.h"
#include "snmp/secured.h"
#include "snmp/usm.h"

namespace bongsu::snmp {

// Users and the message at hand, for any number of engines of one thread; each engine is adopt()ed with its own ID and
// clock, and set anew when it boots. Thread: one.
class Authority {
 public:
  // A request from a user below the level of its keys is refused.
  explicit Authority(std::vector<std::shared_ptr<const User>> users, std::uint64_t first_salt);

  enum class Outcome : std::uint8_t {
    Request,  // to be answered with respond()
    Denied,   // of a level below its user's: to be answered with authorizationError
    Report,   // report() is the answer
    Silence,  // malformed, or wrong and not reportable
  };
  // What the datagram is to `engine`. `message` borrows from the datagram, `into` from it or from this, until the next call.
  // `max_size`, of the largest message the engine takes, is told in what leaves.
  Outcome take(Engine& engine, const SecuredView& message, SteadyTime now, std::int32_t max_size, ScopedView& into);
  // Valid until the next call.
  Octets report() const { return report_; }
  // A PDU (Encoder::finish_pdu) in answer to the request taken last, with its level, user and context.
  Octets respond(Octets pdu);
  // Octets that respond() adds at most, and what the asker is able to take.
  std::size_t overhead() const;
  std::size_t asker_max_size() const { return static_cast<std::size_t>(head_.max_size); }

 private:
  // The last arc of usmStats, RFC 3414 section 5.
  enum Stat : std::uint32_t { SecurityLevel = 1, TimeWindow, UserName, EngineId, Digest, Decryption, UnknownContext };
  Outcome refuse(Stat stat, snmp::SecurityLevel level, Octets plain);
  SecuredHead answer_head(const Engine& engine, snmp::SecurityLevel level) const;

  const std::vector<std::shared_ptr<const User>> users_;
  std::uint64_t salt_;
  std::array<std::uint32_t, 8> stats_{};
  Decoder decoder_;
  Encoder encoder_;
  SecuredWriter writer_;
  std::vector<std::uint8_t> plain_;
  Octets report_;
  // Of the message at hand.
  Engine* engine_ = nullptr;
  LocalKeys* keys_ = nullptr;
  SteadyTime now_{};
  std::int32_t own_max_size_ = 0;
  SecuredHead head_;
  std::vector<std::uint8_t> context_engine_;
  std::string context_name_;
};

}  // namespace bongsu::snmp
