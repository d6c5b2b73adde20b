// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "snmp/engine.h"
#include "snmp/exchange.h"
#include "snmp/frame.h"

namespace bongsu::snmp {

inline constexpr std::chrono::milliseconds kGrace{1'000};  // of a v3 request that was sent again, beyond its tries

// What is kept of one SNMPv3 device.
struct Exchanges::Device {
  net::Endpoint endpoint;
  Engine engine;
  std::shared_ptr<const Credentials> proved;  // the last ones that an answer was taken with
  std::vector<std::uint8_t> last_id;          // the engine ID before, to tell a change
  Exchange* discovering = nullptr;            // the one that asks for the engine ID
  std::vector<std::uint32_t> waiting;         // slots of those that wait for it
  SteadyTime named{};                         // when it last named its engine ID
  SteadyTime answered{};                      // when an answer was last taken with the engine ID
  bool doubted = false;                       // nothing was answered with the engine ID: it is asked for anew
  bool unsaved = false;                       // kept once an answer shows that it is right
  bool deriving = false;                      // keys that take long are being made
  std::vector<std::uint32_t> waiting_keys;    // slots of those that wait for them
};

// SNMP over TCP to one endpoint.
struct Exchanges::Connection {
  enum class State : std::uint8_t { Closed, Opening, Open };
  net::Endpoint endpoint;
  State state = State::Closed;
  std::unique_ptr<net::StreamSocket> socket;
  FrameReader in;
  std::size_t users = 0;  // requests that wait for it
  bool busy = false;      // what came is being read
  bool answered = false;  // since it was made
  SteadyTime used{}, heard{};
  Millis backoff{0};
  SteadyTime retry_at{};  // not made again before
  std::string problem;    // why it ended
};

struct Exchanges::Exchange final : net::Timer {
  Exchange(Exchanges& all, std::uint32_t index) : owner(all), slot(index) {}
  void expired() override { owner.expired(*this); }

  Exchanges& owner;
  const std::uint32_t slot;
  std::uint32_t generation = 0;    // of its id
  std::uint32_t born = 0;          // the one before its first id
  std::uint32_t first = 0;         // that of this use
  std::uint32_t wrong_before = 0;  // known->wrong_ids when it was sent
  bool busy = false;
  bool last_answered = false;  // how the last use ended
  bool fresh = false;
  PduType type = PduType::GetRequest;
  int tries = 0;
  int early = 0;         // sendings within the first try, beyond its own
  bool counted = false;  // in known->under_way
  bool crowded = false;  // others were under way when it was sent
  bool reducible = false;
  bool once = false;
  bool reduced = false;
  bool whole = false;              // the answer at hand is to the request before it was reduced
  bool asks_version = false;       // a probe for SNMPv1
  Version version = Version::V2c;  // that it is sent in
  std::size_t names = 0;
  std::int32_t repetitions = 0;
  DialectBook::Known* known = nullptr;
  std::size_t repetitions_at = 0;
  Target target;
  std::vector<std::uint8_t> datagram;  // v3: the PDU, scoped and secured anew at each sending
  SteadyTime started{}, sent{};
  Answered then;
  std::optional<Error> failed;
  std::int32_t request_id = 0;
  std::optional<net::Endpoint> stranger;     // somebody else answered it
  std::uint32_t distrusted = 0;              // answers that were not believed
  Distrust why = Distrust::Digest;           // the last one
  ber::Fault unreadable = ber::Fault::None;  // an answer of it cannot be read; it is given up on

  // TCP
  Connection* connection = nullptr;
  bool again = false;  // its connection ended, and it is sent over a new one

  // v3
  Device* device = nullptr;
  std::uint32_t epoch = 0;     // of the engine ID that it was sent with
  int syncs = 0;               // times that it was sent again because of a report
  SteadyTime deadline{};       // whatever the agent answers
  std::string late_clock;      // of its last answer outside of the time window
  bool probe = false;          // it goes for another one, which says what its silence means
  bool probed = false;         // what follows is known, or asked for
  bool beside = false;         // it goes beside another one, with less than that one's credentials
  bool context_wrong = false;  // answered with the default context
  bool privacy_wrong = false;  // answered without privacy
  bool proving = false;        // and asked for again as it should be
  bool convicted = false;      // which was not answered
};

}  // namespace bongsu::snmp
